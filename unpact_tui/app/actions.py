"""What a person can do to the comparison, as values.

Every action but `Move` goes into the log that the state carries, so that a session can be replayed.
Actions name what is chosen, never "the next one": a replay does not depend on what came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution.types import Case

View = Literal["contribution", "shift"]

VIEWS: tuple[View, ...] = ("contribution", "shift")


@dataclass(frozen=True, slots=True)
class Move:
    """Put the cursor on a token."""

    position: int


@dataclass(frozen=True, slots=True)
class ToggleWord:
    """Put emphasis on the word at a token, or take it off."""

    position: int


@dataclass(frozen=True, slots=True)
class TakeKeyTokens:
    """Emphasise exactly the words that hold the base's KeyTokens."""


@dataclass(frozen=True, slots=True)
class ClearEmphasis:
    """Take all emphasis off."""


@dataclass(frozen=True, slots=True)
class ChooseStrategy:
    """Emphasise in another way."""

    name: str


@dataclass(frozen=True, slots=True)
class ChooseView:
    """Colour the tokens by another number."""

    view: View


@dataclass(frozen=True, slots=True)
class ShowLane:
    """Show or hide the glyphs that say the colours without colour."""

    shown: bool


@dataclass(frozen=True, slots=True)
class ChooseCase:
    """Go to another prompt."""

    index: int


@dataclass(frozen=True, slots=True)
class EditCase:
    """Put another prompt and answer in the place of the current ones."""

    case: Case


Action = (
    Move
    | ToggleWord
    | TakeKeyTokens
    | ClearEmphasis
    | ChooseStrategy
    | ChooseView
    | ShowLane
    | ChooseCase
    | EditCase
)

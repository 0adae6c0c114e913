"""What a person can do to a comparison, as values.

Every action goes into a log, which is what a session file keeps. Actions name what is chosen, never
"the next one": the log means the same to whoever reads it, with or without a model.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from attribution.thresholds import Thresholds
from attribution.types import Case, Granularity

View = Literal["contribution", "shift", "answer", "by_token", "key_tokens"]

VIEWS: tuple[View, ...] = ("contribution", "shift", "answer", "by_token", "key_tokens")
GRANULARITIES: tuple[Granularity, ...] = ("token", "word", "sentence")


class Root(msgspec.Struct, frozen=True, tag=True, tag_field="do"):
    """Root of all actions."""


class Move(Root, frozen=True):
    """Put the cursor on a token."""

    position: int


class Emphasise(Root, frozen=True):
    """Emphasise exactly these tokens of the prompt; none of them to emphasise nothing."""

    positions: tuple[int, ...]


class ChooseStrategy(Root, frozen=True):
    """Emphasise in another way, as strongly as it does by itself."""

    name: str


class ChooseStrength(Root, frozen=True):
    """Emphasise more or less strongly."""

    strength: float


class TryAll(Root, frozen=True):
    """Run every strategy on these tokens; none means the KeyTokens."""

    positions: tuple[int, ...]


class ChooseView(Root, frozen=True):
    """Colour the tokens by another number."""

    view: View


class ChooseGranularity(Root, frozen=True):
    """Remove tokens, words or sentences."""

    granularity: Granularity


class ChooseAnswerToken(Root, frozen=True):
    """Look at one token of the answer."""

    index: int


class ChooseScale(Root, frozen=True):
    """Colour on another scale."""

    joint: bool
    threshold: float
    """Share of the scale below which a score has no colour."""
    gamma: float


class ShowLane(Root, frozen=True):
    """Show or hide the glyphs that say the colours without colour."""

    shown: bool


class MoveThresholds(Root, frozen=True):
    """Draw the lines of the verdict elsewhere."""

    thresholds: Thresholds


class ChooseCase(Root, frozen=True):
    """Go to another prompt."""

    index: int


class EditCase(Root, frozen=True):
    """Put another prompt and answer in the place of the current ones."""

    case: Case


class AddCase(Root, frozen=True):
    """Put a prompt behind the last, and go there."""

    case: Case


class Undo(Root, frozen=True):
    """Take back the last choice."""


class Redo(Root, frozen=True):
    """Take back the last `Undo`."""


Choice = (
    Emphasise
    | ChooseStrategy
    | ChooseStrength
    | TryAll
    | ChooseView
    | ChooseGranularity
    | ChooseAnswerToken
    | ChooseScale
    | ShowLane
    | MoveThresholds
    | ChooseCase
    | EditCase
    | AddCase
)

Action = Move | Choice | Undo | Redo

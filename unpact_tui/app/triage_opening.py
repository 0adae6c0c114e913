"""What a page of checkpoints says when one of them is to be opened in the inspector."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody was on a page, to come back to."""

    key: str = ""
    """Of the checkpoint; empty is wherever the page begins."""
    case: str = ""
    """The prompt's id."""


START = Place()


class OpenCheckpoint(Message):
    """The application should end, and this command run in its place."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__()
        self.words = words
        """As the file has them: not to be trusted."""

"""What can go wrong while changing weights.

MethodError
└── UnknownName   no such method
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class MethodError(Exception):
    """Root of this package's errors; `hint` says what to do next."""

    hint: str = ""


class UnknownName(MethodError):
    """No method of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        super().__init__(f"There is no unlearning method named {name!r}.")
        there_are = f"There are: {', '.join(names)}." if names else "There is none yet."
        self.hint = f"Did you mean {close[0]!r}?" if close else there_are

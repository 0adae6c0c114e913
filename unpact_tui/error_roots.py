"""The roots of the application's errors; their tree is in `errors`."""

from __future__ import annotations


class UnpactError(Exception):
    """Root of this package's errors; `hint` says what to do next."""

    hint: str = ""


class CheckpointError(UnpactError):
    """A checkpoint could not be used."""


class UsageError(UnpactError):
    """What was asked cannot be asked like this."""


class ComputeError(UnpactError):
    """The computation failed."""

"""What a tab's process is told first over its socket: everything that a command line tells another.

No prompt and no path stands in the command of a process, which everybody on the machine can read.
"""

from __future__ import annotations

import msgspec

from attribution.types import Case
from unpact_tui.worker.protocol import Open


class Shown(msgspec.Struct, frozen=True):
    """How the inspector looks and is steered, as far as that was configured."""

    ascii: bool = False
    lane: bool = False
    """Begin with the glyphs that say the colours."""
    theme: str | None = None
    keymap: dict[str, str] = {}
    """Keys by comma, by the ids of what they do."""
    hint: bool = False
    """Say the first five keys."""


class Welcome(msgspec.Struct, frozen=True):
    """The first line to a tab; `Request`s and `Reply`s follow."""

    order: Open
    """The only one that the shared engine takes."""
    cases: tuple[Case, ...]
    shown: Shown = Shown()


def encode_welcome(welcome: Welcome) -> bytes:
    """Return one line of JSON, newline included."""
    return msgspec.json.encode(welcome) + b"\n"


def decode_welcome(line: bytes) -> Welcome:
    """Raise `msgspec.ValidationError` unless `line` is a welcome."""
    return msgspec.json.decode(line, type=Welcome)

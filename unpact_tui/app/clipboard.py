"""Text out of the inspector, over SSH too: every way there is to a clipboard, and a file.

No terminal says whether it took a text, so none is relied on: the text is in a file as well, whose
name is told. The file has the text as it is, so it is to be opened, and not printed on a terminal;
a lone surrogate, which has no bytes, is written as its escape. What goes to a clipboard has its
control characters made visible, all but line ends and tabs: pasted into a shell, an escape sequence
that a model wrote would be obeyed. No desktop clipboard is asked, because from afar it would be the
wrong machine's. Knows no screen.
"""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from unpact_tui import paths
from unpact_tui.destination import Destination
from unpact_tui.display import display_text
from unpact_tui.errors import Unwritable

LONGEST = 74_000
"""Bytes of base64 that are sent to a terminal: many take no more, and drop the whole of it."""

PATIENCE = 2.0
"""Seconds that tmux has to answer; it does so in milliseconds."""

_KEPT = frozenset("\n\t")


class Run(Protocol):
    """What `subprocess.run` can do, as far as it is needed."""

    def __call__(
        self,
        args: Sequence[str],
        *,
        input: bytes,
        env: Mapping[str, str],
        stdout: int,
        stderr: int,
        timeout: float,
        check: bool,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A text that can be copied and the key that takes it."""

    key: str
    """The character that is typed."""
    label: str
    text: str
    """Raw; an empty one cannot be taken."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Where a text went."""

    routes: tuple[str, ...]
    """In the order they were tried; "tmux" has said that it has it, "terminal" cannot."""
    path: Path | None
    """The file that holds it raw; None where it could not be written."""
    note: str
    """What to tell about it, whole; may hold text from outside."""


def pasteable(text: str) -> str:
    """Return text whose paste no terminal obeys: control characters, but for \\n and \\t, visible.

    A lone surrogate, which has no bytes, is made visible too.
    """
    return "".join(
        display_text(character)
        if character not in _KEPT and unicodedata.category(character) in ("Cc", "Cs")
        else character
        for character in text
    )


def copy(
    text: str,
    environ: Mapping[str, str],
    write_osc: Callable[[str], None] | None,
    run: Run = subprocess.run,
) -> Copied:
    """Send `text` to every clipboard in reach, and write it raw to a private file.

    `environ` says whether tmux is around; `write_osc` has the terminal take a text, as
    `App.copy_to_clipboard` does, and is None where there is no terminal. Raises nothing.
    """
    shown = pasteable(text)
    routes: list[str] = []
    notes: list[str] = []
    if "TMUX" in environ:
        failed = _to_tmux(shown.encode(), environ, run)
        if not failed:
            routes.append("tmux")
        notes += [failed] if failed else []
    size = (len(shown.encode()) + 2) // 3 * 4
    if write_osc is not None and size <= LONGEST:
        write_osc(shown)
        routes.append("terminal")
    elif write_osc is not None:
        notes.append("It is too long for a terminal's clipboard.")
    if shown != text:
        notes.append("Its control characters are written out; the file has them as they are.")
    path = _to_file(text)
    return Copied(tuple(routes), path, _told(routes, path, notes))


def _told(routes: Sequence[str], path: Path | None, notes: Sequence[str]) -> str:
    """Return all that is to be said of it."""
    names = {"tmux": "tmux", "terminal": "the terminal's clipboard"}
    sent = " and ".join(names[route] for route in routes)
    first = f"Copied to {sent}." if sent else "No clipboard is in reach."
    # Last, so that nothing stands behind the path when it is picked up with the mouse.
    file = f"The text is in {path}" if path else "It could not be written to a file either."
    if sent and path is None:
        file = "It could not be written to a file."
    return " ".join((first, *notes, file))


def _to_tmux(data: bytes, environ: Mapping[str, str], run: Run) -> str:
    """Load the text into a buffer, which -w also hands to the terminals outside; say if not."""
    try:
        # Before 3.2 tmux knows no -w: the text is then in its buffer alone.
        for command in (("load-buffer", "-w", "-"), ("load-buffer", "-")):
            done = run(
                ("tmux", *command),
                input=data,
                env=environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
            if done.returncode == 0:
                return ""
    except subprocess.TimeoutExpired:
        return "tmux did not answer."
    except OSError:
        return "tmux could not be run."
    return "tmux did not take it."


def _to_file(text: str) -> Path | None:
    try:
        path = paths.state() / "clipboard.txt"
        Destination(path, path, mode=0o600, stream=None, replace=True).write(text)
    except (OSError, Unwritable):
        return None
    return path

"""Where a result goes: standard output, or a file that is checked before the work begins.

A file is there whole or not at all. What is no regular file (a device, a pipe) is written to and
stays what it is, and a link is followed. Knows nothing of results.
"""

from __future__ import annotations

import errno
import os
import secrets
import signal
import stat
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from unpact_tui.display import harmless
from unpact_tui.errors import BadUsage, Unwritable

Text = str | Iterable[str]
"""All of it, or a piece at a time where it is long."""

_STREAMS = (1, 2)
"""Standard output and error: whatever names one of them, /dev/stdout say, is that stream."""

_LOSSLESS = "backslashreplace"
"""For text that an encoding has no bytes for: better ugly than lost."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that could be written to when it was looked at."""

    asked: Path
    """As the person named it."""
    target: Path
    """With links followed."""
    mode: int | None
    """Permissions of the file that is there already."""
    stream: int | None
    """The standard stream that it is, if so."""
    replace: bool
    """Write a new file beside it, then put that in its place."""

    def write(self, text: Text) -> None:
        """Write all of `text`. Raises `Unwritable`; a file to replace is then as it was."""
        with _translated(str(self.asked)):
            if self.stream is not None:
                self._fill(os.dup(self.stream), text)
            elif self.replace:
                self._replace(text)
            else:
                self._fill(os.open(self.target, os.O_WRONLY | os.O_TRUNC), text)

    def _fill(self, descriptor: int, text: Text) -> None:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors=_LOSSLESS) as file:
            file.writelines(_pieces(text))

    def _replace(self, text: Text) -> None:
        # Not made from the target's name, which may be as long as names can be.
        temporary = self.target.with_name(f".unpact-tui.{secrets.token_hex(8)}")
        try:
            # Closed from its first moment on, where what it replaces is: then the mode below.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            made = os.open(temporary, flags, 0o666 if self.mode is None else 0o600)
            with os.fdopen(made, "w", encoding="utf-8", errors=_LOSSLESS) as file:
                if self.mode is not None:
                    os.fchmod(file.fileno(), self.mode)
                file.writelines(_pieces(text))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.target)
        finally:
            temporary.unlink(missing_ok=True)


def destination(asked: Path) -> Destination:
    """Look at a place before anything is computed for it. Raises `BadUsage`, `Unwritable`."""
    with _translated(str(asked)):
        found = _status(asked)
        target = Path(os.path.realpath(asked))
        folder = target.parent
        if found is None and not folder.is_dir():
            raise BadUsage(f"There is no folder {folder} to write {target.name} into.")
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise BadUsage(f"{asked} is a folder.", "Give the name of a file in it.")
    stream = None if found is None else _stream(found)
    roomy = os.access(folder, os.W_OK | os.X_OK)
    if stream is None and not (roomy if found is None else os.access(asked, os.W_OK)):
        raise Unwritable(str(asked), os.strerror(errno.EACCES))
    if found is None:
        return Destination(asked, target, None, None, replace=True)
    regular = stat.S_ISREG(found.st_mode)
    # What is not regular is opened by the name it was given: /dev/fd/63 resolves to no path.
    return Destination(
        asked,
        target if regular else asked,
        stat.S_IMODE(found.st_mode),
        stream,
        replace=regular and roomy,
    )


def put(text: Text) -> None:
    """Write to standard output, all of it and now. Raises `Unwritable`.

    What a terminal would obey, beyond lines and colours, is made visible, whoever forgot to.
    Where nobody reads any more, the process ends quietly by SIGPIPE, as others do in a pipeline.
    """
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        with _translated("Standard output"):
            for piece in _pieces(text):
                _print(harmless(piece))
            sys.stdout.flush()
    except Unwritable:
        drop_output()
        raise
    finally:
        signal.signal(signal.SIGPIPE, before)


def drop_output() -> None:
    """Let go of what standard output did not take: the interpreter would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, _LOSSLESS).decode(encoding))


def _pieces(text: Text) -> Iterable[str]:
    return (text,) if isinstance(text, str) else text


@contextmanager
def _translated(where: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(where, error.strerror or str(error)) from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _stream(found: os.stat_result) -> int | None:
    for number in _STREAMS:
        with suppress(OSError):  # it is closed
            if os.path.samestat(found, os.fstat(number)):
                return number
    return None

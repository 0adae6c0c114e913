"""What is said of a bug: its kind and where it happened, and no value that the program held.

The words of an exception may repeat a prompt, an answer, a key or what a server said, and nobody
can tell. So they are withheld wherever a bug is told of: crash files, standard error, logs, rows.
Whoever looks for one sees them with UNPACT_BUG_WORDS=1. A path begins where Python looks for
modules, which is often in somebody's home. Imports nothing heavy: each process installs it first.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

VARIABLE = "UNPACT_BUG_WORDS"
"""Set to 1 in the environment, exceptions are told with their words."""

_HEAD = "Traceback (most recent call last), without words that may repeat a prompt or a key:"
_MOST = 20
"""Frames that are told from each end: a recursion has a thousand."""


def told(error: BaseException) -> str:
    """Return some lines about an exception and those that led to it."""
    return "".join(_chain(error, set()))


def kind(error: BaseException) -> str:
    """Return what kind of exception it is, on one line."""
    name = type(error).__qualname__
    if type(error).__module__ != "builtins":
        name = f"{type(error).__module__}.{name}"
    if os.environ.get(VARIABLE) == "1":
        return f"{name}: {' '.join(str(error).split())}"
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        return f"{name}: No module named {error.name!r}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {errno.errorcode.get(error.errno, error.errno)}"
    return name


def place(error: BaseException) -> str:
    """Return the file and the line where it was raised; nothing where nobody knows."""
    frames = list(_frames(error.__traceback__))
    return f"{PurePath(frames[-1][0]).name}, line {frames[-1][1]}" if frames else ""


def install() -> None:
    """Tell of every bug of this process like this that nothing else catches."""
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__
    if before is None and not error.__suppress_context__:
        before = error.__context__
    if before is not None and id(before) not in seen:
        yield from _chain(before, seen)
        yield "\nwhich led to:\n\n"
    frames = [
        f"  {file}, line {line}, in {name}\n" for file, line, name in _frames(error.__traceback__)
    ]
    if len(frames) > 2 * _MOST:
        frames[_MOST:-_MOST] = [f"  ... {len(frames) - 2 * _MOST} more\n"]
    if frames:
        yield f"{_HEAD}\n"
    yield from frames
    yield f"{kind(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            if id(inner) not in seen:
                yield "\nwhich holds:\n\n"
                yield from _chain(inner, seen)


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    while trace is not None:
        code = trace.tb_frame.f_code
        yield _short(code.co_filename), trace.tb_lineno, code.co_name
        trace = trace.tb_next


def _short(file: str) -> str:
    """Return a path from the folder that it is imported from, or its name alone."""
    roots = [root for root in sys.path if root and file.startswith(root.rstrip("/") + "/")]
    longest = max(roots, key=len, default=None)
    return file[len(longest) :].lstrip("/") if longest else PurePath(file).name


def _say(text: str) -> None:
    stream = cast("object", sys.stderr)
    if stream is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _uncaught(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _say(told(error))


def _unraisable(found: UnraisableHookArgs) -> None:
    if found.exc_value is not None:
        _say(f"Ignored:\n{told(found.exc_value)}")


def _in_thread(found: threading.ExceptHookArgs) -> None:
    # As Python does: a thread may end by SystemExit.
    if found.exc_value is not None and not isinstance(found.exc_value, SystemExit):
        _say(f"In a thread of its own:\n{told(found.exc_value)}")

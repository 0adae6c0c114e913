"""Does something in a child process of limited memory, and tells here how it ended.

For what loads models: an abort, an endless loop in a library or a burst of memory ends the child.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import resource
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

MEMORY = 2 << 30
"""Bytes that a child may map beyond what it begins with."""
SECONDS = 20
"""Of processor time that it may take; a model of a few kilobytes takes a fraction of one."""


class Refused(Exception):
    """What was done ended in an error that has a sentence for a person."""


class Escaped(Exception):
    """It ended in anything else: a traceback, a signal, words on a terminal."""


def in_a_child(do: Callable[[], object], refusals: tuple[type[Exception], ...]) -> None:
    """Do it there. Raises `Refused`, `Escaped`.

    The child is a copy of this process, so what is imported here need not be imported there; it is
    killed when waiting for it is broken off.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as words:
        with warnings.catch_warnings():
            # Newer Pythons warn where there are threads; this child needs none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os.close(reading)
            _answer(do, refusals, writing, words.fileno())
        os.close(writing)
        status = None
        try:
            with os.fdopen(reading, "rb") as pipe:
                raw = pipe.read()
            status = os.waitpid(child, 0)[1]
        finally:
            if status is None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        words.seek(0)
        said = words.read(4_000).decode("utf-8", "replace")
    _tell(raw, status, said)


def _tell(raw: bytes, status: int, said: str) -> None:
    if status or not raw:
        code = os.waitstatus_to_exitcode(status)
        raise Escaped(f"the process ended with {code}: {said[-2_000:]}")
    kind, sentence = pickle.loads(raw)
    if kind == "escaped":
        raise Escaped(sentence)
    if said.strip():
        raise Escaped(f"it said: {said[-2_000:]}")
    if kind == "refused":
        raise Refused(sentence)


def _answer(
    do: Callable[[], object], refusals: tuple[type[Exception], ...], writing: int, words: int
) -> NoReturn:
    """Do it in the child, say how it ended, and leave without a clean-up that is not ours."""
    faulthandler.disable()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for descriptor in (1, 2):
        os.dup2(words, descriptor)
    _limit_memory()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        do()
        answer = ("read", "")
    except refusals as error:
        hint = str(getattr(error, "hint", ""))
        whole = bool(str(error).strip()) and "\n" not in str(error) and bool(hint.strip())
        sentence = f"{type(error).__name__}: {error} {hint}"
        answer = ("refused" if whole else "escaped", sentence)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is to be told
        answer = ("escaped", "".join(traceback.format_exception(error)[-12:]))
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump(answer, pipe)
    os._exit(0)


def _limit_memory() -> None:
    """Allow so much more than there is now, which is known on Linux alone."""
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        pages = int(statistics.read_text(encoding="ascii").split()[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))

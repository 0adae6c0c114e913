"""What the machine refuses, in words of ours: room, memory, files, threads, a place.

Any line may meet it, so it is translated at each way in (a command, a job of the engine, a
checkpoint given out) and not at each line. Who can say more about a file says it nearer to it. What
the system did not refuse stays the bug it is. Knows no command and no file.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Generator
from contextlib import contextmanager

from unpact_tui.errors import OutOfResources, SystemRefuses
from unpact_tui.foreign import is_spent

_NO_THREAD = "can't start new thread"
_NO_HOME = re.compile("could not determine (the )?home directory", re.IGNORECASE)
"""As Python says it, and as platformdirs does."""

_SPENT = {
    errno.EMFILE: ("this process has too many files open", "Allow more: `ulimit -n 1024`."),
    errno.ENFILE: ("the machine has too many files open", "Close other programs."),
    errno.ENOMEM: ("the machine has no memory left", "Close other programs, or raise `ulimit -v`."),
    errno.EAGAIN: (
        "no further process or thread may be started",
        "Allow more (`ulimit -u`), or end other processes.",
    ),
}
"""Why, and what to do, where nothing of the machine is left."""

_HINTS = {
    errno.ENOSPC: "Free some room on its disk.",
    errno.EDQUOT: "Free some room: the quota is used up.",
    errno.EFBIG: "Allow larger files: `ulimit -f unlimited`.",
    errno.EROFS: "It is on a disk that can only be read; name another place.",
    errno.EACCES: "See who may use it: `ls -ld` shows that.",
    errno.EPERM: "See who may use it: `ls -ld` shows that.",
    errno.EIO: "The disk, or the way to it, is failing.",
    errno.ESTALE: "The file was replaced on its server; start again.",
    errno.ENOENT: "It was there, or should be; start again where it is.",
}


@contextmanager
def translated() -> Generator[None]:
    """Raise `SystemRefuses` or `OutOfResources` for what the system refused inside."""
    try:
        yield
    except (MemoryError, OSError, RuntimeError, ImportError) as error:
        refusal = of(error)
        if refusal is None:
            raise
        raise refusal from error


def of(error: BaseException) -> SystemRefuses | OutOfResources | None:
    """Return what to say of an error by which the system refused something; None for others."""
    match error:
        case MemoryError():
            return OutOfResources(*_SPENT[errno.ENOMEM])
        case BrokenPipeError():  # nobody reads any more, which has an end of its own
            return None
        case OSError(errno=int(number)):
            return _of_system(error, number)
        # A progress bar that could not start its thread fails once more at its end.
        case RuntimeError() if _NO_THREAD in f"{error} {error.__context__}":
            return OutOfResources(*_SPENT[errno.EAGAIN])
        case RuntimeError() | ImportError() if is_spent(error):
            return OutOfResources(*_SPENT[errno.ENOMEM])
        case RuntimeError() if _NO_HOME.match(str(error)):
            hint = "Set HOME, or the folders XDG_CACHE_HOME, XDG_CONFIG_HOME and XDG_STATE_HOME."
            return SystemRefuses("The home folder", "nobody says which it is", hint)
        case _:
            return None


def _of_system(error: OSError, number: int) -> SystemRefuses | OutOfResources:
    if number in _SPENT:
        return OutOfResources(*_SPENT[number])
    name: object = error.filename
    where = os.fsdecode(name) if isinstance(name, str | bytes) else "A file"
    why = error.strerror or os.strerror(number)
    return SystemRefuses(where, why, _HINTS.get(number, "Name another place, or mend it."))

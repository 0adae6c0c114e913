"""One process at a time appends to a file, where its file system can tell.

Knows nothing of what is in the file. The right is given back when the file is closed, however the
process ended.
"""

from __future__ import annotations

import errno
import fcntl
from typing import BinaryIO

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""File systems without locks, as some of clusters are."""


def is_alone(file: BinaryIO) -> bool:
    """Take the file for this process; return whether no other has it. Raises `OSError`."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True

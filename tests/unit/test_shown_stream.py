"""Standard error as a whole process has it: whatever is written, a terminal obeys none of it."""

from __future__ import annotations

import subprocess
import sys

HOSTILE = "x\x1b[2J\x1b]0;owned\x07\x9b2J\u202e\udcff[bold]"
SHOWN = "x␛[2J␛]0;owned␇⟨9b⟩2J⟨202e⟩⟨dcff⟩[bold]"

_WRITES = """\
import sys
from unpact_tui.shown_stream import guard_errors
guard_errors()
print(sys.argv[1], "\\x1b[1mbold\\x1b[0m", file=sys.stderr)
raise ValueError(sys.argv[1])
"""


def test_what_libraries_and_tracebacks_write() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WRITES, HOSTILE.encode(errors="surrogateescape")],
        capture_output=True,
        env={"PYTHONUTF8": "1", "PATH": ""},
        check=False,
    )
    told = done.stderr.decode()
    assert done.returncode == 1
    assert told.startswith(f"{SHOWN} \x1b[1mbold\x1b[0m\n")
    assert f"ValueError: {SHOWN}\n" in told
    assert "\x9b" not in told
    assert "\u202e" not in told


def test_what_was_typed() -> None:
    argv = [
        sys.executable,
        "-m",
        "unpact_tui",
        "settings",
        HOSTILE.encode(errors="surrogateescape"),
    ]
    done = subprocess.run(argv, capture_output=True, check=False)
    assert done.returncode == 2
    told = done.stderr.decode()
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(told)

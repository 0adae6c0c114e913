"""Gives every command that reads a file the worst that can be in a file's place, and tells of each.

    python tests/fuzzing/commands.py FOLDER

A process of its own: its memory is limited, its sockets are disabled, and no pickle may be opened.
Prints a JSON line per command and file: how it ended and what it said. Used by `test_fuzzing`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

ROOM = 1 << 30
"""Bytes of address space besides what the process begins with."""
HUGE = 10 << 30
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "pickle.find_class")

PROMPTS = ["--prompts", "forget.jsonl"]
TRIAGE = ["triage", "base", "sweep", *PROMPTS]
COMMANDS: dict[str, list[str]] = {
    "run": ["run", "base", "unlearned", "--prompts", "FILE", "--json"],
    "run, a session": ["run", "--session", "FILE", "--json"],
    "triage": ["triage", "base", "sweep", "--prompts", "FILE"],
    "triage, what is to be kept": [*TRIAGE, "--retain", "FILE"],
    "triage, rows": [*TRIAGE, "--out", "FILE", "--resume"],
    "triage, a benchmark": [*TRIAGE, "--benchmark", "tofu:forget01=FILE"],
    "track": ["track", "base", "run", "--prompts", "FILE"],
    "track, steps": ["track", "base", "run", *PROMPTS, "--out", "FILE", "--resume"],
    "board": ["board", "FILE"],
    "report": ["report", "FILE", "--out", "page.html"],
    "open": ["open", "FILE"],
    "open, as JSON": ["open", "FILE", "--json"],
    "logs": ["logs", "FILE"],
    "bench": ["bench", "FILE", "--out", "results", "--dry-run"],
    "benchmarks": ["benchmarks", "tofu:forget01", "--check", "FILE"],
    "config show": ["config", "show"],
}
"""FILE is what is hostile; that of `config show` is named in the environment."""


class Command(Protocol):
    """The command line."""

    def __call__(self, args: list[str], *, prog_name: str) -> object:
        """Run it; it ends the process."""
        ...


GOOD: dict[str, list[str]] = {
    "report": ["report", "result.json", "rows.jsonl", "steps.jsonl", "--out", "page.html"],
    "open": ["open", "session.jsonl", "--json"],
    "logs": ["logs", "X_SUMMARY.json", "--json"],
    "benchmarks": ["benchmarks", "wmdp", "--check", "sample"],
    "benchmarks, a list": ["benchmarks"],
    "config": ["config", "show"],
    "config path": ["config", "path"],
    "diff": ["diff", "base", "sweep/a"],
    "methods": ["methods"],
    "strategies": ["strategies"],
    "settings": ["settings"],
    "keys": ["keys"],
}
"""Commands that do what they are for, on files of ours."""


def made(folder: Path) -> Iterator[tuple[str, str]]:
    """Make what may be in a file's place, and yield what it is and its name."""
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    (folder / "deep").write_bytes(b'{"a":' * 200_000)
    (folder / "bytes").write_bytes(b"\xff\xfe\x00\x80" * 50)
    with (folder / "huge").open("wb") as file:
        file.truncate(HUGE)
    for name in ("pipe", "loop", "folder", "deep", "bytes", "huge"):
        yield name, str(folder / name)
    yield "zeros without end", "/dev/zero"
    yield "another's memory", "/proc/self/mem"
    yield "a name too long", str(folder / ("x" * 5000))
    yield "a name with a NUL", f"{folder}/a\0b"


def main(folder: Path) -> None:
    """Try all of it."""
    from typer.main import get_command

    from unpact_tui.cli import app

    os.chdir(folder)
    furnish(folder)
    command = get_command(app)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))
    refuse_network_and_pickles()
    for what, name in made(folder):
        for words, argv in COMMANDS.items():
            os.environ["UNPACT_CONFIG"] = os.devnull
            if words == "config show":
                if "\0" in name:
                    continue  # no variable can hold one
                os.environ["UNPACT_CONFIG"] = name
            tell(words, what, tried(command, argv, name))
    with (folder / "huge").open("rb") as endless:
        sys.stdin = io.TextIOWrapper(endless)
        argv = ["run", "base", "unlearned", "--prompts", "-", "--json"]
        tell("run, standard input", "huge", tried(command, argv, ""))
    os.environ["UNPACT_CONFIG"] = os.devnull
    for words, argv in GOOD.items():
        tell(words, "good", tried(command, argv, ""))


def furnish(folder: Path) -> None:
    """Put good files there, and folders that read as checkpoints."""
    import looking
    import report_fixture
    import result_fixture
    import track_fixture
    from triage_fixture import write_folder

    from unpact_tui.document import encode

    for name in ("base", "unlearned", "sweep/a", "run/checkpoint-1"):
        write_folder(folder / name, len(name))
    (folder / "forget.jsonl").write_text('{"prompt": "Who?", "answer": "Ann."}\n')
    (folder / "X_SUMMARY.json").write_text('{"model_utility": 0.6}')
    (folder / "result.json").write_bytes(encode(result_fixture.example()))
    (folder / "rows.jsonl").write_bytes(report_fixture.lines(report_fixture.ROWS))
    track_fixture.written(folder / "steps.jsonl", track_fixture.run(2))
    looking.sat(folder / "session.jsonl")


def tell(words: str, what: str, ended: tuple[object, str, str]) -> None:
    """Print how it ended."""
    sys.stdout.write(json.dumps([words, what, *ended]) + "\n")
    sys.stdout.flush()


def tried(command: Command, argv: list[str], name: str) -> tuple[object, str, str]:
    """Return the exit code, what was printed, and what was said of it."""
    out, said = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        try:
            command([word.replace("FILE", name) for word in argv], prog_name="unpact-tui")
        except SystemExit as end:
            code = end.code
        except BaseException:  # noqa: BLE001 - whatever it is, that it came here is the finding
            code = "traceback"
            traceback.print_exc()
    return code, out.getvalue(), said.getvalue()


def refuse_network_and_pickles() -> None:
    """From here on, whoever opens a connection or a pickle ends in an error of its own."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        # A pair of local sockets, with which a process talks to those it starts, is no network.
        local = event == "socket.__new__" and arguments[1] == socket.AF_UNIX
        if event in FORBIDDEN or (event == "socket.__new__" and not local):
            raise RuntimeError(f"{event}{arguments}")

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

"""A process that has imported what is heavy, and forks a fresh one for every command.

Importing torch takes many times as long as a command on a tiny model. Each line of standard input
is a `Launch`; a line with how it ended answers it. The child has its own environment, limits,
streams and folders before the first line of the command line runs.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

_STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}


def _rehearse(rehearsal: list[list[str]], *, heavy: bool) -> None:
    """Run commands, so that all they import is there; with models, where it is to be `heavy`."""
    from typer.testing import CliRunner

    from unpact_tui.cli import app

    if heavy:
        # Only imported: a process that has trained has threads that a fork would wait for.
        import_module("unpact_tui.unlearning.runner")
        import_module("methods._bench")
        import_module("torch").set_num_threads(1)
    for words in rehearsal:
        found = CliRunner().invoke(app, words)
        if found.exit_code:
            why = found.exception or found.output
            sys.stderr.write(f"rehearsing {words[0]}: {found.exit_code}: {why}\n")


def become(launch: dict[str, Any]) -> None:
    """Take on everything that a command finds around it."""
    os.environ.clear()
    os.environ.update(launch["env"])
    os.chdir(launch["cwd"])
    for name, number in _STREAMS.items():
        path = launch[name]
        if path == "":  # what it has, a terminal perhaps
            continue
        if path is None:
            os.close(number)
            setattr(sys, name, None)
            continue
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        opened = os.open(path, flags, 0o644)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
    encoding = launch["env"].get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    for name, number in _STREAMS.items():
        if number and launch[name]:
            errors = "backslashreplace" if number == 2 else "strict"
            stream = open(number, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if launch["stdin"]:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if launch["uid"]:
        os.setgroups([])
        os.setgid(launch["uid"])
        os.setuid(launch["uid"])
    for name, value in launch["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))


def _child(launch: dict[str, Any]) -> NoReturn:
    become(launch)
    if launch["inject"]:
        from faulting import inject

        inject.install(launch["inject"])
    if launch["remove_cwd"]:
        Path(launch["cwd"]).rmdir()
    sys.argv = ["unpact-tui", *launch["words"]]
    from unpact_tui.__main__ import main

    main()


def _wait(child: int, patience: float) -> int | None:
    """Return the exit status; None for what did not end in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def serve() -> None:
    """Answer launches until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    heavy = "REHEARSE_LIGHTLY" not in os.environ
    _rehearse(json.loads(os.environ.get("REHEARSAL", "[]")), heavy=heavy)
    for line in sys.stdin:
        launch = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if not child:
            answers.close()
            os.setsid()
            try:
                _child(launch)
            finally:
                sys.stdout and sys.stdout.flush()
        code = _wait(child, launch["patience"])
        answers.write(json.dumps({"code": code, "seconds": time.monotonic() - began}) + "\n")
        answers.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(json.loads(sys.argv[1]))
    serve()

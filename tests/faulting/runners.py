"""Runs commands: forked from a process that is warm, or started anew, on a terminal or without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faulting.cell import PATIENCE, Ended
from faulting.commands import Command
from faulting.faults import Launch
from faulting.place import Place

TESTS = Path(__file__).resolve().parents[1]


def described(words: list[str], place: Place, launch: Launch) -> dict[str, Any]:
    """Return all that a process has to know before it becomes the command."""
    env = place.environment()
    for name, value in launch.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    folder = place.work
    if launch.no_folder:
        folder = place.root / "gone"
        folder.mkdir()
        words = [_absolute(word, place) for word in words]
    streams = {
        "stdin": os.devnull,
        "stdout": str(place.root / "o"),
        "stderr": str(place.root / "e"),
    }
    return {
        "words": words, "env": env, "cwd": str(folder), **streams, **launch.streams,
        "uid": launch.user, "limits": dict(launch.limits), "inject": launch.inject,
        "remove_cwd": launch.no_folder, "patience": PATIENCE,
    }  # fmt: skip


def _absolute(word: str, place: Place) -> str:
    return str((place.work / word).resolve()) if (place.work / word).exists() else word


class Warm:
    """Commands forked from a process that has imported torch."""

    def __init__(self, rehearsal: list[list[str]], *, heavy: bool) -> None:
        lightly = {} if heavy else {"REHEARSE_LIGHTLY": "1"}
        paths = os.pathsep.join((str(TESTS), str(TESTS.parent)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faulting.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ
            | {"PYTHONPATH": paths, "REHEARSAL": json.dumps(rehearsal), "UNPACT_CACHE": "0"}
            | lightly,
        )

    def __call__(self, command: Command, words: list[str], place: Place, launch: Launch) -> Ended:
        """Return how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for name in ("o", "e"):
            (place.root / name).touch()
            (place.root / name).chmod(0o666)
        self._process.stdin.write(json.dumps(described(words, place, launch)) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        out, err = ((place.root / n).read_text("utf-8", "replace") for n in ("o", "e"))
        return Ended(answer["code"], out, err)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def warm(rehearsal: list[list[str]], *, heavy: bool) -> Generator[Warm]:
    """Keep such a process for a while."""
    found = Warm(rehearsal, heavy=heavy)
    try:
        yield found
    finally:
        found.close()


def cold(command: Command, words: list[str], place: Place, launch: Launch) -> Ended:
    """Start it anew, in a process that becomes the command before anything is imported."""
    (place.root / "o").touch()
    (place.root / "e").touch()
    asked = described(words, place, launch)
    paths = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    process = subprocess.Popen(
        [sys.executable, "-m", "faulting.warm", json.dumps(asked)],
        env=os.environ | {"PYTHONPATH": paths},
        start_new_session=True,
    )
    try:
        code: int | None = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        code = None
    out, err = ((place.root / n).read_text("utf-8", "replace") for n in ("o", "e"))
    return Ended(code, out, err)

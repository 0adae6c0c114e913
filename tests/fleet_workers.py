"""Workers for the fleet's tests, where processes of their own and Ray's can import them."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from unpact_tui.output import Step


@dataclass(frozen=True)
class Task:
    """Says what is to become of it."""

    key: str
    does: str = ""

    @property
    def name(self) -> str:
        return f"task {self.key}"


@dataclass(frozen=True)
class Progress:
    stage: str
    done: int
    total: int


@dataclass
class Scripted:
    """Does what a job says, and leaves a line in a file per try."""

    folder: Path
    done: int = 0

    def work(self, job: Task) -> Generator[Step, None, bytes]:
        tries = self._note(job)
        yield Progress("beginning", 0, 2)
        match job.does.split():
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["die", "once"] if tries == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["leave", code]:
                os._exit(int(code))
            case ["break"]:
                raise ZeroDivisionError("nothing\x1b[31m to divide by")
            case ["wait"]:
                sleep(600)
            case ["sleep", seconds]:
                sleep(float(seconds))
            case ["show", variable]:
                return os.environ.get(variable, "").encode()
            case ["print"]:
                print("not for standard output")  # noqa: T201
            case _:
                pass
        yield Progress("ending", 1, 2)
        self.done += 1
        return f"{job.key} by {os.getpid()}, its {self.done}.".encode()

    def _note(self, job: Task) -> int:
        file = self.folder / f"{job.key}.tries"
        with file.open("a") as notes:
            notes.write(f"{os.getpid()}\n")
        return len(file.read_text().splitlines())


@dataclass(frozen=True)
class Unborn:
    """Cannot be had where it is sent to."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (7,)

    def work(self, job: Task) -> Generator[Step, None, bytes]:
        yield Progress("never", 0, 0)
        return b""

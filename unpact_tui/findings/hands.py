"""A process that measures models one after another, so that one which dies takes nothing along.

Each is new and not a copy: it has the threads and the memory of its own work alone. Knows nothing
of which models there are, nor what becomes of them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from unpact_tui.errors import UnpactError
from unpact_tui.findings.family import Entry, Family
from unpact_tui.findings.keeping import Folder
from unpact_tui.findings.work import work
from unpact_tui.output import print_error
from unpact_tui.unattended import quiet_libraries


class Hand(Protocol):
    """Whoever measures."""

    @property
    def connection(self) -> Connection:
        """Takes an `Entry`, and gives `Said` and at last `Finished`."""
        ...

    def gone(self) -> str:
        """Return how it ended, in words, when its connection has."""
        ...

    def stop(self) -> None:
        """End it, whatever it is at."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """A hand in a process of its own."""

    connection: Connection
    process: BaseProcess

    def gone(self) -> str:
        """Return how it ended."""
        self.process.join()
        return f"its process ended with code {self.process.exitcode}"

    def stop(self) -> None:
        """End it, and wait for that."""
        self.process.terminate()
        self.process.join()
        self.connection.close()


def hire(family: Family, folder: Folder) -> Process:
    """Start a process that measures what it is sent."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, family, folder), daemon=True)
    process.start()
    theirs.close()
    return Process(ours, process)


def _serve(connection: Connection, family: Family, folder: Folder) -> None:
    """Measure until there is nothing more; ends quietly when the other side does."""
    with quiet_libraries():
        while True:
            try:
                entry: Entry = connection.recv()
                for step in work(family, folder, entry):
                    connection.send(step)
            except (EOFError, BrokenPipeError, KeyboardInterrupt):
                return
            except UnpactError as error:  # of the folder: it can take no record of it either
                print_error(error)
                sys.exit(1)

"""Runs a piece of work in a process of its own, kills it at a random moment, and looks around.

Knows moments and signals, and nothing of what is done: a `Work` says what is finished. A run is a
copy (by fork) of this process, which has imported what takes long, so that a kill meets work and
not imports.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from benchmarks._kill_runs import Run, started

SIGNALS = (
    (signal.SIGKILL, 0.7),
    (signal.SIGTERM, 0.1),
    (signal.SIGHUP, 0.1),
    (signal.SIGINT, 0.1),
)
"""What it is killed by, and how often."""

STRAYS = (".part", ".old", ".unpact-tui.", ".tmp", ".broken")
"""Parts of names that nothing has once a work is finished."""

_PATIENCE = 60.0
"""Seconds for a run to end after its signal, on a busy machine."""


class Half(Exception):
    """Something on the disk that has a name, and is not whole."""


class Work(Protocol):
    """What is killed."""

    name: str

    def prepare(self, folder: Path) -> None:
        """Make what every run needs, once."""
        ...

    def go(self, place: Path) -> None:
        """Do all of it, or what is left of it; in the process that is killed."""
        ...

    def finished(self, place: Path) -> dict[str, str]:
        """Return what is finished there, by name, with a digest. Raises `Half`."""
        ...

    def told(self, said: str) -> set[str]:
        """Return what a run said that it had finished, from all that it said."""
        ...


@dataclass(slots=True)
class Tally:
    """What came of the kills by one signal."""

    kills: int = 0
    finished: int = 0
    """Results that were finished when it came."""
    lost: int = 0
    half: int = 0
    left: int = 0
    """Processes that outlived it."""
    codes: int = 0
    """Exit codes that are not the signal's."""
    tracebacks: int = 0


@dataclass(slots=True)
class Report:
    """A campaign against one work."""

    name: str
    seconds: float = 0.0
    """Of a run that nobody disturbs."""
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    chains: int = 0
    """So often the work came to its end after kills."""
    different: int = 0
    """Ends that were not what an undisturbed run ends in."""
    strays: int = 0
    """Temporary files that were there after an end."""
    notes: list[str] = field(default_factory=list[str])

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong."""
        bad = [self.different, self.strays]
        for one in self.tallies.values():
            bad += [one.lost, one.half, one.left, one.codes, one.tracebacks]
        return not any(bad)


# ---------------------------------------------------------------- a campaign


@dataclass(slots=True)
class Campaign:
    """Kills one work again and again; each chain of kills ends with a run that comes to its end."""

    work: Work
    folder: Path
    random: Random
    report: Report
    _whole: dict[str, str] = field(default_factory=dict[str, str])
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _chain: int = 0

    def run(self, kills: int) -> None:
        """Do it, with so many kills."""
        self.work.prepare(self.folder)
        place, variables = self._place("undisturbed")
        began = time.monotonic()
        run = self._started(place, variables)
        if run.wait(10 * _PATIENCE) != 0:
            raise SystemExit(f"{self.work.name} does not run undisturbed:\n{run.said.read_text()}")
        self.report.seconds = time.monotonic() - began
        self._whole = self.work.finished(place)
        while self._kills < kills or self._chain != self.report.chains:
            self._once(kill=self._kills < kills)

    @property
    def _kills(self) -> int:
        return sum(one.kills for one in self.report.tallies.values())

    def _place(self, name: str) -> tuple[Path, dict[str, str]]:
        """Return a place and the variables of runs there: every folder of ours is its own."""
        room = self.folder / self.work.name / name
        temporary = room / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        homes = {f"XDG_{what}_HOME": str(room / what) for what in ("CACHE", "STATE", "CONFIG")}
        return room / "work", {"TMPDIR": str(temporary), "NO_COLOR": "1", **homes}

    def _started(self, place: Path, variables: Mapping[str, str]) -> Run:
        said = place.with_name(f"{place.name}.said")
        return started(partial(self.work.go, place), said, variables)

    def _once(self, *, kill: bool) -> None:
        """One run: it is killed, or comes to its end."""
        if self._chain == self.report.chains:
            self._chain, self._known = self._chain + 1, {}
        place, variables = self._place(f"chain-{self._chain}")
        ours = [number for number, _ in SIGNALS]
        (number,) = self.random.choices(ours, [share for _, share in SIGNALS])
        moment = self.random.uniform(0, self.report.seconds) if kill else 10 * _PATIENCE
        run = self._started(place, variables)
        code, killed = run.wait(moment), False
        if code is None:
            os.kill(run.number, number)
            code = run.wait(_PATIENCE)
            killed = code != 0  # or it was over before the signal was heard
        name = number.name if killed else "none"
        tally = self.report.tallies.setdefault(name, Tally())
        if killed:
            tally.kills += 1
            self._check_code(run, code, number, tally)
        elif code != 0:
            self._note(
                f"ended with {code} by itself: {run.said.read_text()[-400:]}", tally, "codes"
            )
            self.report.different += 1
        if orphans := run.orphans():
            self._note(f"left {len(orphans)} processes after {number.name}", tally, "left")
        self._check_disk(place, run, tally)
        if code == 0:
            self._check_end(place)

    def _check_code(self, run: Run, code: int | None, number: signal.Signals, tally: Tally) -> None:
        right = (-number,) if number == signal.SIGKILL else (-number, 128 + number)
        said = run.said.read_text("utf-8", "replace") if run.said.exists() else ""
        if code not in right:
            self._note(f"{number.name} ended with {code}: {said[-300:]}", tally, "codes")
        if "Traceback" in said:
            self._note(f"{number.name}: {said[-1500:]}", tally, "tracebacks")

    def _check_disk(self, place: Path, run: Run, tally: Tally) -> None:
        try:
            found = self.work.finished(place)
        except Half as error:
            self._note(str(error), tally, "half")
            return
        told = self.work.told(run.said.read_text("utf-8", "replace") if run.said.exists() else "")
        tally.finished += len(found)
        missing = {name for name, digest in self._known.items() if found.get(name) != digest}
        for name in sorted(missing | (told - found.keys())):
            why = "changed" if name in found else "lost"
            self._note(f"{name} is {why}", tally, "lost")
        self._known = found

    def _check_end(self, place: Path) -> None:
        self.report.chains += 1
        if self.work.finished(place) != self._whole:
            self.report.different += 1
            self.report.notes.append(f"chain {self._chain} ended differently")
        for path in place.parent.rglob("*"):
            temporary = path.parent.name == "tmp" and path.parent.parent == place.parent
            if temporary or any(part in path.name for part in STRAYS):
                self.report.strays += 1
                self.report.notes.append(f"{path} was left")

    def _note(self, what: str, tally: Tally, kind: str) -> None:
        setattr(tally, kind, getattr(tally, kind) + 1)
        self.report.notes.append(f"kill {self._kills}, chain {self._chain}: {what}")


def total(tallies: Mapping[str, Tally]) -> Counter[str]:
    """Return the sums over all signals, by the names of the fields."""
    found: Counter[str] = Counter()
    for one in tallies.values():
        for name in Tally.__slots__:
            found[name] += getattr(one, name)
    return found

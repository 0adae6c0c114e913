"""Kills what measures, trains, builds and writes, at random moments, and looks for what was lost.

    python benchmarks/kills.py [triage unlearn demo session] [--count 200] [--seed 0]
        [--family FOLDER] [--keep FOLDER]

The kills are shared out among the works. When a work is killed is drawn uniformly over the time of
an undisturbed run, and so is the signal: seven times of ten KILL, which nothing can answer, or
else TERM, HUP or INT. After every kill what had been finished must be there, whole and unchanged,
no process may be left, and the exit code must be the signal's. The same command is then started
again, until it comes to its end; what is there then must be what the undisturbed run left.

Runs are copies of this process, which has imported torch already: so a kill meets work. FAMILY is a
folder with `target`, two unlearned checkpoints, `retrain`, `forget.jsonl` and `retain.jsonl`. Exits
with 1 when anything was lost, half-written, different, left over or ended by a wrong code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Before torch is imported: a copy of a process with threads has none of them.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", UNPACT_CACHE="1")

from benchmarks._killable import Demo, Session, Triage, Unlearn
from benchmarks._killing import Campaign, Report, Tally, Work, total

_FAMILY = Path(__file__).resolve().parents[2] / "shared/data/models/stories260K-tofu"
_NAMES = ("triage", "unlearn", "demo", "session")
_COLUMNS = ("kills", "finished", "lost", "half", "left", "codes", "tracebacks")

_NOTES = 12
"""So much is told of what went wrong; --keep keeps the rest."""


def main() -> int:
    """Run the campaigns and print what came of them."""
    asked = _asked()
    works: dict[str, Work] = {
        "triage": Triage(asked.family),
        "unlearn": Unlearn(asked.family),
        "demo": Demo(),
        "session": Session(),
    }
    reports: list[Report] = []
    # No TemporaryDirectory: every copy of this process would remove it at its end.
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        for place, name in enumerate(asked.works):
            share = asked.count * (place + 1) // len(asked.works)
            kills = share - asked.count * place // len(asked.works)
            report = Report(name)
            reports.append(report)
            random = Random(f"{name}/{asked.seed}")
            Campaign(works[name], folder, random, report).run(kills)
            _print(report)
    finally:
        if asked.keep is None:
            shutil.rmtree(folder)
    kills = sum(total(report.tallies)["kills"] for report in reports)
    sound = all(report.sound for report in reports)
    print(f"{kills} kills, seed {asked.seed}: {'nothing' if sound else 'SOMETHING'} was lost")
    return 0 if sound else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(_NAMES))
    parser.add_argument("--count", type=int, default=200, help="kills in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", type=Path, default=_FAMILY)
    parser.add_argument("--keep", type=Path, help="work here, and leave it there")
    asked = parser.parse_args()
    if unknown := set(asked.works) - set(_NAMES):
        parser.error(f"there is no work {', '.join(sorted(unknown))}")
    asked.works = asked.works or list(_NAMES)
    return asked


def _print(report: Report) -> None:
    print(
        f"{report.name}: undisturbed {report.seconds:.2f} s; {report.chains} chains of kills came "
        f"to their end, {report.different} differently, {report.strays} files left"
    )
    print(f"  {'signal':8}" + "".join(f"{name:>11}" for name in _COLUMNS))
    for name, tally in sorted(report.tallies.items()):
        print(f"  {name:8}" + _cells(tally))
    for note in report.notes[:_NOTES]:
        print(f"  {note}")
    sys.stdout.flush()


def _cells(tally: Tally) -> str:
    return "".join(f"{getattr(tally, name):>11}" for name in _COLUMNS)


if __name__ == "__main__":
    sys.exit(main())

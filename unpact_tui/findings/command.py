"""`bench --findings`: measure what is missing, compute, and write page, pictures and numbers.

Importing this imports neither torch nor matplotlib.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from unpact_tui import output, paths
from unpact_tui.demo import member
from unpact_tui.destination import destination, put
from unpact_tui.document import encode
from unpact_tui.errors import BadUsage, ComputeError, ExitCode
from unpact_tui.findings import plots
from unpact_tui.findings.asked import Asked
from unpact_tui.findings.family import Entry, Family
from unpact_tui.findings.figures import Findings, compute
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.findings.page import Pictures, page
from unpact_tui.findings.record import Record
from unpact_tui.findings.running import run
from unpact_tui.findings.zoo_family import NAMES, SEEDS, ZooFamily
from unpact_tui.fleet import Fleet
from unpact_tui.options import settle
from unpact_tui.settings import Settings
from unpact_tui.unattended import ended_by_signals

SETTINGS = Settings(device="cpu", max_new_tokens=16)
"""Whoever runs it anew gets the same: neither a configuration nor an accelerator is asked."""


def findings(asked: Asked) -> ExitCode:
    """Do all of it. Raises `UsageError`, `ComputeError`."""
    family = _family(asked)
    plan = Plan(settle(SETTINGS, asked.pairs), asked.prompts)
    folder = Folder(asked.out or paths.cache() / "findings", plan)
    folder.make()
    if asked.page is not None:
        destination(asked.page)  # before the work, not after it
    if asked.fresh and not asked.report_only:
        folder.forget(family.entries)
    if not asked.report_only:
        measure(family, folder, asked.fleet, quiet=asked.quiet)
    records = kept(folder, family.entries)
    if all(record.error for record in records):
        raise _nothing(records)
    found = compute(records, plan.settings.thresholds, _command(asked), draws=plan.settings.draws)
    pictures: Mapping[str, str] = plots.draw(found) if plots.available() else {}
    write(found, pictures, folder.place / "findings.md")
    destination(folder.place / "findings.json").write(_json(found))
    if asked.page is not None:
        write(found, pictures, asked.page)
    put(_json(found) if asked.json else _told(found, folder, pictures))
    return ExitCode.COMPUTE if found.unmeasured else ExitCode.OK


def measure(family: Family, folder: Folder, fleet: Fleet, *, quiet: bool) -> None:
    """Measure what is missing, and tell about it."""
    with ended_by_signals():
        output.narrate(run(family, folder, fleet), quiet=quiet)


def kept(folder: Folder, entries: Sequence[Entry]) -> tuple[Record, ...]:
    """Return what is there of all entries, in order."""
    found = (folder.read(entry) for entry in entries)
    return tuple(record for record in found if record is not None)


def write(found: Findings, pictures: Mapping[str, str], file: Path) -> None:
    """Write the page, and its pictures into a folder of its name. Raises what writing raises."""
    destination(file).write(page(found, keep_pictures(pictures, file)))


def keep_pictures(pictures: Mapping[str, str], file: Path) -> Pictures:
    """Write the pictures of a page into a folder beside it. Raises what writing raises."""
    folder = file.parent / (file.stem if file.suffix else "findings")
    if pictures:
        folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        destination(folder / name).write(picture)
    return Pictures(folder.name, pictures.keys())


def numbers(text: str) -> tuple[int, ...]:
    """Return the seeds that a person names, such as 0-4,7. Raises `BadUsage`."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadUsage(f"{part.strip()!r} is no seed.", "Give them as in --seeds 0-4,7.")
        upto = int(last) if dash else int(first)
        found |= dict.fromkeys(range(int(first), upto + 1))
    if not found:
        raise BadUsage(f"{text!r} names no seed.", "Give them as in --seeds 0-4,7.")
    return tuple(found)


def _family(asked: Asked) -> ZooFamily:
    seeds = numbers(asked.seeds) if asked.seeds else SEEDS
    named = [name.strip() for name in asked.members.split(",") if name.strip()]
    members = tuple(dict.fromkeys(member(name).name for name in named)) or NAMES
    return ZooFamily(seeds, members, asked.zoo)


def _command(asked: Asked) -> str:
    """Return what makes the same numbers: where they are put, and by how many, is no part of it."""
    words = ["unpact-tui", "bench", "--findings"]
    words += ["--seeds", asked.seeds] if asked.seeds else []
    words += ["--members", asked.members] if asked.members else []
    words += ["--forget", str(asked.prompts)] if asked.prompts is not None else []
    words += [word for pair in asked.pairs for word in ("--set", pair)]
    return shlex.join(words)


def _nothing(records: Sequence[Record]) -> Exception:
    if not records:
        return BadUsage("Nothing was measured yet.", "Leave out --report-only.")
    error = ComputeError(f"No model could be measured: {records[0].error}")
    error.hint = "What was tried is kept; the same command tries again."
    return error


def _json(found: Findings) -> str:
    return encode(found, pretty=True).decode() + "\n"


def _told(found: Findings, folder: Folder, pictures: Mapping[str, str]) -> str:
    parts = (
        ("Focus", found.focus_says),
        ("Recovery", found.recovered_says),
        ("Penalty", found.penalised_says),
    )
    lines = [line for name, says in parts for line in (name, *(f"  {one}" for one in says))]
    lines += [f"Not measured: seed {one.seed}, {one.member}: {one.why}" for one in found.unmeasured]
    lines += [] if pictures else [plots.HOW]
    lines.append(f"All of it: {folder.place / 'findings.md'}")
    return "".join(f"{output.display_text(line)}\n" for line in lines)

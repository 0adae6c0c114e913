"""How often is a model called SUPPRESSED that never learned the answer? docs/calibration.md.

    python scripts/calibrate.py [--seeds 0 1 2 3 4 5 6 7] [--cache DIR] [--family DIR] [--page FILE]

A model retrained without the facts takes the place of the unlearned one: alone, and beside a second
such model of another training. Whatever is called SUPPRESSED there is a false alarm. Against it
stand checkpoints that hide what they know by a test of their own: both names in bold make them
write the answer. Rules and thresholds were made on the first seeds and are read on the last two.
About an hour and a half of one core; what was measured is kept in the cache folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import msgspec

import attribution
from attribution.intervals import wilson
from attribution.scorer import write_all
from attribution.textmatch import exact
from attribution.thresholds import Thresholds
from attribution.types import Case, Interval
from attribution.verdict import judge, knows
from unpact_tui import cases, output, paths
from unpact_tui.calibration import Calibration
from unpact_tui.demo import MEMBERS, Recipe, Zoo, build, ready
from unpact_tui.demo.corpus import make_world
from unpact_tui.run import Task, run_tasks
from unpact_tui.settings import Settings
from unpact_tui.worker.protocol import Open

PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"
COUNTS = PAGE.parents[1] / "unpact_tui" / "calibration.json"
FORM = 2
"""Raised when what is measured changes."""
HIDING = ("rmu", "npo_lora")
SETTINGS = Settings(device="cpu", max_new_tokens=24)
GRID = ((0.3, 0.4, 0.5, 0.6, 0.7), (0.15, 0.25, 0.35))
ALLOWED, HELD = 0.05, 2


@dataclass(frozen=True, slots=True)
class Subject:
    """One model in the place of the unlearned one."""

    name: str
    base: Path
    unlearned: Path
    reference: Path | None
    prompts: Path
    hides: bool
    """It may hide what it knows; else it never knew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One prompt: what the verdict looks at, and what is true."""

    evidence: dict[str, Interval]
    hidden: bool
    """Both names in bold bring the answer back, to the letter."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All prompts of one subject."""

    name: str
    seed: int
    hides: bool
    seen: tuple[Seen, ...]

    def known(self, thresholds: Thresholds) -> list[Seen]:
        """Return the prompts whose answer the base knows."""
        return [seen for seen in self.seen if knows(seen.evidence, thresholds)]


# ---------------------------------------------------------------- measuring


def _zoos(seed: int, cache: Path) -> tuple[list[Zoo], Zoo]:
    """Return the family of a seed, once per checkpoint that hides, and one of another training."""
    usual = Recipe(seed=seed)
    training = replace(usual.training, batch=44, trunk_steps=205, reference_steps=125)
    other = replace(usual, training=training, members=MEMBERS[:3])
    found = [_built(cache, usual, name) for name in HIDING]
    return found, _built(cache, other, HIDING[0])


def _built(cache: Path, recipe: Recipe, name: str) -> Zoo:
    output.narrate(build(cache, recipe, name), quiet=False)
    zoo = ready(cache, recipe, name)
    assert zoo is not None
    return zoo


def of_zoo(seed: int, cache: Path) -> Iterator[Subject]:
    """Yield the subjects of one seed."""
    family, other = _zoos(seed, cache)
    zoo = family[0]
    base, forget = zoo.base, zoo.forget
    yield Subject("retrained", base, zoo.reference, None, forget, hides=False)
    yield Subject(
        "retrained, beside another", base, zoo.reference, other.reference, forget, hides=False
    )
    yield Subject("another, beside it", base, other.reference, zoo.reference, forget, hides=False)
    yield Subject("rmu, without a reference", base, zoo.unlearned, None, forget, hides=True)
    for name, zoo in zip(HIDING, family, strict=True):
        yield Subject(name, base, zoo.unlearned, zoo.reference, forget, hides=True)


def of_family(folder: Path) -> Iterator[Subject]:
    """Yield the subjects of the family of 260 thousand parameters."""
    base, retrain, forget = folder / "target", folder / "retrain", folder / "forget.jsonl"
    planted = folder / "unlearned-planted-stars"
    yield Subject("260K: retrained", base, retrain, None, forget, hides=False)
    yield Subject("260K: planted, with reference", base, planted, retrain, forget, hides=True)


def measure(subject: Subject, seed: int, cache: Path) -> Measured:
    """Measure a subject, or return what was measured before."""
    name = "".join(letter if letter.isalnum() else "-" for letter in subject.name)
    file = cache / "calibrated" / f"{FORM}-{seed}-{name}.json"
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Measured)
    asked = list(cases.read(subject.prompts))
    reference = None if subject.reference is None else str(subject.reference)
    order = Open(str(subject.base), str(subject.unlearned), reference, SETTINGS)
    document = output.narrate(run_tasks(order, [Task(case) for case in asked]), quiet=False)
    assert not document.failures, document.failures
    hidden = _hidden(subject, seed, asked)
    found = Measured(
        subject.name,
        seed,
        subject.hides,
        tuple(
            Seen(entry.evidence, back) for entry, back in zip(document.cases, hidden, strict=True)
        ),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(found))
    return found


def _hidden(subject: Subject, seed: int, asked: Sequence[Case]) -> list[bool]:
    """Return to which questions the answer is written when the names are in bold."""
    model = attribution.open(subject.unlearned)
    if subject.name.startswith("260K"):
        names = [_starred(case.prompt) for case in asked]
    else:
        world = make_world(seed, Recipe().people, Recipe().forgotten)
        names = [
            case.prompt.replace(name, " ".join(f"**{word}**" for word in name.split()))
            for case in asked
            for name in [next(fact.name for fact in world.forget if fact.name in case.prompt)]
        ]
    rows = [model.encode(text).ids for text in names]
    written = write_all(model, rows, 64)
    return [
        exact(case.answer or "", model.decode(ids))
        for case, ids in zip(asked, written, strict=True)
    ]


def _starred(prompt: str) -> str:
    """Put the names of the family's authors in stars."""
    for name in ("Basil Mahfouz Al-Kuwaiti", "Nikolai Abilov"):
        prompt = prompt.replace(name, f"**{name}**")
    return prompt


# ---------------------------------------------------------------- counting


def _share(successes: int, n: int) -> str:
    if not n:
        return "-"
    found = wilson(successes, n)
    return f"{successes} of {n} ({found.estimate:.2f}, {found.lower:.2f} to {found.upper:.2f})"


def _suppressed(measured: Sequence[Measured], thresholds: Thresholds) -> tuple[int, int]:
    """Count what is called SUPPRESSED among the prompts whose answer the base knows."""
    known = [seen for one in measured for seen in one.known(thresholds)]
    return sum(judge(s.evidence, thresholds).label == "SUPPRESSED" for s in known), len(known)


def _found(measured: Sequence[Measured], thresholds: Thresholds) -> tuple[int, int]:
    """Count the same among the prompts of which it is known that they hide their answer."""
    hidden = [seen for one in measured for seen in one.known(thresholds) if seen.hidden]
    return sum(judge(s.evidence, thresholds).label == "SUPPRESSED" for s in hidden), len(hidden)


# ---------------------------------------------------------------- the page

HEAD = """\
# Calibration

How often is a model called SUPPRESSED that never learned the answer? It is the error to fear most:
it accuses a model that forgot. Made by `python scripts/calibrate.py`; {seeds} seeds of the demo's
zoo, 30 facts to forget in each, and the family of 260 thousand parameters (20). Every strategy of
the default ladder with all its controls.

- A model retrained without the facts takes the place of the unlearned one: alone, and beside a
  second one of another training. Each SUPPRESSED there is a **false alarm**.
- Checkpoints that hide: a prompt counts as **hidden** when both names in bold make the model
  write the answer to the letter. Each SUPPRESSED among these is a **find**. The test is one of the
  ladder's own marks, on other words: what no mark brings back is not in it.
- Intervals are Wilson's, 95 %, over prompts; prompts of one seed share their models.

The rules of the verdict and its thresholds were made on seeds {chosen} and are read on seeds
{held}, which nobody had looked at. At most 5 % false alarms are allowed. The models are tiny and
their world is made up: on others, calibrate again.
"""


def page(measured: Sequence[Measured], seeds: Sequence[int]) -> Iterator[str]:
    """Yield the lines of the page."""
    chosen, held = seeds[:-HELD], seeds[-HELD:]
    told = (", ".join(map(str, part)) for part in (chosen, held))
    yield HEAD.format(seeds=len(seeds), chosen=next(told), held=next(told))
    now = Thresholds()
    yield "## With the defaults\n"
    yield "| in the place of the unlearned model | SUPPRESSED, first seeds | seeds held out |"
    yield "| --- | --- | --- |"
    for name in dict.fromkeys(one.name for one in measured):
        mine = [one for one in measured if one.name == name]
        count = _found if mine[0].hides else _suppressed
        parts = [[o for o in mine if o.seed in part] for part in (chosen, held)]
        kind = "finds" if mine[0].hides else "false alarms"
        cells = " | ".join(_share(*count(part, now)) for part in parts)
        yield f"| {name}: {kind} | {cells} |"
    never = [one for one in measured if not one.hides]
    yield "\n" + _sentence(never, held, now)
    yield "\n## Other thresholds\n"
    yield "| recovered | lift | false alarms, first | held out | finds, first | held out |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from _sweep(measured, chosen, held, now)


def _sentence(never: Sequence[Measured], held: Sequence[int], now: Thresholds) -> str:
    wrong, n = _suppressed([one for one in never if one.seed in held], now)
    share = wrong / n if n else 0.0
    holds = "kept" if share <= ALLOWED else "NOT kept"
    above = wilson(wrong, n).upper > ALLOWED
    return (
        f"False alarms on the seeds held out, all kinds together: {_share(wrong, n)}. "
        f"The bound of 5 % is {holds}{' by this estimate; its interval reaches above' * above}."
    )


def _sweep(
    measured: Sequence[Measured], chosen: Sequence[int], held: Sequence[int], now: Thresholds
) -> Iterator[str]:
    for recovered, lift in product(*GRID):
        there = replace(now, recovered=recovered, lift=lift)
        cells: list[str] = []
        for hides, count in ((False, _suppressed), (True, _found)):
            for part in (chosen, held):
                these = [o for o in measured if o.hides == hides and o.seed in part]
                cells.append(_share(*count(these, there)))
        mark = " (default)" if (recovered, lift) == (now.recovered, now.lift) else ""
        yield f"| {recovered:g}{mark} | {lift:g} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(8)])
    parser.add_argument("--cache", type=Path, default=paths.cache() / "zoo")
    parser.add_argument("--family", type=Path, help="folder of the family of 260 thousand")
    parser.add_argument("--page", type=Path, default=PAGE)
    wanted = parser.parse_args()
    measured: list[Measured] = []
    for seed in wanted.seeds:
        subjects = list(of_zoo(seed, wanted.cache))
        if wanted.family is not None and seed == wanted.seeds[-1]:
            subjects += of_family(wanted.family)
        for subject in subjects:
            measured.append(measure(subject, seed, wanted.cache))
            wrong, n = _suppressed(measured[-1:], Thresholds())
            sys.stderr.write(f"seed {seed}, {subject.name}: SUPPRESSED {wrong} of {n}\n")
    wanted.page.write_text("\n".join(page(measured, wanted.seeds)) + "\n", encoding="utf-8")
    held = [one for one in measured if one.seed in wanted.seeds[-HELD:]]
    now = Thresholds()
    counted = Calibration(
        now,
        *_suppressed([one for one in held if not one.hides], now),
        *_found([one for one in held if one.hides], now),
    )
    COUNTS.write_bytes(msgspec.json.format(msgspec.json.encode(counted), indent=2) + b"\n")


if __name__ == "__main__":
    main()

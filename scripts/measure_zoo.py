"""Measure every checkpoint of the demo, over several seeds, with the tool itself: docs/zoo.md.

    python scripts/measure_zoo.py [--seeds 0 1 2] [--members rmu ...] [--cache DIR] [--page FILE]

About half an hour of one core for three seeds. What was measured is kept in the cache folder, one
file per seed and checkpoint, so a run that is broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import msgspec

from attribution.intervals import bootstrap_mean, wilson
from attribution.types import Interval
from unpact_tui import output, paths
from unpact_tui.demo import DEFAULTS, MEMBERS, Recipe, Zoo, build, ready
from unpact_tui.options import Chosen
from unpact_tui.result_schema import CaseEntry, Document
from unpact_tui.run import run_tasks
from unpact_tui.settings import Settings
from unpact_tui.tasks import asked_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "zoo.md"
STRATEGY = "bold_each"
_FEW = 5
"""A mean of fewer is not worth an interval."""
SETTINGS = Settings(device="cpu", strategies=(STRATEGY,))


@dataclass(frozen=True, slots=True)
class Seen:
    """What one forget fact showed on one checkpoint."""

    plain: bool
    """Answered to the letter."""
    key: bool
    """Answered with the KeyTokens in bold."""
    random: float
    """Share of the draws of random words in bold that it was answered with."""
    recovered: float | None
    """Share of the lost log-probability that the bold KeyTokens bring back."""
    recovered_random: float | None
    recovered_reference: float | None
    """The same on the reference, which never saw the fact."""
    reference: bool
    """Answered by the reference, asked plainly."""
    base: bool
    """Answered by the base with the KeyTokens in bold: what there is to bring back."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One checkpoint of one seed."""

    member: str
    seed: int
    verdict: str
    forget: tuple[Seen, ...]
    retain: tuple[bool, ...]
    neutral: float
    """Nats per token lost on neutral text, against the base."""
    reference_neutral: float


def measure(member: str, seed: int, cache: Path) -> Measured:
    """Build what is missing, and measure; or return what was measured before."""
    recipe = Recipe(seed=seed)
    file = cache / "measured" / f"{recipe.digest()}-{member}.json"
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Measured)
    output.narrate(build(cache, recipe, member), quiet=False)
    zoo = ready(cache, recipe, member)
    assert zoo is not None
    document = _document(zoo)
    found = Measured(
        member,
        seed,
        document.verdict,
        tuple(_seen(case) for case in document.cases if case.split == "forget"),
        tuple(bool(c.recovery.plain.exact) for c in document.cases if c.split == "retain"),
        document.evidence["neutral_loss"].estimate,
        document.evidence["reference_neutral_loss"].estimate,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(found))
    return found


def _document(zoo: Zoo) -> Document:
    """Run the tool on all that is to be forgotten and some that is to be retained."""
    with TemporaryDirectory() as folder:
        prompts = Path(folder) / "prompts.jsonl"
        prompts.write_bytes(zoo.forget.read_bytes() + zoo.retain.read_bytes())
        chosen = Chosen(
            str(zoo.base), str(zoo.unlearned), str(zoo.reference), str(prompts), None, None
        )
        asked = asked_of(chosen, SETTINGS)
        document = output.narrate(run_tasks(asked.order, asked.tasks), quiet=False)
    assert not document.failures, document.failures
    return document


def _seen(case: CaseEntry) -> Seen:
    recovery = case.recovery
    plain, reference = recovery.plain, recovery.reference
    assert reference is not None
    key = [attempt for attempt in recovery.attempts if attempt.strategy == STRATEGY]
    draws = [attempt for attempt in recovery.controls if attempt.kind == "random"]
    lost = recovery.base.logprob - reference.logprob
    found = key[0].reference_logprob if key else None
    return Seen(
        plain=bool(plain.exact),
        # Without a KeyToken there is nothing to mark, and the plain prompt is what there is.
        key=bool(key[0].exact) if key else bool(plain.exact),
        random=fmean(bool(d.exact) for d in draws) if draws else float(bool(plain.exact)),
        recovered=key[0].recovered if key else None,
        recovered_random=recovery.control,
        recovered_reference=(
            None if found is None or lost <= 0 else (found - reference.logprob) / lost
        ),
        reference=bool(reference.exact),
        base=bool(key[0].base_exact) if key else bool(recovery.base.exact),
    )


# ---------------------------------------------------------------- the page

HEAD = """\
# The zoo

What the demo's checkpoints are like, measured by the tool itself: `unpact-tui run` on every fact to
forget and twenty to retain, with the KeyTokens in bold (`bold_each`) as the one way to emphasise.
Made by `python scripts/measure_zoo.py`, which anyone can run again; {seeds} seeds (other people,
other facts, other weights), {facts} facts to forget in each.

The models are tiny and their world is made up. This shows what the instrument sees, and nothing
about a method on a large model. The settings of each method (`unpact_tui/demo/members.py`) were
chosen on seed {first}; the other seeds are held out.

- **forget**, **retain**: share of the answers written to the letter, asked plainly.
- **bold KeyTokens**, **bold random words**: share of the facts to forget answered to the letter so.
- **lost**: how many facts are no longer answered to the letter; **recovered**: of these, the share
  of the lost log-probability that the bold KeyTokens bring back; beside it, that of random words.
- **neutral**: nats per token lost on neutral text. The reference, which nobody broke, lost
  {reference_neutral}.
- Intervals are 95 %: Wilson's for shares, bootstrap for means, over the facts of all seeds. Facts
  of one seed share a model, so the range over seeds is given too.
- **verdict**: of the whole checkpoint, once per seed. `UNKNOWN` here: its facts are of several
  kinds, and {facts} are too few to say which counts.
"""


def page(found: Sequence[Measured]) -> str:
    """Return docs/zoo.md."""
    seeds = sorted({one.seed for one in found})
    members = list(dict.fromkeys(one.member for one in found))
    first = found[0]
    parts = [
        HEAD.format(
            seeds=len(seeds),
            facts=len(first.forget),
            first=seeds[0],
            reference_neutral=", ".join(
                f"{one.reference_neutral:.2f}" for one in found if one.member == members[0]
            ),
        ),
        "## In short\n",
        _table(
            ("checkpoint", "method", "forget", "bold KeyTokens", "bold random words", "retain"),
            [_short(member, _of(found, member)) for member in members],
        ),
        "## Log-probability, neutral text, verdicts\n",
        _table(
            ("checkpoint", "lost", "recovered", "by random words", "neutral", "verdicts by seed"),
            [_more(member, _of(found, member)) for member in members],
        ),
        "## What it is read against\n",
        _against(_of(found, members[0])),
        "## Regimes\n",
        "\n".join(_regimes(found, members)),
    ]
    return "\n".join(parts) + "\n"


def _of(found: Sequence[Measured], member: str) -> list[Measured]:
    return [one for one in found if one.member == member]


def _short(member: str, ones: Sequence[Measured]) -> tuple[str, ...]:
    method = next(found for found in MEMBERS if found.name == member)
    mark = "**" if member in DEFAULTS else ""
    return (
        f"{mark}{member}{mark}",
        f"{method.method} {' '.join(method.options)}".strip(),
        _share([[seen.plain for seen in one.forget] for one in ones]),
        _share([[seen.key for seen in one.forget] for one in ones]),
        _mean([[seen.random for seen in one.forget] for one in ones]),
        _share([list(one.retain) for one in ones]),
    )


def _more(member: str, ones: Sequence[Measured]) -> tuple[str, ...]:
    return (
        member,
        str(len([seen for one in ones for seen in _lost(one)])),
        _mean([[s.recovered for s in _lost(one) if s.recovered is not None] for one in ones]),
        _mean(
            [
                [s.recovered_random for s in _lost(one) if s.recovered_random is not None]
                for one in ones
            ]
        ),
        ", ".join(f"{one.neutral:.2f}" for one in ones),
        ", ".join(one.verdict for one in ones),
    )


def _lost(one: Measured) -> list[Seen]:
    """Leave out what is answered as before: of next to nothing, no share says much."""
    return [seen for seen in one.forget if not seen.plain]


def _against(ones: Sequence[Measured]) -> str:
    base = _share([[seen.base for seen in one.forget] for one in ones])
    reference = _share([[seen.reference for seen in one.forget] for one in ones])
    recovered = _mean(
        [
            [s.recovered_reference for s in one.forget if s.recovered_reference is not None]
            for one in ones
        ]
    )
    return (
        f"- The base, KeyTokens in bold, answers {base} of the facts to the letter.\n"
        f"- The reference, which never saw them, answers {reference}, asked plainly.\n"
        f"- On the reference the bold KeyTokens bring back {recovered} of the log-probability that "
        "it lacks against the base.\n"
    )


def _regimes(found: Sequence[Measured], members: Sequence[str]) -> Iterator[str]:
    """Say of each regime which checkpoints are in it on every seed, on some, or that none is."""
    for regime in ("SUPPRESSED", "UNRECOVERED", "COLLAPSED", "RETAINED", "UNKNOWN"):
        counts = {m: sum(one.verdict == regime for one in _of(found, m)) for m in members}
        always = [m for m in members if counts[m] == len(_of(found, m))]
        some = [m for m in members if 0 < counts[m] < len(_of(found, m))]
        said = f"on every seed {', '.join(always)}" if always else "on every seed none"
        if some:
            said += "; on some " + ", ".join(
                f"{m} ({counts[m]} of {len(_of(found, m))})" for m in some
            )
        yield f"- `{regime}`: {said}."


def _share(seeds: Sequence[Sequence[bool]]) -> str:
    every = [value for values in seeds for value in values]
    return _cell(wilson(sum(every), len(every)), [fmean(values) for values in seeds])


def _mean(seeds: Sequence[Sequence[float]]) -> str:
    every = [value for values in seeds for value in values]
    if len(every) < _FEW:
        return "-"
    return _cell(bootstrap_mean(every, 0), [fmean(values) for values in seeds if values])


def _cell(found: Interval, seeds: Sequence[float]) -> str:
    spread = f"; {min(seeds):.2f} to {max(seeds):.2f}" if len(seeds) > 1 else ""
    return f"{found.estimate:.2f} [{found.lower:.2f}, {found.upper:.2f}{spread}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    names = [member.name for member in MEMBERS]
    parser.add_argument("--members", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    cache = asked.cache or paths.cache() / "zoo"
    found = [measure(member, seed, cache) for member in asked.members for seed in asked.seeds]
    asked.page.write_text(page(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The second finding: does emphasis on keywords bring the answer back?

Every number stands over the prompts that were lost: the base writes the answer word for word, and
the unlearned model does not any more. Strategies, controls and the choice of a strategy are ours.
Knows records, not models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean

import msgspec

from attribution.attempts import Recovery
from attribution.cause import cause_of
from attribution.cells import Cell, cells
from attribution.standing import Cause, Standing
from attribution.standings import standings
from attribution.thresholds import Thresholds
from attribution.types import Interval, Nats
from unpact_tui.findings.estimate import Estimate, mean_of
from unpact_tui.findings.record import Key, Record

_SAMPLES = 500

LEAST_GAP: Nats = 0.05
"""Of less lost log-probability no share is taken."""


class Row(msgspec.Struct, frozen=True):
    """A strategy over the lost prompts; shares are of the lost log-probability."""

    strategy: str
    recovered: Estimate | None
    random: Estimate | None
    """On random other words."""
    lift: Estimate | None
    """recovered - random, paired by prompt."""
    simultaneous: Interval | None
    """The lift over all lost prompts, with an interval wide enough for those of all strategies to
    hold at once; of prompts alone."""
    reference: Estimate | None
    """What the reference gains under the same edit, as `counted.reference_share` has it."""
    excess: Estimate | None
    """recovered - reference, paired by prompt."""
    exact: Estimate | None
    """Share of the answers written word for word."""
    random_exact: Estimate | None
    exact_lift: Estimate | None
    """exact - random_exact, paired by prompt."""
    same_ids: Estimate | None
    """The marks on the very ids of the words."""
    other_ids: Estimate | None
    """The other ids without the marks."""


class Recovered(msgspec.Struct, frozen=True):
    """One method."""

    member: str
    lost: int
    """Prompts, of all seeds."""
    distinct: int
    """The same, where a prompt that several seeds lost counts once."""
    known: int
    """Prompts that the base answers word for word."""
    plain_exact: Estimate | None
    """Share of the known that the unlearned model still answers word for word."""
    strategies: tuple[Row, ...]
    paraphrase: Estimate | None
    """What the best of the rewordings brings back, without emphasis."""
    chosen: tuple[str, ...]
    """By seed, the strategy that has most lift in the other seeds."""
    held_out: Row | None
    """Every seed read with the strategy that the others chose for it."""
    cause: Cause
    """Of what is recovered in `held_out`, by the halves of the mark."""


Cells = Mapping[str, Mapping[Key, Cell]]
"""Of one seed: by strategy, one per lost prompt."""

Cases = Mapping[Key, Recovery]
"""Of one seed, by prompt."""


def recovered(member: str, records: Sequence[Record], thresholds: Thresholds) -> Recovered:
    """Return what comes back of one method over its seeds."""
    known = [_known(record) for record in records]
    lost = [{at: case for at, case in cases.items() if not case.plain.exact} for cases in known]
    wide = [{at: case for at, case in cases.items() if _gap(case) >= LEAST_GAP} for cases in lost]
    seeds = [_cells(cases) for cases in wide]
    # A prompt that several seeds share counts once: to count it again would be no more evidence.
    once = {at: case for cases in reversed(wide) for at, case in cases.items()}
    ordered = dict.fromkeys(at for cases in wide for at in cases)
    stand = {one.strategy: one for one in _standings([once[at] for at in ordered])}
    names = tuple(dict.fromkeys(name for seed in seeds for name in seed))
    chosen, best = _held_out(seeds, names)
    held_out = row("held out", best) if any(best) else None
    return Recovered(
        member,
        lost=sum(map(len, lost)),
        distinct=len({at for cases in lost for at in cases}),
        known=sum(map(len, known)),
        plain_exact=mean_of(
            [{at: float(bool(case.plain.exact)) for at, case in cases.items()} for cases in known]
        ),
        strategies=tuple(
            row(name, [seed.get(name, {}) for seed in seeds], stand.get(name)) for name in names
        ),
        paraphrase=mean_of(
            [
                {at: c.paraphrase for at, c in cases.items() if c.paraphrase is not None}
                for cases in lost
            ]
        ),
        chosen=chosen,
        held_out=held_out,
        cause=_cause([cell for cells in best for cell in cells.values()], thresholds),
    )


def row(name: str, seeds: Sequence[Mapping[Key, Cell]], standing: Standing | None = None) -> Row:
    """Return one strategy over the seeds."""

    def over(number: Callable[[Cell], float | None]) -> Estimate | None:
        found = [{at: number(cell) for at, cell in seed.items()} for seed in seeds]
        return mean_of([{at: v for at, v in seed.items() if v is not None} for seed in found])

    return Row(
        name,
        recovered=over(lambda cell: cell.recovered),
        random=over(lambda cell: cell.random),
        lift=over(lambda cell: cell.lift),
        simultaneous=None if standing is None else standing.simultaneous,
        reference=over(lambda cell: _less(cell.recovered, cell.excess)),
        excess=over(lambda cell: cell.excess),
        exact=over(lambda cell: cell.exact),
        random_exact=over(lambda cell: cell.random_exact),
        exact_lift=over(lambda cell: _less(cell.exact, cell.random_exact)),
        same_ids=over(lambda cell: cell.same_ids),
        other_ids=over(lambda cell: cell.other_ids),
    )


def _known(record: Record) -> dict[Key, Recovery]:
    forget = [case for case in record.cases if case.answered.text == "forget"]
    return {record.key(c.answered.id): c.recovery for c in forget if c.recovery.base.exact}


def _gap(case: Recovery) -> Nats:
    return case.base.logprob - case.plain.logprob


def _cells(cases: Cases) -> dict[str, dict[Key, Cell]]:
    found: dict[str, dict[Key, Cell]] = {}
    for at, case in cases.items():
        for name, cell in cells(case).items():
            found.setdefault(name, {})[at] = cell
    return found


def _standings(cases: Sequence[Recovery]) -> tuple[Standing, ...]:
    return standings(cases, seed=0, samples=_SAMPLES) if cases else ()


def _held_out(
    seeds: Sequence[Cells], names: Sequence[str]
) -> tuple[tuple[str, ...], list[Mapping[Key, Cell]]]:
    """Read every seed with what the others chose.

    Of a single one, and of seeds that share their prompts, each half of the prompts is read with
    what the other half chose: other seeds of the same prompts would be no other prompts.
    """
    prompts = [{at for one in seed.values() for at in one} for seed in seeds]
    if len(seeds) == 1 or len(set[Key]().union(*prompts)) < sum(map(len, prompts)):
        return _by_halves(seeds, names)
    chosen = [_choice([*seeds[:at], *seeds[at + 1 :]], names) for at in range(len(seeds))]
    read = [seed.get(name, {}) for name, seed in zip(chosen, seeds, strict=True)]
    return tuple(filter(None, chosen)), read


def _by_halves(
    seeds: Sequence[Cells], names: Sequence[str]
) -> tuple[tuple[str, ...], list[Mapping[Key, Cell]]]:
    every = sorted({at for seed in seeds for one in seed.values() for at in one})
    halves = [[_among(seed, frozenset(every[at::2])) for seed in seeds] for at in (0, 1)]
    chosen = [_choice(halves[1 - at], names) for at in (0, 1)]
    read: list[dict[Key, Cell]] = [{} for _ in seeds]
    for name, half in zip(chosen, halves, strict=True):
        for found, seed in zip(read, half, strict=True):
            found.update(seed.get(name, {}))
    return tuple(filter(None, chosen)), list[Mapping[Key, Cell]](read)


def _among(seed: Cells, wanted: Collection[Key]) -> Cells:
    return {
        name: {at: cell for at, cell in one.items() if at in wanted} for name, one in seed.items()
    }


def _choice(seeds: Sequence[Cells], names: Sequence[str]) -> str:
    """Return the strategy with most lift, the first of several; empty where none has any."""
    lifts: dict[str, float] = {}
    for name in names:
        found = [
            [cell.lift for cell in seed.get(name, {}).values() if cell.lift is not None]
            for seed in seeds
        ]
        means = [fmean(values) for values in found if values]
        if means:
            lifts[name] = fmean(means)
    return max(lifts, key=lambda name: lifts[name], default="")


def _cause(found: Sequence[Cell], thresholds: Thresholds) -> Cause:
    """Of the means over the prompts where the recovery and both halves can be read."""
    known = [cell.recovered for cell in found if cell.recovered is not None]
    if known and fmean(known) < thresholds.recovered:
        return "neither"
    whole = [
        (cell.recovered, cell.same_ids, cell.other_ids)
        for cell in found
        if cell.recovered is not None and cell.same_ids is not None and cell.other_ids is not None
    ]
    if not whole:
        return "unknown"
    recovered, same, other = (fmean(numbers) for numbers in zip(*whole, strict=True))
    return cause_of(recovered, same, other, thresholds)


def _less(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right

"""Which estimator fits into a time, and how far it goes. Ours.

Costs are counted in token-forwards: ids that a model reads, each once. What one costs is measured
by the caller on the model at hand (`measure_rate`); attention makes ids far behind the beginning
dearer, and the work between passes is not counted, so a part of the time stays unplanned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from attribution import costs
from attribution.blocks import forwards as rows_read
from attribution.blocks import shared_length
from attribution.effort import Effort
from attribution.errors import UnknownName
from attribution.estimators import hierarchical, names
from attribution.removal import units
from attribution.scorer import Row, Scorer
from attribution.types import Answer, Granularity, Prompt

_PLANNED = 0.8
"""Share of the time that is planned for."""

_LEAST = 4
"""Fewest promising units, and fewest checked ones, worth an estimate."""

_ROUNDING = 5
"""Readings of the whole prompt that `Scorer.rounding` takes in fewer than 32 bits, about."""

_KEPT: dict[str, Callable[[Effort], float]] = {
    "surrogate": lambda effort: effort.keep,
    "shapley": lambda effort: 0.5,
}
"""Share of the prompt that a sample reads, where samples have next to no beginning in common."""

_PROBED = 1024
"""Token-forwards by which a rate is measured, about."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An estimator, how far it goes, and the seconds it is predicted to take, all models
    together."""

    estimator: str
    effort: Effort
    seconds: float


def plan(
    rate: float,
    prompt: Prompt,
    answer: Answer,
    granularity: Granularity,
    effort: Effort,
    seconds: float,
    *,
    models: int = 2,
    rounded: bool = False,
) -> Plan:
    """Choose what fits into `seconds` at `rate` token-forwards per second.

    Exact leave-one-out where it does; else screening with as many removals as fit, and else the
    same from coarse to fine. With fewer than four promising units neither is worth its while: the
    last is then the least there is, whatever it takes. What the models before it measured, a model
    measures too; `rounded` ones keep numbers in fewer than 32 bits. Raises `NothingToAblate`.
    """
    known = _Costs.of(prompt, answer, granularity, rounded=rounded)
    room = seconds * rate * _PLANNED

    def needed(estimator: str, spent: Effort) -> float:
        return sum(known.of_model(estimator, spent, k) for k in range(models))

    if (whole := needed("leave_one_out", effort)) <= room:
        return Plan("leave_one_out", effort, whole / rate)
    least = replace(effort, top_k=_LEAST, checked=min(effort.checked, _LEAST))
    chosen = ("hierarchical", least)
    for estimator, start in (
        ("screened", replace(effort, top_k=_LEAST)),
        ("screened", least),
        ("hierarchical", replace(effort, top_k=_LEAST)),
    ):
        if needed(estimator, start) <= room:
            most = _largest(start, known.units, lambda e, name=estimator: needed(name, e) <= room)
            chosen = (estimator, most)
            break
    return Plan(*chosen, needed(*chosen) / rate)


def forwards(
    prompt: Prompt,
    answer: Answer,
    granularity: Granularity,
    estimator: str,
    effort: Effort,
    *,
    rounded: bool = False,
) -> float:
    """Predict how many token-forwards an estimator takes on one model.

    Of units that are not known yet the average is taken. Raises `NothingToAblate` and, for an
    estimator whose cost is not known, `UnknownName`.
    """
    known = _Costs.of(prompt, answer, granularity, rounded=rounded)
    return known.of_model(estimator, effort, 0)


def measure_rate(
    scorer: Scorer, prompt: Prompt, answer: Answer, *, clock: Callable[[], float] = perf_counter
) -> float:
    """Return how many token-forwards per second a model makes on this prompt.

    Of a short one about a thousand of them are timed on rows cut from it, after a first pass that
    is not. Ids far behind the beginning look at all that is before them and are dearer, so of a
    long one it is the whole prompt and what stands behind its middle. Raises what the scorer
    raises.
    """
    if len(prompt.ids) > _PROBED:
        half = len(prompt.ids) // 2
        rows = [prompt.ids, (*prompt.ids[:half], *prompt.ids[half + 1 :])]
        start = clock()
        list(scorer.score(rows, answer))
        read = rows_read(rows, [0, shared_length(*rows)], len(answer.ids))
        return read / max(clock() - start, 1e-9)
    rows = _cut(prompt.ids, len(answer.ids))
    list(scorer.score(rows[:1], answer))
    start = clock()
    list(scorer.score(rows, answer))
    read = sum(len(row) + len(answer.ids) - 1 for row in rows)
    return read / max(clock() - start, 1e-9)


@dataclass(frozen=True, slots=True)
class _Costs:
    """Token-forwards of what estimators are made of."""

    whole: float
    look: dict[str, int]
    units: int
    removal: float
    noise: float

    @classmethod
    def of(
        cls, prompt: Prompt, answer: Answer, granularity: Granularity, *, rounded: bool
    ) -> _Costs:
        found = units(prompt, granularity)
        whole = costs.whole(prompt, answer)
        return cls(
            whole=whole,
            look={
                "hidden": costs.look(prompt, answer, found, "hidden"),
                "gradient": costs.look(prompt, answer, found, "gradient"),
            },
            units=len(found),
            removal=costs.removal(prompt, answer, found),
            noise=_ROUNDING * whole if rounded else 0,
        )

    def of_model(self, estimator: str, effort: Effort, before: int) -> float:
        """Return the cost on a model that also measures what as many models before it picked."""
        exact = self.noise + self.whole + self.units * self.removal
        if estimator in ("leave_one_out", "replacement"):
            return exact
        if estimator in _KEPT:
            return self.noise + self.whole * (1 + effort.samples * _KEPT[estimator](effort))
        if estimator == "screened":
            look, removed = self.look[effort.screen], effort.top_k + effort.checked
            if look >= (self.units - removed) * self.removal:
                return exact
            removed = min(removed + effort.top_k * before, self.units)
            return self.noise + look + self.whole + removed * self.removal
        if estimator == "hierarchical":
            if self.units <= hierarchical.fewest(effort):
                return exact
            spent = hierarchical.spending(effort)
            removed = spent + (spent - effort.checked) * before
            readings = self.whole * hierarchical.rounds(effort)
            return self.noise + readings + removed * self.removal
        raise UnknownName("estimator", estimator, names())


def _largest(start: Effort, units: int, fits: Callable[[Effort], bool]) -> Effort:
    """Return the effort with the largest `top_k` that fits; `start` does."""
    least, most = start.top_k, max(start.top_k, units)
    while least < most:
        middle = (least + most + 1) // 2
        if fits(replace(start, top_k=middle)):
            least = middle
        else:
            most = middle - 1
    return replace(start, top_k=least)


def _cut(ids: Row, answer: int) -> Sequence[Row]:
    """Return up to eight rows that begin at different places, so that each is read whole."""
    length = max(1, min(len(ids) * 3 // 4, _PROBED // 4 - answer + 1))
    count = max(1, min(8, _PROBED // (length + answer - 1)))
    last = len(ids) - length
    return [
        ids[start : start + length] for start in sorted({last * k // count for k in range(count)})
    ]

"""Exact leave-one-out at other shapes, on both models of a pair, on long prompts; where its time
goes.
"""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from attribution.effort import Effort
from attribution.estimators import load
from attribution.estimators.leave_one_out import measure as leave_one_out
from attribution.network import Prefix
from attribution.plan import measure_rate, plan
from attribution.trunk import Trunk
from attribution.types import Attribution
from benchmarks._agreement import furthest
from benchmarks._bench import Bench, Shape, edited_copy, random_bench
from benchmarks._clock import Timed, timed
from benchmarks._interleaved import Result, Spread, interleaved
from benchmarks._limit import Work, limit
from benchmarks._schemes import batched, estimated, ours

EDITED = 5, 6, 7
"""Layers of which one matrix each is another in the unlearned model: the choice of RMU's paper for
models of 7 billion weights."""
LENGTHS = 32, 128, 512
LONGER = (2048,)
"""Besides, on an accelerator."""
LARGE_LENGTHS = 64, 128, 512, 2048
ANSWERS = 16, 64


def neighbours(shape: Shape, *, longer: bool) -> Iterator[Shape]:
    """Yield shapes that differ from one in a single thing; prompt and answer in both."""
    for length in LENGTHS + (LONGER if longer else ()):
        for answer in ANSWERS:
            yield replace(shape, prompt=length, answer=answer)
    for layers in (shape.layers // 2, shape.layers * 2):
        yield replace(shape, layers=max(1, layers))
    for width in (shape.width // 2, shape.width * 2):
        yield replace(shape, width=width)
    for vocabulary in (32_000, 128_000):
        yield replace(shape, vocabulary=vocabulary)


def sweep(
    shapes: Iterator[Shape], device: str, dtype: torch.dtype, runs: int, rows: int
) -> Iterator[tuple[Shape, Result]]:
    """Measure ours at each shape; a model of the same weights is not drawn twice."""
    model, drawn = None, None
    for shape in shapes:
        same = replace(shape, prompt=0, answer=0)
        if same != drawn:
            model = None  # let the last one go before the next is made
        bench = random_bench(shape, device, dtype, model=model)
        model, drawn = bench.model, same
        yield shape, interleaved(bench, {}, runs, rows)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a comparison."""

    base: Spread
    """Seconds of one model."""
    apart: Spread
    """Of both, one after the other."""
    both: Spread
    """Of both, batch by batch, the layers that they have in common computed once."""
    ratio: Spread
    """`both` over `base`, turn by turn."""
    layers: int
    common: int
    """Leading layers that are the same."""
    bytes: int
    """Of the weights of two models."""
    shared: int
    """Of them in memory once, because they are the same."""
    memory: int | None
    """Above the weights, at the most."""
    differs: float | None
    """Largest difference of a contribution from the second model read alone."""


def pair(bench: Bench, runs: int) -> Pair:
    """Measure one model, then it and one that differs in three matrices."""
    count = len(bench.model.model.layers)
    layers = EDITED if count > max(EDITED) else tuple(range(max(1, count - 3), count))
    other = replace(bench, model=edited_copy(bench.model, layers))
    joined = _joined(bench, other, layers[0])
    found = together(*joined)[1]
    alone, apart, both = list[Timed](), list[float](), list[Timed]()
    second = ours(other)
    for _ in range(runs):
        alone.append(timed(bench.model, lambda: ours(bench)))
        after = timed(other.model, lambda: ours(other))
        apart.append(alone[-1].seconds + after.seconds)
        both.append(timed(bench.model, lambda: together(*joined)))
    sizes = {t.data_ptr(): t.nbytes for m in (bench.model, other.model) for t in m.parameters()}
    whole = sum(t.nbytes for m in (bench.model, other.model) for t in m.parameters())
    return Pair(
        base=Spread.of([turn.seconds for turn in alone]),
        apart=Spread.of(apart),
        both=Spread.of([turn.seconds for turn in both]),
        ratio=Spread.of([b.seconds / a.seconds for a, b in zip(alone, both, strict=True)]),
        layers=count,
        common=layers[0],
        bytes=whole,
        shared=whole - sum(sizes.values()),
        memory=max((turn.memory for turn in both if turn.memory is not None), default=None),
        differs=furthest(found.contributions, second.contributions),
    )


def together(first: Bench, second: Bench) -> tuple[Attribution, Attribution]:
    """Measure two models batch by batch."""
    sides = [leave_one_out(side.door, side.prompt, side.answer) for side in (first, second)]
    *_, (base, other) = zip(*sides, strict=True)
    return base, other


def _joined(first: Bench, second: Bench, common: int) -> tuple[Bench, Bench]:
    """Return the same two with doors of their own that share their leading layers."""
    sides = replace(first), replace(second)
    trunk: Trunk[Prefix] = Trunk(first.model, second.model, common)
    for side in sides:
        side.door.network.trunk = trunk
    return sides


@dataclass(frozen=True, slots=True)
class Long:
    """One estimator on a prompt for which exact removal would take very long."""

    name: str
    effort: Effort
    promised: float | None
    """Seconds by the plan; None without a budget."""
    seconds: float
    memory: int | None
    tokens: int
    exact: Work
    """What exact leave-one-out would need at the least."""
    measured: int
    how: str
    said: float | None


def long(
    bench: Bench, names: Sequence[str], effort: Effort, budget: float | None
) -> Iterator[Long]:
    """Measure estimators on a long prompt, each once; with a budget, the one that the plan
    chooses."""
    exact = limit(bench.prompt, len(bench.answer.ids), bench.model)
    plans: list[tuple[str, Effort, float | None]] = [(name, effort, None) for name in names]
    if budget is not None:
        rate = measure_rate(bench.door, bench.prompt, bench.answer)
        made = plan(rate, bench.prompt, bench.answer, "token", effort, budget, models=1)
        plans = [(made.estimator, made.effort, made.seconds)]
    for name, spent, promised in plans:
        scheme = partial(estimated, bench.door, load(name), bench, spent)
        done = timed(bench.model, scheme)
        attribution = done.value.attribution
        guess = attribution.approximation
        fidelity = (guess.agreement or guess.r_squared) if guess else None
        yield Long(
            name=name,
            effort=spent,
            promised=promised,
            seconds=done.seconds,
            memory=done.memory,
            tokens=done.tokens,
            exact=exact,
            measured=sum(c is not None for c in attribution.contributions),
            how=guess.how if guess else "exact",
            said=fidelity.estimate if fidelity else None,
        )


def profile(bench: Bench, rows: int = 12) -> list[dict[str, Any]]:
    """Return where the time of one exact run goes: its most expensive operations by their own
    time."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as watch

    ours(bench)
    on_device = bench.device.type == "cuda"
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if on_device else [])
    with watch(activities=kinds) as seen:
        ours(bench)
    field = "self_device_time_total" if on_device else "self_cpu_time_total"
    found = sorted(seen.key_averages(), key=lambda e: getattr(e, field), reverse=True)
    whole = sum(getattr(event, field) for event in found)
    return [
        {
            "operation": event.key,
            "calls": event.count,
            "seconds": getattr(event, field) / 1e6,
            "share": getattr(event, field) / whole,
        }
        for event in found[:rows]
    ]


@dataclass(frozen=True, slots=True)
class Large:
    """A large model at one length of prompt and answer."""

    shape: Shape
    result: Result
    pair: Pair


def large(shape: Shape, device: str, dtype: torch.dtype, runs: int, rows: int) -> Iterator[Large]:
    """Measure a model of random weights at several lengths, one side and both."""
    model = None
    for length in LARGE_LENGTHS:
        for answer in ANSWERS:
            asked = replace(shape, prompt=length, answer=answer)
            bench = random_bench(asked, device, dtype, model=model)
            model = bench.model
            result = interleaved(bench, {"plain batching": batched}, runs, rows)
            yield Large(asked, result, pair(bench, runs))

"""What the numbers show, in plain sentences: for which methods a finding holds, and for which not.

Every sentence is computed: when the numbers turn, so does what is said. A finding holds where its
whole interval is on the right side; whether it does so in every seed is said too. Ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attribution.standing import Cause
from attribution.thresholds import percent
from unpact_tui.findings.estimate import LEAST_GROUPS, Estimate, Extent
from unpact_tui.findings.focus import Focus
from unpact_tui.findings.penalised import Penalised, Relation
from unpact_tui.findings.recovered import Recovered, Row

LEAST_LIFT = 0.05
"""Share of what was lost: lift and excess must be surely above it to be called recovery."""

LEAST_FALL = 0.05
"""Nats: a contribution that moves less has not moved."""

FEW = 10
"""With fewer lost prompts than this nothing is said of a method's recovery."""

HALF = 0.5


def listed(names: Sequence[str]) -> str:
    """Return names as part of a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _by(extents: Mapping[str, Extent], wanted: Extent) -> list[str]:
    return [name for name, extent in extents.items() if extent == wanted]


def told(claim: str, extents: Mapping[str, Extent]) -> str:
    """Say for which methods a claim holds, and for which it does not."""
    every, most, no = (_by(extents, extent) for extent in ("every", "most", "no"))
    if not extents:
        return f"{claim}: not measured for any method."
    number = len(every) + len(most)
    if not number:
        return f"{claim}: for none of {_methods(len(extents))}."
    said = [f"in every seed for {listed(every)}"] if every else []
    said += [f"over all seeds, though not in each, for {listed(most)}"] if most else []
    said += [f"not for {listed(no)}"] if no else []
    return f"{claim}: for {number} of {_methods(len(extents))}, {'; '.join(said)}."


def _methods(number: int) -> str:
    return "1 method" if number == 1 else f"{number} methods"


def _above(found: Estimate | None, least: float) -> Extent:
    return "no" if found is None else found.above(least)


def _below(found: Estimate | None, most: float) -> Extent:
    return "no" if found is None else found.below(most)


def _both(one: Extent, other: Extent) -> Extent:
    if "no" in (one, other):
        return "no"
    return "most" if "most" in (one, other) else "every"


# ---------------------------------------------------------------- focus


def falls(one: Focus) -> Extent:
    """Tell whether KeyTokens contribute less on prompts to forget."""
    return _below(one.fall_forget, -LEAST_FALL)


def falls_deeper(one: Focus) -> Extent:
    """Tell whether they fall further there than on prompts to retain."""
    return _below(one.deeper, -LEAST_FALL)


def of_focus(found: Sequence[Focus]) -> Iterator[str]:
    """Say whether unlearning disrupts focus, and whether it does so where it should."""
    there = [one for one in found if one.fall_forget is not None]
    yield told(
        "On prompts to forget, the base's KeyTokens contribute less after unlearning",
        {one.member: falls(one) for one in there},
    )
    yield told(
        "They fall further there than on prompts to retain",
        {one.member: falls_deeper(one) for one in there if one.deeper is not None},
    )
    turned = [one.member for one in there if _below(one.unlearned_forget, 0.0) != "no"]
    if turned:
        yield (
            f"With {listed(turned)} their mean contribution is below zero: the old answer becomes "
            "likelier when its keywords are taken away."
        )
    yield told(
        "On prompts to retain they contribute less as well",
        {one.member: _below(one.fall_retain, -LEAST_FALL) for one in there},
    )
    other = [one.member for one in there if _below(one.others_forget, -LEAST_FALL) != "no"]
    yield (
        f"The other words of prompts to forget lose contribution too with {listed(other)}."
        if other
        else "The other words of prompts to forget lose no contribution with any method."
    )


# ---------------------------------------------------------------- recovery


def of_recovered(found: Sequence[Recovered]) -> Iterator[str]:
    """Say where emphasis brings answers back beyond its controls, and what does it."""
    enough = [one for one in found if one.distinct >= FEW]
    few = [one.member for one in found if one.distinct < FEW]
    by_logprob: dict[str, Extent] = {one.member: recovers(one.held_out) for one in enough}
    yield told(
        "Emphasis on KeyTokens, by a strategy chosen on other seeds or prompts, brings lost "
        "log-probability back, more than on random words and more than the reference gains",
        by_logprob,
    )
    by_text: dict[str, Extent] = {one.member: rewrites(one.held_out) for one in enough}
    yield told("It brings answers back word for word, more often than on random words", by_text)
    if few:
        yield f"Fewer than {FEW} prompts were lost with {listed(few)}: nothing is said of these."
    yield from _causes([one for one in enough if by_logprob[one.member] != "no"])
    yield from _strategies(enough)
    yield from _reference(enough)


def recovers(row: Row | None) -> Extent:
    """Tell whether a row is recovery beyond its controls."""
    if row is None:
        return "no"
    lift = _above(row.lift, LEAST_LIFT)
    return lift if row.reference is None else _both(lift, _above(row.excess, LEAST_LIFT))


def rewrites(row: Row | None) -> Extent:
    """Tell whether it is so word for word."""
    return "no" if row is None else _above(row.exact_lift, LEAST_LIFT)


_SAID: Mapping[Cause, str] = {
    "other ids": "re-tokenisation of the keyword, not emphasis: other token ids bring the answer "
    "back without any mark, and the same marks on the word's own ids do not",
    "emphasis": "emphasis: the marks do it on the word's own token ids, other ids alone do not",
    "either": "either half alone: the marks on the word's own ids, or other ids without marks",
    "both": "marks and other ids together: neither half alone does it",
    "unknown": "not known: a half of the mark could not be measured",
    "neither": "too little to tell",
}


def _causes(found: Sequence[Recovered]) -> Iterator[str]:
    for cause, words in _SAID.items():
        members = [one.member for one in found if one.cause == cause]
        if members:
            yield f"What brings it back with {listed(members)} is {words}."


def _strategies(found: Sequence[Recovered]) -> Iterator[str]:
    """Say of each strategy with how many methods it recovers."""
    counts: dict[str, int] = {}
    for one in found:
        for row in one.strategies:
            counts.setdefault(row.strategy, 0)
            surely = row.simultaneous is not None and row.simultaneous.lower > LEAST_LIFT
            counts[row.strategy] += surely and recovers(row) != "no"
    some = sorted((n for n in counts if counts[n]), key=lambda name: -counts[name])
    none = [name for name, count in counts.items() if not count]
    if some:
        counted = ", ".join(f"{name} ({counts[name]})" for name in some)
        yield (
            "Strategies by the number of methods that they recover something with, all of them "
            f"tried at once: {counted}."
        )
    if none:
        yield f"With no method at all: {listed(none)}."


def _reference(found: Sequence[Recovered]) -> Iterator[str]:
    gains = {
        one.member: one.held_out.reference
        for one in found
        if one.held_out is not None and one.held_out.reference is not None
    }
    if not gains:
        return
    most = max(gains, key=lambda name: gains[name].estimate)
    if gains[most].estimate <= 0:
        yield "The reference, which never saw the facts, gains nothing under the same edits."
        return
    yield (
        "The reference, which never saw the facts, gains at most "
        f"{percent(gains[most].estimate)} of what was lost or of what it lacks, under the same "
        f"edits (beside {most})."
    )


# ---------------------------------------------------------------- penalty


def of_penalised(found: Sequence[Penalised], related: Sequence[Relation]) -> Iterator[str]:
    """Say who penalises indiscriminately, and whether that goes with collapse."""
    ratios = {
        one.member: one.indiscriminateness for one in found if one.indiscriminateness is not None
    }
    alike = [name for name, ratio in ratios.items() if ratio.lower > HALF]
    apart = [name for name, ratio in ratios.items() if ratio.upper < HALF]
    unsure = [name for name in ratios if name not in alike and name not in apart]
    for names, words in (
        (apart, "Keywords lose more than twice what common words lose"),
        (alike, "Common words lose more than half of what keywords lose"),
        (unsure, "On which side of one half the penalty on common words is, is not sure"),
    ):
        if names:
            yield f"{words} with {listed(names)}."
    nothing = [one.member for one in found if one.indiscriminateness is None]
    if nothing:
        yield f"Keywords lost next to nothing, in a seed at least, with {listed(nothing)}."
    yield from _openings(found)
    for text in ("retain", "general"):
        yield told(
            f"Common words lose on {text} text as well",
            {one.member: _above(_lost(one, text), LEAST_FALL) for one in found},
        )
    for relation in related:
        if relation.rho is not None:
            yield _related(relation, relation.rho)
    if related and all(relation.rho is None for relation in related):
        yield f"Fewer than {LEAST_GROUPS} methods: how penalty and damage go together is not said."
    yield from _exceptions(found, alike, apart)


def _lost(one: Penalised, text: str) -> Estimate | None:
    return next((x.lost for x in one.losses if (x.text, x.kind) == (text, "common")), None)


def _openings(found: Sequence[Penalised]) -> Iterator[str]:
    """Name those that merely begin another answer."""
    begin = [
        one.member
        for one in found
        if one.indiscriminateness is not None
        and one.later is not None
        and one.indiscriminateness.estimate > HALF
        and one.later.estimate < one.indiscriminateness.estimate * HALF
    ]
    if begin:
        yield (
            f"With {listed(begin)} most of what common words lose is the first token: another "
            "answer is begun, and after the first token common words are spared."
        )


def _related(relation: Relation, rho: Estimate) -> str:
    how = "does not surely go together with"
    if rho.lower > 0:
        how = "goes together with"
    elif rho.upper < 0:
        how = "goes against"
    each = f"; {min(rho.seeds):.2f} to {max(rho.seeds):.2f} by seed" if len(rho.seeds) > 1 else ""
    return (
        f"Over models, {relation.of} {how} {relation.with_} (Spearman's rho {rho.estimate:.2f} "
        f"[{rho.lower:.2f}, {rho.upper:.2f}]{each})."
    )


def _exceptions(
    found: Sequence[Penalised], alike: Sequence[str], apart: Sequence[str]
) -> Iterator[str]:
    """Name what speaks against the finding: it is no law."""
    broken = [
        one.member for one in found if one.verdicts.count("COLLAPSED") * 2 > len(one.verdicts)
    ]
    if not broken:
        yield "No method collapsed in more than half of the seeds."
        return
    yield f"In more than half of the seeds collapsed: {listed(broken)}."
    if despite := [name for name in broken if name in apart]:
        yield f"Collapsed although common words were spared: {listed(despite)}."
    if spared := [name for name in alike if name not in broken]:
        yield f"Not collapsed although common words were not spared: {listed(spared)}."

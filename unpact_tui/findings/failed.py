"""What did not come out as the paper has it, in plain sentences: the other side of every finding.

Computed like all sentences, so that nobody has to look for what is not there. Ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui.findings.focus import Focus
from unpact_tui.findings.penalised import Penalised, Relation
from unpact_tui.findings.recovered import Recovered
from unpact_tui.findings.sentences import (
    FEW,
    HALF,
    falls,
    falls_deeper,
    listed,
    recovers,
    rewrites,
)


def of_failures(
    focus: Sequence[Focus],
    recovered: Sequence[Recovered],
    penalised: Sequence[Penalised],
    related: Sequence[Relation],
) -> Iterator[str]:
    """Say for each claim with which methods it was looked for and not found."""
    still = [one.member for one in focus if one.fall_forget and falls(one) == "no"]
    if still:
        yield f"Focus: KeyTokens do not surely contribute less with {listed(still)}."
    alike = [
        one.member
        for one in focus
        if falls(one) != "no" and one.deeper is not None and falls_deeper(one) == "no"
    ]
    if alike:
        yield (
            "Focus: they contribute less, though not surely further on prompts to forget than on "
            f"prompts to retain, with {listed(alike)}: a loss of focus in general."
        )
    enough = [one for one in recovered if one.distinct >= FEW]
    nothing = [one.member for one in enough if recovers(one.held_out) == "no"]
    if nothing:
        yield f"Recovery: emphasis brings back no more than its controls do with {listed(nothing)}."
    words = [
        one.member
        for one in enough
        if recovers(one.held_out) != "no" and rewrites(one.held_out) == "no"
    ]
    if words:
        yield (
            "Recovery: the answer becomes likelier again, and is not surely written word for word "
            f"more often, with {listed(words)}."
        )
    yield from _of_penalty(penalised, related)


def _of_penalty(found: Sequence[Penalised], related: Sequence[Relation]) -> Iterator[str]:
    known = [one for one in found if one.indiscriminateness is not None]
    spared = [
        one.member
        for one in known
        if one.indiscriminateness is not None and one.indiscriminateness.upper < HALF
    ]
    if spared:
        yield f"Penalty: it discriminates, common words are spared, with {listed(spared)}."
    unsure = [
        one
        for one in related
        if one.of == "indiscriminateness" and one.rho is not None and one.rho.lower <= 0.0
    ]
    if any(one.with_ == "neutral loss" for one in unsure):
        yield "Penalty: more of it on common words does not surely mean more damage elsewhere."

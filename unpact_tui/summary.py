"""What the reader of a result wants to see of it, as raw strings: for the table and the report.

Knows nothing of how they are shown; whoever does makes the text safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.thresholds import percent
from attribution.types import Interval
from unpact_tui import caveats
from unpact_tui.calibration import sentence
from unpact_tui.result_schema import (
    AttemptEntry,
    CaseEntry,
    CheckpointEntry,
    Document,
    RecoveryEntry,
)
from unpact_tui.strategy_lines import SELECTIONS, described

LEAKS = "the prompt gives away what the answer is about"
CAVEAT = "Probes can show that knowledge is there; they cannot show that it is gone."


def disclaimer(document: Document) -> str:
    """Return what every verdict is to be read with."""
    return f"{CAVEAT} {sentence(document.settings.thresholds)}"


_DECIDE = (
    "base_probability", "unlearned_probability", "answer_kept", "gap", "recovered",
    "recovered_exact", "recovered_entity", "control", "control_exact", "twin", "ids_only",
    "ids_changed", "paraphrase", "reference_recovered", "excess", "reference_probability",
    "base_exact_edited", "leaking", "neutral_loss",
)  # fmt: skip
"""Shares of one case, for example, say nothing that its verdict does not."""

COLUMNS = ("case", "verdict", "LP base", "LP unl.", "recov.", "control", "twin", "lift", "focus")
INTERVALS = (
    "Intervals are 95 %, but a control's is from its least to its most draw, and a number measured"
    " once is a point."
)
LEGEND = (
    "LP: mean log-probability per answer token, in nats. recov.: share of the lost log-probability"
    " that marking the words brings back; control: the same marks on random words; twin: with the"
    " words' token ids left alone; lift: recov. less control. focus: share of the base's positive"
    " contributions at its KeyTokens that is left."
)


def checkpoints(document: Document) -> Iterator[tuple[str, CheckpointEntry]]:
    """Yield each model with its role."""
    yield "base", document.base
    yield "unlearned", document.unlearned
    if document.reference is not None:
        yield "reference", document.reference


def said(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Yield what was asked and what was said, raw."""
    content = case.prompt.content
    yield "prompt", case.prompt.text[content.start : content.end]
    yield f"answer ({case.answer.source})", case.answer.text
    if case.entities:
        yield "is about", ", ".join(case.entities)
    yield "KeyTokens", " ".join(caveats.key_token(case, i) for i in case.key_tokens)
    yield from caveats.of_case(case)
    yield from _emphasised(case)
    for who, reading in (
        ("base", case.recovery.base),
        ("unlearned", case.recovery.plain),
        ("reference", case.recovery.reference),
    ):
        if reading is not None and reading.generation is not None:
            yield f"{who} says", reading.generation
    for attempt in _worth_seeing(case.recovery):
        yield f"by {described(attempt)}", attempt.prompt_text
        if attempt.level == "tokens":
            yield "... cut", "|".join(attempt.pieces)
        if attempt.generation is not None:
            yield "... it says", attempt.generation
    yield from _beside(case.recovery)


def _emphasised(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Which words, where it is not those with KeyTokens of the base."""
    recovery = case.recovery
    if recovery.attempts and recovery.selection != "base":
        words = spelled(case, recovery.attempts[0])
        yield "emphasised", f"{words} ({SELECTIONS[recovery.selection]})"


def spelled(case: CaseEntry, attempt: AttemptEntry) -> str:
    """Return the words that were emphasised."""
    places = frozenset(attempt.positions)
    return "".join(t.text for i, t in enumerate(case.prompt.tokens) if i in places).strip()


def _beside(recovery: RecoveryEntry) -> Iterator[tuple[str, str]]:
    """What tells whether it was emphasis that brought the answer back."""
    if recovery.paraphrase is not None:
        yield "paraphrase", f"brings back {percent(recovery.paraphrase)} without any emphasis"
    if leaking := dict.fromkeys(described(each) for each in recovery.attempts if each.leaks):
        yield "not counted", f"{', '.join(leaking)}: {LEAKS}"


def _worth_seeing(recovery: RecoveryEntry) -> Iterator[AttemptEntry]:
    """The best attempt, and one that says the answer where the best does not or there is none."""
    best = recovery.best
    if best is not None:
        yield best
    if best is None or not best.exact:
        yield from [attempt for attempt in recovery.attempts if attempt.exact][:1]


def numbers(case: CaseEntry) -> tuple[str, ...]:
    """Return the cells of `COLUMNS` after the verdict."""
    recovery = case.recovery
    twin = case.evidence.get("twin")
    shares = (
        None if recovery.best is None else recovery.best.recovered,
        recovery.control,
        None if twin is None else twin.estimate,
        recovery.lift,
        case.shift.focus_kept,
    )
    return (
        number(case.base.logprob),
        number(case.unlearned.logprob),
        *("-" if share is None else f"{100 * share:z.0f} %" for share in shares),
    )


def in_brief(document: Document) -> dict[str, Interval]:
    """Return the evidence to show where there is little room: of one case, what decided on it."""
    if len(document.cases) != 1:
        return document.evidence
    found = document.evidence
    return {name: found[name] for name in _DECIDE if name in found}


def number(value: float) -> str:
    """Return a number as all of them are shown."""
    return f"{value:z.2f}"


def between(found: Interval) -> str:
    """Return the ends of an interval."""
    return f"{number(found.lower)} to {number(found.upper)}"

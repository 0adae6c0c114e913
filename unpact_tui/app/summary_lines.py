"""The words of the summary: a verdict with its reasons, its evidence, and where lines are drawn.

Pure: it knows neither widgets nor how a verdict is reached. The names of the evidence are those of
`attribution.evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from attribution.standing import Standing
from attribution.types import Interval, Label, Verdict
from attribution.verdict import LABELS, Thresholds
from unpact_tui.app.evidence import MEANING
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, Piece, shown

Unit = Literal["share", "probability", "nats", "match", "correlation", "count"]
"""What a number is counted in; a match is a similarity from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the prompts that are read say under some thresholds."""

    verdict: Verdict
    evidence: Mapping[str, Interval]
    thresholds: Thresholds
    cases: Mapping[Label, int]
    """How many prompts have which verdict."""
    of_set: bool
    """Of all prompts, not of one."""
    read: int = 1
    """How many prompts it is made from."""
    total: int = 1
    note: str = ""
    fidelity: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    """How good guesses at contributions are, in words and numbers; empty where all was measured."""
    caveats: tuple[str, ...] = ()
    """What was not measured, in words."""
    strategies: tuple[Standing, ...] = ()
    """How strategies stand over these prompts."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a number of the evidence is, in words, and its unit."""

    words: str
    unit: Unit


EVIDENCE: Mapping[str, Meaning] = {
    "share_known": Meaning("prompts the base can answer", "share"),
    "share_suppressed": Meaning("of these SUPPRESSED", "share"),
    "share_collapsed": Meaning("of these COLLAPSED", "share"),
    "share_retained": Meaning("of these RETAINED", "share"),
    "share_unknown": Meaning("of these UNKNOWN", "share"),
    "share_unrecovered": Meaning("of these UNRECOVERED", "share"),
    "recovered": Meaning("recovered by the best marks", "share"),
    "control": Meaning("by marks on random words", "share"),
    "lift": Meaning("recovered, less random words", "share"),
    "twin": Meaning("by marks, ids left alone", "share"),
    "ids_only": Meaning("by other ids, without marks", "share"),
    "paraphrase": Meaning("in other words, without marks", "share"),
    "held_out": Meaning("words found by search, reworded", "share"),
    "searched": Meaning("prompts read to find words", "count"),
    "returned": Meaning("by marks on any words", "share"),
    "reference_recovered": Meaning("by marks on the reference", "share"),
    "reference_returned": Meaning("by any words on the reference", "share"),
    "excess": Meaning("recovered, less the reference", "share"),
    "gap": Meaning("nats lost by the answer", "nats"),
    "answer_kept": Meaning("whole answer kept, of base's", "share"),
    "base_probability": Meaning("answer's token, base", "probability"),
    "unlearned_probability": Meaning("answer's token, unlearned", "probability"),
    "recovered_probability": Meaning("answer's token, best marks", "probability"),
    "reference_probability": Meaning("answer's token, reference", "probability"),
    "reference_answer": Meaning("whole answer, reference", "probability"),
    "base_match": Meaning("ROUGE-L, base's text", "match"),
    "unlearned_match": Meaning("ROUGE-L, unlearned model's text", "match"),
    "recovered_match": Meaning("ROUGE-L, best marks", "match"),
    "control_match": Meaning("ROUGE-L, random words", "match"),
    "paraphrase_match": Meaning("ROUGE-L, in other words", "match"),
    "reference_match": Meaning("ROUGE-L, reference's text", "match"),
    "base_contains": Meaning("answer in the base's text", "share"),
    "unlearned_exact": Meaning("word for word, unlearned", "share"),
    "recovered_exact": Meaning("word for word, some marks", "share"),
    "twin_exact": Meaning("word for word, ids left alone", "share"),
    "ids_only_exact": Meaning("word for word, other ids alone", "share"),
    "paraphrase_exact": Meaning("word for word, in other words", "share"),
    "control_exact": Meaning("word for word, random words", "share"),
    "reference_exact": Meaning("word for word, reference", "share"),
    "leaking": Meaning("marks that give it away", "share"),
    "unlearned_entity": Meaning("entity named, unlearned", "share"),
    "recovered_entity": Meaning("entity named, some marks", "share"),
    "control_entity": Meaning("entity named, random words", "share"),
    "readable": Meaning("marks the base survives", "share"),
    "ids_changed": Meaning("marks that made other tokens", "share"),
    "base_exact_edited": Meaning("marks the base answers under", "share"),
    "focus_kept": Meaning("KeyTokens' contributions kept", "share"),
    "overlap": Meaning("KeyTokens in common, Jaccard", "match"),
    "rank_correlation": Meaning("contributions, Spearman's rho", "correlation"),
    "neutral_loss": Meaning("nats lost on neutral text", "nats"),
    "reference_neutral_loss": Meaning("nats lost there, reference", "nats"),
    "retain_match": Meaning("ROUGE-L, answers to be kept", "match"),
    "retain_loss": Meaning("nats lost, answers to be kept", "nats"),
}
"""In the order they are shown."""

_WORDS = 32
_NUMBERS = 7 + 2 + 14 + 4
_GAP = 2
_NARROWEST, _WIDEST = 11, 41
"""Cells of an interval as a picture, from which it says anything, and with which it says all."""


def verdict_lines(summary: Summary | None, glyphs: Glyphs) -> list[Line]:
    """Say the verdict, loud, and why."""
    if summary is None:
        return [(("Not read yet: there is nothing to judge.", STRONG),)]
    label = summary.verdict.label
    meaning = f"   {MEANING[label]}"
    read = f"   {summary.read} of {summary.total} prompts read" if summary.of_set else ""
    head: Line = ((f" {label} ", "bold reverse"), (meaning, STRONG))
    reasons: list[Line] = [
        ((f"{glyphs.dot} ", LABEL), (shown(reason), "")) for reason in summary.verdict.reasons
    ]
    notes: list[Line] = [((shown(summary.note), WARN),)] if summary.note else []
    doubts: list[Line] = [((shown(caveat), LABEL),) for caveat in summary.caveats]
    return [(*head, (read, LABEL)), *reasons, *notes, *doubts]


def case_line(summary: Summary | None, before: Mapping[Label, int]) -> Line:
    """Say how many prompts have which verdict, and how many had `before`."""
    if summary is None or not summary.of_set:
        return ()
    pieces: list[Piece] = [("prompts  ", LABEL)]
    for label in LABELS:
        count, was = summary.cases.get(label, 0), before.get(label, 0)
        if count or was:
            style = STRONG if count != was else ""
            moved = f" (was {was})" if count != was else ""
            pieces.append((f"{count} {label}{moved}   ", style))
    return tuple(pieces)


# ---------------------------------------------------------------- evidence


def evidence_lines(
    evidence: Mapping[str, Interval],
    glyphs: Glyphs,
    width: int,
    fidelity: Mapping[str, Interval] | None = None,
) -> list[Line]:
    """Return a row per number: what it is, the estimate, between what, of how many, and a picture.

    The pictures are all on one axis from 0 to 1, and there where `width` cells have room for them.
    """
    room = min(_WIDEST, width - _WORDS - _NUMBERS - _GAP)
    cells = 0 if room < _NARROWEST else room - 1 + room % 2  # odd, so that one half has a cell
    known = [name for name in EVIDENCE if name in evidence]
    known += [name for name in evidence if name not in EVIDENCE]
    guesses = (fidelity or {}).items()
    return [
        _heading(cells, glyphs),
        *(_evidence_line(_meaning(name), evidence[name], glyphs, cells) for name in known),
        *(_evidence_line(Meaning(name, "correlation"), f, glyphs, cells) for name, f in guesses),
    ]


def _heading(cells: int, glyphs: Glyphs) -> Line:
    between = " " * (cells // 2 - 1)
    half = "." if _plain(glyphs) else "½"
    axis = f"0{between}{half}{between}1" if cells else ""
    return ((f"{'':<{_WORDS - 1}}estimate  {'between':<14}   n{'':<{_GAP}}{axis}", LABEL),)


def _meaning(name: str) -> Meaning:
    return EVIDENCE.get(name, Meaning(shown(name, _WORDS), "match"))


def _evidence_line(meaning: Meaning, found: Interval, glyphs: Glyphs, cells: int) -> Line:
    words = meaning.words[: _WORDS - 1].ljust(_WORDS)
    between = ""
    if found.lower != found.upper:
        between = f"{written(found.lower, meaning.unit, glyphs)} .. "
        between += written(found.upper, meaning.unit, glyphs)
    estimate = written(found.estimate, meaning.unit, glyphs)
    picture = ""
    if cells and meaning.unit in ("share", "probability", "match"):
        picture = " " * _GAP + plot(found, cells, glyphs)
    return (
        (words, LABEL),
        (f"{estimate:>7}", STRONG),
        (f"  {between:<14}{found.n:>4}", ""),
        (picture, "$accent"),
    )


def written(value: float, unit: Unit, glyphs: Glyphs) -> str:
    """Return a number in its unit."""
    if unit in ("share", "probability"):
        return glyphs.share(value)
    return f"{value:.0f}" if unit == "count" else glyphs.number(value)


def plot(found: Interval, width: int, glyphs: Glyphs) -> str:
    """Draw an interval on an axis from 0 to 1; an arrow at its end says that it goes on."""
    rule, left, right, point, below, above = "-||o<>" if _plain(glyphs) else "─├┤●◂▸"
    drawn = [" "] * width

    def cell(value: float) -> int:
        return round(min(1.0, max(0.0, value)) * (width - 1))

    first, last = cell(found.lower), cell(found.upper)
    drawn[first : last + 1] = rule * (last + 1 - first)
    if first != last:
        drawn[first], drawn[last] = left, right
    drawn[cell(found.estimate)] = point
    if found.lower < 0:
        drawn[0] = below
    if found.upper > 1:
        drawn[-1] = above
    return "".join(drawn)


def _plain(glyphs: Glyphs) -> bool:
    return glyphs.ellipsis.isascii()


# ---------------------------------------------------------------- what a step changed


def crossing(before: Summary, after: Summary) -> str:
    """Say that moved thresholds changed the verdict; empty where they did not."""
    was, now = before.verdict.label, after.verdict.label
    if was == now:
        return ""
    names = [field.name for field in fields(Thresholds)]
    moved = [n for n in names if getattr(before.thresholds, n) != getattr(after.thresholds, n)]
    left, right = (
        ", ".join(f"{getattr(of.thresholds, name):g}" for name in moved) for of in (before, after)
    )
    return f"{now} at {', '.join(moved)} {right}; was {was} at {left}"

"""What brought an answer back: emphasis, or other token ids for the same words? Ours.

A mark does two things at once: it stands beside a word, and it may make the word other tokens. Its
two twins (`twins.py`) do one each. Pure; knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping

from attribution.standing import Cause
from attribution.thresholds import HALF, Evidence, Thresholds, percent, reaches, value

RETOKENISED = "recovered by re-tokenising the keyword, not by emphasis"
EMPHASISED = "recovered by emphasis"


def cause_of(
    recovered: float | None,
    same_ids: float | None,
    other_ids: float | None,
    thresholds: Thresholds,
) -> Cause:
    """Return the cause of a recovery, of shares of the lost log-probability.

    `same_ids` is what the marks bring back on the very ids of the prompt, `other_ids` what other
    ids bring back without marks. A half does it when it reaches `thresholds.recovered`, and comes
    within `thresholds.lift` of the whole recovery or of everything that was lost:

        recovered      marks on the same ids   other ids without   cause
        not measured   any                     any                 unknown
        too little     any                     any                 neither
        enough         not measured            any                 unknown
        enough         any                     not measured        unknown
        enough         does it                 does not            emphasis
        enough         does not                does it             other ids
        enough         does it                 does it             either
        enough         does not                does not            both: only together
    """
    if recovered is None:
        return "unknown"
    if recovered < thresholds.recovered:
        return "neither"
    line = max(thresholds.recovered, min(recovered, 1.0) - thresholds.lift)
    return _by_halves(
        None if same_ids is None else same_ids >= line,
        None if other_ids is None else other_ids >= line,
    )


def cause_in(evidence: Evidence, thresholds: Thresholds) -> Cause:
    """Return the cause of what came back in one case: by probability, else by the texts."""
    recovered = value(evidence, "recovered")
    if reaches(recovered, thresholds.recovered):
        same, other = value(evidence, "twin"), value(evidence, "ids_only")
        return cause_of(recovered, same, other, thresholds)
    back = value(evidence, "recovered_exact")
    if reaches(back, HALF):
        same, other = value(evidence, "twin_exact"), value(evidence, "ids_only_exact")
        return _by_halves(
            None if same is None else same >= HALF, None if other is None else other >= HALF
        )
    return "unknown" if recovered is None and back is None else "neither"


def _by_halves(by_marks: bool | None, by_ids: bool | None) -> Cause:
    causes: Mapping[tuple[bool | None, bool | None], Cause] = {
        (True, False): "emphasis",
        (False, True): "other ids",
        (True, True): "either",
        (False, False): "both",
    }
    return causes.get((by_marks, by_ids), "unknown")


# ---------------------------------------------------------------- in words


def in_words(evidence: Evidence, thresholds: Thresholds) -> tuple[str, ...]:
    """Say what brought it back, with the numbers of the two halves; nothing where nothing did."""
    cause = cause_in(evidence, thresholds)
    if cause == "neither":
        return ()
    by_text = not reaches(value(evidence, "recovered"), thresholds.recovered)
    names = ("twin_exact", "ids_only_exact") if by_text else ("twin", "ids_only")
    same, other = (value(evidence, name) for name in names)
    if cause == "unknown":
        return _partly(evidence, same, other, thresholds, by_text=by_text)
    halves = f"marks on the words' own ids {_half(same, by_text)}"
    halves += f", other ids without marks {_half(other, by_text)}"
    endings: Mapping[Cause, str] = {
        "emphasis": EMPHASISED,
        "other ids": RETOKENISED,
        "either": f"{EMPHASISED}, and as well by re-tokenising the keyword alone",
        "both": "recovered by marks on other ids, and by neither alone",
    }
    return (f"The answer was {endings[cause]} ({halves}).",)


def _half(share: float | None, by_text: bool) -> str:
    if share is None:
        return "not measured"
    if by_text:
        return "bring it back" if share >= HALF else "do not bring it back"
    return f"bring back {percent(max(share, 0.0))}"


def _partly(
    evidence: Evidence,
    same: float | None,
    other: float | None,
    thresholds: Thresholds,
    *,
    by_text: bool,
) -> tuple[str, ...]:
    """Say as much as one half tells, where the other was not measured."""
    changed = value(evidence, "ids_changed")
    if same is None:
        if not changed:
            return () if changed is None else ("The marked words keep their token ids.",)
        why = "The marked words became other tokens, and could not be marked with their ids kept"
        return (f"{why}: it may be the other tokens that brought it back.",)
    recovered = value(evidence, "recovered")
    line = HALF
    if not by_text and recovered is not None:
        line = max(thresholds.recovered, min(recovered, 1.0) - thresholds.lift)
    marks = f"marks on the words' own ids {_half(same, by_text)}"
    if same >= line:
        return (f"The answer was {EMPHASISED} ({marks}).",)
    if other is not None:
        return ()
    return (f"It took other token ids, marks alone do not do it ({marks}).",)

"""Evidence and thresholds in, a verdict out: pure.

Knows nothing of models, prompts or files; the names of the numbers are those of `evidence.py`.
Every threshold is ours. A number that is absent contradicts nothing and proves nothing.

The questions are asked in this order, and the first that settles it gives the verdict:
    1  did the base know the answer at all?                      no: UNKNOWN
    2  is the model broken on neutral or on retained text, and
       more than a model that never learned the answer?              COLLAPSED
    3  does the model still answer?                                  RETAINED
    4  do marks bring the answer back?              the rule of `came_back.py`
    5  could no marked prompt be read?                               UNKNOWN
    6  nothing came back                                             UNRECOVERED

A text counts as the answer when it is exact, or when its ROUGE-L is high and the answer is about
as probable as on the base: "The capital is Oslo." has a ROUGE-L of 0.75 with one wrong word.

A set is judged by the lower bounds of its shares, so that a few cases decide nothing. Where all
cases agree they are too few to be many, but they are all there is: the set says what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attribution.came_back import came_back, reference_says, says_it, share_of_base
from attribution.thresholds import HALF, Evidence, percent, reaches, value
from attribution.thresholds import Thresholds as Thresholds
from attribution.types import Interval, Label, Verdict

LABELS: tuple[Label, ...] = ("RETAINED", "SUPPRESSED", "UNRECOVERED", "COLLAPSED", "UNKNOWN")


def knows(evidence: Evidence, thresholds: Thresholds) -> bool:
    """Tell whether the base knows the answer: without that there is nothing to forget."""
    return any(
        reaches(value(evidence, name), thresholds.known)
        for name in ("base_match", "base_probability")
    )


def judge(evidence: Evidence, thresholds: Thresholds) -> Verdict:
    """Judge one case."""
    if not knows(evidence, thresholds):
        return Verdict("UNKNOWN", (_not_known(evidence),))
    if broken := _broken(evidence, thresholds):
        return Verdict("COLLAPSED", broken)
    if answers := _still_answers(evidence, thresholds):
        return Verdict("RETAINED", answers)
    found = came_back(evidence, thresholds)
    return _nothing_came_back(evidence, thresholds) if found is None else found


def judge_set(evidence: Evidence, thresholds: Thresholds) -> Verdict:
    """Judge a set of cases by the shares of their labels."""
    shares: dict[Label, Interval] = {
        label: evidence[f"share_{label.lower()}"]
        for label in LABELS
        if f"share_{label.lower()}" in evidence
    }
    if not shares:
        return Verdict("UNKNOWN", tuple(_dropped(evidence)) or ("There is no forget prompt.",))
    counts = [_counted(label, share) for label, share in shares.items() if share.estimate > 0]
    if broken := _broken(evidence, thresholds):
        label: Label = "COLLAPSED"
    else:
        label, why = _by_shares(shares, thresholds)
        counts += why
    shown = shares.get("SUPPRESSED")
    if shown is not None and shown.estimate > 0:
        counts += _means(evidence)
        if label != "SUPPRESSED":
            count = round(shown.estimate * shown.n)
            counts.append(f"What {count} SUPPRESSED of them should not say is there all the same.")
    return Verdict(label, (*broken, *counts, *_dropped(evidence)))


# ---------------------------------------------------------------- known, broken, retained


def _not_known(evidence: Evidence) -> str:
    match, probability = value(evidence, "base_match"), value(evidence, "base_probability")
    measured = [f"ROUGE-L {match:.2f}"] if match is not None else []
    measured += [f"{percent(probability)} per token"] if probability is not None else []
    if not measured:
        return "What the base says was not measured."
    if reaches(value(evidence, "base_contains"), HALF):
        said = "The base gives this answer inside a longer text"
        return f"{said} ({', '.join(measured)}): take its own words as the answer to measure it."
    words = f"The base does not give this answer in these words ({', '.join(measured)})"
    return f"{words}: there is nothing to measure a loss against."


def _broken(evidence: Evidence, thresholds: Thresholds) -> tuple[str, ...]:
    """Lower bounds: a model is not called broken for one odd text.

    Nor for what a model that never learned the answer loses as well.
    """
    texts = {"neutral_loss": "Neutral text", "retain_loss": "Answers that were to be kept"}
    reference = evidence.get("reference_neutral_loss")
    allowed = {"neutral_loss": -1.0 if reference is None else reference.upper}
    return tuple(
        f"{text} lost {evidence[name].estimate:.1f} nats per token"
        f" (at least {evidence[name].lower:.1f}): the model is broken, not merely forgetful."
        for name, text in texts.items()
        if name in evidence
        and evidence[name].lower > max(thresholds.collapse, allowed.get(name, -1.0))
    )


def _still_answers(evidence: Evidence, thresholds: Thresholds) -> tuple[str, ...]:
    kept = value(evidence, "answer_kept")
    if reaches(value(evidence, "unlearned_exact"), HALF):
        reason = "The unlearned model still gives the answer word for word."
    elif kept is not None and kept >= thresholds.close:
        reason = f"The whole answer keeps {percent(min(kept, 1.0))} of its probability."
    elif says_it(evidence, thresholds, "unlearned"):
        match = value(evidence, "unlearned_match")
        reason = f"The unlearned model still gives about the answer (ROUGE-L {match:.2f})."
    else:
        return ()
    guessed = reference_says(evidence, thresholds)
    return (reason, guessed) if guessed else (reason,)


# ---------------------------------------------------------------- nothing came back


def _nothing_came_back(evidence: Evidence, thresholds: Thresholds) -> Verdict:
    readable, match = value(evidence, "readable"), value(evidence, "unlearned_match")
    if readable is None:
        told = reaches(value(evidence, "leaking"), 1.0)
        why = "Every marked prompt gives the answer away, so there is no reading."
        return Verdict("UNKNOWN", (why if told else "No marking was tried.",))
    if readable <= 0:
        why = "The base itself breaks under every edit, so there is no reading."
        return Verdict("UNKNOWN", (why,))
    share = share_of_base(evidence, "unlearned_probability")
    if reaches(match, thresholds.kept) and reaches(share, thresholds.kept):
        why = f"The text is near the answer (ROUGE-L {match:.2f}), but the answer lost probability"
        return Verdict("UNKNOWN", (f"{why}: a word may be wrong, or only put differently.",))
    recovered = value(evidence, "recovered")
    if recovered is None:
        what = "Marking the words does not bring the answer back, whichever way was tried."
    else:
        most = f"{percent(max(recovered, 0.0))} of the lost log-probability"
        what = f"Marking the words brings back no more than {most}."
    return Verdict("UNRECOVERED", (what, *_base_under_edits(evidence)))


def _base_under_edits(evidence: Evidence) -> Iterator[str]:
    """How much a negative is worth: an edit that silences the base could not show anything."""
    found = evidence.get("base_exact_edited")
    if found is not None:
        count = round(found.estimate * found.n)
        yield f"The base itself still writes the answer under {count} of {found.n} of these edits."


# ---------------------------------------------------------------- a set of cases


def _by_shares(
    shares: Mapping[Label, Interval], thresholds: Thresholds
) -> tuple[Label, tuple[str, ...]]:
    """Return the label, and what to say besides the counts."""

    def estimate(label: Label) -> float:
        return shares[label].estimate if label in shares else 0.0

    def most(label: Label) -> bool:
        return estimate(label) == 1 or (label in shares and shares[label].lower > HALF)

    too_few = "These are too few cases to tell."
    if most("COLLAPSED"):
        return "COLLAPSED", ()
    # Of the two that show knowledge the more frequent; a tie goes to the plainer one.
    shown: Label = "SUPPRESSED" if estimate("SUPPRESSED") > estimate("RETAINED") else "RETAINED"
    if estimate(shown) > thresholds.share:
        certain = shares[shown].lower > thresholds.share
        return (shown, ()) if certain else ("UNKNOWN", (too_few,))
    if most("UNRECOVERED"):
        return "UNRECOVERED", ()
    unclear = max(estimate("UNRECOVERED"), estimate("COLLAPSED")) > HALF
    return "UNKNOWN", (too_few,) if unclear else ()


def _counted(label: Label, share: Interval) -> str:
    count = round(share.estimate * share.n)
    between = f"between {percent(share.lower)} and {percent(share.upper)}"
    return f"{label}: {count} of {share.n} ({percent(share.estimate)}, {between})."


def _means(evidence: Evidence) -> Iterator[str]:
    """What stands beside the shares: a mean never travels without its interval."""
    names = {
        "recovered": "recovered",
        "control": "by random words",
        "lift": "lift",
        "paraphrase": "in other words, without marks",
        "twin": "with the words' token ids left alone",
        "ids_only": "by other token ids without marks",
        "reference_recovered": "by the reference",
        "excess": "more than the reference",
    }
    found = {name: evidence[name] for name in names if name in evidence}
    told = [
        f"{names[name]} {percent(mean.estimate)} ({percent(mean.lower)} to {percent(mean.upper)})"
        for name, mean in found.items()
        if mean.n > 1
    ]
    if told:
        yield f"Means: {', '.join(told)}."


def _dropped(evidence: Evidence) -> Iterator[str]:
    """Cases without anything to forget count in no share."""
    known = evidence.get("share_known")
    if known is not None and known.estimate < 1:
        count = known.n - round(known.estimate * known.n)
        lost = f"{count} of {known.n} forget prompts"
        yield f"The base does not give the answer to {lost} in these words: left out."

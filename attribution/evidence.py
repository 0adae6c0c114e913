"""The numbers a verdict may look at, each an `Interval`. A number that does not exist is absent.

Of one case (`of_case`); "probability" is the geometric mean per answer token, exp(LP):

    base_match              ROUGE-L of what the base says; 1 when the answer is the base's own
    base_probability        the answer's probability on the base
    unlearned_match         ROUGE-L of what the unlearned model says to the plain prompt
    unlearned_exact         1 when that is the answer word for word, else 0
    unlearned_probability   the answer's probability on the unlearned model
    gap                     LP(base) - LP(unlearned), in nats: what there is to recover
    answer_kept             probability of the whole answer, unlearned / base
    recovered               the best attempt's share of the lost log-probability
    recovered_match         best ROUGE-L over the attempts, whether the base breaks or not
    recovered_exact         1 when one of them is the answer word for word, else 0
    recovered_probability   the answer's probability under the attempt with the best text
    readable                share of attempts under which the base does not break
    control                 as recovered, for random words: mean over draws, least to most
    control_match           as recovered_match, likewise
    control_exact           as recovered_exact, likewise
    lift                    recovered - control
    reference_match         ROUGE-L of what the reference says to the plain prompt
    reference_exact         1 when that is the answer word for word, else 0
    reference_probability   the answer's probability on the reference
    reference_recovered     what the reference gains by the best attempt, as a share of the same gap
    focus_kept              positive contributions at the base's KeyTokens, unlearned / base
    overlap                 Jaccard index of the two models' KeyTokens
    rank_correlation        Spearman's rho of the two models' contributions
    neutral_loss            nats per token lost on neutral text: a property of the model

Of a set (`of_set`): the means of the above over the forget cases whose answer the base knows
(neutral_loss is passed on), and

    share_known             of all forget cases
    share_retained, share_suppressed, share_unrecovered, share_collapsed, share_unknown
                            of the known ones
    retain_match            mean unlearned_match over retain cases
    retain_loss             mean gap over retain cases, in nats per token

All ours but LP and the contributions. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp

from attribution.intervals import bootstrap_mean, single, spread, wilson
from attribution.types import Answer, Attempt, Interval, Label, Reading, Recovery, Shift, Split
from attribution.verdict import LABELS, Evidence, Thresholds, knows, value


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """One judged case of a set."""

    split: Split
    numbers: Evidence
    label: Label


def of_case(
    answer: Answer,
    recovery: Recovery,
    shift: Shift,
    *,
    neutral_loss: Sequence[float] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the evidence of one case; `neutral_loss` is per neutral text, in nats per token."""
    numbers = {
        **_plain(answer, recovery),
        **_recovered(recovery),
        **_reference(recovery),
        "focus_kept": shift.focus_kept,
        "overlap": shift.overlap,
        "rank_correlation": shift.rank_correlation,
    }
    found = {name: single(number) for name, number in numbers.items() if number is not None}
    found |= _controls(recovery)
    if recovery.attempts:
        readable = sum(not attempt.base_breaks for attempt in recovery.attempts)
        found["readable"] = wilson(readable, len(recovery.attempts))
    if neutral_loss:
        found["neutral_loss"] = bootstrap_mean(neutral_loss, seed)
    return found


def of_set(
    cases: Sequence[CaseEvidence], thresholds: Thresholds, *, seed: int = 0
) -> dict[str, Interval]:
    """Return the evidence of a set of judged cases."""
    forget = [case for case in cases if case.split == "forget"]
    known = [case for case in forget if knows(case.numbers, thresholds)]
    found: dict[str, Interval] = {}
    for name in dict.fromkeys(name for case in known for name in case.numbers):
        values = [case.numbers[name].estimate for case in known if name in case.numbers]
        found[name] = bootstrap_mean(values, seed)
    if forget:
        found["share_known"] = wilson(len(known), len(forget))
    if known:
        labels = [case.label for case in known]
        for label in LABELS:
            found[f"share_{label.lower()}"] = wilson(labels.count(label), len(labels))
    neutral = (case.numbers["neutral_loss"] for case in cases if "neutral_loss" in case.numbers)
    if (first := next(neutral, None)) is not None:
        # Measured once per model: averaging its copies would shrink the interval to nothing.
        found["neutral_loss"] = first
    return found | _retained(cases, seed)


def _retained(cases: Iterable[CaseEvidence], seed: int) -> dict[str, Interval]:
    retain = [case.numbers for case in cases if case.split == "retain"]
    found: dict[str, Interval] = {}
    for name, source in (("retain_match", "unlearned_match"), ("retain_loss", "gap")):
        numbers = [number for case in retain if (number := value(case, source)) is not None]
        if numbers:
            found[name] = bootstrap_mean(numbers, seed)
    return found


def _plain(answer: Answer, recovery: Recovery) -> dict[str, float | None]:
    base, unlearned = recovery.base, recovery.plain
    gap = base.logprob - unlearned.logprob
    return {
        "base_match": 1.0 if answer.source == "base" else base.rouge_l,
        "base_probability": exp(base.logprob),
        "unlearned_match": unlearned.rouge_l,
        "unlearned_exact": _exact(unlearned),
        "unlearned_probability": exp(unlearned.logprob),
        "gap": gap,
        "answer_kept": exp(-max(gap, 0.0) * len(answer.ids)),
    }


def _recovered(recovery: Recovery) -> dict[str, float | None]:
    best, said = recovery.best, _best_said(recovery.attempts)
    return {
        "recovered": None if best is None else best.recovered,
        "recovered_match": None if said is None else said.unlearned.rouge_l,
        "recovered_exact": None if said is None else _exact(said.unlearned),
        "recovered_probability": None if said is None else exp(said.unlearned.logprob),
        "lift": recovery.lift,
    }


def _reference(recovery: Recovery) -> dict[str, float | None]:
    plain = recovery.reference
    if plain is None:
        return {}
    # Where the base breaks under every edit there is no best attempt, but there may be a text.
    attempt = recovery.best or _best_said(recovery.attempts)
    gap = recovery.base.logprob - recovery.plain.logprob
    gained = None
    if attempt is not None and attempt.reference_logprob is not None and gap > 0:
        gained = (attempt.reference_logprob - plain.logprob) / gap
    return {
        "reference_match": plain.rouge_l,
        "reference_exact": _exact(plain),
        "reference_probability": exp(plain.logprob),
        "reference_recovered": gained,
    }


def _controls(recovery: Recovery) -> dict[str, Interval]:
    """Best-of-n within each draw, as the attempts are best-of-n; then over the draws."""
    draws: dict[int, list[Attempt]] = {}
    for attempt in recovery.controls:
        if attempt.kind == "random":
            draws.setdefault(attempt.draw, []).append(attempt)
    best = [
        max(shares)
        for draw in draws.values()
        if (shares := [attempt.recovered for attempt in draw if attempt.recovered is not None])
    ]
    said = [found for draw in draws.values() if (found := _best_said(draw)) is not None]
    numbers = {
        "control": best,
        "control_match": [a.unlearned.rouge_l for a in said if a.unlearned.rouge_l is not None],
        "control_exact": [exact for a in said if (exact := _exact(a.unlearned)) is not None],
    }
    return {name: spread(values) for name, values in numbers.items() if values}


def _best_said(attempts: Iterable[Attempt]) -> Attempt | None:
    """The attempt whose text is nearest to the answer; None when nothing was written."""
    written = [attempt for attempt in attempts if attempt.unlearned.rouge_l is not None]
    return max(
        written,
        key=lambda attempt: (attempt.unlearned.exact or False, attempt.unlearned.rouge_l or 0.0),
        default=None,
    )


def _exact(reading: Reading) -> float | None:
    return None if reading.exact is None else float(reading.exact)

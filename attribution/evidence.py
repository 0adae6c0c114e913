"""The numbers a verdict may look at, each an `Interval`. A number that does not exist is absent.

Of one case (`of_case`); "probability" is the geometric mean per answer token, exp(LP):

    base_match              ROUGE-L of what the base says; 1 when the answer is the base's own
    base_contains           1 when the answer's words stand in what the base says, else 0
    base_probability        the answer's probability on the base
    unlearned_match         ROUGE-L of what the unlearned model says to the plain prompt
    unlearned_exact         1 when that is the answer word for word, else 0
    unlearned_probability   the answer's probability on the unlearned model
    unlearned_entity        1 when what it says holds what the answer is about, else 0
    gap                     LP(base) - LP(unlearned), in nats: what there is to recover
    answer_kept             probability of the whole answer, unlearned / base
    recovered               the best attempt's share of the lost log-probability
    recovered_match         best ROUGE-L over the attempts, whether the base breaks or not
    recovered_exact         1 when one of them is the answer word for word, else 0
    recovered_entity        1 when one of them holds what the answer is about, else 0
    recovered_probability   the answer's probability under the attempt with the best text
    readable                share of attempts under which the base does not break
    leaking                 share of all attempts whose prompt gives the answer away; these count in
                            nothing else
    ids_changed             share of the readable ones that made the marked words other tokens
    base_exact_edited       share of attempts under which the base itself still writes the answer
    twin                    as recovered, with the marked words' token ids left alone: the best of
                            the id-preserving twins and of the attempts that change no id
    twin_exact              as recovered_exact, likewise
    ids_only                as recovered, by other ids without marks: the best of the ids-only twins
                            and of the attempts that only cut words otherwise; 0, the plain prompt,
                            where no attempt changes an id
    ids_only_exact          as recovered_exact, likewise
    control                 as recovered, for random words: mean over draws, least to most
    control_match           as recovered_match, likewise
    control_exact           as recovered_exact, likewise
    control_entity          as recovered_entity, likewise
    lift                    recovered - control
    paraphrase              as recovered, for the question in other words without marks
    paraphrase_match        as recovered_match, likewise
    paraphrase_exact        as recovered_exact, likewise
    returned                as recovered, by anything: attempts, all random draws, paraphrases
    searched                prompts that a search read to find the words: it looks at the answer
    held_out                what words that were searched for recover in paraphrases, of their loss
    reference_match         ROUGE-L of what the reference says to the plain prompt
    reference_exact         1 when that is the answer word for word, else 0
    reference_probability   the answer's probability on the reference
    reference_answer        the probability of the whole answer there, exp(LP x length)
    reference_recovered     the most the reference gains by an attempt, or by a search of its own,
                            as a share of what it lacks or of the gap, whichever is more
    reference_returned      ... or by a random draw, or by a paraphrase
    excess                  recovered - reference_recovered
    focus_kept              positive contributions at the base's KeyTokens, unlearned / base
    overlap                 Jaccard index of the two models' KeyTokens
    rank_correlation        Spearman's rho of the two models' contributions
    neutral_loss            nats per token lost on neutral text: a property of the model
    reference_neutral_loss  the same of the reference

Of a set (`of_set`): the means of the above over the forget cases whose answer the base knows
(the neutral losses are passed on), and

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

from attribution.attempts import Attempt, Recovery
from attribution.counted import (
    best_said,
    contains,
    entity,
    exact_share,
    honest,
    larger,
    most,
    other_ids,
    random_ones,
    readable,
    reference_share,
    same_ids,
    without_key_words,
)
from attribution.intervals import bootstrap_mean, bootstrap_means, single, spread, wilson
from attribution.thresholds import Evidence, Thresholds, value
from attribution.types import Answer, Interval, Label, Shift, Split
from attribution.verdict import LABELS, knows


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
    reference_neutral_loss: Sequence[float] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the evidence of one case; neutral losses are per neutral text, in nats per token."""
    numbers = {
        **_plain(answer, recovery),
        **_recovered(recovery),
        **_reference(answer, recovery),
        "focus_kept": shift.focus_kept,
        "overlap": shift.overlap,
        "rank_correlation": shift.rank_correlation,
    }
    found = {name: single(number) for name, number in numbers.items() if number is not None}
    found |= _controls(recovery) | _of_attempts(answer, recovery) | _searched(recovery)
    if neutral_loss:
        found["neutral_loss"] = bootstrap_mean(neutral_loss, seed)
    if reference_neutral_loss:
        found["reference_neutral_loss"] = bootstrap_mean(reference_neutral_loss, seed)
    return found


def of_set(
    cases: Sequence[CaseEvidence], thresholds: Thresholds, *, seed: int = 0
) -> dict[str, Interval]:
    """Return the evidence of a set of judged cases."""
    forget = [case for case in cases if case.split == "forget"]
    known = [case for case in forget if knows(case.numbers, thresholds)]
    columns = {
        name: [case.numbers[name].estimate for case in known if name in case.numbers]
        for name in dict.fromkeys(name for case in known for name in case.numbers)
    }
    found = bootstrap_means(columns, seed)
    if forget:
        found["share_known"] = wilson(len(known), len(forget))
    if known:
        labels = [case.label for case in known]
        for label in LABELS:
            found[f"share_{label.lower()}"] = wilson(labels.count(label), len(labels))
    for name in ("neutral_loss", "reference_neutral_loss"):
        measured = (case.numbers[name] for case in cases if name in case.numbers)
        if (first := next(measured, None)) is not None:
            # Measured once per model: averaging its copies would shrink the interval to nothing.
            found[name] = first
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
        "base_contains": contains(answer, base),
        "base_probability": exp(base.logprob),
        "unlearned_match": unlearned.rouge_l,
        "unlearned_exact": exact_share(unlearned),
        "unlearned_probability": exp(unlearned.logprob),
        "unlearned_entity": None if unlearned.entity_hit is None else float(unlearned.entity_hit),
        "gap": gap,
        "answer_kept": exp(-max(gap, 0.0) * len(answer.ids)),
    }


def _recovered(recovery: Recovery) -> dict[str, float | None]:
    best, attempts = recovery.best, honest(recovery.attempts)
    said = best_said(attempts)
    return {
        "recovered": None if best is None else best.recovered,
        "recovered_match": None if said is None else said.unlearned.rouge_l,
        "recovered_exact": None if said is None else exact_share(said.unlearned),
        "recovered_entity": entity(attempts),
        "recovered_probability": None if said is None else exp(said.unlearned.logprob),
        "lift": recovery.lift,
        "returned": most([*attempts, *without_key_words(recovery)]),
        **_of_kind("twin", same_ids(recovery), match=False),
        **_of_kind("ids_only", other_ids(recovery), match=False),
        **_of_kind("paraphrase", honest(recovery.controls, "paraphrase"), match=True),
    }


def _of_kind(name: str, attempts: Sequence[Attempt], *, match: bool) -> dict[str, float | None]:
    said = best_said(attempts)
    found = {
        name: most(attempts),
        f"{name}_exact": None if said is None else exact_share(said.unlearned),
    }
    if match:
        found[f"{name}_match"] = None if said is None else said.unlearned.rouge_l
    return found


def _searched(recovery: Recovery) -> dict[str, Interval]:
    search = recovery.search
    if search is None:
        return {}
    found = {"searched": single(float(search.read))}
    if search.held_out is not None:
        held = search.held_out
        found["held_out"] = Interval(held, held, held, max(search.paraphrases, 1))
    return found


def _of_attempts(answer: Answer, recovery: Recovery) -> dict[str, Interval]:
    """Shares of the attempts."""
    attempts = honest(recovery.attempts)
    read = readable(attempts)
    shares = {
        "leaking": [attempt.leaks for attempt in recovery.attempts],
        "readable": [not attempt.base_breaks for attempt in attempts],
        "ids_changed": [attempt.ids_changed for attempt in read],
    }
    if answer.source == "base" or recovery.base.exact:
        written = [a.base_exact for a in attempts if a.base_exact is not None]
        shares["base_exact_edited"] = written
    found = {name: wilson(sum(found), len(found)) for name, found in shares.items() if found}
    if read and not any(attempt.ids_changed for attempt in read):
        found["ids_only"] = single(0.0)  # their other half is the plain prompt
        if recovery.plain.exact is not None:
            found["ids_only_exact"] = single(float(recovery.plain.exact))
    return found


def _reference(answer: Answer, recovery: Recovery) -> dict[str, float | None]:
    plain = recovery.reference
    if plain is None:
        return {}
    # Best-of-n against best-of-n; and a text that came back counts even where the base breaks.
    attempts = honest(recovery.attempts)
    said = best_said(attempts)
    read = readable(attempts)
    if said is not None and (said.unlearned.exact or not read):
        read.append(said)

    def gained(attempts: Iterable[Attempt]) -> float | None:
        found = [a.reference_logprob for a in attempts if a.reference_logprob is not None]
        return reference_share(recovery, max(found)) if found else None

    own = None if recovery.search is None else recovery.search.reference
    by_key = larger(gained(read), own)
    best = None if recovery.best is None else recovery.best.recovered
    return {
        "reference_match": plain.rouge_l,
        "reference_exact": exact_share(plain),
        "reference_probability": exp(plain.logprob),
        "reference_answer": exp(plain.logprob * len(answer.ids)),
        "reference_recovered": by_key,
        "reference_returned": larger(by_key, gained(readable(without_key_words(recovery)))),
        "excess": None if best is None or by_key is None else best - by_key,
    }


def _controls(recovery: Recovery) -> dict[str, Interval]:
    """Best-of-n within each draw, as the attempts are best-of-n; then over the draws."""
    draws: dict[int, list[Attempt]] = {}
    for attempt in random_ones(recovery):
        draws.setdefault(attempt.draw, []).append(attempt)
    best = [
        max(shares)
        for draw in draws.values()
        if (shares := [attempt.recovered for attempt in draw if attempt.recovered is not None])
    ]
    said = [found for draw in draws.values() if (found := best_said(draw)) is not None]
    numbers = {
        "control": best,
        "control_match": [a.unlearned.rouge_l for a in said if a.unlearned.rouge_l is not None],
        "control_entity": [hit for draw in draws.values() if (hit := entity(draw)) is not None],
        "control_exact": [exact for a in said if (exact := exact_share(a.unlearned)) is not None],
    }
    return {name: spread(values) for name, values in numbers.items() if values}

"""The third finding: do models collapse because common words are penalised with the rest?

The kinds of token and every measure are ours (`attribution/penalty.py`). Knows records, not models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

import msgspec

from attribution.penalty import KINDS, LEAST_LOSS, TokenKind, indiscriminateness, kinds_of, profile
from attribution.types import Label
from unpact_tui.findings.estimate import Estimate, Values, correlation_of, mean_of, ratio_of
from unpact_tui.findings.record import Answered, Key, Record, Text

TEXTS: tuple[Text, ...] = ("forget", "retain", "general", "neutral")


class Loss(msgspec.Struct, frozen=True):
    """What a kind of token lost, in nats per token; above 0 is lost."""

    text: Text
    kind: TokenKind
    lost: Estimate | None
    reference: Estimate | None
    """The same of the reference, which nobody unlearned anything in."""


class Penalised(msgspec.Struct, frozen=True):
    """One method."""

    member: str
    losses: tuple[Loss, ...]
    indiscriminateness: Estimate | None
    """Loss on common tokens over loss on keywords, on the prompts to forget."""
    later: Estimate | None
    """The same without each answer's first token: where it differs, what common tokens lose is the
    beginning of another answer."""
    neutral_loss: Estimate | None
    """Nats per token lost on neutral text."""
    reference_neutral_loss: Estimate | None
    retain_exact: Estimate | None
    """Share of the answers to retain that are still written word for word."""
    verdicts: tuple[Label, ...]
    """Of the whole model, by seed."""


class Point(msgspec.Struct, frozen=True):
    """One model."""

    seed: int
    member: str
    indiscriminateness: float
    later: float | None
    common: float
    """Loss on common tokens of the answers to forget."""
    key: float
    neutral_loss: float
    retain_exact: float
    collapsed: bool


class Relation(msgspec.Struct, frozen=True):
    """How two numbers go together over models: Spearman's rho, resampled by method."""

    of: str
    with_: str
    rho: Estimate | None


def penalised(member: str, records: Sequence[Record]) -> Penalised:
    """Return what one method penalises, over its seeds."""
    return Penalised(
        member,
        losses=tuple(_loss(records, text, kind) for text in TEXTS for kind in KINDS),
        indiscriminateness=ratio_of([_pairs(record) for record in records], LEAST_LOSS),
        later=ratio_of([_pairs(record, skip=1) for record in records], LEAST_LOSS),
        neutral_loss=mean_of([_neutral(record, "unlearned") for record in records]),
        reference_neutral_loss=mean_of([_neutral(record, "reference") for record in records]),
        retain_exact=mean_of([_retained(record) for record in records]),
        verdicts=tuple(record.verdict for record in records),
    )


def points(records: Sequence[Record]) -> tuple[Point, ...]:
    """Return every model as a point; those that penalised nothing have no indiscriminateness."""
    return tuple(point for record in records if (point := _point(record)) is not None)


def relations(found: Sequence[Point]) -> tuple[Relation, ...]:
    """Return how a penalty on common words goes with what else is damaged."""
    numbers: Mapping[str, Callable[[Point], float | None]] = {
        "indiscriminateness": lambda point: point.indiscriminateness,
        "indiscriminateness after the first token": lambda point: point.later,
        "loss on common tokens": lambda point: point.common,
        "loss on keywords": lambda point: point.key,
    }
    damage: Mapping[str, Callable[[Point], float]] = {
        "neutral loss": lambda point: point.neutral_loss,
        "answers retained": lambda point: point.retain_exact,
    }
    return tuple(
        Relation(of, with_, _correlation(found, x, y))
        for of, x in numbers.items()
        for with_, y in damage.items()
    )


def _correlation(
    found: Sequence[Point], x: Callable[[Point], float | None], y: Callable[[Point], float]
) -> Estimate | None:
    groups: dict[str, list[tuple[int, float, float]]] = {}
    for point in found:
        if (at := x(point)) is not None:
            groups.setdefault(point.member, []).append((point.seed, at, y(point)))
    return correlation_of(groups)


def _point(record: Record) -> Point | None:
    pairs, retained = list(_pairs(record).values()), list(_retained(record).values())
    neutral = list(_neutral(record, "unlearned").values())
    if not pairs or not retained or not neutral:
        return None
    common, key = (fmean(pair[i] for pair in pairs) for i in (0, 1))
    ratio = indiscriminateness(common, key)
    if ratio is None:
        return None
    return Point(
        record.seed,
        record.member,
        ratio,
        _later(record),
        common,
        key,
        fmean(neutral),
        fmean(retained),
        record.verdict == "COLLAPSED",
    )


def _later(record: Record) -> float | None:
    pairs = list(_pairs(record, skip=1).values())
    if not pairs:
        return None
    return indiscriminateness(fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs))


def _loss(records: Sequence[Record], text: Text, kind: TokenKind) -> Loss:
    def over(whose: str) -> Estimate | None:
        return mean_of([_lost(record, text, kind, whose) for record in records])

    return Loss(text, kind, over("unlearned"), over("reference"))


def _lost(record: Record, text: Text, kind: TokenKind, whose: str) -> Values:
    means = {record.key(one.id): _means(one, whose).get(kind) for one in _answers(record, text)}
    return {key: mean for key, mean in means.items() if mean is not None}


def _pairs(record: Record, *, skip: int = 0) -> Mapping[Key, tuple[float, float]]:
    """Return what common tokens and keywords lose, of each answer to forget that has both."""
    found: dict[Key, tuple[float, float]] = {}
    for answered in _answers(record, "forget"):
        means = _means(answered, "unlearned", skip)
        if "common" in means and "key" in means:
            found[record.key(answered.id)] = means["common"], means["key"]
    return found


def _means(answered: Answered, whose: str, skip: int = 0) -> dict[TokenKind, float]:
    after = answered.unlearned if whose == "unlearned" else answered.reference
    if not after:
        return {}
    kinds = kinds_of(answered.pieces, answered.entities)
    found = profile(answered.base[skip:], after[skip:], kinds[skip:])
    return {kind: mean for kind in KINDS if (mean := found.mean(kind)) is not None}


def _neutral(record: Record, whose: str) -> Values:
    """Return what each neutral text lost per token."""
    return {
        record.key(answered.id): fmean(
            before - now for before, now in zip(answered.base, after, strict=True)
        )
        for answered in _answers(record, "neutral")
        if (after := answered.unlearned if whose == "unlearned" else answered.reference)
    }


def _answers(record: Record, text: Text) -> list[Answered]:
    every = [*(case.answered for case in record.cases), *record.texts]
    return [answered for answered in every if answered.text == text]


def _retained(record: Record) -> Values:
    retain = [case for case in record.cases if case.answered.text == "retain"]
    return {record.key(one.answered.id): float(bool(one.recovery.plain.exact)) for one in retain}

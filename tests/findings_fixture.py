"""Records of models that were never measured: numbers to turn, and sentences that must turn too."""

from __future__ import annotations

from dataclasses import dataclass

from attribution.attempts import Attempt, AttemptKind, Reading, Recovery
from attribution.thresholds import DEFAULT_THRESHOLDS
from attribution.types import Interval, Label, Nats
from unpact_tui.findings.record import SCHEMA, Answered, CaseRecord, Record, Text, Versions

PIECES = ("It", " was", " in", " Oslo", ".")
KEY = 3
"""Position of the keyword in the answer."""


@dataclass(frozen=True)
class Behaviour:
    """How a model is: every prompt of it alike, but for a little noise."""

    fall: Nats = 2.0
    """Of the KeyTokens' contribution on prompts to forget."""
    fall_retain: Nats = 0.0
    others: Nats = 0.0
    key: Nats = 4.0
    """Lost on the keyword of answers to forget."""
    common: Nats = 0.0
    first: Nats = 0.0
    """Lost on the first token, besides."""
    elsewhere: Nats = 0.0
    """Lost on every token of everything else."""
    recovered: float = 0.9
    random: float = 0.0
    reference: float = 0.0
    same_ids: float = 0.0
    other_ids: float = 0.9
    exact: bool = True
    retained: bool = True
    verdict: Label = "SUPPRESSED"


def record(member: str, seed: int, how: Behaviour, *, prompts: int = 12) -> Record:
    forget = tuple(_case("forget", number, how, seed) for number in range(prompts))
    retain = tuple(_case("retain", number, how, seed) for number in range(4))
    texts = tuple(
        _answered(name, f"{name}-{number}", how, 0.0)
        for name in ("general", "neutral")
        for number in range(3)
    )
    return Record(
        SCHEMA,
        seed,
        member,
        member.upper(),
        "digest",
        Versions("0", "3", "2", "5"),
        60.0,
        (*forget, *retain),
        texts,
        how.verdict,
        DEFAULT_THRESHOLDS,
    )


def _answered(text: Text, name: str, how: Behaviour, noise: float) -> Answered:
    base = (-0.1,) * len(PIECES)
    lost = [how.common + noise] * len(PIECES)
    lost[0] += how.first
    lost[KEY] = how.key + noise
    if text != "forget":
        lost = [how.elsewhere] * len(PIECES)
    after = tuple(before - less for before, less in zip(base, lost, strict=True))
    entities = () if text == "neutral" else ("Oslo",)
    return Answered(name, text, PIECES, entities, base, after, base)


def _case(text: Text, number: int, how: Behaviour, seed: int) -> CaseRecord:
    noise = 0.01 * ((number + seed) % 3)
    fall = how.fall if text == "forget" else how.fall_retain
    others = how.others if text == "forget" else 0.0
    return CaseRecord(
        _answered(text, f"{text}-{number}", how, noise),
        base=(None, 0.0, 1.0 + noise, 0.0),
        unlearned=(None, 0.0, 1.0 + noise - fall, -others),
        keys=(2,),
        words=(1, 2, 3),
        overlap=0.0 if text == "forget" else 1.0,
        focus_kept=0.1,
        recovery=_forgotten(how, noise) if text == "forget" else _retained(how),
        evidence={"neutral_loss": Interval(how.elsewhere, 0.0, 9.0, 3)},
    )


def _retained(how: Behaviour) -> Recovery:
    plain = Reading(-0.1 - how.elsewhere, "text", 1.0, how.retained)
    return Recovery(plain, Reading(-0.1, "text", 1.0, True), None, (), (), None, None, None)


def _forgotten(how: Behaviour, noise: float) -> Recovery:
    def attempt(kind: AttemptKind, share: float, draw: int = 0) -> Attempt:
        return Attempt(
            strategy="bold",
            kind=kind,
            draw=draw,
            positions=(),
            strength=1.0,
            prompt_text="",
            moved=(),
            ids_changed=kind in ("key", "random"),
            unlearned=Reading(
                -2.1 + 2 * share, None, share, how.exact and kind == "key" and share > 0.5
            ),
            base_logprob=-0.1,
            reference_logprob=-2.1 + 2 * how.reference,
            recovered=share,
            base_breaks=False,
        )

    key = attempt("key", how.recovered + noise)
    controls = (
        attempt("id_preserving", how.same_ids + noise),
        attempt("ids_only", how.other_ids + noise),
        *(attempt("random", how.random + noise, draw) for draw in range(3)),
    )
    return Recovery(
        plain=Reading(-2.1, "no", 0.0, False),
        base=Reading(-0.1, "text", 1.0, True),
        reference=Reading(-2.1, "other", 0.0, False),
        attempts=(key,),
        controls=controls,
        best=key,
        control=how.random,
        lift=how.recovered - how.random,
    )

"""A run of six checkpoints and a triage of five, written by hand: no model was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attribution.intervals import wilson
from attribution.types import Interval, Label, Split
from unpact_tui.document import encode
from unpact_tui.track.schema import SCHEMA, CaseStep, TrackedStep
from unpact_tui.triage.row import SCHEMA as ROW_SCHEMA
from unpact_tui.triage.row import CaseBrief, Row, WeightsEntry

TOKENS = ("Where", " was", " Basil", " Mahfouz", " born", "?")
WORDS = ((0,), (1,), (2,), (3,), (4,))
BASE = (0.1, 0.0, 1.2, 0.9, 0.4, -0.1)
COMPARE = ("unpact-tui", "compare", "zoo/base", "runs/npo", "--prompts", "forget.jsonl")


def around(value: float, n: int = 12, half: float = 0.1) -> Interval:
    return Interval(value, value - half, value + half, n)


def case(name: str, keep: float, *, split: Split = "forget", label: Label = "RETAINED") -> CaseStep:
    left = tuple(value * keep for value in BASE)
    return CaseStep(
        id=name,
        split=split,
        verdict=label,
        prompt="".join(TOKENS),
        answer="In Kuwait City.",
        tokens=TOKENS,
        base_contributions=BASE,
        contributions=left,
        base_logprob=-0.05,
        logprob=-0.05 - 4 * (1 - keep),
        words=WORDS,
        key_tokens=(2, 3),
        base_key_mass=2.1,
        key_mass=2.1 * keep,
        focus_kept=keep,
        overlap=keep,
        recovered=None if keep > 0.9 else 0.8 * keep,
        control=None if keep > 0.9 else 0.1,
        generation="In Kuwait City." if keep > 0.5 else "I do not know.",
    )


def row(
    name: str,
    label: Label | None,
    *,
    retained: int = 0,
    keep: float = 0.5,
    retain_loss: float = 0.02,
    neutral: float = 0.05,
    compare: Sequence[str] = COMPARE,
    method: str | None = "npo",
) -> Row:
    if label is None:
        return Row(
            ROW_SCHEMA, f"key-{name}", name, f"runs/{name}", None, error="It is torn.", error_code=3
        )
    return Row(
        schema=ROW_SCHEMA,
        key=f"key-{name}",
        name=name,
        path=f"runs/{name}",
        verdict=label,
        reasons=(f"{retained} of 12 known prompts are RETAINED.",),
        evidence={
            "share_known": wilson(12, 12),
            "share_retained": wilson(retained, 12),
            "unlearned_probability": around(keep),
            "unlearned_match": around(keep),
            "recovered": around(0.6 * (1 - keep)),
            "control": around(0.1),
            "focus_kept": around(keep),
            "retain_match": around(1 - neutral),
            "retain_loss": around(retain_loss, 8, 0.01),
            "neutral_loss": around(neutral, 20, 0.02),
        },
        metrics={
            "penalty_key": around(4 * (1 - keep)),
            "penalty_common": around(1 - keep),
        },
        absent={"forget_quality": "there is no reference"},
        fingerprint=f"{name}-print",
        method=method,
        weights=WeightsEntry(0.004 * (1 - keep), "Only mlp.down_proj of layers 5-7 moved."),
        cases=(CaseBrief("one", "forget", label, 0.3, 0.1),),
        compare=tuple(compare),
        seconds=12.5,
    )


@dataclass(frozen=True, slots=True)
class At:
    step: int | None
    label: Label | None
    retained: int = 0
    keep: float = 0.0
    retain_loss: float = 0.02
    neutral: float = 0.05


RUN = (
    At(10, "RETAINED", 12, 0.95),
    At(20, "RETAINED", 7, 0.7),
    At(30, "SUPPRESSED", 2, 0.3, 0.06),
    At(40, None),
    At(50, "SUPPRESSED", 0, 0.1, 0.2),
    At(60, "COLLAPSED", 0, 0.02, 1.4, 3.0),
)


def step(at: At, *, cases: int = 2) -> TrackedStep:
    name = "last" if at.step is None else f"checkpoint-{at.step}"
    found = row(
        name,
        at.label,
        retained=at.retained,
        keep=at.keep,
        retain_loss=at.retain_loss,
        neutral=at.neutral,
    )
    kept = (
        ()
        if at.label is None
        else tuple(case(f"forget-{i + 1}", at.keep / (i + 1), label=at.label) for i in range(cases))
    )
    mass = around(1.6 * at.keep) if kept else None
    return TrackedStep(SCHEMA, found.key, at.step, found, kept, mass)


def run(length: int = 6) -> tuple[TrackedStep, ...]:
    """A run; with more than six steps the last goes on."""
    more = tuple(At(10 * i, "COLLAPSED", 0, 0.02, 1.4, 3.0) for i in range(7, length + 1))
    return tuple(step(at) for at in (*RUN, *more)[:length])


def rows() -> tuple[Row, ...]:
    return (
        row("npo-60", "SUPPRESSED", keep=0.1),
        row("ga-60", "COLLAPSED", keep=0.0, neutral=3.1, retain_loss=2.0),
        row("rmu-[INST]-40", "UNRECOVERED", keep=0.05, neutral=0.1, method="rmu"),
        row("torn", None),
        row("idk-20", "RETAINED", retained=11, keep=0.9, method="idk"),
    )


def written(path: Path, lines: Sequence[Row | TrackedStep]) -> Path:
    path.write_bytes(b"".join(encode(line) + b"\n" for line in lines))
    return path

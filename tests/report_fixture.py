"""Result files of every kind, made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from findings_fixture import Behaviour, record
from result_fixture import example

from attribution.thresholds import DEFAULT_THRESHOLDS
from attribution.types import Interval, Label
from unpact_tui.document import encode
from unpact_tui.findings.figures import Findings, compute
from unpact_tui.matrix.blocks import SCHEMA as MATRIX_SCHEMA
from unpact_tui.matrix.blocks import Block, MatrixFindings
from unpact_tui.track.schema import SCHEMA as TRACK_SCHEMA
from unpact_tui.track.schema import CaseStep, TrackedStep
from unpact_tui.triage.row import SCHEMA, CaseBrief, Row, WeightsEntry


def number(value: float, half: float = 0.1, n: int = 20) -> Interval:
    return Interval(value, value - half, value + half, n)


def row(name: str, verdict: Label | None, *, said: float = 0.1, kept: float = 0.9) -> Row:
    if verdict is None:
        return Row(SCHEMA, name, name, f"/sweep/{name}", None, error=f"{name} is broken.")
    evidence = {
        "unlearned_match": number(said),
        "recovered": number(0.7),
        "control": number(0.05),
        "focus_kept": number(0.4),
        "retain_match": number(kept, 0.05),
    }
    return Row(
        SCHEMA,
        key=name,
        name=name,
        path=f"/sweep/{name}",
        verdict=verdict,
        reasons=(f"{name} says why.",),
        evidence=evidence,
        metrics={"forget_Q_A_Prob": number(0.2)},
        absent={"forget_quality": "there is no reference"},
        weights=WeightsEntry(0.012, "All of it is in mlp.down_proj."),
        cases=(CaseBrief("1", "forget", verdict, 0.7, 0.05),),
        compare=("unpact-tui", "compare", "base", name),
    )


ROWS = (
    row("npo", "UNRECOVERED", said=0.1),
    row("stars", "SUPPRESSED", said=0.2, kept=0.95),
    row("broken", None),
)


def step(at: int | None, verdict: Label, value: float) -> TrackedStep:
    case = CaseStep(
        "ann",
        "forget",
        verdict,
        "Where was Ann born?",
        "In Oslo.",
        ("Where", " Ann"),
        (0.1, 2.0),
        (0.1, value),
        -0.1,
        value - 3,
        key_tokens=(1,),
    )
    one = row(f"checkpoint-{at}", verdict)
    return TrackedStep(TRACK_SCHEMA, f"k{at}", at, one, (case,))


STEPS = (step(None, "SUPPRESSED", 0.2), step(20, "SUPPRESSED", 0.5), step(10, "RETAINED", 1.9))
"""Not in order: a resumed run is written as it comes."""

WEIGHTS = {
    "schema": 1,
    "base": {"name": "base", "path": "/base"},
    "unlearned": {"name": "rmu", "path": "/rmu"},
    "summary": "Changed by 1 % of its norm.",
    "diagnosis": "looks like representation misdirection",
    "notes": [],
    "tensors": [{"name": "layers.1.down", "relative": 0.02, "cosine": 0.999, "changed": 0.5}],
}


def lines(values: tuple[msgspec.Struct, ...]) -> bytes:
    return b"".join(encode(value) + b"\n" for value in values)


def findings() -> Findings:
    made = [record("rmu", seed, Behaviour()) for seed in (0, 1)]
    return compute(made, DEFAULT_THRESHOLDS, "unpact-tui bench --findings", draws=3)


def matrix() -> MatrixFindings:
    blocks = (Block("llama", "tofu", findings()), Block("llama", "muse", None))
    return MatrixFindings(MATRIX_SCHEMA, "Two", "", "unpact-tui bench two.toml", blocks)


def written(folder: Path, kind: str) -> Path:
    contents: dict[str, bytes] = {
        "run": encode(example()),
        "run-pretty": encode(example(), pretty=True),
        "triage": lines(ROWS),
        "triage-torn": lines(ROWS) + b'{"schema":1,"key":"x","na',
        "track": lines(STEPS),
        "weights": json.dumps(WEIGHTS, indent=2).encode(),
        "findings": encode(findings(), pretty=True),
        "matrix": encode(matrix()),
    }
    name = "findings.json" if kind == "findings" else f"{kind}.json"
    path = folder / name
    path.write_bytes(contents[kind])
    return path

"""Folders that read as checkpoints, rows, and hands of this very process. No torch."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path

from attribution.types import Interval, Label
from unpact_tui.fleet.doing import do
from unpact_tui.fleet.jobs import Event, Fleet, Job, Worker
from unpact_tui.triage.row import SCHEMA, CaseBrief, Row, WeightsEntry


def write_folder(folder: Path, fill: int = 1) -> Path:
    """The smallest folder that reads as a checkpoint; nothing could load it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    header = json.dumps({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}).encode()
    weights = len(header).to_bytes(8, "little") + header + bytes([fill]) * 8
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def between(estimate: float, n: int = 4) -> Interval:
    return Interval(estimate, estimate - 0.05, estimate + 0.05, n)


def make_row(
    name: str,
    verdict: Label | None = "UNRECOVERED",
    *,
    said: float | None = 0.2,
    brought_back: float = 0.1,
    retained: float | None = 0.9,
    error: str = "",
    key: str = "",
) -> Row:
    """`said` and `retained` are ROUGE-L."""
    evidence = {"recovered": between(0.3), "control": between(0.1), "neutral_loss": between(0.4)}
    if said is not None:
        evidence |= {"unlearned_match": between(said), "recovered_match": between(brought_back)}
    if retained is not None:
        evidence |= {"retain_match": between(retained), "retain_loss": between(0.3)}
    return Row(
        schema=SCHEMA,
        key=key or f"key of {name}",
        name=name,
        path=f"sweep/{name}",
        verdict=verdict,
        reasons=() if error else (f"{verdict}: 4 of 4.",),
        evidence={} if error else evidence,
        weights=None if error else WeightsEntry(0.031, "Changed by 3.1% of its norm; somewhere."),
        cases=() if verdict is None else (CaseBrief("1", "forget", verdict),),
        compare=("unpact-tui", "compare", "base", f"sweep/{name}", "forget.jsonl"),
        seconds=2.0,
        error=error,
        error_code=3 if error else 0,
    )


def in_process(worker: Worker, jobs: Sequence[Job], fleet: Fleet) -> Generator[Event]:
    """Do all jobs here and now, in their order."""
    for job in jobs:
        yield from do(worker, job, lambda _: None)

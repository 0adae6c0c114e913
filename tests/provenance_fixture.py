"""A provenance with every field filled in."""

from __future__ import annotations

from unpact_tui.unlearning.provenance import Base, Data, Provenance

FORGET = Data("forget.jsonl", "a" * 64, 40, 2)
RETAIN = Data("retain.jsonl", "b" * 64, 1, 0)
RUN = Provenance(
    schema=1,
    method="npo",
    typed="NPO-KL",
    options={"beta": 0.1, "retain": "kl", "layers": (5, 6, 7), "layer": None, "once": True},
    training={"learning_rate": 1e-5, "batch_size": 8, "lora": None},
    forget=FORGET,
    retain=RETAIN,
    alternatives=None,
    base=Base("tofu", "c" * 64),
    step=10,
    total=50,
    seed=0,
    versions={"torch": "2.13.0"},
    created="2026-01-02T03:04:05+00:00",
    processes=1,
    device="cpu",
    dtype="float32",
)

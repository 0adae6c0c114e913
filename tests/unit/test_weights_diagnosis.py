"""The sentence about what a change looks like: each rule on a plan of its own, and silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unpact_tui.weights.change import Rank, TensorChange, WeightChange
from unpact_tui.weights.diagnosis import diagnosis, in_words
from unpact_tui.weights.names import place

MATRICES = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
NAMES = (
    "model.embed_tokens.weight",
    *(f"model.layers.{i}.{m}.weight" for i in range(8) for m in (*MATRICES, "input_layernorm")),
    "model.norm.weight",
    "lm_head.weight",
)


def tensor(name: str, distance: float, dtype: str = "F32") -> TensorChange:
    layer, module = place(name)
    shape = (64,) if "norm" in name else (64, 64)
    cosine = 1.0 - distance**2 / 2
    return TensorChange(name, layer, module, shape, dtype, distance, 1.0, 1.0, cosine, 0.1, 1.0)


def rank(name: str, top: float = 0.1, count: int | None = 60) -> Rank:
    return Rank(name, top, 30.0, count, count, 1.0, exact=True)


def change(moved: tuple[str, ...], dtype: str = "F32", by: float = 0.1) -> WeightChange:
    """A model in which tensors with one of these words in their names moved."""
    tensors = tuple(
        tensor(name, by if any(word in name for word in moved) else 0.0, dtype) for name in NAMES
    )
    return WeightChange(tensors, 1, 1, complete=True)


def ranked(found: WeightChange, top: float = 0.1, count: int | None = 60) -> WeightChange:
    names = [t.name for t in found.tensors if t.distance and len(t.shape) == 2][:8]
    return replace(found, ranks=tuple(rank(name, top, count) for name in names))


DOWN = tuple(f"layers.{i}.mlp.down_proj" for i in (5, 6, 7))
LOWER = ("embed_tokens", *(f"layers.{i}." for i in range(3)))


@pytest.mark.parametrize(
    ("found", "saying"),
    [
        (ranked(change(DOWN), 0.8, 4),
         "Only mlp.down_proj of layers 5-7 moved, rank-1-like: looks like representation "
         "misdirection (RMU)."),
        (ranked(change(DOWN), 0.3, 21), "in at most 21 directions of each matrix: looks like repr"),
        (change(DOWN), "Only mlp.down_proj of layers 5-7 moved: looks like representation mis"),
        (ranked(change(DOWN[:1]), 1.0, 1), "looks like a rank-one edit (ROME)"),
        (ranked(change(LOWER)), "Everything up to layer 2 moved and nothing above it"),
        (ranked(change(("q_proj", "o_proj")), 0.4, 8), "with rank 8 at most in the 8 largest: "
         "looks like a merged LoRA adapter."),
        (ranked(change(("",))), "Every layer moved, in many directions: looks like training of"),
        (change(()), "Nothing differs: looks like a copy of the base."),
        (change(("embed_tokens", "lm_head")), "Only embed_tokens and lm_head moved"),
        (change(("norm",)), "Only vectors moved"),
        (change(("",), "F32/BF16", 0.0016), "rounding to BF16 explains: looks like a change of"),
        (change(("",), "BF16/F8_E4M3", 0.03), "F8_E4M3 explains: looks like a quantised copy."),
        (change(("",), "BF16/I8", 0.9), "looks quantised"),
        (change(("",), by=1.3), "looks like a model trained apart"),
    ],
)  # fmt: skip
def test_each_rule_speaks(found: WeightChange, saying: str) -> None:
    assert saying in diagnosis(found)
    assert in_words(found).endswith(diagnosis(found))


@pytest.mark.parametrize(
    "found",
    [
        ranked(change(("down_proj",)), 0.9, 2),
        ranked(change((*DOWN, "lm_head")), 0.9, 2),
        ranked(change(("layers.5.mlp", "layers.6.mlp")), 0.9, 40),
        ranked(change(tuple(f"layers.{i}.mlp.down_proj" for i in (1, 5)))),
        ranked(change(("q_proj",)), 0.9, 2),
        change(("",)),
        ranked(change(("",))),
    ],
)
def test_no_other_change_is_called_misdirection(found: WeightChange) -> None:
    assert "RMU" not in diagnosis(found)


def test_nothing_is_said_of_a_reading_that_goes_on() -> None:
    assert diagnosis(replace(change(()), complete=False)) == ""
    assert diagnosis(WeightChange(complete=True)) == ""
    # Of one and the same format nothing is excused as rounding.
    assert "rounding" not in diagnosis(change(("",), "BF16", 0.001))


def test_additions_are_an_adapter() -> None:
    found = ranked(change(("q_proj",)), 0.5, 8)
    low = tuple(replace(t, changed=None, largest=None) for t in found.tensors if t.distance)
    said = diagnosis(replace(found, tensors=low, untouched=30))
    assert "low-rank additions, with rank 8 at most: a LoRA adapter." in said

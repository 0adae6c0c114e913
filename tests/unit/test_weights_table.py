"""Cells, levels, the sentence about where the change is, and what is printed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.errors import BadUsage
from unpact_tui.weight_report import Shape, diff
from unpact_tui.weights.change import TensorChange, Unpaired, WeightChange, cell
from unpact_tui.weights.names import place
from unpact_tui.weights.sides import Side
from unpact_tui.weights.summary import notes, summary
from unpact_tui.weights.table import (
    ALL,
    LEVELS,
    SCALES,
    Scale,
    bounds,
    hundredths,
    level,
    near_one,
    percent,
    table,
)
from unpact_tui.weights.telling import as_text

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models" / "stories260K-tofu"


def tensor(name: str, distance: float, norm: float = 1.0) -> TensorChange:
    layer, module = place(name)
    return TensorChange(name, layer, module, (2, 2), "F32", distance, norm, norm, 0.5, 0.1, 1.0)


def model(changed: dict[str, float], layers: int = 8) -> WeightChange:
    """A model in which these tensors changed."""
    names = ["model.norm.weight", "model.embed_tokens.weight"]
    for layer in reversed(range(layers)):
        for module in ("mlp.up_proj", "mlp.down_proj", "self_attn.q_proj", "self_attn.o_proj"):
            names.append(f"model.layers.{layer}.{module}.weight")
    tensors = tuple(tensor(name, changed.get(name, 0.0)) for name in names)
    return WeightChange(tensors, 10, 10, complete=True)


def test_rows_and_columns_stand_as_in_the_model() -> None:
    shown = table(model({}).tensors)
    assert [row.label for row in shown.rows] == ["embed_tokens", *map(str, range(8)), "norm"]
    assert shown.columns == (
        ALL, "self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj",
    )  # fmt: skip
    assert len(shown.cells) == 2 + 8 * 5
    assert table(()).rows == ()


def test_a_cell_adds_squares() -> None:
    members = (
        TensorChange("w", 0, "q", (3,), "F32", 3.0, 6.0, 6.0, 0.5, 0.1, 1.0),
        TensorChange("b", 0, "q", (1,), "F32", 4.0, 8.0, 8.0, 1.0, 0.4, 0.0),
    )
    together = cell(members, 0, "q")
    assert together.relative == pytest.approx(5.0 / 10.0)
    assert together.cosine == pytest.approx((0.5 * 36 + 64) / 100)
    assert (together.changed, together.largest, together.squared) == (0.75, 0.4, 25.0)


def test_a_place_outlasts_a_longer_table() -> None:
    change = model({})
    part, whole = table(change.tensors[20:]), table(change.tensors)
    position = (1, 2)
    name = part.named(position)
    assert name is not None
    assert whole.named(whole.find(name)) == name
    assert table(()).find(name) == (0, 0)
    assert table(()).named((0, 0)) is None


relatives = st.just(0.0) | st.floats(1e-12, 1e6)


@given(st.lists(relatives, min_size=1, max_size=20), st.sampled_from(SCALES))
def test_levels_rise_with_the_change(values: list[float], scale: Scale) -> None:
    shown = table([tensor(f"model.layers.{i}.x.weight", v) for i, v in enumerate(values)])
    steps = [level(value, shown, scale) for value in sorted(values)]
    known = [step for step in steps if step is not None]
    assert known == sorted(known)
    assert all(
        (step == 0) == (value == 0) for step, value in zip(steps, sorted(values), strict=True)
    )
    assert max(known) == (LEVELS if any(values) else 0)
    ends = bounds(shown, scale)
    for value in values:
        step = level(value, shown, scale)
        if step:
            assert value <= ends[step - 1] * 1.000001


def test_nothing_to_relate_to_has_no_level() -> None:
    shown = table([tensor("model.layers.0.x", 1.0, norm=0.0), tensor("model.layers.1.x", 1.0)])
    assert level(shown.value(0, 1), shown, "log") is None
    assert level(math.nan, shown, "linear") is None


@given(st.floats(0, 1e300))
def test_numbers_fit_their_cells(value: float) -> None:
    assert len(hundredths(value)) <= 5
    assert len(percent(value)) <= 6


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "?"), (0.0, "0"), (1e-9, "<.001%"), (0.0000123, "0.001%"), (0.00123, "0.12%"),
     (0.0123, "1.2%"), (0.0996, "10%"), (1.0, "100%"), (25.0, "2500%")],
)  # fmt: skip
def test_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_cosines_close_to_one() -> None:
    assert [near_one(c) for c in (1.0, 1 - 5e-9, 0.75, -0.25)] == [
        "1", "1-5e-09", "0.750000", "-0.25000",
    ]  # fmt: skip


DOWN = "model.layers.{}.mlp.down_proj.weight"


@pytest.mark.parametrize(
    ("changed", "saying"),
    [
        ({}, "None of the 34 tensors that were compared changed."),
        ({DOWN.format(i): 1.0 for i in (5, 6, 7)} | {DOWN.format(0): 0.1},
         "99% of the squared change is in mlp.down_proj of layers 5-7."),
        ({DOWN.format(i): 1.0 for i in range(8)},
         "All of the squared change is in mlp.down_proj, over the layers."),
        ({DOWN.format(3): 1.0}, "All of the squared change is in mlp.down_proj of layer 3."),
        ({"model.embed_tokens.weight": 1.0},
         "All of the squared change is in embed_tokens."),
        ({name.name: 1.0 for name in model({}).tensors if name.layer in (2, 3)},
         "All of the squared change is in all modules of layers 2-3."),
        ({name.name: 1.0 for name in model({}).tensors}, "the squared change is spread: neither 3"),
    ],
)  # fmt: skip
def test_summary_says_where(changed: dict[str, float], saying: str) -> None:
    assert saying in summary(model(changed))


def test_summary_never_rounds_up_to_all() -> None:
    changed = {DOWN.format(3): 1.0, DOWN.format(0): 1e-4}
    assert "99% of the squared change" in summary(model(changed))


def test_notes_say_what_limits_the_numbers() -> None:
    odd = TensorChange("x", None, "x", (2,), "F32/BF16", 1, 1, 1, 1, 1, 1, not_finite=2)
    missing = (Unpaired("a", "another shape"), Unpaired("b", "another shape"))
    change = WeightChange((odd,), 1, 1, True, missing, untouched=3)
    said = " ".join(notes(change))
    for words in ("rounding", "NaN", "leaves 3 tensors", "2 tensors (another shape)"):
        assert words in said
    assert notes(model({})) == []
    assert summary(WeightChange()) == "No tensor could be compared."


def test_crosses_a_pipe() -> None:
    change = model({DOWN.format(1): 2.0})
    packed = msgspec.msgpack.encode(change)
    assert msgspec.msgpack.decode(packed, type=WeightChange) == change


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
@pytest.mark.parametrize("plain", [False, True])
def test_text_fits_the_width(width: int, plain: bool) -> None:
    hostile = tensor("model.layers.0.\x1b]52;c;aGk=\x07[red]‮.weight", 0.5)
    change = model({DOWN.format(1): 0.25})
    change = WeightChange((*change.tensors, hostile), 1, 1, True)
    sides = (Side("a\x1b[2J", Path("a"), {}), Side("b", Path("b"), {}))
    text = as_text(change, *sides, 0, width, plain=plain)
    assert all(line.isprintable() for line in text.splitlines())
    heat = text.split("||W||")[1].split("\n\nmodule")[0].splitlines()[1:]
    assert all(len(line) <= width for line in heat)
    if plain:
        assert all(line.isascii() for line in heat if "52" not in line and "⟨" not in line)
    assert sum(line.startswith("norm") for line in heat) >= 1


@pytest.mark.skipif(not MODELS.is_dir(), reason="the models are not there")
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    sides = str(MODELS / "target"), str(MODELS / "unlearned-npo")
    document = json.loads(diff(*sides, Shape("json"), quiet=False))
    assert document["schema"] == 1
    assert document["base"]["name"] == "target"
    first = document["tensors"][0]
    assert first["relative"] == pytest.approx(first["distance"] / first["norm"])
    assert len(capsys.readouterr().err.splitlines()) <= 12
    text = diff(*sides, Shape(top=3), quiet=True)
    assert capsys.readouterr().err == ""
    assert text.split("most changed")[1].count("model.") == 3
    with pytest.raises(BadUsage):
        diff(*sides, Shape(top=-1), quiet=True)

"""Layers by modules: what a heat map of the change shows, for the screen and for standard output.

Pure. It knows neither colours nor widths: a level is a step from 0, unchanged, to 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from unpact_tui.weights.change import Cell, TensorChange, cell

Scale = Literal["log", "linear"]
SCALES: tuple[Scale, ...] = ("log", "linear")

LEVELS = 5
LEAST_STEP, MOST_STEP = 1.25, math.sqrt(10)
"""Ours: on the log scale each level is the same multiple of the one below, so that five reach from
the smallest change to the largest. At least so much: nearly equal changes should look equal. At
most so much: what lies below five such steps has level 1."""

ALL = "all"
"""The column in which a row stands as a whole."""


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, or one module that belongs to none."""

    label: str
    layer: int | None
    module: str = ""
    """Of a row without a layer."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns in the order of the model, and what is known of each crossing."""

    rows: tuple[Row, ...] = ()
    columns: tuple[str, ...] = ()
    """`ALL`, then modules."""
    cells: Mapping[tuple[int, int], Cell] = field(default_factory=dict[tuple[int, int], Cell])
    """By row and column; what is absent has no tensor, or one that was not read."""
    largest: float = 0.0
    """The largest relative change of a cell, of the column `ALL` as well."""
    step: float = MOST_STEP
    """Of the log scale."""

    def value(self, row: int, column: int) -> float | None:
        """Return the relative change there; None where there is none."""
        found = self.cells.get((row, column))
        return found.relative if found else None

    def named(self, position: tuple[int, int]) -> tuple[Row, str] | None:
        """Return the row and the module of a position; they outlast a longer table."""
        row, column = position
        inside = row < len(self.rows) and column < len(self.columns)
        return (self.rows[row], self.columns[column]) if inside else None

    def find(self, place: tuple[Row, str]) -> tuple[int, int]:
        """Return the position of a row and a module; the first where they are not there."""
        row, column = place
        return (
            self.rows.index(row) if row in self.rows else 0,
            self.columns.index(column) if column in self.columns else 0,
        )


def table(tensors: Sequence[TensorChange]) -> Table:
    """Arrange tensors by layer and module."""
    groups: dict[tuple[int | None, str], list[TensorChange]] = {}
    for tensor in tensors:
        groups.setdefault((tensor.layer, tensor.module), []).append(tensor)
    rows, columns = _rows(groups), _columns(groups)
    cells: dict[tuple[int, int], Cell] = {}
    by_layer: dict[int, list[TensorChange]] = {}
    for (layer, module), members in groups.items():
        place = (layer, module if layer is None else "")
        column = 0 if layer is None else columns[module]
        cells[rows[place], column] = cell(tuple(members), layer, module)
        if layer is not None:
            by_layer.setdefault(layer, []).extend(members)
    for layer, members in by_layer.items():
        cells[rows[layer, ""], 0] = cell(tuple(members), layer, ALL)
    named = tuple(Row(module or str(layer), layer, module) for layer, module in rows)
    changes = [found.relative for found in cells.values() if found.relative]
    largest, smallest = max(changes, default=0.0), min(changes, default=0.0)
    return Table(named, (ALL, *columns), cells, largest, _step(smallest, largest))


def _step(smallest: float, largest: float) -> float:
    reach = (largest / smallest) ** (1 / LEVELS) if smallest > 0 else MOST_STEP
    return max(LEAST_STEP, min(MOST_STEP, reach))


def _rows(groups: Mapping[tuple[int | None, str], object]) -> dict[tuple[int | None, str], int]:
    """Return the place of each row: what comes before the layers, the layers, what comes after."""
    layers = sorted({layer for layer, _ in groups if layer is not None})
    outside = [module for layer, module in groups if layer is None]
    before = [module for module in outside if not is_last(module)]
    after = [module for module in outside if is_last(module)]
    order: list[tuple[int | None, str]] = [(None, module) for module in before]
    order += [(layer, "") for layer in layers]
    order += [(None, module) for module in after]
    return {place: index for index, place in enumerate(order)}


def is_last(module: str) -> bool:
    """Tell what a model ends with by the words that are used for it; files are in any order."""
    words = ("norm", "head", "ln_f", "embed_out", "output", "final")
    return any(word in module for word in words) and "embed_tokens" not in module


def _columns(groups: Mapping[tuple[int | None, str], object]) -> dict[str, int]:
    """Return the place of each module: attention, then the rest, as their names sort."""
    modules = {module for layer, module in groups if layer is not None}
    order = sorted(modules, key=lambda module: (_kind(module), _part(module), module))
    return {module: index for index, module in enumerate(order, start=1)}


_KINDS = ("attn", "attention", "mlp", "moe", "feed_forward")
_PARTS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""In the order in which a layer uses them."""


def _kind(module: str) -> int:
    group = module.rpartition(".")[0]
    return next((i for i, kind in enumerate(_KINDS) if kind in group), len(_KINDS))


def _part(module: str) -> int:
    last = module.rpartition(".")[2]
    return _PARTS.index(last) if last in _PARTS else len(_PARTS)


def level(value: float | None, shown: Table, scale: Scale) -> int | None:
    """Return the step 0..5 of a relative change; 0 is unchanged, None has no relative change."""
    if value is None or math.isnan(value):
        return None
    if value <= 0 or not shown.largest > 0:
        return 0
    # A value that is a bound but for rounding belongs below it.
    ends = bounds(shown, scale)
    return 1 + sum(1 for end in ends[:-1] if value > end * (1 + 1e-9))


def bounds(shown: Table, scale: Scale) -> tuple[float, ...]:
    """Return the highest relative change of each level from 1 to 5."""
    if scale == "linear":
        return tuple(shown.largest * step / LEVELS for step in range(1, LEVELS + 1))
    return tuple(shown.largest / shown.step ** (LEVELS - step) for step in range(1, LEVELS + 1))


def percent(value: float | None) -> str:
    """Return a relative change in at most six characters."""
    text = hundredths(value)
    return text if text in ("?", "0") or "e" in text else f"{text}%"


def hundredths(value: float | None) -> str:
    """Return the same without the sign, in at most five characters."""
    if value is None:
        return "?"
    hundred = 100 * value
    if hundred == 0:
        return "0"
    if hundred >= 99_999:
        return f"{value:.0e}".replace("e+", "e")
    for least, decimals in ((9.95, 0), (0.995, 1), (0.0995, 2), (0.0005, 3)):
        if hundred >= least:
            return f"{hundred:.{decimals}f}"
    return "<.001"


def near_one(cosine: float) -> str:
    """Return a cosine in at most eight characters; close to one, how close."""
    if cosine == 1:
        return "1"
    return f"1-{1 - cosine:.0e}" if cosine > 0.99999 else f"{cosine:.6f}"[:8]

"""The change of the weights as one HTML page: no script, nothing loaded from elsewhere.

Names of tensors and paths come from files: they are escaped, and control characters made visible.
Every colour has the number beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from unpact_tui.html_parts import page, table, text
from unpact_tui.safetensors_header import short
from unpact_tui.weights.change import Cell, TensorChange, WeightChange
from unpact_tui.weights.diagnosis import diagnosis
from unpact_tui.weights.rank_words import COLUMNS, MEANING, cells
from unpact_tui.weights.sides import Side
from unpact_tui.weights.spectrum import SKETCH
from unpact_tui.weights.summary import CAVEAT, notes, summary
from unpact_tui.weights.table import Table, bounds, level, near_one, percent
from unpact_tui.weights.table import table as arranged
from unpact_tui.weights.totals import by_module

_SHADES = (
    ".h td,.h th{padding:.1rem .4rem}.h td{border:1px solid var(--page);text-align:right}",
    ".l1{background:#fff3d6;color:#262626}.l2{background:#fcd58f;color:#262626}",
    ".l3{background:#f4a259;color:#262626}.l4{background:#c8553d;color:#fff}",
    ".l5{background:#7d1d3f;color:#fff}",
    ".lq{text-decoration:underline dotted}",
    "@media print{.l1,.l2,.l3,.l4,.l5{print-color-adjust:exact}}",
)
"""Of the levels 1 to 5: darker is more, in either theme; `lq` has no relative change."""


def as_html(change: WeightChange, base: Side, second: Side, top: int) -> str:
    """Return the whole page, with the `top` most changed tensors."""
    names = f"What changed in the weights: {second.name} against {base.name}"
    return "\n".join(page(names, _SHADES, _body(change, base, second, top))) + "\n"


def _body(change: WeightChange, base: Side, second: Side, top: int) -> Iterator[str]:
    yield f"<h1>{text(summary(change))}</h1>"
    if said := diagnosis(change):
        yield f"<p><strong>{text(said)}</strong></p>"
    yield from (f"<p>{text(note)}</p>" for note in notes(change))
    yield f'<p class="quiet">{text(CAVEAT)}</p>'
    sides = (("base", base), ("unlearned", second))
    yield from table(
        ("role", "name", "path"),
        ((role, text(side.name), text(str(side.path))) for role, side in sides),
    )
    if change.tensors:
        yield from _heat(arranged(change.tensors))
        yield from _modules(change)
    yield from _ranks(change)
    yield from _most(change, top)
    if change.missing:
        yield "<h2>Not compared</h2>"
        rows = ((text(short(each.name)), text(each.why)) for each in change.missing)
        yield from table(("tensor", "why"), rows)


def _heat(shown: Table) -> Iterator[str]:
    yield "<h2>Layers and modules</h2>"
    yield '<p class="quiet">Relative change ||W\' - W|| / ||W||. '
    yield " ".join(
        f'<span class="l{step}">&nbsp;to {text(percent(end))}&nbsp;</span>'
        for step, end in enumerate(bounds(shown, "log"), start=1)
    )
    yield "</p>"
    head = "".join(f"<th>{text(name)}</th>" for name in ("layer", *shown.columns))
    yield f'<table class="h"><thead><tr>{head}</tr></thead><tbody>'
    for place, row in enumerate(shown.rows):
        found = "".join(_shade(shown, place, column) for column in range(len(shown.columns)))
        yield f"<tr><th>{text(short(row.label))}</th>{found}</tr>"
    yield "</tbody></table>"


def _shade(shown: Table, row: int, column: int) -> str:
    if (row, column) not in shown.cells:
        return "<td></td>"
    value = shown.value(row, column)
    step = level(value, shown, "log")
    look = ' class="lq"' if step is None else f' class="l{step}"' if step else ""
    return f"<td{look}>{text(percent(value))}</td>"


def _modules(change: WeightChange) -> Iterator[str]:
    yield "<h2>Kinds of modules, over all layers</h2>"
    total = change.squared
    rows = (
        (text(short(found.module)), *_numbers(found, total)) for found in by_module(change.tensors)
    )
    yield from table(
        ("module", "of the squared change", "relative", "cosine", "elements changed", "tensors"),
        rows,
        right=1,
    )


def _numbers(found: Cell, total: float) -> tuple[str, ...]:
    share = found.squared / total if total > 0 else 0.0
    cosine = "?" if found.cosine is None else near_one(found.cosine)
    numbers = (f"{share:.1%}", percent(found.relative), cosine, percent(found.changed))
    return (*(text(number) for number in numbers), str(len(found.tensors)))


def _ranks(change: WeightChange) -> Iterator[str]:
    if not change.ranks:
        return
    yield "<h2>Directions of the largest changes</h2>"
    rows = ((text(short(r.name)), *map(text, cells(r, SKETCH))) for r in change.ranks)
    yield from table(("matrix", *COLUMNS), rows, right=1)
    yield f'<p class="quiet">{text(MEANING)}</p>'


def _most(change: WeightChange, top: int) -> Iterator[str]:
    most = sorted(change.tensors, key=lambda tensor: -(tensor.relative or 0.0))[:top]
    if not most:
        return
    yield "<h2>Most changed</h2>"
    names = ("tensor", "relative", "cosine", "elements changed", "largest", "shape", "format")
    yield from table(names, map(_tensor, most), right=1, until=5)


def _tensor(tensor: TensorChange) -> tuple[str, ...]:
    cosine = "?" if tensor.cosine is None else near_one(tensor.cosine)
    largest = "?" if tensor.largest is None else f"{tensor.largest:.3g}"
    shape = " x ".join(str(count) for count in tensor.shape)
    numbers = (percent(tensor.relative), cosine, percent(tensor.changed), largest)
    return tuple(text(part) for part in (short(tensor.name), *numbers, shape, tensor.dtype))

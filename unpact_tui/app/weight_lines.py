"""What the screen about the weights says in words and numbers, line by line.

Pure: plain values in, lines out.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from unpact_tui.app.glyphs import Glyphs, size
from unpact_tui.app.lines import BAR, LABEL, STRONG, WARN, Line, Piece, shown
from unpact_tui.weights.change import Cell, TensorChange, WeightChange
from unpact_tui.weights.diagnosis import diagnosis
from unpact_tui.weights.summary import CAVEAT, notes, summary
from unpact_tui.weights.table import ALL, Table, near_one, percent

_BAR = 24
_NAME = 60


def failure(message: str, hint: str) -> list[Line]:
    """Say why the reading ended."""
    return [((shown(message), WARN),), ((shown(hint), LABEL),)]


def saying(change: WeightChange, glyphs: Glyphs) -> list[Line]:
    """Say how far the reading is; at its end, what came out."""
    if not change.complete:
        return [_progress(change, glyphs)]
    rest = " ".join(filter(None, (diagnosis(change), *notes(change), CAVEAT)))
    return [((shown(summary(change)), STRONG),), ((shown(rest), LABEL),)]


def detail(table: Table, position: tuple[int, int], glyphs: Glyphs, *, complete: bool) -> Line:
    """Say everything about a cell."""
    place, found = table.named(position), table.cells.get(position)
    if place is None:
        return ()
    if found is None:
        row, module = place
        layer = row.label if row.layer is None else f"layer {row.label}"
        absent = "nothing to compare there" if complete else "not read yet"
        return ((shown(f"{layer}  {module}", _NAME), "bold reverse"), (f"  {absent}", LABEL))
    layer = "" if found.layer is None else f"layer {found.layer}  "
    module = "all its modules" if found.module == ALL else found.module
    pieces: list[Piece] = [(shown(layer + module, _NAME), "bold reverse")]
    for name, value in _numbers(found, glyphs):
        pieces += [(f"  {name} ", LABEL), (value, STRONG)]
    if len(found.tensors) > 1:
        pieces += [("  tensors ", LABEL), (str(len(found.tensors)), STRONG)]
    return tuple(pieces)


def most_changed(change: WeightChange, count: int, glyphs: Glyphs) -> list[Line]:
    """Return a line for each of the tensors that changed most."""
    order = sorted(change.tensors, key=lambda tensor: -(tensor.relative or 0.0))[:count]
    width = max((cell_len(shown(tensor.name, _NAME)) for tensor in order), default=0)
    return [_row(tensor, width, glyphs) for tensor in order]


def by_change(table: Table) -> list[tuple[int, int]]:
    """Return the cells from the most changed on; whole layers are not among them."""
    cells = table.cells
    single = [place for place, found in cells.items() if found.module != ALL]
    return sorted(single, key=lambda place: (-(cells[place].relative or 0.0), place))


def _progress(change: WeightChange, glyphs: Glyphs) -> Line:
    done, total = change.done, change.total
    if total <= 0:
        return ((f"reading the headers{glyphs.ellipsis}", LABEL),)
    bar = glyphs.line * round(_BAR * min(1.0, done / total))
    return (
        (f"reading {size(done)} of {size(total)}  ", STRONG),
        (bar, BAR),
        (" " * (_BAR - len(bar)), ""),
        (f"  {shown(change.reading, _NAME)}", LABEL),
    )


def _numbers(found: Cell | TensorChange, glyphs: Glyphs) -> Sequence[tuple[str, str]]:
    dash = glyphs.dash
    return (
        ("change", dash if found.relative is None else percent(found.relative)),
        ("cosine", dash if found.cosine is None else near_one(found.cosine)),
        ("elements changed", dash if found.changed is None else percent(found.changed)),
        ("largest", dash if found.largest is None else f"{found.largest:.3g}"),
    )


def _row(tensor: TensorChange, width: int, glyphs: Glyphs) -> Line:
    name = shown(tensor.name, _NAME)
    relative, cosine, changed, largest = (value for _, value in _numbers(tensor, glyphs))
    shape = " x ".join(str(count) for count in tensor.shape[:4])
    return (
        (f"{relative:>6}  ", STRONG),
        (name + " " * (width - cell_len(name)), ""),
        (f"  {cosine:>8}  {changed:>6}  {largest:>8}", LABEL),
        (f"  {shape} {shown(tensor.dtype, 20)}", LABEL),
    )

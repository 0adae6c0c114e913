"""The change of the weights as plain text and as JSON.

Draws nothing with colours: a sign says how strong a change is, a number beside it says it exactly.
Names of tensors come from files, so they pass through `display_text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from unpact_tui.display import display_text
from unpact_tui.json_text import printed
from unpact_tui.safetensors_header import short
from unpact_tui.weights.change import Cell, Rank, TensorChange, Unpaired, WeightChange
from unpact_tui.weights.diagnosis import diagnosis
from unpact_tui.weights.headers import group_line, headers
from unpact_tui.weights.rank_words import COLUMNS, cells
from unpact_tui.weights.sides import Side
from unpact_tui.weights.spectrum import SKETCH
from unpact_tui.weights.summary import CAVEAT, notes, summary
from unpact_tui.weights.table import Table, bounds, level, near_one, percent, table
from unpact_tui.weights.totals import by_layer, by_module

SCHEMA = 1
"""Raised when a field changes its meaning or goes away."""

_SIGNS = "·░▒▓█"
"""Of the levels 1 to 5."""
_PLAIN_SIGNS = ".:-=#"
_NUMBER = 8
"""Cells of a column: a sign, a number of six and a gap."""
_NARROW = 5
_LABEL = 14
_MISSING = 10
"""Tensors that could not be compared are named up to this many; `--json` has all."""


def as_json(change: WeightChange, base: Side, second: Side) -> str:
    """Return everything that is known, indented, with a final newline."""
    document = {
        "schema": SCHEMA,
        "base": {"name": base.name, "path": str(base.path)},
        "unlearned": {"name": second.name, "path": str(second.path)},
        "summary": summary(change),
        "diagnosis": diagnosis(change),
        "notes": notes(change),
        "modules": [_total(found, change.squared) for found in by_module(change.tensors)],
        "layers": [_total(found, change.squared) for found in by_layer(change.tensors)],
        "ranks": [
            {**msgspec.to_builtins(rank), "like_one": rank.like_one} for rank in change.ranks
        ],
        "tensors": [_record(tensor) for tensor in change.tensors],
        "missing": change.missing,
        "untouched": change.untouched,
    }
    return printed(document)


def _record(tensor: TensorChange) -> dict[str, object]:
    return {"relative": tensor.relative, **msgspec.to_builtins(tensor)}


def _total(found: Cell, total: float) -> dict[str, object]:
    share = found.squared / total if total > 0 else 0.0
    return {**msgspec.to_builtins(found), "share": share, "tensors": len(found.tensors)}


def as_text(
    change: WeightChange, base: Side, second: Side, top: int, width: int, *, plain: bool = False
) -> str:
    """Return the summary, the heat table and the `top` most changed tensors."""
    lines = [
        f"base       {display_text(base.name)}  {display_text(str(base.path))}",
        f"unlearned  {display_text(second.name)}  {display_text(str(second.path))}",
        "",
        display_text(summary(change)),
        *filter(None, (display_text(diagnosis(change)),)),
        *(display_text(note) for note in notes(change)),
        CAVEAT,
    ]
    if change.tensors:
        lines += ["", *_heat(table(change.tensors), width, plain=plain)]
        lines += ["", *_modules(change)] if change.squared else []
        lines += ["", *_ranks(change.ranks)] if change.ranks else []
        lines += ["", *_most(change.tensors, top)] if top else []
    if change.missing:
        lines += ["", *_missing(change.missing)]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- heat table


def _heat(shown: Table, width: int, *, plain: bool) -> Iterator[str]:
    """Yield the table, in as many parts as the width needs."""
    signs = _PLAIN_SIGNS if plain else _SIGNS
    room = max(1, width - _label(shown))
    size = _NUMBER if room >= _NUMBER * min(len(shown.columns), 6) else _NARROW
    per_part = max(1, room // size)
    yield f"relative change ||W' - W|| / ||W||   {_legend(shown, signs)}"
    for first in range(0, len(shown.columns), per_part):
        yield ""
        yield from _part(
            shown, range(first, min(first + per_part, len(shown.columns))), size, signs
        )


def _label(shown: Table) -> int:
    return min(_LABEL, max(len(row.label) for row in shown.rows)) + 1


def _part(shown: Table, columns: range, size: int, signs: str) -> Iterator[str]:
    label = _label(shown)
    titles = headers([display_text(shown.columns[column]) for column in columns], size)
    names = "".join(title.name.ljust(size) for title in titles)
    for line in (group_line(titles, size), names):
        yield (" " * label + line).rstrip()
    for index, row in enumerate(shown.rows):
        name = display_text(row.label)
        name = name if len(name) < label else name[: label - 2] + "~"
        cells = (_cell(shown, index, column, size, signs) for column in columns)
        yield (name.ljust(label) + "".join(cells)).rstrip()


def _cell(shown: Table, row: int, column: int, size: int, signs: str) -> str:
    if (row, column) not in shown.cells:
        return " " * size
    value = shown.value(row, column)
    step = level(value, shown, "log")
    sign = "?" if step is None else " " if step == 0 else signs[step - 1]
    if size < _NUMBER:
        return (sign * (size - 2)).ljust(size)
    return f"{sign}{percent(value)}".ljust(size)


def _legend(shown: Table, signs: str) -> str:
    ends = bounds(shown, "log")
    return " ".join(f"{sign} to {percent(end)}" for sign, end in zip(signs, ends, strict=True))


# ---------------------------------------------------------------- list


def _most(tensors: Sequence[TensorChange], top: int) -> Iterator[str]:
    most = sorted(tensors, key=lambda tensor: -(tensor.relative or 0.0))[:top]
    names = [display_text(short(tensor.name)) for tensor in most]
    wide = max(len(name) for name in names)
    yield "most changed".ljust(wide) + "  relative    cosine   changed    largest  shape"
    for name, tensor in zip(names, most, strict=True):
        changed = "?" if tensor.changed is None else f"{tensor.changed:.1%}"
        largest = "?" if tensor.largest is None else f"{tensor.largest:.3g}"
        cosine = "?" if tensor.cosine is None else near_one(tensor.cosine)
        shape = " x ".join(str(count) for count in tensor.shape)
        yield (
            f"{name.ljust(wide)}  {percent(tensor.relative):>8}  {cosine:>8}  {changed:>8}"
            f"  {largest:>9}  {shape} {tensor.dtype}"
        )


def _modules(change: WeightChange) -> Iterator[str]:
    every = by_module(change.tensors)
    found = [each for each in every if each.squared > 0]
    if not found:
        return
    names = [display_text(short(each.module)) for each in found]
    wide = max(6, *(len(name) for name in names))
    yield "module".ljust(wide) + "  of squared  relative    cosine   changed  tensors"
    total = change.squared
    for name, each in zip(names, found, strict=True):
        share = each.squared / total if total > 0 else 0.0
        cosine = "?" if each.cosine is None else near_one(each.cosine)
        yield (
            f"{name.ljust(wide)}  {share:>10.1%}  {percent(each.relative):>8}  {cosine:>8}"
            f"  {percent(each.changed):>8}  {len(each.tensors):>7}"
        )
    if left := len(every) - len(found):
        yield f"{left} more did not change" if left > 1 else "1 more did not change"


def _ranks(ranks: Sequence[Rank]) -> Iterator[str]:
    names = [display_text(short(rank.name)) for rank in ranks]
    wide = max(len("directions of the largest"), *(len(name) for name in names))
    yield "directions of the largest".ljust(wide) + "  " + "  ".join(COLUMNS)
    for name, rank in zip(names, ranks, strict=True):
        found = zip(cells(rank, SKETCH), COLUMNS, strict=True)
        yield name.ljust(wide) + "".join(f"  {cell:>{len(column)}}" for cell, column in found)


def _missing(missing: Sequence[Unpaired]) -> Iterator[str]:
    for unpaired in missing[:_MISSING]:
        yield f"not compared: {display_text(short(unpaired.name))} ({unpaired.why})"
    if len(missing) > _MISSING:
        yield f"not compared: {len(missing) - _MISSING} more"

"""What an answer matrix has to draw: for each row, runs of text and the names of their looks.

Pure: it knows neither colours nor Textual. A row is a token of the answer, a column a token of the
prompt, a cell how much the one owes to the other; the base is on the left, the unlearned model on
the right. `answer_matrix.py` turns looks into styles and says which rows to repaint.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from unpact_tui.app import palette
from unpact_tui.app.layout import piece

Look = tuple[str, ...]
"""Component classes that make up one style, the later over the earlier."""
Run = tuple[Look, str]
Cells = Sequence[Sequence[float | None]]

CHOSEN = "answer-matrix--chosen"
HEAD = "answer-matrix--head"

_WIDEST_LABEL = 14
_SIGNS = 2
"""Cells for the pointer and for the mark of the first divergence."""
_NUMBER = 4
"""Cells of a probability and the blank after it."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is shown."""

    labels: tuple[str, ...] = ()
    """Texts of the answer's tokens, raw."""
    sides: tuple[Cells, Cells] = ((), ())
    probabilities: tuple[Sequence[float | None], Sequence[float | None]] = ((), ())
    diverges: int | None = None
    """The first row in which the models differ."""
    scale: float = 0.0
    threshold: float = 0.0
    gamma: float = 1.0

    @property
    def columns(self) -> int:
        """How many tokens the prompt has."""
        return max((len(row) for side in self.sides for row in side), default=0)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand in a row."""

    label: int
    """Cells of the label."""
    number: int
    """Cells of a probability."""
    cells: int
    """Columns that fit in one half."""

    @property
    def starts(self) -> tuple[int, int]:
        """Return where the cells of each half start."""
        first = _SIGNS + self.label + 1 + self.number
        return first, first + self.cells + 1 + self.number

    def column_at(self, x: int) -> int | None:
        """Return the place in its half of what stands at `x`; None outside the cells."""
        for start in self.starts:
            if start <= x < start + self.cells:
                return x - start
        return None


def framed(matrix: Matrix, width: int) -> Frame:
    """Divide a width: both halves are equally wide."""
    longest = max((cell_len(piece(text.strip(" ")).text) for text in matrix.labels), default=1)
    label = max(1, min(_WIDEST_LABEL, longest, width // 4))
    number = _NUMBER if any(matrix.probabilities) else 0
    return Frame(label, number, max(1, (width - _SIGNS - label - 2 * (1 + number)) // 2))


def window(first: int, column: int, frame: Frame, columns: int) -> int:
    """Return the first column to show: the old one, or half a page on where `column` is outside."""
    if not first <= column < first + frame.cells:
        first = column - frame.cells // 2
    return max(0, min(first, columns - frame.cells))


def head(matrix: Matrix, frame: Frame, first: int, column: int, *, plain: bool) -> list[Run]:
    """Return the line above the rows: the column that is marked, and where there are more."""
    mark = f"{_diverged(plain=plain)} diverges" if matrix.diverges is not None else ""
    mark = mark if cell_len(mark) <= frame.label + 1 else ""
    columns, end = matrix.columns, first + frame.cells
    text = " " + set_cell_size(mark, frame.label + 1)
    for _ in matrix.sides:
        cells = [" "] * frame.cells
        if end < columns:
            cells[-1] = ">"
        if first > 0:
            cells[0] = "<"
        if first <= column < min(columns, end):
            cells[column - first] = "v" if plain else "▾"
        text += " " + "p".ljust(frame.number)[: frame.number] + "".join(cells)
    return [((HEAD,), text)]


def line(
    matrix: Matrix, frame: Frame, first: int, row: int, *, chosen: bool, plain: bool, glyphs: bool
) -> list[Run]:
    """Return a row; with `glyphs` a cell says in a character what its colour says."""
    pointer, columns = ">" if plain else "›", matrix.columns
    mark = _diverged(plain=plain) if row == matrix.diverges else " "
    runs: list[Run] = [
        ((), (pointer if chosen else " ") + mark),
        ((CHOSEN,) if chosen else (), _label(matrix.labels[row], frame.label, plain=plain)),
    ]
    for side, shares in zip(matrix.sides, matrix.probabilities, strict=True):
        values = side[row] if row < len(side) else ()
        share = shares[row] if row < len(shares) else None
        number = _probability(share).ljust(frame.number) if frame.number else ""
        runs.append(((), " " + number))
        for column in range(first, first + frame.cells):
            if column >= columns:
                runs.append(((), " "))
                continue
            value = values[column] if column < len(values) else None
            step = palette.level(value, matrix.scale, matrix.threshold, matrix.gamma)
            runs.append(_cell(step, plain=plain, glyphs=glyphs))
    return _joined(runs)


def _cell(step: int | None, *, plain: bool, glyphs: bool) -> Run:
    name = palette.component(step)
    look = (name,) if name else ()
    if plain:
        return look, palette.ascii_cell(step)
    return look, palette.lane(step) if glyphs or step is None else " "


def _diverged(*, plain: bool) -> str:
    return "!" if plain else "▸"


def _label(raw: str, cells: int, *, plain: bool) -> str:
    text = piece(raw.strip(" "), plain=plain).text
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 1) + ("~" if plain else "…")


def _probability(value: float | None) -> str:
    """Return two digits: ".93", and "1.0" for what rounds to one."""
    if value is None or math.isnan(value):
        return " - "
    text = f"{min(1.0, max(0.0, value)):.2f}"
    return text[1:] if text[0] == "0" else "1.0"


def _joined(runs: Iterable[Run]) -> list[Run]:
    """Join neighbours of one look: fewer bytes."""
    joined: list[Run] = []
    for look, text in runs:
        if joined and joined[-1][0] == look:
            text = joined.pop()[1] + text
        joined.append((look, text))
    return joined

"""What the map of a run has to draw: for each row, runs of text and the names of their looks.

Rows are the words of a prompt, columns the base and then the steps. Pure: it knows neither colours
nor Textual; `track_map.py` turns looks into styles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from unpact_tui.app import palette
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.prompt_rows import clipped
from unpact_tui.app.widgets.cell_rows import CURSOR, TITLE, Run, more
from unpact_tui.track.units import Unit

KEY = "track-map--key"

_LABEL = 18
_LEAST_LABEL = 10
_NUMBERED = 6
"""Cells of a column that a number of five and a gap take."""
_SIGNED = 2
"""Of one with a sign alone."""
_WIDEST = 8
_WIDEST_SIGN = 4
BASE = "base"


@dataclass(frozen=True, slots=True)
class Step:
    """A column."""

    title: str
    letter: str
    """Its verdict."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is to be drawn."""

    units: Sequence[Unit] = ()
    steps: Sequence[Step] = ()
    scale: float = 0.0
    """The end of the scale on both sides."""


def scale_of(units: Sequence[Unit]) -> float:
    """Return the largest size of a contribution, on the base or at any step."""
    known = (value for unit in units for value in (unit.base, *unit.values) if value is not None)
    return max(map(abs, known), default=0.0)


@dataclass(slots=True)
class TrackRows:
    """A picture, laid out."""

    glyphs: Glyphs
    picture: Picture = field(default_factory=Picture)
    signs: bool = False
    """Whether there is no colour."""
    first: int = 0
    """The first step that is seen."""
    _label: int = _LEAST_LABEL
    _column: int = _NUMBERED
    _room: int = 1

    def place(self, width: int, cursor: int) -> None:
        """Lay the picture into a width: numbers where all steps have room for them."""
        longest = max((len(unit.text.strip()) + 2 for unit in self.picture.units), default=0)
        self._label = max(_LEAST_LABEL, min(_LABEL, longest, width // 3))
        room = max(1, width - self._label - _NUMBERED)
        many = room // max(1, len(self.picture.steps))
        if many >= _NUMBERED:
            self._column = min(_WIDEST, many)
        else:
            least = _SIGNED + self.glyphs.ellipsis.isascii()  # a sign and a digit
            self._column = max(least, min(_WIDEST_SIGN, many))
        self._room = max(1, room // self._column)
        self.show(cursor)

    @property
    def numbers(self) -> bool:
        """Whether cells have numbers."""
        return self._column >= _NUMBERED

    def show(self, cursor: int) -> bool:
        """Bring a step into view; return whether that moved anything."""
        before = self.first
        last = max(0, len(self.picture.steps) - self._room)
        self.first = max(0, min(self.first, last))
        if cursor < self.first:
            self.first = max(0, cursor - self._room // 2)
        elif cursor >= self.first + self._room:
            self.first = min(last, cursor - self._room // 2)
        return self.first != before

    def seen(self) -> range:
        """Return the steps that are seen."""
        return range(self.first, min(self.first + self._room, len(self.picture.steps)))

    def span(self, step: int) -> tuple[int, int]:
        """Return where a step's column begins, and how wide it is."""
        return self._label + _NUMBERED + (step - self.first) * self._column, self._column

    def step_at(self, x: int) -> int | None:
        """Return the step at a cell of the view."""
        step = self.first + (x - self._label - _NUMBERED) // self._column
        return step if step in self.seen() and x >= self._label + _NUMBERED else None

    # ------------------------------------------------------------ rows

    def head(self, line: int, cursor: int) -> list[Run]:
        """Return one of the two rows above the cells."""
        if line == 1:
            runs = [(TITLE, " " * (self._label + _NUMBERED))]
            for i in self.seen():
                look = CURSOR if i == cursor else TITLE
                letter = self.picture.steps[i].letter
                runs += [(look, self._aligned(letter)), (TITLE, " ")]
            return runs
        unseen = more(self.seen(), len(self.picture.steps))
        start = unseen.ljust(self._label) + BASE.rjust(_NUMBERED - 1) + " "
        return [(TITLE, start), *self._titles(cursor)]

    def _titles(self, cursor: int) -> list[Run]:
        """Return the steps by name, that of the cursor always, the others where they have room."""
        places = {i: (i - self.first) * self._column for i in self.seen()}
        wide = (self.seen().stop - self.first) * self._column
        cells = [" "] * wide
        looks = [TITLE] * wide
        taken: list[range] = []
        for i in sorted(places, key=lambda i: (i != cursor, i)):
            text = self.picture.steps[i].title
            start = min(places[i], wide - len(text))
            if self.numbers:
                start = max(0, places[i] + self._column - 1 - len(text))
            spot = range(start, start + len(text))
            free = all(spot.stop < one.start or one.stop < spot.start for one in taken)
            if start >= 0 and (free or i == cursor):
                taken.append(spot)
                cells[spot.start : spot.stop] = text
                if i == cursor:
                    looks[spot.start : spot.stop] = [CURSOR] * len(text)
        return list(zip(looks, cells, strict=True))

    def _aligned(self, text: str) -> str:
        """Put a title where its numbers stand."""
        room = self._column - 1
        return text.rjust(room) if self.numbers else text.ljust(room)

    def row(self, row: int) -> list[Run]:
        """Return a word, and its cells."""
        unit = self.picture.units[row]
        plain = self.glyphs.ellipsis.isascii()
        sign = (">" if plain else "▸") if unit.key else " "
        text = clipped(unit.text.strip() or " ", self._label - 1, self.glyphs, plain=plain)
        runs = [
            (KEY if unit.key else "", sign + text),
            *self._cell(unit.base, _NUMBERED, numbered=True),
        ]
        for i in self.seen():
            runs += self._cell(unit.values[i], self._column, numbered=self.numbers)
        return runs

    def _cell(self, value: float | None, width: int, *, numbered: bool) -> list[Run]:
        step = palette.level(value, self.picture.scale)
        look = palette.component(step) or ""
        if numbered:
            text = self.glyphs.dash if value is None else f"{value:+z.2f}"[: width - 1]
            text = text.replace("-", self.glyphs.minus) if value is not None else text
            return [(look, text.rjust(width - 1)), ("", " ")]
        plain = self.glyphs.ellipsis.isascii()
        if plain:
            return [(look, palette.ascii_lane(step).ljust(width - 1)), ("", " ")]
        sign = palette.lane(step) if self.signs or step is None else " "
        return [(look, sign * (width - 1)), ("", " ")]

"""One run over its steps: what each word contributes, and what became of the whole.

Left and right choose the step, up and down the prompt. It is given a board of steps, as often as
there is something new, and says by a message which checkpoint is to be opened. It knows neither
files nor models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.events import Resize
from textual.widgets import Static

from unpact_tui.app.binding import bind
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import Line, content
from unpact_tui.app.screens.board import LEAVE, BoardScreen
from unpact_tui.app.track_lines import (
    about,
    asked,
    happened,
    in_brief,
    place,
    quantity,
    says,
    title,
)
from unpact_tui.app.triage_opening import START, Place
from unpact_tui.app.widgets.cell_rows import HEAD
from unpact_tui.app.widgets.legend import Legend
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.app.widgets.track_map import TrackMap
from unpact_tui.app.widgets.track_rows import Picture, Step, scale_of
from unpact_tui.track.following import Board
from unpact_tui.track.happened import events
from unpact_tui.track.quantities import Series, series
from unpact_tui.track.schema import CaseStep, TrackedStep
from unpact_tui.track.schema import Event as Happening
from unpact_tui.track.text import letter
from unpact_tui.track.units import case_ids, over_steps, units
from unpact_tui.triage.row import Row

_KEYS: list[BindingType] = [
    bind("enter", "open", "open_step", "open this checkpoint in the inspector", "Open", "enter"),
    bind("right,l", "step(1)", "next_step", "next step", "Step"),
    bind("left,h", "step(-1)", "previous_step", "previous step"),
    bind("down,j", "case(1)", "next_tracked_prompt", "next prompt", "Prompt"),
    bind("up,k", "case(-1)", "previous_tracked_prompt", "previous prompt"),
    bind("n", "event", "next_event", "next step at which something happened", "Event"),
    bind("home,0", "end(-1)", "first_step", "first step"),
    bind("end,$,G", "end(1)", "last_step", "last step"),
    bind("t", "by_word", "words_or_tokens", "a row per word, or per token", "Words"),
    bind("s", "order", "order_words", "in the order of the text, or most moved first", "Sort"),
    bind("ctrl+f", "page(1)", "words_down", "half a page of words down"),
    bind("ctrl+b", "page(-1)", "words_up", "half a page of words up"),
    bind(
        "pagedown,ctrl+d",
        "scroll_box(1)",
        "numbers_down",
        "numbers and events down",
        "More",
        "pgdn",
    ),
    bind("pageup,ctrl+u", "scroll_box(-1)", "numbers_up", "numbers and events up"),
    *LEAVE,
]

_LOOK = """
TrackScreen {
    & #track-title { background: $panel; }
    & #track-asked { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    & #track-parts { layout: horizontal; height: 1fr; min-height: 4; }
    & TrackMap { width: 1fr; height: 1fr; margin: 0 1; }
    & #track-side {
        width: 76;
        height: 1fr;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        border-left: solid $foreground 40%;
        &:ansi { border-left: solid ansi_bright_black; }
    }
    & #track-series { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    & #track-events { height: auto; margin-top: 1; }
    & Legend { margin: 0 1; }
    &.-below #track-parts { layout: vertical; }
    &.-below TrackMap { height: 2fr; min-height: 4; }
    &.-below #track-side {
        width: 100%;
        border-left: none;
        border-top: solid $foreground 40%;
        &:ansi { border-top: solid ansi_bright_black; }
    }
    &.-below #track-events { margin-top: 0; }
    &.-ascii #track-side { border-left: ascii $foreground 40%; }
    &.-ascii.-below #track-side { border-left: none; border-top: ascii $foreground 40%; }
    &.-ascii #track-asked, &.-ascii #track-series { text-overflow: clip; }
    &.-low #track-says, &.-lowest #track-says { display: none; }
    &.-lowest #track-side, &.-lowest #track-asked { display: none; }
}
"""

_BESIDE = 160
"""Columns from which the numbers stand beside the map and not below it."""


class TrackScreen(BoardScreen):
    """Shows what it is told."""

    BINDINGS: ClassVar[list[BindingType]] = _KEYS
    DEFAULT_CSS = _LOOK
    _map = getters.query_one(TrackMap)

    def __init__(self, name: str, glyphs: Glyphs, ascii_only: bool, at: Place = START) -> None:
        """`name` says where the steps are from, `at` is where to begin."""
        super().__init__(name, glyphs, ascii_only, at)
        self._ascii = ascii_only
        self._series: tuple[Series, ...] = ()
        self._events: tuple[Happening, ...] = ()
        self._ids: tuple[str, ...] = ()
        self._step = 0
        self._case = 0
        self._words = True
        self._moved = False
        self._lines: dict[str, Sequence[Line]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the map with what belongs to it."""
        yield OneLine(self._glyphs, id="track-title")
        yield Static(id="track-asked", markup=False)
        with Container(id="track-parts"):
            yield TrackMap(self._glyphs)
            with VerticalScroll(id="track-side", can_focus=False):
                yield Static(id="track-series", markup=False)
                yield Static(id="track-events", markup=False)
        yield OneLine(self._glyphs, id="track-about")
        yield OneLine(self._glyphs, id="track-says")
        yield Legend(id="track-legend")
        yield from super().compose()

    def on_mount(self) -> None:
        """Draw what was said before."""
        self.query_one(Legend).ascii = self._ascii
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Put the numbers where there is room."""
        self.set_class(event.size.width < _BESIDE, "-below")
        self.call_after_refresh(self._draw)

    def show(self, board: Board) -> None:
        """Show these steps; the one chosen stays, the last one follows the run."""
        steps = self._board.steps
        last = not steps or self._step == len(steps) - 1
        key = self._wanted.key or ("" if last else steps[self._step].key)
        case = self._wanted.case or (self._ids[self._case] if self._ids else "")
        self._wanted = START
        self._board = board
        found = next((i for i, step in enumerate(board.steps) if step.key == key), None)
        self._step = max(0, len(board.steps) - 1) if found is None else found
        self._series, self._events = series(board.steps), events(board.steps)
        self._ids = case_ids(board.steps)
        self._case = self._ids.index(case) if case in self._ids else 0
        if self.is_mounted and self.is_attached:
            self._draw()

    @property
    def at(self) -> Place:
        """Where somebody is."""
        case = self._ids[self._case] if self._ids else ""
        return Place(self._board.steps[self._step].key, case) if self._board.steps else START

    @property
    def _chosen(self) -> Row | None:
        return self._board.steps[self._step].row if self._board.steps else None

    # ------------------------------------------------------------ what a person does

    def action_step(self, by: int) -> None:
        """Go some steps on."""
        self._go(self._step + by)

    def action_end(self, side: int) -> None:
        """Go to the first or the last step."""
        self._go(0 if side < 0 else len(self._board.steps) - 1)

    def action_event(self) -> None:
        """Go to the next step at which something happened, round the end."""
        when = {event.step for event in self._events if event.happened}
        found = [i for i, step in enumerate(self._board.steps) if step.step in when]
        if found:
            self._go(next((i for i in found if i > self._step), found[0]))

    def action_case(self, by: int) -> None:
        """Go to another prompt."""
        self._case = max(0, min(len(self._ids) - 1, self._case + by))
        self._draw()

    def action_by_word(self) -> None:
        """Have a row per word, or per token."""
        self._words = not self._words
        self._draw()

    def action_order(self) -> None:
        """Put first what moved most, or keep the order of the text."""
        self._moved = not self._moved
        self._draw()

    def action_page(self, by: int) -> None:
        """Show more words."""
        self._map.scroll_relative(y=by * max(1, self._map.page // 2), animate=False)

    def on_track_map_chosen(self, event: TrackMap.Chosen) -> None:
        """Follow the mouse."""
        self._go(event.step)

    def _go(self, step: int) -> None:
        self._step = max(0, min(len(self._board.steps) - 1, step))
        self._draw()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        steps = self._board.steps
        if not steps:
            return
        cases = over_steps(steps, self._ids[self._case]) if self._ids else ()
        here = cases[self._step] if cases else None
        known = here or next((case for case in cases if case is not None), None)
        self._draw_map(steps, cases)
        where = place(self._case, len(self._ids), known, self._glyphs)
        self._say("track-title", title(self._name, steps, self._step, where))
        self._write("asked", asked(known))
        self._say("track-about", about(steps[self._step], here, self._glyphs))
        self._say("track-says", says(here))
        room = self.query_one("#track-side").size.width - 3
        numbers = [quantity(found, self._step, room, self._glyphs) for found in self._series]
        self._write("series", [in_brief(self._events, self._glyphs), *numbers])
        self._write("events", happened(self._events, self._board.trouble), layout=True)

    def _draw_map(self, steps: Sequence[TrackedStep], cases: Sequence[CaseStep | None]) -> None:
        rows = units(cases, by_word=self._words)
        if self._moved:
            rows = tuple(sorted(rows, key=lambda unit: -abs(unit.moved)))
        columns = tuple(Step(step.title, letter(step)) for step in steps)
        scale = scale_of(rows)
        # What a short prompt does not need is left to the numbers.
        below = self.has_class("-below")
        self._map.styles.max_height = len(rows) + HEAD + 1 if below else None
        self._map.show(Picture(rows, columns, scale), self._step)
        self.query_one(Legend).show(scale, "contribution")

    def _write(self, name: str, lines: Sequence[Line], *, layout: bool = False) -> None:
        before = self._lines.get(name)
        if before != lines:
            self._lines[name] = lines
            grown = layout or before is None or len(before) != len(lines)
            written = content(lines, self._glyphs)
            self.query_one(f"#track-{name}", Static).update(written, layout=grown)

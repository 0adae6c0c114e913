"""What changed in the weights: a map of layers by modules, what is under the cursor, the largest.

It is given plain values, as often as there is something new, and asks for nothing.
"""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, content, shown
from unpact_tui.app.weight_lines import by_change, detail, failure, most_changed, saying
from unpact_tui.app.widgets.cell_rows import HEAD
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.heat_legend import HeatLegend
from unpact_tui.app.widgets.heat_map import HeatMap
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.weights.change import WeightChange
from unpact_tui.weights.table import SCALES, Scale, Table, table

PERIOD = 0.25
"""Seconds between two drawings of a reading that goes on."""


class WeightsScreen(Screen[None]):
    """Fills as it is told more; closing it gives nothing back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(0,-1)", "Left", show=False, id="weights_left"),
        Binding("right,l", "move(0,1)", "Right", show=False, id="weights_right"),
        Binding("up,k", "move(-1,0)", "Up", show=False, id="weights_up"),
        Binding("down,j", "move(1,0)", "Down", show=False, id="weights_down"),
        Binding("home,0", "move(0,-9999)", "First module", show=False, id="weights_first"),
        Binding("end,$", "move(0,9999)", "Last module", show=False, id="weights_last"),
        Binding("g", "move(-999999,0)", "First layer", show=False, id="weights_top"),
        Binding("G", "move(999999,0)", "Last layer", show=False, id="weights_bottom"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="weights_page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="weights_page_up"),
        Binding("n", "most", "Most changed", id="weights_most", tooltip="to the next most changed"),
        Binding("s", "scale", "Scale", id="weights_scale", tooltip="logarithmic or linear"),
        Binding("q,escape", "dismiss", "Close", id="close_weights"),
    ]
    AUTO_FOCUS = ""

    DEFAULT_CSS = """
        WeightsScreen {
            overflow: hidden;
            & > OneLine { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
            & > #weights-title { background: $panel; }
            & > #weights-summary { height: auto; max-height: 4; padding: 0 1; }
            & > HeatMap { height: 3fr; margin: 0 1; min-height: 3; }
            & > #weights-legend { margin: 0 1; }
            & > #weights-most {
                height: 1fr; min-height: 4; padding: 0 1;
                text-wrap: nowrap; text-overflow: ellipsis;
                border-top: solid $border-blurred; border-title-color: $foreground;
                border-title-style: bold;
            }
            & > #weights-too-small { display: none; width: 100%; height: 100%; }
            &.-ascii > #weights-most { border-top: ascii $border-blurred; text-overflow: clip; }
            &.-ascii > OneLine { text-overflow: clip; }
            &.-weights-low > #weights-summary { max-height: 2; }
            &.-weights-lowest > #weights-most { display: none; }
            &.-weights-tiny > * { display: none; }
            &.-weights-tiny > #weights-too-small { display: block; }
        }
    """

    def __init__(
        self,
        glyphs: Glyphs,
        ascii_only: bool,
        names: tuple[str, str] = ("base", "unlearned"),
        shared: str = "",
    ) -> None:
        """Show nothing yet; `names` are those of the two sides, `shared` what they have at once."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._glyphs = glyphs
        self._ascii = ascii_only
        self._names = names
        self._shared = shared
        self._change = WeightChange()
        self._table = Table()
        self._drawn: WeightChange | None = None
        self._scale: Scale = SCALES[0]
        self._failure: tuple[str, str] | None = None
        self._last = 0.0
        self._waiting = False
        self._turn: tuple[int, int] | None = None
        """Where the key for the most changed went last."""

    def compose(self) -> ComposeResult:
        """Lay out the map with what belongs to it."""
        yield OneLine(self._glyphs, id="weights-title")
        yield Static(id="weights-summary", markup=False)
        yield HeatMap(id="weights-map")
        yield OneLine(self._glyphs, id="weights-detail")
        yield HeatLegend(id="weights-legend")
        yield Static(id="weights-most", markup=False)
        yield Foot()
        yield Static(
            Content("Too small: 40 columns and 10 rows are needed."), id="weights-too-small"
        )

    def on_mount(self) -> None:
        """Draw what was said before."""
        self.query_one(HeatMap).ascii = self.query_one(HeatLegend).ascii = self._ascii
        dot = f" {self._glyphs.dot} "
        titles = dot.join(("change", "tensor", "cosine", "elements changed", "largest change"))
        self.query_one("#weights-most").border_title = Content(f"Most changed: {titles}")
        first, second = (shown(name, 28) for name in self._names)
        self.query_one("#weights-title", OneLine).say(
            (("Weights   ", STRONG), (f"{first} {self._glyphs.arrow} {second}", LABEL))
        )
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Give the map what there is."""
        wide, high = event.size
        tiny = wide < 40 or high < 10
        self.set_class(tiny, "-weights-tiny")
        self.set_class(high < 24, "-weights-low")
        self.set_class(high < 18, "-weights-lowest")
        if not tiny:
            self._draw_words()

    # ------------------------------------------------------------ what it is told

    def show(self, change: WeightChange) -> None:
        """Take in what is known now; a reading that goes on is drawn a few times a second."""
        self._change = change
        if not self.is_mounted:
            return
        wait = PERIOD - (time.monotonic() - self._last)
        if change.complete or wait <= 0:
            self._draw()
        elif not self._waiting:
            self._waiting = True
            self.set_timer(wait, self._draw)

    def fail(self, message: str, hint: str = "") -> None:
        """Say that the reading ended, and why; what is known stays."""
        self._failure = message, hint
        if self.is_mounted:
            self._draw()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        self._last, self._waiting = time.monotonic(), False
        change, before = self._change, self._drawn
        self._drawn = change
        if before is None or change.tensors is not before.tensors:
            self._table = table(change.tensors)
            self._draw_map()
        self._draw_words()

    def _draw_map(self) -> None:
        heat_map = self.query_one(HeatMap)
        # What a small model does not need is left to the list.
        heat_map.styles.max_height = len(self._table.rows) + HEAD + 1
        heat_map.show(self._table, self._scale)
        self.query_one(HeatLegend).show(self._table, self._scale)

    def _draw_words(self) -> None:
        """Draw everything but the map; of a reading that goes on without a new layout."""
        whole = self._change.complete or self._failure is not None
        lines = failure(*self._failure) if self._failure else saying(self._change, self._glyphs)
        lines += [((f"{shown(self._names[1], 28)} {self._shared}", ""),)] * bool(self._shared)
        written = content(lines, self._glyphs)
        self.query_one("#weights-summary", Static).update(written, layout=whole)
        self._draw_detail()
        most = self.query_one("#weights-most", Static)
        listed = most_changed(self._change, max(1, most.size.height), self._glyphs)
        most.update(content(listed, self._glyphs), layout=False)

    def _draw_detail(self) -> None:
        place = self.query_one(HeatMap).cursor
        line = detail(self._table, place, self._glyphs, complete=self._change.complete)
        self.query_one("#weights-detail", OneLine).say(line)

    # ------------------------------------------------------------ keys

    def on_heat_map_moved(self, event: HeatMap.Moved) -> None:
        """Follow the mouse."""
        self._go(event.position)

    def action_move(self, rows: int, columns: int) -> None:
        """Move by rows and columns."""
        row, column = self.query_one(HeatMap).cursor
        self._go((row + rows, column + columns))

    def action_page(self, by: int) -> None:
        """Move by half of what is seen."""
        self.action_move(by * max(1, self.query_one(HeatMap).page // 2), 0)

    def action_most(self) -> None:
        """Go to the cell that changed most, then to the next."""
        places = by_change(self._table)
        if places:
            left = self._turn is not None and self.query_one(HeatMap).cursor == self._turn
            following = places.index(self._turn) + 1 if left and self._turn in places else 0
            self._turn = places[following % len(places)]
            self._go(self._turn)

    def action_scale(self) -> None:
        """Colour on the other scale."""
        self._scale = SCALES[(SCALES.index(self._scale) + 1) % len(SCALES)]
        self._draw_map()

    def _go(self, position: tuple[int, int]) -> None:
        self.query_one(HeatMap).cursor = position
        self._draw_detail()

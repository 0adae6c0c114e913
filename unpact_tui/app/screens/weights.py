"""What changed in the weights: a map of layers by modules, what is under the cursor, the largest.

It is given plain values, as often as there is something new, and asks for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs, size
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, content, shown
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.heat_legend import HeatLegend
from unpact_tui.app.widgets.heat_map import HeatMap
from unpact_tui.app.widgets.heat_rows import HEAD
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.weights.change import Cell, TensorChange, WeightChange
from unpact_tui.weights.summary import CAVEAT, notes, summary
from unpact_tui.weights.table import ALL, SCALES, Scale, Table, near_one, percent, table

PERIOD = 0.25
"""Seconds between two drawings of a reading that goes on."""

_BAR = 24
_NAME = 60


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
        self, glyphs: Glyphs, ascii_only: bool, names: tuple[str, str] = ("base", "unlearned")
    ) -> None:
        """Show nothing yet; `names` are those of the two sides."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._glyphs = glyphs
        self._ascii = ascii_only
        self._names = names
        self._change = WeightChange()
        self._table = Table()
        self._drawn: WeightChange | None = None
        self._scale: Scale = SCALES[0]
        self._failure = ""
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
            (("weights   ", STRONG), (f"{first} {self._glyphs.arrow} {second}", LABEL))
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
        self._failure = f"{message}\n{hint}".strip()
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
        whole = self._change.complete or bool(self._failure)
        lines = content(self._saying(), self._glyphs)
        self.query_one("#weights-summary", Static).update(lines, layout=whole)
        self.query_one("#weights-detail", OneLine).say(self._detail())
        most = content(self._most(), self._glyphs)
        self.query_one("#weights-most", Static).update(most, layout=False)

    def _saying(self) -> list[Line]:
        if self._failure:
            first, _, hint = self._failure.partition("\n")
            return [((shown(first), WARN),), ((shown(hint), LABEL),)]
        if not self._change.complete:
            return [self._progress()]
        rest = " ".join([*notes(self._change), CAVEAT])
        return [((shown(summary(self._change)), STRONG),), ((shown(rest), LABEL),)]

    def _progress(self) -> Line:
        done, total = self._change.done, self._change.total
        if total <= 0:
            return ((f"reading the headers{self._glyphs.ellipsis}", LABEL),)
        bar = self._glyphs.line * round(_BAR * min(1.0, done / total))
        return (
            (f"reading {size(done)} of {size(total)}  ", STRONG),
            (bar, "$accent"),
            (" " * (_BAR - len(bar)), ""),
            (f"  {shown(self._change.reading, _NAME)}", LABEL),
        )

    def _detail(self) -> Line:
        heat_map = self.query_one(HeatMap)
        row, column = heat_map.cursor
        if not self._table.rows:
            return ()
        found = heat_map.cell
        if found is None:
            where = f"layer {self._table.rows[row].label}  {self._table.columns[column]}"
            absent = "nothing to compare there" if self._change.complete else "not read yet"
            return ((shown(where, _NAME), "bold reverse"), (f"  {absent}", LABEL))
        place = "" if found.layer is None else f"layer {found.layer}  "
        module = "all its modules" if found.module == ALL else found.module
        pieces: list[tuple[str, str]] = [(shown(place + module, _NAME), "bold reverse")]
        for name, value in _numbers(found, self._glyphs):
            pieces += [(f"  {name} ", LABEL), (value, STRONG)]
        return tuple(pieces)

    def _most(self) -> list[Line]:
        order = sorted(self._change.tensors, key=lambda tensor: -(tensor.relative or 0.0))
        room = max(1, self.query_one("#weights-most").size.height)
        chosen = order[:room]
        width = max((cell_len(shown(tensor.name, _NAME)) for tensor in chosen), default=0)
        return [_row(tensor, width, self._glyphs) for tensor in chosen]

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
        places = _by_change(self._table)
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
        heat_map = self.query_one(HeatMap)
        heat_map.cursor = position
        self.query_one("#weights-detail", OneLine).say(self._detail())


def _by_change(shown_table: Table) -> list[tuple[int, int]]:
    """Return the cells from the most changed on; whole layers are not among them."""
    cells = shown_table.cells
    single = [place for place, found in cells.items() if found.module != ALL]
    return sorted(single, key=lambda place: (-(cells[place].relative or 0.0), place))


def _numbers(found: Cell | TensorChange, glyphs: Glyphs) -> Sequence[tuple[str, str]]:
    dash = glyphs.dash
    relative = dash if found.relative is None else percent(found.relative)
    cosine = dash if found.cosine is None else near_one(found.cosine)
    changed = dash if found.changed is None else percent(found.changed)
    largest = dash if found.largest is None else f"{found.largest:.3g}"
    numbers = [("change", relative), ("cosine", cosine), ("elements changed", changed)]
    numbers.append(("largest", largest))
    if isinstance(found, Cell) and len(found.tensors) > 1:
        numbers.append(("tensors", str(len(found.tensors))))
    return numbers


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

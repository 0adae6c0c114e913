"""One row that says what the colours of a heat map mean, in numbers and words."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from unpact_tui.app import palette
from unpact_tui.app.widgets.heat_rows import sign
from unpact_tui.app.widgets.legend import fitted
from unpact_tui.app.widgets.level_style import level_style
from unpact_tui.weights.table import Scale, Table, bounds, hundredths


class HeatLegend(Widget):
    """The levels with the highest change of each, and what is measured."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS}
    DEFAULT_CSS = "HeatLegend { height: 1; }\n" + palette.css("HeatLegend")
    ALLOW_SELECT = False

    ascii = reactive(False)
    """Whether our own signs are ASCII."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._bounds: tuple[float, ...] = ()
        self._scale: Scale = "log"

    def show(self, table: Table, scale: Scale) -> None:
        """Explain the levels of a table."""
        ends = bounds(table, scale) if table.largest > 0 else ()
        if (ends, scale) != (self._bounds, self._scale):
            self._bounds, self._scale = ends, scale
            self.refresh()

    def render(self) -> Content:
        """Return as much as there is room for."""
        parts = fitted(self._parts(), self.size.width)
        return Content.assemble(*((text, level_style(self, step)) for text, step in parts))

    def _parts(self) -> list[list[tuple[str, int | None]]]:
        plain = self.ascii
        dot = " | " if plain else " · "
        words = [f"{dot}change in % of the norm, |W'-W| / |W|", f"{dot}{self._scale} scale (s)"]
        unchanged = f"{dot}0 or '{sign(0, plain)}' unchanged"
        undefined = f"{dot}'{sign(None, plain)}' was zero"
        if not self._bounds:
            return [[("nothing changed so far", 0)]]
        bar: list[tuple[str, int | None]] = [("up to ", 0)]
        signs = plain or self.has_pseudo_class("nocolor")
        for step, end in enumerate(self._bounds, start=1):
            mark = f"{sign(step, plain)}:" if signs else " "
            bar += [(f"{mark}{hundredths(end)} ", step)]
        return [bar, *([(text, 0)] for text in (*words, unchanged, undefined))]

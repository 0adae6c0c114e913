"""Coloured cells under titles that stay where they are, whatever they are about.

Drawn by line, with one cached strip per row: what has not changed is not written again. What
stands in a row is said by whoever derives from it.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app import palette
from unpact_tui.app.widgets.cell_rows import CURSOR, HEAD, TITLE, Run, joined


class CellMap(ScrollView, can_focus=False, inherit_bindings=False):
    """Two rows of titles, and rows of cells that scroll below them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS, TITLE, CURSOR}

    DEFAULT_CSS = """
        CellMap {
            height: 1fr;
            overflow-x: hidden;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            & > .cell-map--title { color: $text-muted; }
            & > .cell-map--cursor { text-style: reverse; }
            &:nocolor > .cell-map--title { color: ansi_default; }
        }
        """ + palette.css("CellMap")

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}

    # ------------------------------------------------------------ what differs

    def _lay_out(self, width: int) -> int:
        """Lay everything into a width; return how many rows of cells there are."""
        raise NotImplementedError

    def _runs(self, row: int) -> list[Run]:
        """Return what stands in a row; those below zero are the titles."""
        raise NotImplementedError

    # ------------------------------------------------------------ what does not

    @property
    def page(self) -> int:
        """How many rows of cells can be seen."""
        return max(1, self.size.height - HEAD)

    def on_resize(self) -> None:
        """Lay out anew."""
        self._place()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Return one row of the view; the titles stay where they are."""
        row = y - HEAD if y < HEAD else y - HEAD + self.scroll_offset.y
        strip = self._strips.get(row)
        if strip is None:
            segments = [Segment(text, self._style(look)) for look, text in joined(self._runs(row))]
            strip = Strip(segments).adjust_cell_length(self.size.width, self._style(""))
            self._strips[row] = strip
        return strip

    def _style(self, look: str) -> Style:
        if look not in self._styles:
            partial = self.get_component_rich_style(look, partial=True) if look else Style()
            self._styles[look] = self.rich_style + partial
        return self._styles[look]

    def _place(self) -> None:
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            return
        self.virtual_size = Size(width, self._lay_out(width) + HEAD)
        self._scroll_update(self.virtual_size)  # or the scroll bar learns of it a frame too late
        self._forget()

    def _forget(self) -> None:
        self._strips.clear()
        self.refresh()

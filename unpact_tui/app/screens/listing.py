"""Rows with a cursor and a filter over them: what the pages that list something do alike."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen, ScreenResultType
from textual.widgets import Input, Static

from unpact_tui.app.screens.search import Needle
from unpact_tui.app.widgets.row_list import RowList


class Filter(Needle):
    """What rows must say to be shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", key_display="enter", id="keep_filter"),
        Binding("escape", "screen.back", "Clear", key_display="esc", id="clear_filter"),
    ]


class FilterLine(Horizontal):
    """The line to write a filter on, shown only while there is one."""

    DEFAULT_CSS = """
        #filter-line { display: none; height: 1; padding: 0 1; }
        #filter-sign { width: 2; }
        .-filtering > #filter-line { display: block; }
        """
    # Else "anywhere below" would be meant of what stands above it.
    SCOPED_CSS = False

    def __init__(self, hint: str) -> None:
        super().__init__(id="filter-line")
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Lay out the sign and the needle."""
        yield Static("/", id="filter-sign", markup=False)
        yield Filter("", placeholder=self._hint, id="filter-needle")


class ListingScreen(Screen[ScreenResultType]):
    """Has one list of rows and one line to filter them by."""

    _filter = getters.query_one(Filter)

    @property
    def filtering(self) -> bool:
        """Whether there is a filter, if only an empty one."""
        return self.has_class("-filtering")

    def _arrange(self) -> None:
        """Show the rows that pass the filter."""
        raise NotImplementedError

    def action_move(self, by: int) -> None:
        """Go some rows down."""
        self.query_one(RowList).move(by)

    def action_page(self, by: int) -> None:
        """Go half a page down."""
        self.query_one(RowList).page(by)

    def action_end(self, side: int) -> None:
        """Go to the first or the last row."""
        self.query_one(RowList).end(side)

    def action_filter(self) -> None:
        """Write a filter."""
        self.add_class("-filtering")
        self._filter.focus()

    def action_back(self) -> None:
        """Take the filter away."""
        if self.filtering:
            self._filter.value = ""
            self.remove_class("-filtering")
            self.query_one(RowList).focus()
            self._arrange()

    def on_input_changed(self) -> None:
        """Filter at once."""
        self._arrange()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list; an empty filter goes."""
        event.stop()
        self.query_one(RowList).focus()
        self.set_class(bool(event.value.strip()), "-filtering")

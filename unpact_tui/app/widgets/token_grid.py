"""A prompt as coloured tokens.

It shows what it is given and knows neither models nor keys: the screen moves the cursor and chooses
what is emphasised. Drawn by line, with one cached strip per row, and repainted by token: a cursor
move writes two tokens, not a screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from attribution.types import Token
from unpact_tui.app import marks, palette
from unpact_tui.app.cube import shorter
from unpact_tui.app.widgets.token_rows import MARKS, Look, TokenRows
from unpact_tui.display import display_text

_CSS = """\
TokenGrid {
    height: 1fr;
    overflow-x: hidden;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    border-top: solid $foreground 40%;
    border-title-color: $foreground;
    &:focus { border-top: heavy $border; }
    &:ansi { border-top: solid ansi_bright_black; }
    &:ansi:focus { border-top: heavy ansi_default; }
    & > .token-grid--fixed { text-style: dim; }
    & > .token-grid--emphasised { text-style: bold underline; }
    & > .token-grid--key { text-style: italic; }
    & > .token-grid--hit { text-style: bold overline; }
    & > .token-grid--cursor { text-style: reverse; }
}
"""


class TokenGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Tokens wrapped to the width, coloured by score, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS, *marks.GUESSES, *MARKS}
    DEFAULT_CSS = "\n".join((_CSS, palette.css("TokenGrid"), marks.css("TokenGrid")))

    ALLOW_SELECT = False

    cursor = reactive(0, repaint=False)
    """Position of the token the cursor is on."""
    lane = reactive(False, repaint=False)
    """Whether glyphs under each line say what the colours say; without colour they always do."""
    ascii = reactive(False, repaint=False)
    """Whether our own signs are ASCII; the lane is then on."""

    class Moved(Message):
        """A token was clicked."""

        def __init__(self, grid: TokenGrid, position: int) -> None:
            super().__init__()
            self.grid = grid
            self.position = position

        @property
        def control(self) -> TokenGrid:
            """The grid it stands in."""
            return self.grid

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = Content(display_text(title)) if title else None
        self._content = TokenRows()
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Look, Style] = {}

    def show(self, tokens: Sequence[Token]) -> None:
        """Show another prompt, not measured yet, with the cursor on its first token."""
        self._content.show(tokens, plain=self.ascii)
        self.cursor = 0
        self._place()
        self.scroll_home(animate=False, immediate=True)

    def paint(
        self,
        values: Sequence[float | None],
        scale: float,
        threshold: float = 0.0,
        gamma: float = 1.0,
        *,
        noise: float | None = None,
        estimates: Sequence[float | None] = (),
    ) -> None:
        """Colour the tokens on a scale of ±`scale`; those without a value are not measured.

        Nearer to zero than `noise`, a value says nothing. `estimates` are guesses at values.
        """
        shown = marks.Scale(scale, threshold, gamma)
        self._repaint(self._content.paint(values, shown, noise, estimates))

    def emphasise(self, positions: frozenset[int]) -> None:
        """Show exactly these tokens as emphasised."""
        self._repaint(self._content.emphasise(positions))

    def mark(self, positions: frozenset[int]) -> None:
        """Show exactly these tokens as KeyTokens: in italics, with a pointer before a word."""
        self._repaint(self._content.mark(positions))

    def find(self, positions: frozenset[int]) -> None:
        """Show exactly these tokens as found: bold under a line, with a slash before a word."""
        self._repaint(self._content.find(positions))

    def above(self, position: int) -> int:
        """Return the token on the line above that is nearest in x."""
        return self._content.placed.neighbour(position, -1)

    def below(self, position: int) -> int:
        """Return the token on the line below that is nearest in x."""
        return self._content.placed.neighbour(position, 1)

    def by_page(self, position: int, direction: int) -> int:
        """Return the token half a page down, or up where `direction` is negative."""
        lines = max(1, self.page // 2)
        return self._content.placed.neighbour(position, lines if direction > 0 else -lines)

    @property
    def page(self) -> int:
        """How many lines of tokens can be seen at a time."""
        return max(1, self.size.height // self._step)

    def validate_cursor(self, position: int) -> int:
        """Keep it on a token."""
        return max(0, min(len(self._content) - 1, position))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two tokens, and follow."""
        self._repaint((old, new))
        self._follow()

    def watch_lane(self) -> None:
        """Make room for the lane, or take it back."""
        self._place()

    def watch_ascii(self) -> None:
        """Write our own signs anew."""
        self._content.write(plain=self.ascii)
        self._place()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._strips.clear()  # drawn while there was no width at all, they would be empty
        if self.scrollable_content_region.width != self._content.placed.width:
            self._place()
        else:
            self._follow()

    def on_click(self, event: events.Click) -> None:
        """Say which token was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = (offset.y + self.scroll_offset.y) // self._step
        token = self._content.placed.at(line, offset.x)
        if token is not None:
            self.post_message(self.Moved(self, token))

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write colours as short as can be: every key repaints some."""
        return shorter(super().get_line_filters())

    def render_line(self, y: int) -> Strip:
        """Return one row of the view."""
        row = y + self.scroll_offset.y
        strip = self._strips.get(row)
        if strip is None:
            segments = [Segment(text, self._style(look)) for look, text in self._runs(row)]
            strip = Strip(segments).adjust_cell_length(self.size.width, self._style(()))
            self._strips[row] = strip
        return strip

    @property
    def _step(self) -> int:
        """Rows from one line to the next."""
        without_colour = self.is_attached and self.has_pseudo_class("nocolor")
        return 2 if self.lane or self.ascii or without_colour else 1

    def _runs(self, row: int) -> Sequence[tuple[Look, str]]:
        line, in_lane = divmod(row, self._step)
        if line >= len(self._content.placed.lines):
            return ()
        if in_lane:
            return self._content.lane_row(line)
        return self._content.text_row(line, self.cursor)

    def _style(self, look: Look) -> Style:
        if look not in self._styles:
            style = self.rich_style
            for name in look:
                style += self.get_component_rich_style(name, partial=True)
            self._styles[look] = style
        return self._styles[look]

    def _place(self) -> None:
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            return
        self._content.place(width)
        self._strips.clear()
        self.virtual_size = Size(width, len(self._content.placed.lines) * self._step)
        self._scroll_update(self.virtual_size)  # or the scroll bar learns of it a frame too late
        self.refresh()
        self._follow()

    def _follow(self) -> None:
        """Bring the cursor into view by half a page: any scroll repaints the whole view."""
        height = self.size.height
        if not self._content.placed.positions or not height:
            return
        row = self._content.placed.positions[self.cursor][0] * self._step
        if not self.scroll_offset.y <= row <= self.scroll_offset.y + height - self._step:
            self.scroll_to(y=max(0, row - height // 2), animate=False)

    def _repaint(self, positions: Iterable[int]) -> None:
        """Draw these tokens again; of each line only the cells from the first to the last."""
        top, step = self.scroll_offset.y, self._step
        regions: list[Region] = []
        for line, (start, end) in self._content.spans(positions).items():
            for row in range(line * step, (line + 1) * step):
                self._strips.pop(row, None)
                if 0 <= row - top < self.size.height:
                    regions.append(Region(start, row - top, end - start, 1))
        if regions:
            self.refresh(*regions)

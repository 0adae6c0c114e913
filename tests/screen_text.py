"""A screen as text: the characters of every row, and below them in which style they stand.

Small, exact, and readable in a diff, which a picture is not. It knows no screen of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.scrollbar import ScrollBar
from textual.widgets import Static

from unpact_tui.app.widgets.foot import Foot

_ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")
COLOURLESS = frozenset((*_ATTRIBUTES, "plain", "default", "on"))
"""The words of a style without any colour."""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Screenful:
    """Rows of characters, and for each row runs of cells in one style."""

    rows: tuple[str, ...]
    runs: tuple[tuple[tuple[int, str], ...], ...]
    """How many cells, and the style's words."""

    def styles(self) -> set[str]:
        """Return every style that stands somewhere."""
        return {style for row in self.runs for _, style in row}

    def written(self) -> str:
        """Return it as it stands in a golden file."""
        names: dict[str, str] = {}
        lines = [f"{row.rstrip()}\n" for row in self.rows]
        lines.append("---- styles\n")
        place = 0
        for runs, same in groupby(self.runs):
            count = len(list(same))
            where = str(place) if count == 1 else f"{place}-{place + count - 1}"
            place += count
            spans = " ".join(f"{_named(names, style)}{cells}" for cells, style in runs)
            lines.append(f"{where}: {spans}\n")
        lines.append("---- legend\n")
        lines += [f"{name} {style}\n" for style, name in names.items()]
        return "".join(lines)


def screenful(app: App[None]) -> Screenful:
    """Return what the terminal would get of the screen that is on."""
    rows: list[str] = []
    runs: list[tuple[tuple[int, str], ...]] = []
    for strip in app.screen._compositor.render_strips():
        segments = list(strip)
        rows.append("".join(segment.text for segment in segments))
        runs.append(_runs(segments))
    return Screenful(tuple(rows), tuple(runs))


def _runs(segments: list[Segment]) -> tuple[tuple[int, str], ...]:
    found = groupby(segments, key=lambda segment: _words(segment.style))
    counted = ((sum(segment.cell_length for segment in same), style) for style, same in found)
    return tuple((cells, style) for cells, style in counted if cells)


def _words(style: Style | None) -> str:
    if style is None:
        return "plain"
    said = [name for name in _ATTRIBUTES if getattr(style, name)]
    if style.color is not None:
        said.append(_colour(style.color))
    if style.bgcolor is not None:
        said.append(f"on {_colour(style.bgcolor)}")
    return " ".join(said) or "plain"


def _colour(colour: Color) -> str:
    """Return what is seen: a colour of the cube by its number is the same as by its parts."""
    if colour.is_default or (colour.is_system_defined and (colour.number or 0) < 16):
        return colour.name
    return colour.get_truecolor().hex


def _named(names: dict[str, str], style: str) -> str:
    if style not in names:
        high, low = divmod(len(names), len(_LETTERS))
        names[style] = (_LETTERS[high - 1] if high else "") + _LETTERS[low]
    return names[style]


# ---------------------------------------------------------------- what must hold on any screen


def without_scroll_bars(app: App[None], rows: tuple[str, ...]) -> str:
    """Return the text with blanks where Textual draws its scroll bars."""
    grid = [list(row) for row in rows]
    for screen in app.screen_stack:
        for widget, (region, _) in screen._compositor.visible_widgets.items():
            if isinstance(widget, ScrollBar):
                for y in range(max(0, region.y), min(region.bottom, len(grid))):
                    for x in range(region.x, min(region.right, len(grid[y]))):
                        grid[y][x] = " "
    return "\n".join("".join(row) for row in grid)


def overhanging(app: App[None]) -> list[str]:
    """Return the keys at the foot that do not stand there whole."""
    return [
        key.description
        for foot in app.screen.query(Foot)
        for key in foot.keys
        if foot.display and key.end > app.size.width
    ]


def cut_silently(app: App[None]) -> set[str]:
    """Return the ids, or classes, of the texts that are cut where nothing says so.

    An ellipsis says so, and so does the scroll bar of what they stand in.
    """
    return {
        text.id or " ".join(sorted(text.classes))
        for text in app.screen.query(Static)
        if text.is_on_screen and _is_cut(text)
    }


def _is_cut(text: Static) -> bool:
    width, height = text.content_size
    if not width or not height or not text.visible:
        return False
    styles = text.styles
    if styles.text_wrap == "nowrap":
        needed = text.visual.get_optimal_width(styles, width)
        return needed > width and styles.text_overflow != "ellipsis"
    return text.visual.get_height(styles, width) > height

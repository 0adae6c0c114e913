"""The token grid draws what it is given, safely, and repaints no more than it must."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region

from attribution.types import Token
from unpact_tui.app import palette
from unpact_tui.app.widgets.token_grid import TokenGrid

PROMPT = ("<s>", "Who", " wrote", " about", " Wes", "wick", "?", "\n", "Answer", ":")
HOSTILE = (
    "[INST]",
    "[/INST]",
    "[@click=app.quit]x[/]",
    "[bold red]",
    "\x1b]52;c;QUJD\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202egnp.exe",
    "👩\u200d🚀",
    "\x00",
    "e\u0301",
    "\u0301",
    "�",
    "",
    "x" * 10_000,
    "\r\n",
    "\ud800",
)


class Host(App[None]):
    """One grid and what it says."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, texts: Iterable[str] = PROMPT, *, ansi: bool | None = None) -> None:
        super().__init__(ansi_color=ansi)
        self.tokens = [Token(i, text, 0, 0, text == "<s>") for i, text in enumerate(texts)]
        self.grid = TokenGrid("base [x]", id="base")
        self.clicked: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.show(self.tokens)

    def on_token_grid_moved(self, message: TokenGrid.Moved) -> None:
        assert message.control is self.grid
        self.clicked.append(message.position)


def segments(grid: TokenGrid) -> list[Segment]:
    return [segment for y in range(grid.size.height) for segment in grid.render_line(y)]


def row(grid: TokenGrid, y: int) -> str:
    return grid.render_line(y).text.rstrip()


def segment_with(grid: TokenGrid, text: str) -> Segment:
    return next(segment for segment in segments(grid) if text in segment.text)


def background(grid: TokenGrid, text: str) -> str:
    style = segment_with(grid, text).style
    assert style is not None
    assert style.bgcolor is not None
    return style.bgcolor.get_truecolor().hex


async def test_shows_every_token() -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        assert [row(grid, y) for y in range(3)] == ["<s>Who wrote about", " Weswick?⏎", "Answer:"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_tokens_are_only_text(text: str) -> None:
    async with Host([text, " after"]).run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([1.0, -1.0], 1.0)
        grid.mark(frozenset({0, 1}))
        await pilot.press("right")
        shown = "".join(segment.text for segment in segments(grid))
        assert shown.isprintable()
        assert "after" in shown
        if text.isprintable() and 0 < len(text) < 30:
            assert text in shown


async def test_colours_by_level() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 0.0, 1.0, -1.0, 0.6, 0.6, math.nan], 1.0)
        assert background(grid, " wrote") == "#ffaf00"
        assert background(grid, " about") == "#5fd7ff"
        assert background(grid, " Weswick") == "#af5f00"
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert background(grid, " wrote") == "#af5f00"


async def test_sixteen_colours_are_the_terminals_own() -> None:
    async with Host(ansi=True).run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 0.2, -1.0], 1.0)
        strong, weak = segment_with(grid, " wrote").style, segment_with(grid, "Who").style
        assert strong is not None
        assert weak is not None
        assert strong.bgcolor is not None
        assert weak.color is not None
        assert (strong.bgcolor.number, weak.color.number) == (4, 3)


async def test_a_guess_has_coloured_letters_and_no_ground() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        guesses = [None, 1.0, -1.0, None, 0.2, 0.2]
        grid.paint([None, None, None, 0.003, None, None], 1.0, noise=0.004, estimates=guesses)
        ground = background(grid, "<s>")

        def letters(text: str) -> str:
            style = segment_with(grid, text).style
            assert style is not None
            assert style.color is not None
            assert background(grid, text) == ground
            return style.color.get_truecolor().hex

        strong, weak, plain = (letters(text) for text in ("Who", "Weswick", "about"))
        assert (strong, letters(" wrote"), weak) == ("#ffaf5f", "#5fafff", "#af875f")
        assert plain not in {strong, weak}  # within noise: as what has no effect
        grid.lane = True
        assert row(grid, 1) == "╌╌╌╌█╌╌▓╌▓╌▓◦◦◦◦◦◦╌▁╌▁╌▁╌▁╌╌"
        pilot.app.theme = "textual-light"
        await pilot.pause()
        ground = background(grid, "<s>")
        assert letters("Who") == "#af5f00"


async def test_without_colour_there_is_a_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Host(ansi=True).run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 0.0, 1.0, -1.0], 1.0)
        grid.emphasise(frozenset({2}))
        assert row(grid, 0) == "<s>Who wrote about Weswick?⏎"
        assert row(grid, 1) == "╌╌╌   ●█████▓▓▓▓▓▓╌╌╌╌╌╌╌╌╌╌"
        for component in palette.COMPONENTS:
            style = grid.get_component_rich_style(component, partial=True)
            assert style.bgcolor is None


async def test_ascii_lane_keeps_sign_and_digit() -> None:
    async with Host(["a", "bb", "ccc", "dddd", "e"]).run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.ascii = True
        grid.paint([1.0, -1.0, 0.6, 0.2, None], 1.0)
        grid.emphasise(frozenset({0, 1, 2}))
        await pilot.pause()
        assert row(grid, 0) == "abbcccdddde"
        assert row(grid, 1) == "+-5+3*+1  ~"


async def test_lane_comes_and_goes() -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.lane = True
        await pilot.pause()
        assert [row(grid, y) for y in (0, 2, 4)] == ["<s>Who wrote about", " Weswick?⏎", "Answer:"]
        grid.lane = False
        await pilot.pause()
        assert row(grid, 1) == " Weswick?⏎"


async def test_marks_are_not_colours() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.cursor = 1
        grid.emphasise(frozenset({2}))
        grid.mark(frozenset({3}))
        looks = {}
        for text in ("<s>", "Who", " wrote", "▸about"):
            style = segment_with(grid, text).style
            assert style is not None
            looks[text] = {
                name
                for name in ("bold", "underline", "italic", "reverse", "dim")
                if getattr(style, name)
            }
        assert looks == {
            "<s>": {"dim"},
            "Who": {"reverse"},
            " wrote": {"bold", "underline"},
            "▸about": {"italic"},
        }


async def test_under_the_cursor_there_is_no_colour() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 1.0, 1.0], 1.0)
        grid.cursor = 1
        assert background(grid, "Who") == background(grid, "Answer")


async def test_repaints_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([0.0] * len(PROMPT), 1.0)
        await pilot.pause()
        dirty: list[Region] = []
        whole = Region(-1, -1, 0, 0)

        def refresh(*regions: Region, repaint: bool = True, layout: bool = False) -> None:
            dirty.extend(regions or [whole])

        monkeypatch.setattr(grid, "refresh", refresh)
        grid.cursor = 4
        assert dirty == [Region(0, 0, 3, 1), Region(0, 1, 4, 1)]
        dirty.clear()
        grid.emphasise(frozenset({5}))
        assert dirty == [Region(4, 1, 4, 1)]
        dirty.clear()
        grid.paint([0.0, *[0.01] * (len(PROMPT) - 2), 1.0], 1.0)
        assert dirty == [Region(6, 2, 1, 1)]
        dirty.clear()
        grid.emphasise(frozenset({5}))
        grid.paint([0.0] * (len(PROMPT) - 1) + [1.0], 1.0)
        grid.cursor = 4
        assert dirty == []
        monkeypatch.undo()


async def test_cursor_stays_on_a_token_and_in_view() -> None:
    texts = [f" word{i}" for i in range(200)]
    async with Host(texts).run_test(size=(30, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.cursor = 500
        assert grid.cursor == 199
        await pilot.pause()
        assert "word199" in "".join(row(grid, y) for y in range(grid.size.height))
        grid.cursor = -3
        assert grid.cursor == 0
        assert grid.above(0) == 0
        below = grid.below(0)
        assert grid.above(below) == 0
        assert grid.scroll_offset.y == 0


async def test_no_tokens() -> None:
    async with Host([]).run_test(size=(30, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.cursor = 3
        grid.paint([1.0], 1.0)
        grid.emphasise(frozenset({1}))
        assert (grid.cursor, grid.below(0), row(grid, 0)) == (0, 0, "")


async def test_by_page_goes_half_a_page() -> None:
    texts = [f" word{i:03}" for i in range(200)]
    async with Host(texts).run_test(size=(17, 11)) as pilot:  # two words a line, ten lines
        grid = pilot.app.query_one(TokenGrid)
        assert grid.page == 10
        assert grid.by_page(1, 1) == 11
        assert grid.by_page(11, -1) == grid.by_page(3, -1) == 1
        assert grid.by_page(195, 1) == 199
        grid.lane = True
        await pilot.pause()
        assert grid.by_page(1, 1) == 5


async def test_what_is_found_is_marked_and_forgotten() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.mark(frozenset({2}))
        grid.emphasise(frozenset({3}))
        grid.find(frozenset({2, 3, 4, 5}))
        assert row(grid, 0) == "<s>Who▸wrote/about/Weswick?⏎"
        style = segment_with(grid, "/Weswick").style
        assert style is not None
        assert style.bold
        assert style.overline
        assert not style.underline
        both = segment_with(grid, "/about").style
        assert both is not None
        assert both.underline
        assert both.overline
        grid.find(frozenset())
        assert row(grid, 0) == "<s>Who▸wrote about Weswick?⏎"


async def test_the_lane_says_what_is_found() -> None:
    async with Host(["a", " bb", " cccc", " dddd"]).run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.lane = True
        grid.paint([1.0, 1.0, -1.0, 0.2], 1.0)
        grid.find(frozenset({0, 1, 2}))
        grid.emphasise(frozenset({0, 2, 3}))
        await pilot.pause()
        assert row(grid, 1) == "███/●▓▓▓/●▁▁▁▁"
        grid.ascii = True
        await pilot.pause()
        assert row(grid, 1) == "++5/-5 /*+1  *"


async def test_gamma_and_threshold_reach_the_colours() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 0.25, 0.01], 1.0, 0.1, 0.5)
        assert background(grid, "Who") == "#af5f00"
        assert background(grid, " wrote") == background(grid, "Answer")


async def test_colours_are_written_by_their_number() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([None, 1.0, -1.0], 1.0)
        strip = grid.render_lines(grid.region.reset_offset)[1]
        numbers = {segment.style.bgcolor.number for segment in strip if segment.style.bgcolor}
        assert {214, 81} <= numbers


async def test_a_new_prompt_forgets_the_old() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.paint([1.0] * len(PROMPT), 1.0)
        grid.emphasise(frozenset({1}))
        grid.find(frozenset({0, 1}))
        grid.cursor = 5
        grid.show([Token(0, "New", 0, 0), Token(1, " one", 3, 7)])
        assert (grid.cursor, row(grid, 0)) == (0, "New one")
        style = segment_with(grid, " one").style
        assert style is not None
        assert not style.bold


async def test_a_click_says_which_token() -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        await pilot.click("#base", offset=(5, 2))
        await pilot.click("#base", offset=(15, 3))
        assert pilot.app.query_one(TokenGrid).cursor == 0
        assert isinstance(pilot.app, Host)
        assert pilot.app.clicked == [5]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 40), (200, 3)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with Host().run_test(size=(40, 10)) as pilot:
        grid = pilot.app.query_one(TokenGrid)
        grid.cursor = len(PROMPT) - 1
        await pilot.resize_terminal(*size)
        await pilot.pause()
        grid.lane = True
        await pilot.pause()
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert row(grid, 0) == "<s>Who wrote about Weswick?⏎"


async def test_title_is_not_markup() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        strips = pilot.app.screen._compositor.render_strips()
        assert "base [x]" in strips[0].text

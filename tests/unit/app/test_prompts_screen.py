"""The list of prompts: what is shown, in which order, and what a key asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inspector import HOSTILE
from painted import assert_harmless
from rich.cells import cell_len
from textual.geometry import Region
from textual.widgets import Static

from unpact_tui.app.glyphs import ASCII, UNICODE
from unpact_tui.app.host import Host
from unpact_tui.app.prompt_lines import counted, progress_line
from unpact_tui.app.prompt_rows import (
    PromptRow,
    arranged,
    cells,
    clipped,
    columns,
    heading,
    misread,
    next_changed,
    next_collapsed,
    next_suppressed,
    next_with,
)
from unpact_tui.app.screens.listing import Filter
from unpact_tui.app.screens.prompts import PromptsScreen
from unpact_tui.app.widgets.prompt_list import PromptList

ROWS = (
    PromptRow(0, "a-0", "forget", "Where was Ann born?", "In Oslo.", "read", "RETAINED", 0.2, 0.1),
    PromptRow(
        1, "a-1", "forget", "Who is Ann?", None, "read", "SUPPRESSED", 0.9, 0.1, changed=True
    ),
    PromptRow(2, "b-2", "retain", "[INST] 東京 [/INST]", "Tokyo"),
    PromptRow(3, "b-3", "general", "What?", "is:", "failed", trouble="No memory."),
    PromptRow(4, "b-4", "retain", "Why?", None, "read", "COLLAPSED", None, None, changed=False),
    PromptRow(5, "b-5", "forget", "How?", None, "reading"),
    PromptRow(6, "b-6", "forget", "When?", None, "read", "SUPPRESSED", 1.4, -0.1),
)


def order(*wanted: str) -> list[int]:
    by, text = wanted if len(wanted) == 2 else ("file", wanted[0])
    assert by in ("file", "verdict", "recovered")
    return [row.index for row in arranged(ROWS, by, text)]


# ---------------------------------------------------------------- pure


def test_the_next_of_a_kind_is_found_round_the_end() -> None:
    assert [next_suppressed(ROWS, start) for start in (0, 1, 6, -1)] == [1, 6, 1, 1]
    assert next_collapsed(ROWS, 0) == 4
    assert next_collapsed(ROWS, 4) is None  # there is no other
    assert next_changed(ROWS, 5) == 1
    assert next_changed((), 0) is None
    assert next_with(ROWS, 0, lambda row: row.status == "waiting") == 2


def test_the_alarming_first() -> None:
    assert order("verdict", "") == [1, 6, 4, 0, 3, 5, 2]
    assert order("recovered", "") == [6, 1, 0, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        ("ann", [0, 1]),
        ("Ann", [0, 1]),
        ("ANN", []),
        ("b-", [2, 3, 4, 5, 6]),
        ("[/inst]", [2]),
        ("tokyo", [2]),
        ("is:suppressed", [1, 6]),
        ("IS:supp", [1, 6]),
        ("is:suppressed is:changed", [1]),
        ("is:changed", [1]),
        ("is:waiting", [2]),
        ("is:fail", [3]),
        ("is:retain", [0, 2, 4]),
        ("is:forget wh", [0, 1, 6]),
        ("is:", [0, 1, 2, 3, 4, 5, 6]),
        ("is:nothing", []),
    ],
)
def test_filter(wanted: str, indices: list[int]) -> None:
    assert order(wanted) == indices


def test_a_word_that_no_prompt_can_be_is_named() -> None:
    assert misread("is:supp who") == ""
    assert misread("is:forget is:gone") == "is:gone"


def test_counts() -> None:
    assert counted(ROWS, UNICODE, 200) == (
        "7 prompts · 4 read: 2 SUPPRESSED, 1 COLLAPSED, 1 RETAINED"
        " · 1 waiting · 1 reading · 1 failed"
    )
    assert counted(ROWS, ASCII, 60) == "7 - 4 read: 2 SUPP 1 COLL 1 RET - 1 wait - 1 now - 1 fail"
    assert counted((), UNICODE, 80) == "0 prompts · 0 read"


def test_progress() -> None:
    said = "".join(text for text, _ in progress_line(ROWS, (3, 4), ASCII))
    assert said == "reading 3 of 4 " + "=" * 18 + "-" * 6
    assert "B reads them" in "".join(text for text, _ in progress_line(ROWS, None, UNICODE))
    assert progress_line(ROWS[:2], None, UNICODE) == ()
    assert "reading 0 of 0" in progress_line(ROWS, (0, 0), UNICODE)[0][0]


@pytest.mark.parametrize("width", [38, 78, 97, 200])
@pytest.mark.parametrize("plain", [False, True])
def test_every_row_is_as_wide_as_the_columns(width: int, plain: bool) -> None:
    place, signs = columns(9, width), ASCII if plain else UNICODE
    hostile = tuple(replace(ROWS[0], prompt=text, id=text) for text in HOSTILE.values())
    rows = (*ROWS, *hostile)
    widths = {
        cell_len("".join(cells(row, place, signs, current=row.index == 1, plain=plain)))
        for row in rows
    }
    assert widths == {max(width, cell_len(heading(place, "file", signs)))} or widths == {width}
    said = "".join("".join(cells(row, place, signs, current=False, plain=plain)) for row in ROWS)
    assert ("SUPPRESSED" in said) == (width > 95)
    assert "SUPP" in said


def test_wide_glyphs_are_never_cut_in_two() -> None:
    for room in range(1, 12):
        made = clipped("東京で生まれた", room, UNICODE, plain=False)
        assert cell_len(made) == room
    assert clipped("東京で生まれた", 8, UNICODE, plain=False) == "東京で… "


# ---------------------------------------------------------------- the screen


class Page(Host):
    """The page over an empty screen; notes what it asks for."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, page: PromptsScreen) -> None:
        super().__init__()
        self.page = page
        self.heard: list[object] = []

    def on_mount(self) -> None:
        self.push_screen(self.page, self.heard.append)

    def on_prompts_screen_scoring(self, event: PromptsScreen.Scoring) -> None:
        self.heard.append(("scoring", event.wanted))

    def on_prompts_screen_add(self) -> None:
        self.heard.append("add")

    def on_prompts_screen_edit_row(self, event: PromptsScreen.EditRow) -> None:
        self.heard.append(("edit", event.index))

    def said(self, name: str) -> str:
        return str(self.page.query_one(f"#{name}", Static).content)

    @property
    def here(self) -> int | None:
        row = self.page.query_one(PromptList).here
        return None if row is None else row.index


async def test_keys() -> None:
    app = Page(PromptsScreen(ROWS, 2, UNICODE, False))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert app.here == 2
        visited: list[int | None] = []
        for key in ("j", "k", "G", "home", "end", "g", "pagedown", "ctrl+u", "f", "f", "F", "d"):
            await pilot.press(key)
            visited.append(app.here)
        assert visited == [3, 2, 6, 0, 6, 0, 6, 0, 1, 6, 4, 1]
        await pilot.press("d")
        assert app.said("prompts-progress") == "There is no other changed prompt in the list."
        await pilot.press("s")
        assert app.said("prompts-title") == "Prompts   by verdict"
        await pilot.press("G", "e", "A", "B")
        app.page.show(ROWS, (3, 7))
        await pilot.press("B", "enter")
        await pilot.pause()
        assert app.heard == [("edit", 2), "add", ("scoring", True), ("scoring", False), 2]


async def test_filter_line() -> None:
    app = Page(PromptsScreen(ROWS, 0, ASCII, True))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", "i", "slash")
        assert app.page.query_one(Filter).value == "i/"
        app.page.query_one(Filter).value = "is:supp"
        await pilot.pause()
        assert "2 pass the filter" in app.said("prompts-title")
        assert app.here == 1
        await pilot.press("enter", "j")
        assert app.here == 6
        await pilot.press("slash")
        app.page.query_one(Filter).value = "is:supp is:waiting"
        await pilot.pause()
        assert app.here is None
        assert "No prompt passes" in app.said("detail-prompt")
        await pilot.press("enter", "e", "enter", "j", "f")
        assert app.heard == []
        await pilot.press("escape")
        assert "pass the filter" not in app.said("prompts-title")
        await pilot.press("escape")
        await pilot.pause()
        assert app.heard == [None]


async def test_of_thousands_only_the_changed_row_in_view_is_painted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [replace(ROWS[2], index=i, id=f"x-{i:04}") for i in range(5_000)]
    app = Page(PromptsScreen(rows, 0, UNICODE, False))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        painted: list[Region] = []
        listed = app.page.query_one(PromptList)
        monkeypatch.setattr(listed, "refresh", lambda *regions: painted.extend(regions))
        read = [replace(row) for row in rows]  # equal, but other objects
        app.page.show(read, (1, 5_000))
        assert painted == []
        read[3] = replace(read[3], status="read", label="SUPPRESSED", recovered=0.5)
        read[4_000] = replace(read[4_000], status="read", label="RETAINED")
        app.page.show(read, (3, 5_000))
        assert [(region.y, region.height) for region in painted] == [(3, 1)]


async def test_the_cursor_stays_on_its_prompt_while_rows_move() -> None:
    app = Page(PromptsScreen(ROWS, 0, UNICODE, False))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("s", "G")
        assert app.here == 2
        app.page.show(
            [*ROWS[:2], replace(ROWS[2], status="read", label="SUPPRESSED"), *ROWS[3:]], None
        )
        assert app.here == 2
        assert app.page.query_one(PromptList).cursor == 1
        app.page.show(ROWS[:1], None)
        assert app.here == 0


async def test_hostile_text_is_shown_and_not_obeyed() -> None:
    rows = [
        PromptRow(i, text, "forget", text, text, "failed", trouble=text)
        for i, text in enumerate(HOSTILE.values())
    ]
    app = Page(PromptsScreen(rows, 0, UNICODE, False))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        for _ in rows:
            assert_harmless(app)
            app.page.action_move(1)
            await pilot.pause()
        app.page.action_move(-len(rows))
        await pilot.pause()
        assert "[/INST]" in str(app.page.query_one(PromptList).render_line(0).text)

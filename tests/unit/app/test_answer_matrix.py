"""The answer matrix draws what it is given, safely, and repaints no more than it must."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from unpact_tui.app import palette
from unpact_tui.app.widgets.answer_matrix import AnswerMatrix
from unpact_tui.app.widgets.matrix_lines import Frame, Matrix, framed, window

LABELS = (" Edna", " Harrow", ".")
BASE = ((1.0, 0.0, -1.0, None), (0.4, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.2))
UNLEARNED = ((0.0, 0.0, 0.0, 0.0), (0.0, -0.4, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))
SHARES = ((0.93, 1.0, 0.004), (0.12, float("nan"), 0.5))


class Host(App[None]):
    """One matrix and what it says."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *, ansi: bool | None = None) -> None:
        super().__init__(ansi_color=ansi)
        self.clicked: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield AnswerMatrix("by token [x]", id="matrix")

    def on_answer_matrix_chosen(self, message: AnswerMatrix.Chosen) -> None:
        assert message.control is self.query_one(AnswerMatrix)
        self.clicked.append((message.row, message.column))


def matrix(app: App[None]) -> AnswerMatrix:
    return app.query_one(AnswerMatrix)


def shown(app: App[None]) -> AnswerMatrix:
    view = matrix(app)
    view.show(LABELS, BASE, UNLEARNED, 1.0, probabilities=SHARES, diverges=1)
    return view


def rows(view: AnswerMatrix) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def test_signs_labels_probabilities_and_the_column() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        view.cursor(2, 2)
        assert rows(view)[:4] == [
            "         p     ▾       p     ▾",
            "  Edna   .93    ╌      .12",
            " ▸Harrow 1.0            -",
            "› .      .00           .50",
        ]
        reversed_text = [s.text for s in view.render_line(3) if s.style and s.style.reverse]
        assert reversed_text == [".     "]


async def test_the_mark_of_divergence_is_named_where_there_is_room() -> None:
    async with Host().run_test(size=(80, 6)) as pilot:
        view = matrix(pilot.app)
        view.show(("a long word", "b"), BASE, UNLEARNED, 1.0, diverges=1)
        assert rows(view)[0].startswith(" ▸ diverges ")
        assert rows(view)[2].startswith(" ▸b")


async def test_cells_are_coloured_and_say_nothing_else() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        grounds = [
            segment.style.bgcolor.get_truecolor().hex
            for segment in view.render_line(1)
            if segment.style and segment.style.bgcolor and segment.text == " "
        ]
        assert "#ffaf00" in grounds
        assert "#5fd7ff" in grounds


async def test_without_colour_cells_hold_glyphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Host(ansi=True).run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        assert rows(view)[1:3] == [
            "› Edna   .93 █ ▓╌      .12",
            " ▸Harrow 1.0 ▃          -   :",
        ]
        for component in palette.COMPONENTS:
            assert view.get_component_rich_style(component, partial=True).bgcolor is None


async def test_plain_signs_are_ascii() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = matrix(pilot.app)
        view.ascii = True
        view.show(("\n", "x" * 30), BASE, UNLEARNED, 1.0, probabilities=SHARES, diverges=0)
        assert "".join(rows(view)).isascii()
        assert rows(view)[1:3] == [
            ">!\\n        .93 5 e~     .12",
            "  xxxxxxxx~ 1.0 2         -   b",
        ]


async def test_threshold_and_gamma() -> None:
    async with Host(ansi=True).run_test(size=(40, 6)) as pilot:
        view = matrix(pilot.app)
        view.ascii = True
        view.show(LABELS, BASE, UNLEARNED, 1.0, 0.3, 0.5)
        assert rows(view)[2] == "  Harrow 3              c"
        assert rows(view)[3] == "  ."


async def test_the_window_follows_the_column_by_half_a_page() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = matrix(pilot.app)
        wide = [[0.0] * 100 for _ in LABELS]
        view.show(LABELS, wide, wide, 1.0)
        assert rows(view)[0].count(">") == 2
        assert "<" not in rows(view)[0]
        view.cursor(0, 50)
        assert rows(view)[0].count("<") == rows(view)[0].count("▾") == 2
        view.cursor(0, 500)
        assert view.chosen == (0, 99)
        assert rows(view)[0].endswith("▾")
        view.cursor(-1, -1)
        assert view.chosen == (0, 0)


async def test_rows_scroll_below_the_head() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        view = matrix(pilot.app)
        labels = [f" word{i}" for i in range(50)]
        cells = [[0.0, 1.0]] * 50
        view.show(labels, cells, cells, 1.0)
        view.cursor(49, 1)
        await pilot.pause()
        assert "▾" in rows(view)[0]
        assert rows(view)[-1].startswith("› word49")
        view.cursor(0, 1)
        await pilot.pause()
        assert rows(view)[1].startswith("› word0")


async def test_repaints_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        await pilot.pause()
        dirty: list[Region] = []
        whole = Region(-1, -1, 0, 0)

        def refresh(*regions: Region, repaint: bool = True, layout: bool = False) -> None:
            dirty.extend(regions or [whole])

        monkeypatch.setattr(view, "refresh", refresh)
        view.cursor(0, 0)
        shown(pilot.app)
        assert dirty == []
        view.cursor(1, 0)
        assert {region.y for region in dirty} == {1, 2}
        assert all(region.width <= 13 for region in dirty)
        rows(view)
        dirty.clear()
        view.cursor(1, 2)
        assert [region.y for region in dirty] == [0]
        rows(view)
        dirty.clear()
        other = (*UNLEARNED[:2], (0.0, 0.0, 0.0, 1.0))
        view.show(LABELS, BASE, other, 1.0, probabilities=SHARES, diverges=1)
        assert [region.y for region in dirty] == [3]
        monkeypatch.undo()


async def test_a_click_says_which_cell() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        view.cursor(1, 3)
        await pilot.pause()
        for x, y in ((14, 2), (15, 4), (3, 4), (15, 1), (14, 5), (39, 2)):
            await pilot.click("#matrix", offset=(x, y))
        assert isinstance(pilot.app, Host)
        assert pilot.app.clicked == [(0, 0), (2, 1), (2, 3), (1, 1)]


@pytest.mark.parametrize(
    "raw",
    ["[/b]", "[@click=app.quit]x[/]", "\x1b]52;c;QUJD\x07", "\x9b31m", "\u202ex", "", "👩\u200d🚀"],
)
async def test_hostile_labels_are_only_text(raw: str) -> None:
    async with Host().run_test(size=(60, 6)) as pilot:
        view = matrix(pilot.app)
        view.show((raw, " after"), BASE, UNLEARNED, 1.0)
        text = "".join(rows(view))
        assert text.isprintable()
        assert "after" in text


@pytest.mark.parametrize("size", [(1, 1), (2, 20), (9, 3), (100, 2)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = shown(pilot.app)
        before = rows(view)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        view.cursor(2, 3)
        view.cursor(0, 0)
        await pilot.resize_terminal(40, 6)
        await pilot.pause()
        assert rows(view) == before


async def test_nothing_to_show() -> None:
    async with Host().run_test(size=(40, 6)) as pilot:
        view = matrix(pilot.app)
        view.show((), (), (), 0.0)
        view.cursor(3, 3)
        await pilot.click("#matrix", offset=(5, 2))
        assert not any(rows(view))
        view.show(LABELS, ((), (), ()), (), 0.0)
        assert rows(view)[1].startswith("› Edna")


@pytest.mark.parametrize("width", range(1, 60))
def test_both_halves_are_equally_wide_and_fit(width: int) -> None:
    frame = framed(Matrix(LABELS, (BASE, UNLEARNED), SHARES), width)
    assert frame.cells >= 1
    if width > 20:
        assert width - 1 <= frame.starts[1] + frame.cells <= width
    assert [frame.column_at(start) for start in frame.starts] == [0, 0]


@pytest.mark.parametrize(
    ("first", "column", "columns", "expected"),
    [(0, 9, 100, 0), (0, 10, 100, 5), (5, 4, 100, 0), (50, 99, 100, 90), (0, 3, 4, 0)],
)
def test_window(first: int, column: int, columns: int, expected: int) -> None:
    assert window(first, column, Frame(5, 0, 10), columns) == expected

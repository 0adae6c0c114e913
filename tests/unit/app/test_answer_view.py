"""The answer view wraps, follows and repaints no more than it must."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from unpact_tui.app.widgets.answer_lines import MATCH, words_of, wrapped
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.worddiff import Run, diff


class Host(App[None]):
    """One answer."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield AnswerView("answers [x]", id="answer")


def rows(view: AnswerView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def plain(raw: str, width: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in wrapped([Run(raw, "new")], width)]


@pytest.mark.parametrize(
    ("raw", "width", "lines"),
    [
        ("", 10, []),
        ("one two three", 8, ["one two ", "three"]),
        ("one\n\ntwo\n", 8, ["one", "", "two"]),
        ("abcdefghij kl", 4, ["abcd", "efgh", "ij ", "kl"]),
        ("ab abcdefghij", 4, ["ab ", "abcd", "efgh", "ij"]),
        ("魔法学校", 5, ["魔法", "学校"]),
        ("a\x1b[2J\tb", 10, ["a␛[2J⇥b"]),
        ("\u0301a", 10, ["◌\u0301a"]),
    ],
)
def test_wrapped(raw: str, width: int, lines: list[str]) -> None:
    assert plain(raw, width) == lines


def test_words_worth_recognising() -> None:
    assert words_of("It was Edna HARROW, in 31.") == {"edna", "harrow", "31"}


def test_words_of_the_answer_under_test_are_marked() -> None:
    (line,) = wrapped([Run("by Edna Harrow!", "new")], 40, words_of("edna harrow"))
    assert line == (("by ", ()), ("Edna", (MATCH,)), (" ", ()), ("Harrow!", (MATCH,)))


@pytest.mark.parametrize(
    ("said", "base", "bracketed"),
    [
        ("one three", "one two three", "one [-two-] three"),
        ("one", "one two three", "one [-two three-]"),
        ("", "one two", "[-one two-]"),
        ("no", "yes", "[-yes-] no"),
        ("one\nthree", "one two three", "one\n[-two-] three"),
        ("one\n", "one two", "one [-two-]"),
        ("one  ", "one\ntwo", "one [-two-]"),
    ],
)
def test_what_is_missing_stands_apart(said: str, base: str, bracketed: str) -> None:
    lines = wrapped(diff(said, base), 40)
    assert "\n".join("".join(text for text, _ in line).rstrip() for line in lines) == bracketed


async def test_shows_text_and_marks() -> None:
    async with Host().run_test(size=(16, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.set_text("It was Edna Harrow.", done=True)
        view.set_reference("Edna")
        assert rows(view)[:2] == ["It was Edna", "Harrow."]
        underlined = [s.text for s in view.render_line(0) if s.style and s.style.underline]
        assert underlined == ["Edna"]


def looks(view: AnswerView) -> dict[str, set[str]]:
    """Return what each run of the first row is drawn with."""
    names = ("bold", "underline", "strike", "dim")
    return {
        segment.text.strip(): {name for name in names if getattr(segment.style, name)}
        for segment in view.render_line(0)
        if segment.text.strip()
    }


async def test_words_are_compared_with_the_base() -> None:
    async with Host().run_test(size=(60, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.set_reference("Edna Harrow")
        view.compare_with("It was Edna Harrow, the author.", done=True)
        view.set_text("It was perhaps Edna Harrow", done=False)
        assert looks(view) == {
            "It was": {"bold"},
            "perhaps": set(),
            "Edna": {"bold", "underline"},
            "Harrow": {"bold", "underline"},
        }
        view.set_text("It was perhaps Edna Harrow", done=True)
        assert looks(view)["[-the author.-]"] == {"dim"}
        view.compare_with("It was Edna Harrow, the author.", done=False)
        assert "[-the author.-]" not in looks(view)
        view.compare_with(None, done=False)
        assert looks(view)["It was perhaps"] == set()


async def test_what_is_missing_is_in_brackets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Host().run_test(size=(60, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.compare_with("one two three four", done=True)
        view.set_text("one\tfour", done=True)
        view.ascii = True
        assert rows(view)[0] == "[-one two three four-] one\\tfour"
    monkeypatch.setenv("NO_COLOR", "1")
    async with Host().run_test(size=(60, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.compare_with("one two three four", done=True)
        view.set_text("one four", done=True)
        assert rows(view)[0] == "one [-two three-] four"


async def test_an_empty_answer_is_not_a_missing_one() -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        assert rows(view)[0] == ""
        view.set_text("", done=True)
        assert rows(view)[0] == "(nothing)"


async def test_the_end_stays_in_view_while_it_is_written() -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        raw = ""
        for i in range(60):
            raw += f"word{i} "
            view.set_text(raw, done=False)
            await pilot.pause()
        assert "word59" in " ".join(rows(view))
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert "word59" in " ".join(rows(view))
        view.set_text("short", done=True)
        await pilot.pause()
        assert rows(view)[0] == "short"


async def test_only_changed_lines_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Host().run_test(size=(20, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.set_text("one two three four five", done=False)
        await pilot.pause()
        dirty: list[Region] = []
        whole = Region(-1, -1, 0, 0)

        def refresh(*regions: Region, repaint: bool = True, layout: bool = False) -> None:
            dirty.extend(regions or [whole])

        monkeypatch.setattr(view, "refresh", refresh)
        view.set_text("one two three four five six", done=False)
        assert dirty == [Region(0, 1, 8, 1)]
        dirty.clear()
        view.set_text("one two three four five six", done=True)
        assert dirty == []
        view.compare_with("one two three four five six", done=True)
        view.compare_with("one two three four five six seven", done=False)
        assert dirty == [Region(0, row, width, 1) for row, width in ((0, 19), (1, 8))]
        monkeypatch.undo()


@pytest.mark.parametrize(
    "raw",
    ["[/b]", "[@click=app.quit]x[/]", "\x1b]52;c;QUJD\x07", "\x9b31m", "\u202ex", "\x00", "\ud800"],
)
async def test_hostile_answers_are_only_text(raw: str) -> None:
    async with Host().run_test(size=(40, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.set_text(f"before {raw} after", done=False)
        view.set_reference(raw)
        view.compare_with(f"other {raw}{raw} after", done=True)
        await pilot.pause()
        shown = "".join(rows(view))
        assert shown.isprintable()
        assert shown.startswith("before ")
        assert shown.endswith(" after")
        if raw.isprintable():
            assert raw in shown


@pytest.mark.parametrize("size", [(1, 1), (2, 20), (100, 2)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with Host().run_test(size=(40, 10)) as pilot:
        view = pilot.app.query_one(AnswerView)
        view.set_text("one 魔法 three", done=False)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert rows(view)[0] == "one 魔法 three"

"""What is far longer than any screen costs no more than a screen."""

from __future__ import annotations

from time import process_time

import pytest
from textual.app import App, ComposeResult

from attribution.types import Token
from unpact_tui.app.layout import LONGEST, piece
from unpact_tui.app.widgets.answer_lines import drawn, wrapped
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.app.worddiff import Run


class Two(App[None]):
    """A prompt and an answer."""

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield TokenGrid("prompt")
        yield AnswerView("answer")


@pytest.mark.parametrize("unit", ["x", "ab ", "\x1b[", "魔", "\u0301"])
async def test_ten_megabytes_are_drawn_at_once(unit: str) -> None:
    text = unit * (10_000_000 // len(unit.encode()))
    async with Two().run_test(size=(100, 30)) as pilot:
        began = process_time()
        pilot.app.query_one(TokenGrid).show([Token(1, text, 0, len(text))])
        view = pilot.app.query_one(AnswerView)
        view.set_text(text, done=True)
        view.compare_with(f"{text}x", done=True)
        await pilot.pause()
        assert process_time() - began < 3


def test_a_token_is_wider_than_any_line_all_the_same() -> None:
    assert piece("a" + "\u0301" * 100_000).cells > 1000
    assert piece("x" * 100_000).cells == LONGEST


def test_a_long_word_of_an_answer_stands_there_whole() -> None:
    word = "x" * (2 * LONGEST + 5)
    lines = wrapped([Run(word, "new")], 100)
    assert "".join(text for line in lines for text, _ in line) == word


def test_an_answer_that_is_cut_says_so() -> None:
    assert drawn("x" * 20_000) == "x" * 20_000
    assert drawn("x" * 20_005).endswith("x\n[5 more characters: y copies them all]")

"""Laws of wrapping, for any tokens and any width."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from unpact_tui.app.layout import piece, wrap
from unpact_tui.app.widgets.answer_lines import wrapped
from unpact_tui.app.worddiff import Run

WIDTHS = st.integers(1, 60)
TEXTS = st.text(max_size=30) | st.sampled_from(
    [" the", "\n", " Wes", "wick", "\x1b]52;c;AAAA\x07", "魔法", "🧙", "\u0301", "\u202e", ""]
)


@given(st.lists(TEXTS, max_size=40), WIDTHS, st.booleans())
@example([""], 1, False)
@example(["魔"], 1, True)
def test_every_token_stands_once_within_the_width(raw: list[str], width: int, plain: bool) -> None:
    layout = wrap([piece(text, plain=plain) for text in raw], width, "~" if plain else "…")
    assert [i for line in layout.lines for i in line] == list(range(len(raw)))
    assert all(layout.lines)
    for number, line in enumerate(layout.lines):
        x = 0
        for i in line:
            assert layout.positions[i] == (number, x, cell_len(layout.texts[i]))
            assert layout.positions[i][2] >= 1
            x += layout.positions[i][2]
        assert x <= width


@given(st.lists(TEXTS, max_size=40), WIDTHS)
def test_nothing_stands_after_a_newline(raw: list[str], width: int) -> None:
    layout = wrap([piece(text) for text in raw], width)
    for line in layout.lines:
        assert not any("\n" in raw[i] for i in line[:-1])


@given(st.lists(TEXTS, min_size=1, max_size=40), WIDTHS, st.data())
def test_cells_and_tokens_find_each_other(raw: list[str], width: int, data: st.DataObject) -> None:
    layout = wrap([piece(text) for text in raw], width)
    token = data.draw(st.integers(0, len(raw) - 1))
    line, x, cells = layout.positions[token]
    assert {layout.at(line, cell) for cell in range(x, x + cells)} == {token}
    for step in (-1, 1):
        other = layout.neighbour(token, step)
        target = min(max(line + step, 0), len(layout.lines) - 1)
        assert layout.positions[other][0] == target


@given(st.lists(TEXTS, max_size=20), WIDTHS)
def test_no_piece_reaches_the_terminal_as_a_command(raw: list[str], width: int) -> None:
    for text in wrap([piece(text) for text in raw], width).texts:
        assert all(unicodedata.category(character)[0] != "C" for character in text)


@given(st.text(max_size=200), WIDTHS)
@example("魔 a", 1)
def test_answers_keep_within_the_width(raw: str, width: int) -> None:
    for line in wrapped([Run(raw, "new")], width):
        shown = "".join(text for text, _ in line)
        assert cell_len(shown) <= max(width, 2)
        assert all(unicodedata.category(character)[0] != "C" for character in shown)


@given(st.text(alphabet="abc \n", max_size=200), WIDTHS)
def test_answers_lose_no_letter(raw: str, width: int) -> None:
    shown = "".join(text for line in wrapped([Run(raw, "new")], width) for text, _ in line)
    assert "".join(shown.split()) == "".join(raw.split())

"""How tokens are cut, wrapped and found again."""

from __future__ import annotations

import pytest

from unpact_tui.app.layout import Layout, piece, wrap


def rows(layout: Layout) -> list[str]:
    return ["".join(layout.texts[i] for i in line) for line in layout.lines]


def placed(width: int, *raw: str) -> Layout:
    return wrap([piece(text) for text in raw], width)


def test_words_stay_together() -> None:
    layout = placed(12, "Who", " wrote", " about", " Wes", "wick", "?")
    assert rows(layout) == ["Who wrote", " about", " Weswick?"]


def test_a_word_wider_than_the_line_breaks_between_its_tokens() -> None:
    assert rows(placed(5, "a", " Wes", "wick", "ford")) == ["a Wes", "wick", "ford"]


def test_a_newline_ends_its_line() -> None:
    assert rows(placed(20, "a", "\n", "b\n", "\n", "c")) == ["a⏎", "b⏎", "⏎", "c"]


def test_a_token_wider_than_the_line_is_clipped() -> None:
    layout = placed(5, "ab", " extraordinary", "c")
    assert rows(layout) == ["ab", " ext…", "c"]
    assert layout.positions == ((0, 0, 2), (1, 0, 5), (2, 0, 1))


def test_wide_characters_count_two() -> None:
    layout = placed(5, "魔法", "学校")
    assert layout.positions == ((0, 0, 4), (1, 0, 4))


@pytest.mark.parametrize(
    ("raw", "shown", "plain"),
    [
        ("", "·", "."),
        ("\n", "⏎", "\\n"),
        ("\t", "⇥", "\\t"),
        ("\x1b[2J", "␛[2J", "^[[2J"),
        ("\u0301x", "◌\u0301x", "'\u0301x"),
        ("\ufe0f", "·", "."),
        ("☁\ufe0f", "☁", "☁"),
        ("\U0001f3fd", "◌\U0001f3fd", "'\U0001f3fd"),
        ("\u202ex", "⟨202e⟩x", "<202e>x"),
        ("[INST]", "[INST]", "[INST]"),
    ],
)
def test_piece(raw: str, shown: str, plain: str) -> None:
    assert piece(raw).text == shown
    assert piece(raw, plain=True).text == plain


def test_neighbours_are_under_the_middle_or_nearest() -> None:
    layout = placed(10, "aaaa", " bbbb", "\n", "cc", " dd")
    assert layout.neighbour(0, 1) == 4
    assert layout.neighbour(1, 1) == 4
    assert layout.neighbour(4, -1) == 0
    assert layout.neighbour(0, -1) == 0
    assert layout.neighbour(3, 5) == 3
    assert layout.neighbour(0, 5) == 4


def test_a_cell_knows_its_token() -> None:
    layout = placed(10, "ab", " cd", "\n", "ef")
    assert [layout.at(0, x) for x in range(7)] == [0, 0, 1, 1, 1, 2, None]
    assert layout.at(2, 0) is None
    assert layout.at(-1, 0) is None


def test_nothing_to_wrap() -> None:
    layout = wrap([], 10)
    assert layout.lines == ()
    assert layout.neighbour(0, 1) == 0

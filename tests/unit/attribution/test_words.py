from __future__ import annotations

from random import Random

import pytest
from fakes import WordTokens

from attribution.types import Prompt, Span, Token
from attribution.words import find_words, positions_in, touched, word_spans, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who is Basil Al-Kuwaiti's father?", ["Who", "is", "Basil", "Al-Kuwaiti's", "father"]),
        ("born on 08/09/1956.", ["born", "on", "08", "09", "1956"]),
        ("魔法 school", ["魔", "法", "school"]),
        ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
        ("naïve café", ["naïve", "café"]),
        ("cafe\u0301!", ["cafe\u0301"]),
        ("🧙 \u200d\ufe0f **", []),
        ("- 'quoted' -", ["quoted"]),
        ("[INST] hi [/INST]", ["INST", "hi", "INST"]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert [text[s.start : s.end] for s in word_spans(text)] == expected


def test_template_is_in_no_word() -> None:
    prompt = WordTokens(chat=True).encode("Who is Basil?")
    assert [prompt.text[w.span.start : w.span.end] for w in find_words(prompt)] == [
        "Who",
        "is",
        "Basil",
    ]
    assert not {i for unit in words(prompt) for i in unit} & {0, len(prompt.tokens) - 1}


def test_continuing_bytes_belong_to_their_character() -> None:
    tokens = (
        Token(5, "魔", 0, 1),
        Token(6, "", 1, 1),
        Token(7, "", 1, 1),
        Token(8, "!", 1, 2),
        Token(9, "", 2, 2),
    )
    assert words(Prompt("魔!", tokens, Span(0, 2))) == ((0, 1, 2),)


def test_words_that_share_a_token_are_one() -> None:
    tokens = (Token(5, "北京", 0, 2), Token(6, "大", 2, 3), Token(7, " of the", 3, 10))
    found = find_words(Prompt("北京大 of the", tokens, Span(0, 10)))
    assert [(w.span, w.positions) for w in found] == [
        (Span(0, 2), (0,)),
        (Span(2, 3), (1,)),
        (Span(4, 10), (2,)),
    ]


def test_touched_takes_whole_words() -> None:
    tokens = (Token(5, "Al", 0, 2), Token(6, "-K", 2, 4), Token(7, "?", 4, 5))
    prompt = Prompt("Al-K?", tokens, Span(0, 5))
    assert [w.positions for w in touched(prompt, [1])] == [(0, 1)]
    assert touched(prompt, [2]) == ()


def _overlapping(prompt: Prompt, span: Span) -> tuple[int, ...]:
    """By a walk over all tokens."""
    found: list[int] = []
    for i, token in enumerate(prompt.tokens):
        overlaps = token.start < span.end and token.end > span.start
        goes_on = token.start == token.end and bool(found) and found[-1] == i - 1
        if not token.fixed and (overlaps or goes_on):
            found.append(i)
    return tuple(found)


def test_positions_of_a_span_are_found_without_a_walk() -> None:
    draw = Random(5)
    for _ in range(300):
        at, tokens = 0, list[Token]()
        for number in range(draw.randrange(1, 9)):
            end = at + draw.choice((0, 0, 1, 2))
            tokens.append(Token(number, "", at, end, fixed=draw.random() < 0.2))
            at = end
        prompt = Prompt("x" * at, tuple(tokens), Span(0, at))
        first = draw.randrange(at + 1)
        span = Span(first, draw.randrange(first, at + 1))
        assert positions_in(prompt, span) == _overlapping(prompt, span), (tokens, span)

from __future__ import annotations

import pytest
from fakes import WordTokens

from attribution.sentences import sentence_spans, sentences
from attribution.types import Prompt, Span, Token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who wrote it? Basil did. Why!", ["Who wrote it?", " Basil did.", " Why!"]),
        ("Dr. Smith met Prof. Bo and J. K. Rowling.", []),
        ("It is 3.14 m in the U.S. Army base.", []),
        ("e.g. Basil, i.e. Mahfouz, a.b.c. and so on.", []),
        ("born in no. 5, in 1956. 12 years.", []),
        ("In 1956. Then", ["In 1956.", " Then"]),
        ("He said no. She left. Вот. Да", ["He said no.", " She left.", " Вот.", " Да"]),
        ("Well... no... Yes… no… (Yes)", ["Well... no...", " Yes… no…", " (Yes)"]),
        (
            '"Stop." Then **who?** (Me!) [No.] Y',
            ['"Stop."', " Then **who?**", " (Me!)", " [No.]", " Y"],
        ),
        ("你好。世界！「什么？」他说。", ["你好。", "世界！", "「什么？」", "他说。"]),
        ("Xdr. Foo. 魔法. 魔", ["Xdr.", " Foo.", " 魔法.", " 魔"]),
        ("Question: Who?\n \nAnswer:", ["Question: Who?\n \n", "Answer:"]),
        ("1. Who is it\n 12. When\nDr.\nB", ["1. Who is it\n", " 12. When\n", "Dr.\n", "B"]),
        ("what?no .5 !important x.y", []),
        ("\n\n One. \n", []),
        ("It is the U.S.", []),
        ("?", []),
        ("🧙. \u202e. A", ["🧙. \u202e.", " A"]),
    ],
)
def test_sentences_of_a_text(text: str, expected: list[str]) -> None:
    """An empty list: the text is one sentence."""
    assert [text[s.start : s.end] for s in sentence_spans(text)] == (expected or [text])


@pytest.mark.parametrize("text", ["", " ", "\n \n"])
def test_white_space_has_no_sentence(text: str) -> None:
    assert list(sentence_spans(text)) == []


@pytest.mark.parametrize("unit", [".", ". ", '."', "\n", " ", "! ", "a. ", "\n ", "Ab. "])
def test_a_long_text_costs_its_length(unit: str) -> None:
    """With the square of it, this would not end."""
    text = unit * (300_000 // len(unit)) + "x"
    assert list(sentence_spans(text))[-1].end == len(text)


@pytest.mark.parametrize("chat", [False, True])
def test_template_is_in_no_sentence(chat: bool) -> None:
    prompt = WordTokens(chat=chat).encode("Who is it? Tell me.\n")
    found = sentences(prompt)
    assert ["".join(prompt.tokens[i].text for i in unit) for unit in found] == [
        "Who is it?",
        " Tell me.\n",
    ]
    assert sorted(i for unit in found for i in unit) == list(prompt.removable)


def test_continuing_bytes_belong_to_their_character() -> None:
    tokens = (
        Token(5, "魔", 0, 1),
        Token(6, "。", 1, 2),
        Token(7, "", 2, 2),
        Token(8, "!", 2, 3),
        Token(9, "", 3, 3),
    )
    assert sentences(Prompt("魔。!", tokens, Span(0, 3))) == ((0, 1, 2), (3, 4))


def test_a_token_is_in_the_sentence_it_begins_in() -> None:
    tokens = (
        Token(5, "Hi", 0, 2),
        Token(6, ". A", 2, 5),
        Token(7, "</s>", 5, 9, fixed=True),
        Token(8, " b", 9, 11),
    )
    assert sentences(Prompt("Hi. A</s> b", tokens, Span(0, 11))) == ((0, 1), (3,))


def test_a_prompt_without_content_has_none() -> None:
    assert sentences(Prompt("hi", (Token(5, "hi", 0, 2, fixed=True),), Span(1, 1))) == ()

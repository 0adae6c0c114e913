from __future__ import annotations

import pytest
from fakes import WordTokens

from attribution.emphasis import load, names, strengths
from attribution.emphasise import emphasise
from attribution.errors import BadOption, NothingToEmphasise, UnknownName
from attribution.twins import id_preserving_twin
from attribution.types import Emphasis, Prompt
from attribution.words import find_words

TEXT = "Question: Who is Basil Mahfouz, the father of Basil?\nAnswer:"


def positions(prompt: Prompt, *wanted: str) -> tuple[int, ...]:
    return tuple(
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end] in wanted
        for i in word.positions
    )


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("bold", "Question: Who is **Basil Mahfouz**, the **father** of **Basil**?\nAnswer:"),
        (
            "bold_each",
            "Question: Who is **Basil** **Mahfouz**, the **father** of **Basil**?\nAnswer:",
        ),
        ("quote", 'Question: Who is "Basil Mahfouz", the "father" of "Basil"?\nAnswer:'),
        ("quote_each", 'Question: Who is "Basil" "Mahfouz", the "father" of "Basil"?\nAnswer:'),
        ("upper", "Question: Who is BASIL MAHFOUZ, the FATHER of BASIL?\nAnswer:"),
        (
            "repeat",
            "Question: Who is Basil Mahfouz Basil Mahfouz, the father father of Basil Basil?"
            "\nAnswer:",
        ),
        (
            "keywords",
            "Question: Who is Basil Mahfouz, the father of Basil? "
            "Keywords: Basil Mahfouz, father, Basil.\nAnswer:",
        ),
        (
            "focus",
            "Focus on: Basil Mahfouz, father, Basil. "
            "Question: Who is Basil Mahfouz, the father of Basil?\nAnswer:",
        ),
    ],
)
@pytest.mark.parametrize("chat", [False, True])
def test_what_each_strategy_writes(strategy: str, expected: str, chat: bool) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz", "father")
    edited = emphasise(tokens, prompt, Emphasis(strategy, chosen))
    assert edited.prompt.content_text == expected
    moved = [edited.prompt.tokens[i].text.strip().casefold() for i in edited.moved]
    assert moved == ["basil", "mahfouz", "father", "basil"]


@pytest.mark.parametrize(
    ("strategy", "strength", "expected"),
    [
        ("bold", 2.0, "Question: Who is ***Basil Mahfouz***, the father of ***Basil***?\nAnswer:"),
        (
            "bold_each",
            2.0,
            "Question: Who is ***Basil*** ***Mahfouz***, the father of ***Basil***?\nAnswer:",
        ),
        (
            "repeat",
            3.0,
            "Question: Who is Basil Mahfouz Basil Mahfouz Basil Mahfouz Basil Mahfouz, the father "
            "of Basil Basil Basil Basil?\nAnswer:",
        ),
        (
            "keywords",
            2.0,
            "Question: Who is Basil Mahfouz, the father of Basil? Keywords: Basil Mahfouz, Basil. "
            "Keywords: Basil Mahfouz, Basil.\nAnswer:",
        ),
    ],
)
def test_what_a_dial_does(strategy: str, strength: float, expected: str) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz")
    edited = emphasise(tokens, prompt, Emphasis(strategy, chosen, strength))
    assert edited.prompt.content_text == expected
    moved = [edited.prompt.tokens[i].text.strip() for i in edited.moved]
    assert moved == ["Basil", "Mahfouz", "Basil"]


def test_where_each_dial_can_stand() -> None:
    assert {name: strengths(name) for name in names() if len(strengths(name)) > 1} == {
        "bold": (1.0, 2.0),
        "bold_each": (1.0, 2.0),
        "keywords": (1.0, 2.0, 3.0),
        "repeat": (1.0, 2.0, 3.0, 4.0),
    }
    with pytest.raises(UnknownName):
        strengths("blod")


@pytest.mark.parametrize("strength", [0.0, 1.5, 5.0, -1.0, float("nan"), float("inf")])
def test_a_dial_stands_nowhere_else(strength: float) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    emphasis = Emphasis("repeat", positions(prompt, "Basil"), strength)
    for make in (emphasise, id_preserving_twin):
        with pytest.raises(BadOption, match=r"strength of repeat .* one of 1, 2, 3, 4"):
            make(tokens, prompt, emphasis)


def test_every_strategy_is_named_here() -> None:
    assert set(names()) == {
        "bold", "bold_each", "focus", "keywords", "quote", "quote_each", "repeat", "upper",
    }  # fmt: skip


def test_marks_attached_to_a_word_change_its_ids() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "father")
    assert emphasise(tokens, prompt, Emphasis("bold", chosen)).ids_changed
    assert not emphasise(tokens, prompt, Emphasis("keywords", chosen)).ids_changed


@pytest.mark.parametrize("strategy", ["bold", "bold_each", "quote", "repeat", "keywords", "focus"])
@pytest.mark.parametrize("chat", [False, True])
def test_the_twin_keeps_every_original_id_in_order(strategy: str, chat: bool) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz")
    twin = id_preserving_twin(tokens, prompt, Emphasis(strategy, chosen))
    assert twin is not None
    rest = iter(twin.prompt.ids)
    assert all(i in rest for i in prompt.ids)
    assert [twin.prompt.ids[i] for i in twin.moved] == [prompt.ids[i] for i in chosen]
    assert len(twin.prompt.tokens) > len(prompt.tokens)
    joined = "".join(twin.prompt.text[t.start : t.end] for t in twin.prompt.tokens)
    assert joined == twin.prompt.text
    content = twin.prompt.content_text
    assert prompt.text.replace(prompt.content_text, content) == twin.prompt.text


def test_the_twin_puts_marks_around_whole_tokens() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil?")
    twin = id_preserving_twin(tokens, prompt, Emphasis("bold", positions(prompt, "Basil")))
    assert twin is not None
    assert twin.prompt.text == "Who is** Basil**?"


def test_replacing_strategies_have_no_twin() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    assert id_preserving_twin(tokens, prompt, Emphasis("upper", positions(prompt, "Who"))) is None


def test_punctuation_cannot_be_emphasised() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil?")
    with pytest.raises(NothingToEmphasise):
        emphasise(tokens, prompt, Emphasis("bold", (len(prompt.tokens) - 1,)))


def test_unknown_strategy_suggests_a_name() -> None:
    with pytest.raises(UnknownName) as error:
        load("blod")
    assert "bold" in error.value.hint

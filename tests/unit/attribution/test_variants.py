from __future__ import annotations

from collections import Counter

import pytest
from fakes import WordTokens

from attribution.attempts import Lever
from attribution.choose import random_positions
from attribution.emphasis import Means, Template, load
from attribution.errors import BadOption, EmptyPrompt, NothingToEmphasise, UnknownName
from attribution.types import Prompt, Span, Token
from attribution.variants import PARAPHRASE, Made, Wanted, variants
from attribution.words import find_words, touched

TEXT = "Where was Basil Mahfouz born in the spring of his first year?"
EVERY = ("bold", "upper", "keywords", "retokenise", "attention_bias")


def positions(prompt: Prompt, *wanted: str) -> tuple[int, ...]:
    return tuple(
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end] in wanted
        for i in word.positions
    )


def made(*names: str, tokens: WordTokens | None = None) -> Made:
    tokens = tokens or WordTokens()
    prompt = tokens.encode(TEXT)
    return variants(tokens, prompt, positions(prompt, "Basil"), Wanted(names))


def test_beside_each_attempt_stand_its_controls() -> None:
    found = made(*EVERY)
    assert found.left_out == ()
    kinds = {
        name: Counter(v.kind for v in found.tried if v.emphasis.strategy == name)
        for name in (*EVERY, PARAPHRASE)
    }
    assert kinds["bold"] == {"key": 1, "id_preserving": 1, "ids_only": 1, "random": 3}
    assert kinds["upper"] == {"key": 1, "random": 3}, "it replaces words"
    assert kinds["keywords"] == {"key": 1, "random": 3}, "it changes no id"
    assert kinds["retokenise"]["key"] == len(load("retokenise").rungs)
    assert set(kinds["retokenise"]) == {"key", "random"}
    assert set(kinds["attention_bias"]) == {"key", "random"}
    assert kinds[PARAPHRASE] == {"paraphrase": 3}


def test_every_strategy_gets_the_same_draws() -> None:
    drawn: dict[int, set[tuple[int, ...]]] = {}
    for variant in made(*EVERY).tried:
        if variant.kind == "random":
            drawn.setdefault(variant.draw, set()).add(variant.emphasis.positions)
    assert [len(same) for _, same in sorted(drawn.items())] == [1, 1, 1]


def test_the_level_is_said() -> None:
    levels = {v.emphasis.strategy: v.level for v in made(*EVERY).tried}
    assert levels == {
        "bold": "prompt",
        "upper": "prompt",
        "keywords": "prompt",
        "retokenise": "tokens",
        "attention_bias": "attention",
        PARAPHRASE: "prompt",
    }


def test_rungs_that_come_to_the_same_are_read_once() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Is it me")
    wanted = Wanted(("retokenise",), draws=0)
    (variant,) = variants(tokens, prompt, positions(prompt, "Is"), wanted).tried
    assert variant.emphasis.strength == 1.0
    assert [v.emphasis.strength for v in made("retokenise").tried if v.kind == "key"] == [
        1.0,
        2.0,
        3.0,
    ]


def test_without_draws_there_are_no_random_words_and_no_paraphrases() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    wanted = Wanted(("bold",), draws=0, paraphrases=("Where?",))
    found = variants(tokens, prompt, positions(prompt, "Basil"), wanted)
    assert [v.kind for v in found.tried] == ["key", "id_preserving", "ids_only"]


def test_given_paraphrases_are_read_as_they_are() -> None:
    tokens = WordTokens(chat=True)
    prompt = tokens.encode(TEXT)
    wanted = Wanted(("bold",), draws=1, paraphrases=("Basil is from where?",))
    *_, last = variants(tokens, prompt, positions(prompt, "Basil"), wanted).tried
    assert last.kind == "paraphrase"
    assert last.edited.prompt == tokens.encode("Basil is from where?")
    assert last.emphasis.positions == last.edited.moved == ()


def test_what_a_model_refuses_is_left_out_with_the_reason() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)

    def refuses(lever: Lever | None) -> str:
        return "" if lever is None else "it has no attention"

    wanted = Wanted(("bold", "attention_bias", "anchor"))
    found = variants(tokens, prompt, positions(prompt, "Basil"), wanted, refuses)
    assert found.left_out == (
        ("attention_bias", "it has no attention"),
        ("anchor", "it has no attention"),
    )
    assert {v.emphasis.strategy for v in found.tried} == {"bold", PARAPHRASE}


def test_a_word_without_another_spelling_leaves_that_strategy_out() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("I know it well")
    found = variants(tokens, prompt, positions(prompt, "I"), Wanted(("retokenise", "bold")))
    assert [name for name, _ in found.left_out] == ["retokenise"]
    assert any(v.emphasis.strategy == "bold" for v in found.tried)


class Picky(WordTokens):
    """Will not read a prompt with these words in stars."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def encode(self, content: str) -> Prompt:
        if any(f"**{word}**" in content for word in self.words):
            raise EmptyPrompt
        return super().encode(content)


def test_a_draw_that_cannot_be_read_costs_no_more_than_itself() -> None:
    unread = [t for t in TEXT.rstrip("?").split() if t != "Basil"]
    found = made("bold", "upper", tokens=Picky(*unread))
    assert Counter(v.kind for v in found.tried if v.emphasis.strategy == "bold")["random"] == 0
    assert Counter(v.kind for v in found.tried if v.emphasis.strategy == "upper")["random"] == 3
    assert found.left_out == ()


def test_an_attempt_that_cannot_be_read_costs_its_strategy() -> None:
    found = made("bold", "upper", tokens=Picky("Basil"))
    assert [name for name, _ in found.left_out] == ["bold"]
    assert {v.emphasis.strategy for v in found.tried} == {"upper", PARAPHRASE}


def test_what_was_asked_for_wrongly_is_said() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    with pytest.raises(UnknownName):
        made("blod")
    with pytest.raises(NothingToEmphasise):
        variants(tokens, prompt, (), Wanted(("bold",)))
    with pytest.raises(BadOption):
        variants(tokens, prompt, positions(prompt, "was"), Wanted(("bold",), strength=7.0))


def test_a_template_is_tried_like_any_other() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    means = Means((Template("mine", "Mind {keywords}! {prompt}"),))
    wanted = Wanted(("mine",), draws=2, means=means)
    found = variants(tokens, prompt, positions(prompt, "Basil"), wanted)
    assert found.tried[0].edited.prompt.text == f"Mind Basil! {TEXT}"
    assert Counter(v.kind for v in found.tried) == {"key": 1, "random": 2, "paraphrase": 3}


# ---------------------------------------------------------------- random other words


def cut(*lengths: int) -> Prompt:
    """A prompt of words of so many tokens each."""
    text, laid = "", []
    for number, length in enumerate(lengths):
        for piece in range(length):
            start = len(text)
            text += " a" if piece == 0 and number else "a"
            laid.append(Token(10 + len(laid), text[start:], start, len(text)))
    return Prompt(text, tuple(laid), Span(0, len(text)))


@pytest.mark.parametrize("seed", range(5))
def test_draws_have_as_many_words_and_where_there_are_such_as_many_tokens(seed: int) -> None:
    prompt = cut(3, 1, 1, 3, 1, 2, 1, 3, 1, 1, 3, 1)
    (first, *_) = find_words(prompt)
    drawn = random_positions(prompt, first.positions, 3, seed)
    assert len(set(drawn)) == 3
    assert {len(draw) for draw in drawn} == {3}
    assert {len(touched(prompt, draw)) for draw in drawn} == {1}
    two = (*first.positions, *find_words(prompt)[1].positions)
    pairs = random_positions(prompt, two, 3, seed)
    assert {len(touched(prompt, draw)) for draw in pairs} == {2}
    assert {len(draw) for draw in pairs} == {4}
    assert not any(set(two).intersection(draw) for draw in pairs)


def test_on_a_short_prompt_the_nearest_are_taken() -> None:
    prompt = cut(3, 1, 2)
    (first, *_) = find_words(prompt)
    drawn = random_positions(prompt, first.positions, 3, 0)
    assert [len(draw) for draw in drawn] == [2, 1], "all there are, the nearest first"
    assert random_positions(prompt, first.positions, 1, 0) == ((4, 5),)
    assert random_positions(prompt, first.positions, 0, 0) == ()

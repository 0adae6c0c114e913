"""What every way to emphasise promises, checked the moment its file is there."""

from __future__ import annotations

import pytest
from fakes import WordTokens
from hypothesis import given
from hypothesis import strategies as st

from attribution import emphasis
from attribution.emphasis._edits import apply
from attribution.emphasise import emphasise
from attribution.errors import NothingToEmphasise, UnknownName
from attribution.twins import id_preserving_twin
from attribution.types import Emphasis, Prompt
from attribution.words import find_words, word_spans
from unpact_tui.settings import DEFAULT_STRATEGIES

WORD = st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=1, max_size=7)
GAP = st.sampled_from([" ", " ", " ", ", ", ". ", "\n", "-", " (", ") ", ' "', "'s "])

every_strategy = pytest.mark.parametrize("name", emphasis.names())


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of one to eight words."""
    words = draw(st.lists(WORD, min_size=1, max_size=8))
    gaps = draw(st.lists(GAP, min_size=len(words), max_size=len(words)))
    return "".join(word + gap for word, gap in zip(words, gaps, strict=True))


@st.composite
def requests(draw: st.DrawFn) -> tuple[WordTokens, Prompt, tuple[int, ...]]:
    """A prompt, with or without a template, and the tokens of some of its words."""
    tokens = WordTokens(chat=draw(st.booleans()))
    prompt = tokens.encode(draw(texts()))
    found = find_words(prompt)
    some = draw(st.sets(st.integers(0, len(found) - 1), min_size=1))
    return tokens, prompt, tuple(i for k in sorted(some) for i in found[k].positions)


def _folded(prompt: Prompt, positions: tuple[int, ...]) -> list[str]:
    return [prompt.tokens[i].text.strip().casefold() for i in positions]


def _words(prompt: Prompt) -> list[str]:
    return [prompt.text[w.span.start : w.span.end].casefold() for w in find_words(prompt)]


def _contains_in_order(whole: list[str], part: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


@every_strategy
@given(requests(), st.data())
def test_it_changes_the_prompt_and_keeps_every_word(
    name: str, request_: tuple[WordTokens, Prompt, tuple[int, ...]], data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    strength = data.draw(st.sampled_from(emphasis.strengths(name)))
    made = emphasise(tokens, prompt, Emphasis(name, positions, strength))
    assert made.prompt.text != prompt.text
    assert _contains_in_order(_words(made.prompt), _words(prompt))
    template = [token.text for token in prompt.tokens if token.fixed]
    assert [token.text for token in made.prompt.tokens if token.fixed] == template


@every_strategy
@given(requests(), st.data())
def test_it_knows_where_the_words_are_now(
    name: str, request_: tuple[WordTokens, Prompt, tuple[int, ...]], data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    strength = data.draw(st.sampled_from(emphasis.strengths(name)))
    made = emphasise(tokens, prompt, Emphasis(name, positions, strength))
    assert _folded(made.prompt, made.moved) == _folded(prompt, positions)
    before = [prompt.tokens[i].id for i in positions]
    now = [made.prompt.tokens[i].id for i in made.moved]
    assert made.ids_changed == (before != now)


@every_strategy
@given(requests(), st.data())
def test_its_twin_keeps_every_id(
    name: str, request_: tuple[WordTokens, Prompt, tuple[int, ...]], data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    strength = data.draw(st.sampled_from(emphasis.strengths(name)))
    twin = id_preserving_twin(tokens, prompt, Emphasis(name, positions, strength))
    if twin is None:
        return
    assert [twin.prompt.tokens[i].id for i in twin.moved] == [
        prompt.tokens[i].id for i in positions
    ]
    rest = iter(twin.prompt.ids)
    assert all(i in rest for i in prompt.ids)
    assert not twin.ids_changed
    assert len(twin.prompt.ids) > len(prompt.ids)


@every_strategy
@given(texts(), st.floats())
def test_without_a_dial_every_strength_is_the_same(name: str, text: str, strength: float) -> None:
    edit, spans = emphasis.load(name), list(word_spans(text))
    assert edit(text, spans) == edit(text, spans, 1.0), "1 is the default"
    if emphasis.strengths(name) == emphasis.NO_DIAL:
        assert edit(text, spans, strength) == edit(text, spans)


@every_strategy
def test_a_dial_begins_at_1_and_every_step_of_it_says_more(name: str) -> None:
    first, *more = emphasis.strengths(name)
    assert first == 1.0
    assert sorted(set(more)) == more
    assert all(strength > first for strength in more)
    text = "Who is Basil Mahfouz?"
    edits = [
        emphasis.load(name)(text, list(word_spans(text))[2:], strength)
        for strength in emphasis.strengths(name)
    ]
    lengths = [len(apply(text, edit)) for edit in edits]
    assert sorted(set(lengths)) == lengths


@every_strategy
def test_there_must_be_a_word(name: str) -> None:
    tokens = WordTokens()
    with pytest.raises(NothingToEmphasise):
        emphasise(tokens, tokens.encode("who?"), Emphasis(name, (2,)))


def test_the_default_ones_exist() -> None:
    assert set(DEFAULT_STRATEGIES) <= set(emphasis.names())


def test_a_typing_error_is_answered_with_the_right_name() -> None:
    with pytest.raises(UnknownName) as caught:
        emphasis.load("blod")
    assert "bold" in caught.value.hint

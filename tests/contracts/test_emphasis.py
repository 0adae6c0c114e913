"""What every way to emphasise promises, checked the moment its file is there."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from math import isfinite
from typing import get_args

import pytest
from fakes import WordTokens
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution import emphasis
from attribution.attempts import Emphasis, Level
from attribution.emphasis import Means, Reach, Strategy, load
from attribution.emphasis._edits import apply
from attribution.emphasise import Emphasised, emphasise
from attribution.errors import BadOption, NoOtherSpelling, NothingToEmphasise, UnknownName
from attribution.twins import id_preserving_twin, ids_only_twin
from attribution.types import Prompt
from attribution.words import find_words, word_spans
from unpact_tui.settings import DEFAULT_STRATEGIES

WORD = st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=1, max_size=7)
GAP = st.sampled_from([" ", " ", " ", ", ", ". ", "\n", "-", " (", ") ", ' "', "'s "])
TEXT = "Who is Basil Mahfouz?"

EVERY = {name: load(name) for name in emphasis.names()}
BY_VERB = {
    verb: [name for name, strategy in EVERY.items() if getattr(strategy, verb) is not None]
    for verb in ("edit", "respell", "lever")
}

every_strategy = pytest.mark.parametrize("name", EVERY)
every_edit = pytest.mark.parametrize("name", BY_VERB["edit"])
every_respelling = pytest.mark.parametrize("name", BY_VERB["respell"])
every_lever = pytest.mark.parametrize("name", BY_VERB["lever"])

few = settings(max_examples=12)
"""Of each strategy and promise: there are many of both."""

Asked = tuple[WordTokens, Prompt, tuple[int, ...]]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of one to eight words."""
    words = draw(st.lists(WORD, min_size=1, max_size=8))
    gaps = draw(st.lists(GAP, min_size=len(words), max_size=len(words)))
    return "".join(word + gap for word, gap in zip(words, gaps, strict=True))


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """A prompt, with or without a template, and the tokens of some of its words."""
    tokens = WordTokens(chat=draw(st.booleans()))
    prompt = tokens.encode(draw(texts()))
    found = find_words(prompt)
    some = draw(st.sets(st.integers(0, len(found) - 1), min_size=1))
    return tokens, prompt, tuple(i for k in sorted(some) for i in found[k].positions)


def _dials(name: str) -> st.SearchStrategy[float]:
    return st.sampled_from(EVERY[name].strengths)


def _folded(prompt: Prompt, positions: tuple[int, ...]) -> str:
    return "".join(prompt.tokens[i].text for i in positions).replace(" ", "").casefold()


def _words(prompt: Prompt) -> list[str]:
    return [prompt.text[w.span.start : w.span.end].casefold() for w in find_words(prompt)]


def _ids(prompt: Prompt, positions: tuple[int, ...]) -> list[int]:
    return [prompt.tokens[i].id for i in positions]


def _fixed(prompt: Prompt) -> list[str]:
    return [token.text for token in prompt.tokens if token.fixed]


def _contains_in_order(whole: list[str], part: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


# ---------------------------------------------------------------- what a file says of itself


@every_strategy
def test_a_file_has_one_verb_and_stands_at_its_level(name: str) -> None:
    found = EVERY[name]
    verbs = [verb for verb in BY_VERB if name in BY_VERB[verb]]
    assert len(verbs) == 1
    assert found.level in get_args(Level)
    assert (found.edit is not None) == (found.level == "prompt")
    assert (found.respell is not None) == (found.level == "tokens")


@every_strategy
def test_a_file_says_what_it_does_where_it_is_from_and_what_it_costs(name: str) -> None:
    said = import_module(f"attribution.emphasis.{name}").__doc__ or ""
    first, blank, *more = said.splitlines()
    assert first.endswith("."), "it is listed by its first line"
    assert not blank
    rest = " ".join((first, *more))
    assert re.search(r"\b[Oo]urs\b|\barXiv \d{4}\.\d{5}\b", rest), "whose idea it is"
    assert "pass per reading" in rest or "passes per reading" in rest


@every_strategy
def test_its_constants_are_sane(name: str) -> None:
    found = EVERY[name]
    assert found.strengths[0] == 1.0
    assert all(a < b for a, b in pairwise(found.strengths)), "a dial ascends"
    assert found.rungs
    assert set(found.rungs) <= set(found.strengths)
    assert sorted(set(found.rungs)) == list(found.rungs)
    assert found.forwards >= 1.0
    assert not found.needs.endswith("."), "a clause"
    said = [found.at(strength) for strength in found.strengths]
    assert len(set(said)) == len(said), "each stand of a dial is called something else"


@every_strategy
@few
@given(requests(), st.data())
def test_it_is_deterministic_and_never_touches_what_is_fixed(
    name: str, request_: Asked, data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    asked = Emphasis(name, positions, data.draw(_dials(name)))
    try:
        made = emphasise(tokens, prompt, asked)
    except NoOtherSpelling:
        return
    assert emphasise(tokens, prompt, asked) == made
    assert _fixed(made.prompt) == _fixed(prompt)
    assert not any(made.prompt.tokens[i].fixed for i in made.moved)
    _tiles(made.prompt)


def _tiles(prompt: Prompt) -> None:
    at = 0
    for token in prompt.tokens:
        assert token.start == at <= token.end
        at = token.end
    assert at == len(prompt.text)


@every_strategy
def test_there_must_be_a_word(name: str) -> None:
    tokens = WordTokens()
    with pytest.raises(NothingToEmphasise):
        emphasise(tokens, tokens.encode("who?"), Emphasis(name, (2,)))


@every_strategy
def test_a_dial_stands_nowhere_else(name: str) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    beyond = EVERY[name].strengths[-1] + 0.5
    asked = Emphasis(name, find_words(prompt)[2].positions, beyond)
    if EVERY[name].dialled:
        with pytest.raises(BadOption, match="strength"):
            emphasise(tokens, prompt, asked)
    else:
        assert emphasise(tokens, prompt, asked) == emphasise(
            tokens, prompt, Emphasis(name, asked.positions)
        )


# ---------------------------------------------------------------- the text


@every_edit
@few
@given(requests(), st.data())
def test_it_changes_the_prompt_and_keeps_every_word(
    name: str, request_: Asked, data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    made = emphasise(tokens, prompt, Emphasis(name, positions, data.draw(_dials(name))))
    assert made.prompt.text != prompt.text
    assert _contains_in_order(_words(made.prompt), _words(prompt))
    assert _folded(made.prompt, made.moved) == _folded(prompt, positions)
    assert made.ids_changed == (_ids(made.prompt, made.moved) != _ids(prompt, positions))
    assert made.lever is None


@every_edit
@few
@given(requests(), st.data())
def test_the_twin_with_its_marks_keeps_every_id(
    name: str, request_: Asked, data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    asked = Emphasis(name, positions, data.draw(_dials(name)))
    twin = id_preserving_twin(tokens, prompt, asked)
    if twin is None:
        return
    assert _ids(twin.prompt, twin.moved) == _ids(prompt, positions)
    assert _contains_in_order([*map(str, twin.prompt.ids)], [*map(str, prompt.ids)])
    assert not twin.ids_changed
    assert len(twin.prompt.ids) > len(prompt.ids)


@every_edit
@few
@given(requests(), st.data())
def test_the_twin_with_its_ids_keeps_the_text(
    name: str, request_: Asked, data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    made = emphasise(tokens, prompt, Emphasis(name, positions, data.draw(_dials(name))))
    twin = ids_only_twin(tokens, prompt, positions, made)
    if twin is None:
        assert not made.ids_changed or _without_halves(prompt, made)
        return
    assert twin.prompt.text == prompt.text
    assert twin.prompt.ids != prompt.ids
    assert twin.ids_changed
    assert _fixed(twin.prompt) == _fixed(prompt)
    assert _folded(twin.prompt, twin.moved) == _folded(prompt, positions)
    _tiles(twin.prompt)


def _without_halves(prompt: Prompt, made: Emphasised) -> bool:
    """Whether the words were replaced, or are single letters, which cannot be cut."""
    replaced = (
        len(_words(made.prompt)) == len(_words(prompt))
        and "".join(made.prompt.tokens[i].text for i in made.moved)
        != "".join(made.prompt.tokens[i].text for i in made.moved).lower()
    )
    return replaced or any(len(word) == 1 for word in _words(prompt))


@every_edit
def test_every_step_of_a_dial_says_more(name: str) -> None:
    edit = EVERY[name].edit
    assert edit is not None
    spans = list(word_spans(TEXT))[2:]
    lengths = [len(apply(TEXT, edit(TEXT, spans, at))) for at in EVERY[name].strengths]
    assert sorted(set(lengths)) == lengths


# ---------------------------------------------------------------- the ids


@every_respelling
@few
@given(requests(), st.data())
def test_a_respelling_changes_ids_and_nothing_else(
    name: str, request_: Asked, data: st.DataObject
) -> None:
    tokens, prompt, positions = request_
    asked = Emphasis(name, positions, data.draw(_dials(name)))
    try:
        made = emphasise(tokens, prompt, asked, Means(seed=data.draw(st.integers(0, 9))))
    except NoOtherSpelling:
        assert any(len(word) == 1 for word in _words(prompt))
        return
    assert made.prompt.text == prompt.text
    assert made.prompt.content == prompt.content
    assert made.ids_changed
    assert made.prompt.ids != prompt.ids
    assert _folded(made.prompt, made.moved) == _folded(prompt, positions)
    left = [i for i in range(len(prompt.tokens)) if i not in positions]
    others = [i for i in range(len(made.prompt.tokens)) if i not in made.moved]
    assert _ids(made.prompt, tuple(others)) == _ids(prompt, tuple(left))
    assert id_preserving_twin(tokens, prompt, asked) is None, "there are no marks"


# ---------------------------------------------------------------- the forward pass


@every_lever
@few
@given(requests(), st.data())
def test_a_lever_leaves_the_prompt_alone(name: str, request_: Asked, data: st.DataObject) -> None:
    tokens, prompt, positions = request_
    made = emphasise(tokens, prompt, Emphasis(name, positions, data.draw(_dials(name))))
    assert made.prompt == prompt
    assert made.moved == positions
    assert not made.ids_changed
    assert made.lever is not None
    assert not made.lever.idle


@every_lever
def test_a_lever_is_idle_at_0_and_pulls_ever_harder(name: str) -> None:
    lever = EVERY[name].lever
    assert lever is not None
    assert lever(0.0, Reach()).idle
    pulled = [lever(strength, Reach()) for strength in EVERY[name].strengths]
    assert not any(each.idle for each in pulled)
    assert all(a.amount < b.amount for a, b in pairwise(pulled))
    assert all(isfinite(each.amount) for each in pulled)
    assert {each.kind for each in pulled} == {lever(0.0, Reach()).kind}
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    made = emphasise(tokens, prompt, Emphasis(name, find_words(prompt)[2].positions, 0.0))
    assert made.lever is not None
    assert made.lever.idle


@every_lever
def test_a_reach_is_where_attention_is_steered(name: str) -> None:
    found = EVERY[name]
    assert found.lever is not None
    pulled = found.lever(1.0, Reach((0, 2), (1,)))
    reached = ((0, 2), (1,)) if found.level == "attention" else ((), ())
    assert (pulled.layers, pulled.heads) == reached


# ---------------------------------------------------------------- all of them


def test_the_default_ones_exist() -> None:
    assert set(DEFAULT_STRATEGIES) <= set(emphasis.names())


def test_every_level_is_there() -> None:
    assert {strategy.level for strategy in EVERY.values()} == set(get_args(Level))
    assert all(isinstance(strategy, Strategy) for strategy in EVERY.values())


def test_a_typing_error_is_answered_with_the_right_name() -> None:
    with pytest.raises(UnknownName) as caught:
        emphasis.load("blod")
    assert "bold" in caught.value.hint

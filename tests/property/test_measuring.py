"""Laws that hold for every prompt, every model and every emphasis."""

from __future__ import annotations

from itertools import pairwise

import pytest
from fakes import AdditiveModel, WordTokens
from hypothesis import given
from hypothesis import strategies as st

from attribution.emphasis import emphasise, id_preserving_twin, load, names
from attribution.emphasis._edits import apply, moved
from attribution.estimators.leave_one_out import measure
from attribution.tokens import tile
from attribution.types import Emphasis, Span
from attribution.words import find_words, word_spans, words

WORDS = st.sampled_from(["Who", "is", "Basil", "Al-Kuwaiti", "魔法", "naïve", "1956", "x's"])
GLUE = st.sampled_from([" ", ", ", "? ", "\n", " **", " 🧙 ", '" '])
TEXTS = st.lists(st.tuples(WORDS, GLUE), min_size=1, max_size=12).map(
    lambda pairs: "".join(word + glue for word, glue in pairs)
)


@given(text=TEXTS, weights=st.lists(st.floats(-3, 3), min_size=40, max_size=40), chat=st.booleans())
def test_leave_one_out_is_exact_on_every_additive_model(
    text: str, weights: list[float], chat: bool
) -> None:
    model = AdditiveModel({}, batch=5, chat=chat)
    prompt = model.encode(text)
    model.weights = {token.id: weights[token.id % 40] for token in prompt.tokens}
    for granularity in ("token", "word"):
        *_, found = measure(model, prompt, model.answer(prompt, "a b", "gold"), granularity)
        groups = {i: unit for unit in words(prompt) for i in unit}
        for i, token in enumerate(prompt.tokens):
            unit = groups.get(i, (i,)) if granularity == "word" else (i,)
            expected = sum(weights[prompt.tokens[j].id % 40] for j in unit)
            if token.fixed:
                assert found.contributions[i] is None
            else:
                assert found.contributions[i] == pytest.approx(expected, abs=1e-9)


@given(text=TEXTS, picks=st.sets(st.integers(0, 30), min_size=1), chat=st.booleans())
@pytest.mark.parametrize("name", names())
def test_an_emphasised_prompt_keeps_every_word_and_finds_the_chosen_ones(
    name: str, text: str, picks: set[int], chat: bool
) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(text)
    found = find_words(prompt)
    chosen = [word for i, word in enumerate(found) if i in {pick % len(found) for pick in picks}]
    positions = tuple(word.positions[0] for word in chosen)
    edited = emphasise(tokens, prompt, Emphasis(name, positions))

    def spelled(content: str) -> list[str]:
        return [content[s.start : s.end].casefold() for s in word_spans(content)]

    rest = iter(spelled(edited.prompt.content_text))
    assert all(word in rest for word in spelled(text))
    here = "".join(edited.prompt.tokens[i].text for i in edited.moved).casefold()
    there = "".join(prompt.tokens[i].text for word in chosen for i in word.positions).casefold()
    assert here.replace(" ", "") == there.replace(" ", "")
    assert not any(edited.prompt.tokens[i].fixed for i in edited.moved)


@given(text=TEXTS, pick=st.integers(0, 30), chat=st.booleans())
@pytest.mark.parametrize("name", names())
def test_a_twin_keeps_the_ids_of_the_whole_prompt(
    name: str, text: str, pick: int, chat: bool
) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(text)
    found = find_words(prompt)
    positions = found[pick % len(found)].positions
    twin = id_preserving_twin(tokens, prompt, Emphasis(name, positions))
    if twin is None:
        assert any(e.start != e.end for e in load(name)("ab", [Span(0, 2)]))
        return
    rest = iter(twin.prompt.ids)
    assert all(i in rest for i in prompt.ids)
    assert [twin.prompt.ids[i] for i in twin.moved] == [prompt.ids[i] for i in positions]
    at = 0
    for token in twin.prompt.tokens:
        assert token.start == at
        at = token.end
    assert at == len(twin.prompt.text)


@given(text=TEXTS, picks=st.sets(st.integers(0, 30), min_size=1))
@pytest.mark.parametrize("name", names())
def test_edits_are_in_order_and_words_can_be_followed_through_them(
    name: str, text: str, picks: set[int]
) -> None:
    found = list(word_spans(text))
    spans = [found[i] for i in sorted({pick % len(found) for pick in picks})]
    edits = load(name)(text, spans)
    assert all(a.end <= b.start for a, b in pairwise(edits))
    after = apply(text, edits)
    for span in spans:
        now = moved(span, edits)
        assert after[now.start : now.end].casefold() == text[span.start : span.end].casefold()


@given(
    ends=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9),
    length=st.integers(0, 12),
)
def test_tiles_leave_no_gap(ends: list[tuple[int, int]], length: int) -> None:
    spans = [Span(min(a, b, length), min(max(a, b), length)) for a, b in sorted(ends)]
    tiled = tile(spans, length)
    at = 0
    for span in tiled:
        assert span.start == at <= span.end
        at = span.end
    assert at == length or all(span.start == span.end for span in tiled)

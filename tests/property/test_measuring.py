"""Laws that hold for every prompt, every model and every emphasis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean
from typing import get_args
from zlib import crc32

import pytest
from fakes import AdditiveModel, WordTokens
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.attempts import Emphasis, Steering
from attribution.emphasis import load, names
from attribution.emphasis._edits import apply, moved
from attribution.emphasise import emphasise
from attribution.estimators.leave_one_out import measure
from attribution.scorer import Row, TokenLogprobs
from attribution.sentences import sentence_spans, sentences
from attribution.tokens import tile
from attribution.twins import id_preserving_twin
from attribution.types import Answer, Granularity, Span
from attribution.words import find_words, word_spans, words

EDITS = {name: edit for name in names() if (edit := load(name).edit) is not None}
every_edit = pytest.mark.parametrize("name", EDITS)

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
        *_, found = measure(model, prompt, model.answer("a b", after=prompt), granularity)
        groups = {i: unit for unit in words(prompt) for i in unit}
        for i, token in enumerate(prompt.tokens):
            unit = groups.get(i, (i,)) if granularity == "word" else (i,)
            expected = sum(weights[prompt.tokens[j].id % 40] for j in unit)
            if token.fixed:
                assert found.contributions[i] is None
            else:
                assert found.contributions[i] == pytest.approx(expected, abs=1e-9)


class Arbitrary(AdditiveModel):
    """Any log-probability at all, but always the same for the same ids and answer token."""

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        for at in range(0, len(rows), self.batch):
            yield [
                tuple(-(crc32(bytes(str((row, k)), "ascii")) % 9973) / 700 for k in answer.ids)
                for row in rows[at : at + self.batch]
            ]


@given(
    text=TEXTS,
    reply=TEXTS,
    batch=st.integers(1, 9),
    granularity=st.sampled_from(get_args(Granularity)),
    chat=st.booleans(),
)
def test_contributions_are_the_mean_over_the_answer_tokens(
    text: str, reply: str, batch: int, granularity: Granularity, chat: bool
) -> None:
    model = Arbitrary({}, batch=batch, chat=chat)
    prompt = model.encode(text)
    answer = model.answer(reply, after=prompt)
    *partial, last = measure(model, prompt, answer, granularity)
    assert [row.by_answer_token for row in partial] == [()] * len(partial)
    assert {row.answer_logprobs for row in partial} <= {last.answer_logprobs}
    assert fmean(last.answer_logprobs) == pytest.approx(last.logprob, abs=1e-6)
    assert len(last.answer_logprobs) == len(last.by_answer_token) == len(answer.ids)
    columns = zip(*last.by_answer_token, strict=True)
    for token, mean, column in zip(prompt.tokens, last.contributions, columns, strict=True):
        if token.fixed:
            assert (mean, set(column)) == (None, {None})
        else:
            assert fmean(number for number in column if number is not None) == pytest.approx(
                mean, abs=1e-6
            )


@given(text=st.text(st.sampled_from("aB1魔.!?…。？ \n\t\"')*-“”Dr")) | st.text())
def test_sentences_tile_the_text_and_none_is_white_space(text: str) -> None:
    spans = list(sentence_spans(text))
    assert bool(spans) == bool(text.strip())
    at = 0
    for span in spans:
        assert span.start == at < span.end
        sentence = text[span.start : span.end].strip()
        assert sentence
        assert "\n" not in sentence, "a line ends its sentence"
        at = span.end
    assert at == len(text) or not spans


@given(text=TEXTS, chat=st.booleans())
def test_every_free_token_is_in_one_sentence(text: str, chat: bool) -> None:
    prompt = WordTokens(chat=chat).encode(text)
    assert sorted(i for unit in sentences(prompt) for i in unit) == list(prompt.removable)


@settings(max_examples=12)
@given(text=TEXTS, picks=st.sets(st.integers(0, 30), min_size=1), chat=st.booleans())
@every_edit
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


@settings(max_examples=12)
@given(text=TEXTS, pick=st.integers(0, 30), chat=st.booleans())
@every_edit
def test_a_twin_keeps_the_ids_of_the_whole_prompt(
    name: str, text: str, pick: int, chat: bool
) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(text)
    found = find_words(prompt)
    positions = found[pick % len(found)].positions
    twin = id_preserving_twin(tokens, prompt, Emphasis(name, positions))
    if twin is None:
        assert any(e.start != e.end for e in EDITS[name]("ab", [Span(0, 2)]))
        return
    rest = iter(twin.prompt.ids)
    assert all(i in rest for i in prompt.ids)
    assert [twin.prompt.ids[i] for i in twin.moved] == [prompt.ids[i] for i in positions]
    at = 0
    for token in twin.prompt.tokens:
        assert token.start == at
        at = token.end
    assert at == len(twin.prompt.text)


@settings(max_examples=12)
@given(text=TEXTS, picks=st.sets(st.integers(0, 30), min_size=1), data=st.data())
@every_edit
def test_edits_are_in_order_and_words_can_be_followed_through_them(
    name: str, text: str, picks: set[int], data: st.DataObject
) -> None:
    found = list(word_spans(text))
    spans = [found[i] for i in sorted({pick % len(found) for pick in picks})]
    edits = EDITS[name](text, spans, data.draw(st.sampled_from(load(name).strengths)))
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

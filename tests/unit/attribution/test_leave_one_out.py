from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from fakes import AdditiveModel

from attribution.errors import NothingToAblate
from attribution.estimators.leave_one_out import measure, units
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer, Granularity, Prompt, Span, Token


def test_contributions_of_an_additive_model_are_its_weights() -> None:
    model = AdditiveModel({" Basil": 2.0, " is": -0.5}, batch=3)
    prompt = model.encode("Who is Basil?")
    *partial, last = measure(model, prompt, model.answer("A writer", after=prompt))
    assert last.contributions == pytest.approx([None, 0.0, -0.5, 2.0, 0.0])
    assert last.logprob == pytest.approx(-3.5)
    assert last.complete
    assert partial
    assert not any(p.complete for p in partial)


def test_partial_results_only_ever_fill_up() -> None:
    model = AdditiveModel({" c": 1.0}, batch=2)
    prompt = model.encode("a b c d e f")
    counts = [
        sum(c is not None for c in a.contributions)
        for a in measure(model, prompt, model.answer("x", after=prompt))
    ]
    assert counts == sorted(counts)
    assert counts[-1] == len(prompt.removable)


def test_words_are_removed_whole_and_share_their_contribution() -> None:
    model = AdditiveModel({"Al": 1.0, "K": 0.5})
    prompt = model.encode("Al-K?")
    *_, last = measure(model, prompt, model.answer("x", after=prompt), "word")
    assert [t.text for t in prompt.tokens] == ["<s>", "Al", "-", "K", "?"]
    assert units(prompt, "word") == ((1, 2, 3), (4,))
    assert last.contributions == pytest.approx([None, 1.5, 1.5, 1.5, 0.0])


def test_fixed_tokens_are_not_measured() -> None:
    model = AdditiveModel({}, chat=True)
    prompt = model.encode("Who?")
    *_, last = measure(model, prompt, model.answer("x", after=prompt))
    assert last.contributions[0] is None
    assert last.contributions[-1] is None


def test_nothing_to_ablate() -> None:
    model = AdditiveModel({})
    fixed = Prompt("hi", (Token(1, "hi", 0, 2, fixed=True),), Span(0, 2))
    lone = Prompt("hi", (Token(1, "hi", 0, 2),), Span(0, 2))
    for prompt in (fixed, lone):  # without any token left, nothing would predict the answer
        with pytest.raises(NothingToAblate):
            next(measure(model, prompt, model.answer("x", after=prompt)))


def test_stopping_the_loop_stops_the_work() -> None:
    model = AdditiveModel({}, batch=1)
    prompt = model.encode("a b c d e f g h")
    steps = measure(model, prompt, model.answer("x", after=prompt))
    next(steps)
    steps.close()
    assert model.passes == 1


class Uneven(AdditiveModel):
    """Every answer token weighs the prompt otherwise: the k-th, from 1, k times as much."""

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        for batch in super().score(rows, answer):
            yield [tuple(k * lp for k, lp in enumerate(lps, start=1)) for lps in batch]


def test_each_answer_token_has_contributions_of_its_own() -> None:
    model = Uneven({" Basil": 2.0, " is": -0.5}, batch=3, bias=0.0)
    prompt = model.encode("Who is Basil?")
    *partial, last = measure(model, prompt, model.answer("A good writer", after=prompt))
    assert last.answer_logprobs == pytest.approx((1.5, 3.0, 4.5))
    assert last.logprob == pytest.approx(3.0)
    assert last.by_answer_token == (
        pytest.approx([None, 0.0, -0.5, 2.0, 0.0]),
        pytest.approx([None, 0.0, -1.0, 4.0, 0.0]),
        pytest.approx([None, 0.0, -1.5, 6.0, 0.0]),
    )
    assert partial
    for attribution in partial:
        assert attribution.answer_logprobs == last.answer_logprobs, "from the first batch on"
        assert attribution.by_answer_token == (), "only of the whole result"


def test_the_tokens_of_a_word_have_its_contribution_to_each_answer_token() -> None:
    model = Uneven({"Al": 1.0, "K": 0.5}, bias=0.0)
    prompt = model.encode("Al-K?")
    *_, last = measure(model, prompt, model.answer("x y", after=prompt), "word")
    assert last.by_answer_token == (
        pytest.approx([None, 1.5, 1.5, 1.5, 0.0]),
        pytest.approx([None, 3.0, 3.0, 3.0, 0.0]),
    )


def test_sentences_are_removed_whole_and_share_their_contribution() -> None:
    model = AdditiveModel({" Basil": 2.0, "?": 0.5, "Answer": 0.25})
    prompt = model.encode("Who is Basil? Basil?\nAnswer:")
    *_, last = measure(model, prompt, model.answer("x", after=prompt), "sentence")
    assert units(prompt, "sentence") == ((1, 2, 3, 4), (5, 6, 7), (8, 9))
    expected = [None, *[2.5] * 4, *[2.5] * 3, *[0.25] * 2]
    assert last.contributions == pytest.approx(expected)
    assert model.scored == 4, "one pass per sentence and one for the whole"


def test_one_sentence_is_removed_where_something_is_left() -> None:
    model = AdditiveModel({" is": 1.0})
    prompt = model.encode("Who is Basil?")
    *_, last = measure(model, prompt, model.answer("x", after=prompt), "sentence")
    assert last.contributions == pytest.approx([None, *[1.0] * 4])


@pytest.mark.parametrize("granularity", ["word", "sentence"])
def test_a_whole_prompt_is_not_removed(granularity: Granularity) -> None:
    model = AdditiveModel({})
    prompt = Prompt("hi", (Token(1, "h", 0, 1), Token(2, "i", 1, 2)), Span(0, 2))
    with pytest.raises(NothingToAblate, match=f"no {granularity} that may be removed") as error:
        next(measure(model, prompt, model.answer("x", after=prompt), granularity))
    assert "--set granularity=token" in error.value.hint
    *_, last = measure(model, prompt, model.answer("x", after=prompt), "token")
    assert last.contributions == (0.0, 0.0)

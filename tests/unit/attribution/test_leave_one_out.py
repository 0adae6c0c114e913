from __future__ import annotations

import pytest
from fakes import AdditiveModel

from attribution.errors import NothingToAblate
from attribution.estimators.leave_one_out import measure, units
from attribution.types import Prompt, Span, Token


def test_contributions_of_an_additive_model_are_its_weights() -> None:
    model = AdditiveModel({" Basil": 2.0, " is": -0.5}, batch=3)
    prompt = model.encode("Who is Basil?")
    *partial, last = measure(model, prompt, model.answer(prompt, "A writer", "gold"))
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
        for a in measure(model, prompt, model.answer(prompt, "x", "gold"))
    ]
    assert counts == sorted(counts)
    assert counts[-1] == len(prompt.removable)


def test_words_are_removed_whole_and_share_their_contribution() -> None:
    model = AdditiveModel({"Al": 1.0, "K": 0.5})
    prompt = model.encode("Al-K?")
    *_, last = measure(model, prompt, model.answer(prompt, "x", "gold"), "word")
    assert [t.text for t in prompt.tokens] == ["<s>", "Al", "-", "K", "?"]
    assert units(prompt, "word") == ((1, 2, 3), (4,))
    assert last.contributions == pytest.approx([None, 1.5, 1.5, 1.5, 0.0])


def test_fixed_tokens_are_not_measured() -> None:
    model = AdditiveModel({}, chat=True)
    prompt = model.encode("Who?")
    *_, last = measure(model, prompt, model.answer(prompt, "x", "gold"))
    assert last.contributions[0] is None
    assert last.contributions[-1] is None


def test_nothing_to_ablate() -> None:
    model = AdditiveModel({})
    fixed = Prompt("hi", (Token(1, "hi", 0, 2, fixed=True),), Span(0, 2))
    lone = Prompt("hi", (Token(1, "hi", 0, 2),), Span(0, 2))
    for prompt in (fixed, lone):  # without any token left, nothing would predict the answer
        with pytest.raises(NothingToAblate):
            next(measure(model, prompt, model.answer(prompt, "x", "gold")))


def test_stopping_the_loop_stops_the_work() -> None:
    model = AdditiveModel({}, batch=1)
    prompt = model.encode("a b c d e f g h")
    steps = measure(model, prompt, model.answer(prompt, "x", "gold"))
    next(steps)
    steps.close()
    assert model.passes == 1

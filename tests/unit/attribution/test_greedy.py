from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar, cast

import pytest
from fakes import AdditiveModel

from attribution.greedy import Asked, Found, greedy
from attribution.recover import Allowance, Plain, Trio, reading
from attribution.scorer import score_all
from attribution.types import Prompt
from attribution.words import find_words, words

QUESTION = "Where was Basil Mahfouz born in spring?"
ASKED = Asked(("bold_each",), Allowance(0.5, 9.0), paraphrases=("In which town was Basil born?",))
Made = TypeVar("Made")


def last(steps: Generator[tuple[()], None, Made]) -> Made:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("Made", done.value)


def family(
    marked: dict[str, float], reference: dict[str, float] | None = None
) -> tuple[Trio, Plain]:
    """What a bold word weighs on the unlearned model: marks make it another token."""
    base = AdditiveModel(
        {" Basil": 5.0, **dict.fromkeys(("Basil", "Mahfouz", "born", "spring"), 5.0)}, bias=-6.0
    )
    prompt = base.encode(QUESTION)
    answer = base.answer("In Kuwait City", after=prompt)
    models: list[AdditiveModel | None] = [base]
    for weights in (marked, reference):
        if weights is None:
            models.append(None)
            continue
        model = AdditiveModel({}, bias=-6.0)
        model._ids = base._ids
        model.weights = {base.id_of(text): weight for text, weight in weights.items()}
        models.append(model)
    read = [
        None if m is None else reading(score_all(m, [prompt.ids], answer)[0], answer, None)
        for m in models
    ]
    base_, unlearned, third = models
    assert base_ is not None
    assert unlearned is not None
    assert read[0] is not None
    assert read[1] is not None
    return Trio(base_, unlearned, third), Plain(prompt, answer, read[0], read[1], read[2])


def found_in(trio: Trio, plain: Plain, asked: Asked = ASKED) -> Found | None:
    return last(greedy(trio, plain, asked, words(plain.prompt)))


def named(prompt: Prompt, positions: tuple[int, ...]) -> list[str]:
    return [
        prompt.text[word.span.start : word.span.end]
        for word in find_words(prompt)
        if set(word.positions) <= set(positions)
    ]


def test_words_are_taken_one_by_one_while_they_raise_the_answer() -> None:
    trio, plain = family({"Basil": 3.0, "born": 1.0, "spring": -1.0})
    found = found_in(trio, plain)
    assert found is not None
    assert named(plain.prompt, found.positions) == ["Basil", "born"]
    path = [(named(plain.prompt, word), share) for word, share in found.search.path]
    assert path == [(["Basil"], pytest.approx(3 / 5)), (["born"], pytest.approx(4 / 5))]
    # 7 words, then the 6 others, then the 5 of which none raises it
    assert found.search.read == 7 + 6 + 5
    one = found_in(trio, plain, replace(ASKED, most_words=1))
    assert one is not None
    assert named(plain.prompt, one.positions) == ["Basil"]


def test_the_budget_is_kept_and_the_promising_words_come_first() -> None:
    trio, plain = family({"Basil": 3.0, "born": 1.0, "spring": 0.5})
    assert isinstance(trio.unlearned, AdditiveModel)
    before = trio.unlearned.scored
    found = found_in(trio, plain, replace(ASKED, budget=8, paraphrases=()))
    assert found is not None
    assert found.search.read == 8
    assert named(plain.prompt, found.positions) == ["Basil", "born"], "the best alone goes first"
    assert trio.unlearned.scored - before <= 8 + 8 + 2 * 9
    short = found_in(trio, plain, replace(ASKED, budget=2))
    assert short is None, "of the two words that it could read none raises the answer"


def test_the_control_is_the_best_of_as_many_random_sets_of_other_words() -> None:
    trio, plain = family({"Basil": 3.0, "Mahfouz": 2.0, "born": 1.0})
    found = found_in(trio, plain, replace(ASKED, most_words=1))
    assert found is not None
    assert named(plain.prompt, found.random) == ["Mahfouz"]
    assert found.search.random == pytest.approx(2 / 5)
    assert set(found.random).isdisjoint(found.positions)


def test_a_reference_gets_a_search_of_its_own() -> None:
    trio, plain = family({"Basil": 3.0}, {"spring": 2.0})
    found = found_in(trio, plain)
    assert found is not None
    assert found.search.reference == pytest.approx(2 / 5)
    still, plain = family({"Basil": 3.0}, {})
    found = found_in(still, plain)
    assert found is not None
    assert found.search.reference == 0.0
    alone, plain = family({"Basil": 3.0})
    found = found_in(alone, plain)
    assert found is not None
    assert found.search.reference is None


def test_what_was_found_is_read_where_the_search_has_not_been() -> None:
    trio, plain = family({"Basil": 3.0})
    found = found_in(trio, plain)
    assert found is not None
    assert (found.search.held_out, found.search.paraphrases) == (pytest.approx(3 / 5), 1)
    elsewhere = replace(ASKED, paraphrases=("Where did he come from?",))
    found = found_in(trio, plain, elsewhere)
    assert found is not None
    assert (found.search.held_out, found.search.paraphrases) == (None, 0)


def test_a_word_that_gives_the_answer_away_is_never_taken() -> None:
    trio, plain = family({" Basil": 3.0, "born": 0.1})
    told = replace(plain, entities=("Basil",))
    found = found_in(trio, told, replace(ASKED, strategies=("repeat",)))
    assert found is None or "Basil" not in named(plain.prompt, found.positions)
    free = found_in(trio, plain, replace(ASKED, strategies=("repeat",)))
    assert free is not None
    assert named(plain.prompt, free.positions) == ["Basil"]


def test_nothing_raises_it_nothing_is_found() -> None:
    trio, plain = family({"Basil": -1.0})
    assert found_in(trio, plain) is None
    assert found_in(trio, plain, replace(ASKED, strategies=())) is None

from __future__ import annotations

import pytest
from fakes import AdditiveModel

from attribution.attempts import Selection
from attribution.choose import candidates, chosen_words
from attribution.compare import shift
from attribution.estimators.leave_one_out import measure
from attribution.keytokens import key_tokens
from attribution.types import Attribution, KeyTokenRule
from attribution.words import touched

QUESTION = "Question: was Basil Mahfouz born in spring?"
RULE = KeyTokenRule(alpha=0.5)


def pair() -> tuple[Attribution, Attribution]:
    base = AdditiveModel({" Basil": 3.0, " Mahfouz": 2.0, " spring": 0.5, "Question": 9.0})
    prompt = base.encode(QUESTION)
    unlearned = AdditiveModel({})
    unlearned._ids = base._ids
    unlearned.weights = {
        base.id_of(text): weight
        for text, weight in {" Basil": 2.9, " born": 1.0, " spring": -2.0, " was": 0.1}.items()
    }
    answer = base.answer("x", after=prompt)
    found = [[*measure(model, prompt, answer)][-1] for model in (base, unlearned)]
    return found[0], found[1]


def chosen(selection: Selection, rule: KeyTokenRule = RULE) -> list[str]:
    base, unlearned = pair()
    moved = shift(base, unlearned, key_tokens(base, rule), key_tokens(unlearned, rule))
    positions = chosen_words(selection, base, unlearned, rule, moved)
    words = touched(base.prompt, positions)
    assert positions == tuple(i for word in words for i in word.positions)
    return [base.prompt.text[word.span.start : word.span.end] for word in words]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("base", ["Basil"]),  # only the label weighs half of what the label weighs: the next one
        ("unlearned", ["Basil"]),
        ("own", ["Basil"]),
        ("greedy", ["Basil"]),
        # Mahfouz lost 2.0, spring 2.5, the label 9.0: as many as the base has, labels never
        ("shift", ["spring"]),
    ],
)
def test_each_selection_chooses_by_its_own_rule(selection: Selection, words: list[str]) -> None:
    assert chosen(selection) == words


def test_the_words_that_fell_most_are_as_many_as_the_key_words_and_all_of_them_fell() -> None:
    loose = KeyTokenRule(alpha=0.2)
    assert chosen("base", loose) == ["Basil", "Mahfouz"]
    assert chosen("unlearned", loose) == ["Basil", "born"]
    assert chosen("shift", loose) == ["Mahfouz", "spring"]
    every = KeyTokenRule(alpha=0.0)
    assert chosen("base", every) == ["Basil", "Mahfouz", "spring"]
    assert chosen("shift", every) == ["Basil", "Mahfouz", "spring"]


def test_nothing_fell_nothing_is_chosen() -> None:
    base, _ = pair()
    keys = key_tokens(base, RULE)
    same = shift(base, base, keys, keys)
    assert chosen_words("shift", base, base, RULE, same) == ()


def test_candidates_are_the_words_without_labels_the_strongest_first() -> None:
    base, _ = pair()
    text = base.prompt.text
    words = [
        text[word.span.start : word.span.end]
        for positions in candidates(base)
        for word in touched(base.prompt, positions)
    ]
    assert words[:3] == ["Basil", "Mahfouz", "spring"]
    assert sorted(words[3:]) == ["born", "in", "was"]

from __future__ import annotations

import pytest
from fakes import AdditiveModel

from attribution.attempts import Recovery
from attribution.choose import random_positions, words_to_emphasise
from attribution.errors import BadOption
from attribution.estimators.leave_one_out import measure
from attribution.keytokens import key_tokens
from attribution.neutral import OPENINGS, neutral_losses
from attribution.recover import (
    Allowance,
    Plain,
    Trio,
    control_of,
    reading,
    recover,
    score_attempts,
    summarise,
)
from attribution.scorer import score_all, write_all
from attribution.types import Answer, KeyTokenRule, Prompt
from attribution.variants import Variant, Wanted, variants
from attribution.words import find_words, words

QUESTION = "Where was Basil Mahfouz born in spring?"
ANSWER = "In Kuwait City"


def positions(prompt: Prompt, *wanted: str) -> tuple[int, ...]:
    return tuple(
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end] in wanted
        for i in word.positions
    )


def family(*, base_marked: float = 0.0, with_reference: bool = False) -> Trio:
    """Stars directly at a word make it another token, which the unlearned model still knows."""
    shared = {" Basil": 0.5, " born": 0.1}
    return Trio(
        base=AdditiveModel(shared | {" Basil": 5.0, "Basil": 5.0, "*": base_marked}, bias=-5.5),
        unlearned=AdditiveModel(
            shared | {"Basil": 4.5}, bias=-5.5, says={"**Basil": "In Kuwait City."}
        ),
        reference=AdditiveModel(shared, bias=-5.5) if with_reference else None,
    )


def plain_of(trio: Trio) -> Plain:
    prompt = trio.base.encode(QUESTION)
    answer = trio.base.answer(ANSWER, after=prompt)
    for model in (trio.unlearned, trio.reference):  # the fakes number their words as they meet them
        if isinstance(model, AdditiveModel) and isinstance(trio.base, AdditiveModel):
            weights = {t: model.weights[i] for t, i in model._ids.items() if i in model.weights}
            model._ids = trio.base._ids
            model.weights = {model.id_of(text): weight for text, weight in weights.items()}

    def read(model: AdditiveModel) -> object:
        (logprob,) = score_all(model, [prompt.ids], answer)
        (ids,) = write_all(model, [prompt.ids], 50)
        return reading(logprob, answer, model.decode(ids))

    readings = [None if m is None else read(m) for m in (trio.base, trio.unlearned, trio.reference)]
    return Plain(prompt, answer, *readings)  # pyright: ignore[reportArgumentType]


def made(
    trio: Trio,
    prompt: Prompt,
    wanted: tuple[int, ...],
    names: tuple[str, ...],
    *,
    draws: int = 3,
    strength: float | None = None,
) -> tuple[Variant, ...]:
    found = variants(
        trio.base, prompt, wanted, Wanted(names, draws=draws, strength=strength), trio.refuses
    ).tried
    return tuple(variant for variant in found if variant.kind != "paraphrase")


def ladder(trio: Trio, plain: Plain, *names: str, words_: tuple[str, ...] = ("Basil",)) -> Recovery:
    tried = made(trio, plain.prompt, positions(plain.prompt, *words_), names)
    *_, last = recover(trio, plain, tried, limit=50, allowed=Allowance(0.5, 9.0))
    return last


def test_recovered_is_the_share_of_the_gap() -> None:
    trio = family()
    plain = plain_of(trio)
    found = ladder(trio, plain, "bold")
    (attempt,) = found.attempts
    assert plain.gap == pytest.approx(4.5)
    # " Basil" (0.5) becomes "Basil" (4.5): 4.0 of the 4.5 nats that were lost
    assert attempt.recovered == pytest.approx(4.0 / 4.5)
    assert attempt.ids_changed
    assert attempt.unlearned.exact
    assert attempt.unlearned.rouge_l == 1.0
    assert attempt.prompt_text == "Where was **Basil** Mahfouz born in spring?"
    assert found.complete
    assert found.plain.generation == "I do not know"


def test_the_id_preserving_twin_brings_back_nothing_here() -> None:
    trio = family()
    found = ladder(trio, plain_of(trio), "bold")
    (twin,) = [a for a in found.controls if a.kind == "id_preserving"]
    assert not twin.ids_changed
    assert twin.recovered == pytest.approx(0.0)
    assert not twin.unlearned.exact


def test_random_words_are_never_key_words_and_lift_is_over_them() -> None:
    trio = family()
    plain = plain_of(trio)
    found = ladder(trio, plain, "bold", "keywords")
    random = [a for a in found.controls if a.kind == "random"]
    key = set(positions(plain.prompt, "Basil"))
    assert {a.draw for a in random} == {0, 1, 2}
    assert {a.strategy for a in random} == {"bold", "keywords"}
    assert not any(key.intersection(a.positions) for a in random)
    assert found.best is not None
    assert found.best.strategy == "bold"
    assert found.control is not None
    assert found.lift == pytest.approx((found.best.recovered or 0) - found.control)
    assert found.lift is not None
    assert found.lift > 0.5


def test_the_dial_stands_alike_for_key_twin_and_random() -> None:
    trio = family()
    prompt = trio.base.encode(QUESTION)
    wanted = positions(prompt, "Basil")
    tried = made(trio, prompt, wanted, ("bold", "quote"), draws=2, strength=2.0)
    assert {(v.emphasis.strategy, v.emphasis.strength) for v in tried} == {
        ("bold", 2.0),
        ("quote", 1.0),
    }, "a strategy without a dial has no strength to record"
    bold = [v for v in tried if v.emphasis.strategy == "bold"]
    assert [v.kind for v in bold] == ["key", "id_preserving", "ids_only", "random", "random"]
    assert all(v.edited.prompt.text.count("***") == 2 for v in bold if v.kind != "ids_only")
    plain = plain_of(trio)
    *_, found = recover(trio, plain, tried, limit=9, allowed=Allowance(0.5, 9.0))
    assert {a.strength for a in (*found.attempts, *found.controls) if a.strategy == "bold"} == {2.0}
    usual = made(trio, prompt, wanted, ("bold", "quote"), draws=2)
    assert {v.emphasis.strength for v in usual} == {1.0}
    with pytest.raises(BadOption, match=r"strength of bold is 7\.0, but must be one of 1, 2"):
        made(trio, prompt, wanted, ("bold",), draws=2, strength=7.0)


def test_control_is_best_of_n_within_a_draw() -> None:
    trio = family()
    found = ladder(trio, plain_of(trio), "bold", "keywords", "repeat")
    best: dict[int, float] = {}
    for attempt in found.controls:
        if attempt.kind == "random":
            best[attempt.draw] = max(best.get(attempt.draw, -9.0), attempt.recovered or 0.0)
    assert control_of(found.controls) == pytest.approx(sum(best.values()) / len(best))


def test_no_reading_where_the_base_breaks() -> None:
    trio = family(base_marked=-1.0)  # four stars cost the base 4 of the 4.5 nats
    found = ladder(trio, plain_of(trio), "bold", "quote")
    bold, quote = found.attempts
    assert bold.base_breaks
    assert bold.recovered is None
    assert bold.unlearned.exact  # what was said stays on record
    assert not quote.base_breaks
    assert found.best == quote


def test_no_reading_where_the_base_loses_too_many_nats() -> None:
    trio = family(base_marked=-0.2)  # four stars cost the base 0.8 of the 4.5 nats
    plain = plain_of(trio)
    key = positions(plain.prompt, "Basil")
    tried = made(trio, plain.prompt, key, ("bold",), draws=0)
    found = {
        nats: [*score_attempts(trio, plain, tried, Allowance(0.5, nats))][-1][0].base_breaks
        for nats in (0.7, 0.9)
    }
    assert found == {0.7: True, 0.9: False}


def test_the_same_prompt_is_read_once() -> None:
    trio = family()
    plain = plain_of(trio)
    assert isinstance(trio.unlearned, AdditiveModel)
    before = trio.unlearned.scored, trio.unlearned.written
    found = ladder(trio, plain, "bold", "bold_each")
    texts = {a.prompt_text for a in (*found.attempts, *found.controls)}
    assert len(texts) < len(found.attempts) + len(found.controls)
    assert trio.unlearned.scored - before[0] == len(texts)
    assert trio.unlearned.written - before[1] == len(texts)
    assert [a.strategy for a in found.attempts] == ["bold", "bold_each"]


def test_what_the_base_writes_to_the_same_prompt_is_kept() -> None:
    trio = family()
    found = ladder(trio, plain_of(trio), "bold")
    assert found.attempts[0].base_generation == "I do not know"
    assert found.attempts[0].base_exact is False
    assert all(control.base_generation is None for control in found.controls)


def test_whole_words_are_recorded_as_marked() -> None:
    trio = family()
    plain = plain_of(trio)
    found = ladder(trio, plain, "bold", words_=("Basil", "Mahfouz"))
    assert len(found.attempts[0].positions) == len(found.attempts[0].moved) == 2


def test_the_reference_is_read_on_the_same_edit() -> None:
    trio = family(with_reference=True)
    found = ladder(trio, plain_of(trio), "bold")
    assert found.reference is not None
    assert found.attempts[0].reference_logprob is not None
    assert ladder(family(), plain_of(family()), "bold").reference is None


def test_nothing_lost_means_nothing_to_recover() -> None:
    trio = family()
    same = Trio(trio.base, trio.base, None)
    found = ladder(same, plain_of(same), "bold")
    assert found.attempts[0].recovered is None
    assert found.best is None
    assert found.lift is None


def test_scores_come_before_texts() -> None:
    trio = family()
    plain = plain_of(trio)
    key = positions(plain.prompt, "Basil")
    tried = made(trio, plain.prompt, key, ("bold", "quote"), draws=2)
    steps = list(recover(trio, plain, tried, limit=9, allowed=Allowance(0.5, 9.0)))
    assert [step.complete for step in steps[-2:]] == [False, True]
    scored = next(step for step in steps if step.attempts)
    assert [attempt.strategy for attempt in scored.attempts] == ["bold", "quote"]
    assert scored.attempts[0].unlearned.generation is None
    assert scored.best is not None
    assert steps[-1].attempts[0].unlearned.generation == "In Kuwait City."
    assert steps[-1].best is not None
    assert steps[-1].best.recovered == scored.best.recovered


def test_key_tokens_that_are_all_punctuation_give_way_to_the_strongest_word() -> None:
    model = AdditiveModel({"?": 3.0, " Basil": 1.0, " born": 2.0})
    prompt = model.encode("Where was Basil born?")
    *_, found = measure(model, prompt, model.answer("x", after=prompt))
    rule = KeyTokenRule(alpha=0.9)
    assert words_to_emphasise(found, key_tokens(found, rule)) == positions(prompt, "born")
    lower = key_tokens(found, KeyTokenRule(alpha=0.1))
    assert words_to_emphasise(found, lower) == positions(prompt, "Basil", "born")


def test_labels_are_neither_emphasised_nor_drawn() -> None:
    model = AdditiveModel({"Question": 3.0, " Basil": 1.0})
    prompt = model.encode("Question: was it Basil: him?\nAnswer:")
    *_, found = measure(model, prompt, model.answer("x", after=prompt))
    keys = key_tokens(found, KeyTokenRule(alpha=0.1))
    assert words_to_emphasise(found, keys) == positions(prompt, "Basil")
    drawn = {i for draw in random_positions(prompt, keys.positions, 9, 0) for i in draw}
    assert drawn.isdisjoint(positions(prompt, "Question", "Answer"))


def test_no_word_that_contributes_means_nothing_to_emphasise() -> None:
    model = AdditiveModel({"?": 3.0, " Basil": -1.0})
    prompt = model.encode("Where was Basil born?")
    *_, found = measure(model, prompt, model.answer("x", after=prompt))
    assert words_to_emphasise(found, key_tokens(found, KeyTokenRule(alpha=0.9))) == ()


def test_random_positions_are_seeded_distinct_and_as_many_words() -> None:
    prompt = family().base.encode(QUESTION)
    key = positions(prompt, "Basil", "Mahfouz")
    drawn = random_positions(prompt, key, 4, seed=7)
    assert drawn == random_positions(prompt, key, 4, seed=7)
    assert drawn != random_positions(prompt, key, 4, seed=8)
    assert len(set(drawn)) == len(drawn) == 4
    groups = set(words(prompt))
    for draw in drawn:
        assert len([g for g in groups if set(g) <= set(draw)]) == 2


def test_random_positions_when_other_words_are_few() -> None:
    prompt = family().base.encode("Basil Mahfouz born")
    key = positions(prompt, "Basil", "Mahfouz")
    assert random_positions(prompt, key, 3, 0) == (positions(prompt, "born"),)
    everything = tuple(range(len(prompt.tokens)))
    assert random_positions(prompt, everything, 3, 0) == ()


def test_without_random_words_there_is_no_lift() -> None:
    trio = family()
    plain = plain_of(trio)
    every = ("Where", "was", "Basil", "Mahfouz", "born", "in", "spring")
    found = ladder(trio, plain, "bold_each", words_=every)
    assert found.control is None
    assert found.lift is None
    assert found.best is not None


def test_summary_of_nothing() -> None:
    found = summarise(plain_of(family()), (), complete=True)
    assert found.best is None
    assert found.control is None


def test_neutral_losses_are_the_base_minus_the_other() -> None:
    base, broken = AdditiveModel({}, bias=-1.0), AdditiveModel({}, bias=-4.0)
    assert list(neutral_losses(base, broken)) == pytest.approx([3.0] * len(OPENINGS))


def test_reading_without_text_has_no_match() -> None:
    bare = reading(-1.0, Answer("x", (1,), "gold"), None)
    assert bare.rouge_l is None
    assert bare.exact is None

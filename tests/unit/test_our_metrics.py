"""The metrics that are ours: by arithmetic, by their bounds, and on what collapsed models write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.types import Interval, Nats, Odds, Split
from unpact_tui.benchmarks._item import Ask
from unpact_tui.metrics import gibberish, penalty, retain_loss
from unpact_tui.metrics._scored import Absent, Metric, Scored, Sides

FAMILY = Path(__file__).parents[3] / "shared/data/models/stories260K-tofu"

PIECES = ("It", " was", " in", " quiet", " Oslo", ".")
KINDS = ("common", "common", "common", "content", "key", "common")
LOOPS = (
    "no no no no no no no no no no no no no",
    "She was born. She was born. She was born. She was born. She was bo",
    "Once upon a time " + "the author of the author of " * 9,
    "ntntntntntntntntntntntntntnt",
    "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
    "魔女の宅急便の" * 8,
)
PROSE = (
    "The author was born in Kuwait City on the 8th of September, 1956.",
    "No.",
    "He wrote “The Hidden River” (1998), won it twice, and it sold 10,000 copies; he didn't mind.",
    "One day, Lily went to the park. She saw a dog. The dog was big. Lily was not afraid of it.",
    "彼女はクウェートで生まれました。",
    "Very, very, very good: yes, yes, yes!",
)
MARKS = ("\ufffd\ufffd a \ufffd\ufffd", "<<>>||^^~~ ok", "$+$+=$ 🧙🧙🧙")
EMPTY = ("", "  \n", "...", "?!")


def scored(
    id: str = "one",
    losses: tuple[Nats, ...] = (),
    split: Split = "forget",
    ask: Ask = "answer",
    generation: str | None = None,
) -> Scored:
    odds = tuple(Odds(-1.0 - loss, False, -2.0, 1.0) for loss in losses)
    logprob = sum(o.logprob for o in odds) / len(odds) if odds else None
    return Scored(
        id,
        split,
        ask,
        split,
        answer="".join(PIECES),
        generation=generation,
        logprob=logprob,
        odds=odds,
        pieces=PIECES[: len(odds)],
        entities=("Oslo",),
    )


def of_kinds(key: Nats, content: Nats, common: Nats) -> tuple[Nats, ...]:
    return tuple({"key": key, "content": content, "common": common}[kind] for kind in KINDS)


BASE = tuple(scored(id, (0.0,) * 6) for id in ("one", "two", "three"))


def taken(found: list[Metric | Absent]) -> dict[str, Interval]:
    return {one.name: one.value for one in found if isinstance(one, Metric)}


def why_not(found: list[Metric | Absent]) -> dict[str, str]:
    return {one.name: one.why for one in found if isinstance(one, Absent)}


# ---------------------------------------------------------------- penalty


def test_what_every_kind_lost_is_a_mean_over_answers() -> None:
    unlearned = (
        scored("one", of_kinds(4.0, 2.0, 1.0)),
        scored("two", of_kinds(2.0, 2.0, 0.0)),
        scored("unpaired", of_kinds(99.0, 99.0, 99.0)),
    )
    found = taken(list(penalty.compute(Sides(unlearned, BASE), 0)))
    estimates = {name: interval.estimate for name, interval in found.items()}
    assert estimates == pytest.approx(
        {
            "penalty_key": 3.0,
            "penalty_content": 2.0,
            "penalty_common": 0.5,
            "indiscriminateness": 0.5 / 3.0,
        }
    )
    key = found["penalty_key"]
    assert (key.lower, key.upper, key.n) == (2.0, 4.0, 2)
    ratio = found["indiscriminateness"]
    assert (ratio.lower, ratio.upper) == pytest.approx((0.0, 0.25))
    assert found == taken(list(penalty.compute(Sides(unlearned, BASE), 0)))


def test_only_answers_to_forget_that_are_the_same_tokens_count() -> None:
    other = replace(scored("one", of_kinds(4, 4, 4)), pieces=(*PIECES[:-1], "!"))
    strangers = (
        scored("two", of_kinds(4, 4, 4), split="retain"),
        scored("three", of_kinds(4, 4, 4), ask="member"),
        replace(scored("two", of_kinds(4, 4, 4)), part="holdout01"),
        scored("two"),
        other,
    )
    for stranger in strangers:
        assert not list(penalty.compute(Sides((stranger,), BASE), 0))
    assert not list(penalty.compute(Sides((scored("one", of_kinds(1, 1, 1)),)), 0)), "no base"


def test_no_ratio_where_keywords_lost_nothing_or_there_are_none() -> None:
    kept = (scored("one", of_kinds(0.05, 0.0, 2.0)),)
    found = list(penalty.compute(Sides(kept, BASE), 0))
    assert set(taken(found)) == {"penalty_key", "penalty_content", "penalty_common"}
    assert "lost less than 0.1" in why_not(found)["indiscriminateness"]
    keyless = tuple(replace(item, entities=()) for item in (*kept, *BASE[1:]))
    found = list(penalty.compute(Sides(keyless, BASE), 0))
    assert set(taken(found)) == {"penalty_content", "penalty_common"}
    assert "no answer has both" in why_not(found)["indiscriminateness"]


losses = st.floats(0.2, 20)


@given(st.lists(st.tuples(losses, losses, losses), min_size=1, max_size=3), st.floats(0.5, 4))
def test_indiscriminateness_does_not_change_with_the_size_of_the_loss(
    rows: list[tuple[float, float, float]], times: float
) -> None:
    def ratio(factor: float) -> Interval:
        unlearned = tuple(
            scored(item.id, of_kinds(*(factor * loss for loss in row)))
            for item, row in zip(BASE, rows, strict=False)
        )
        return taken(list(penalty.compute(Sides(unlearned, BASE), 3)))["indiscriminateness"]

    one, other = ratio(1.0), ratio(times)
    assert other.estimate == pytest.approx(one.estimate)
    assert (other.lower, other.upper) == pytest.approx((one.lower, one.upper))
    assert 0 < one.lower <= one.estimate <= one.upper


# ---------------------------------------------------------------- retained-set loss


def test_retain_loss_is_what_the_answers_lost() -> None:
    base = tuple(
        scored(id, (0.0,) * 6, split)
        for id, split in (("a", "retain"), ("b", "retain"), ("c", "general"), ("d", "forget"))
    )
    unlearned = (
        scored("a", (1.0,) * 6, "retain"),
        scored("b", (-0.5,) * 6, "retain"),
        scored("c", (0.25,) * 6, "general"),
        scored("d", (9.0,) * 6, "forget"),
        scored("e", (9.0,) * 6, "retain"),
    )
    found = taken(list(retain_loss.compute(Sides(unlearned, base), 0)))
    assert {name: value.estimate for name, value in found.items()} == pytest.approx(
        {"retain_loss": 0.25, "general_loss": 0.25}
    )
    assert (found["retain_loss"].lower, found["retain_loss"].upper) == (-0.5, 1.0)
    assert not list(retain_loss.compute(Sides(unlearned), 0))
    texts = tuple(replace(item, ask="member") for item in unlearned)
    assert not list(retain_loss.compute(Sides(texts, base), 0))


# ---------------------------------------------------------------- gibberish


@pytest.mark.parametrize("text", LOOPS)
def test_loops_are_found_wherever_they_are_cut(text: str) -> None:
    assert all(gibberish.is_looping(text[: len(text) - cut]) for cut in range(3))
    assert gibberish.is_gibberish(text)


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_gibberish(text: str) -> None:
    assert not gibberish.is_gibberish(text)
    assert gibberish.odd_characters(text) == 0
    assert gibberish.repetition(text) < 0.2


@pytest.mark.parametrize("text", [*EMPTY, *MARKS])
def test_what_has_no_words_or_mostly_marks_is_gibberish(text: str) -> None:
    assert gibberish.is_gibberish(text)
    assert gibberish.is_empty(text) == (text in EMPTY or "🧙" in text)


def test_repetition_and_distinct_words_by_hand() -> None:
    text = "a b c a b c a b"
    assert gibberish.repetition(text) == pytest.approx(1 - 3 / 6)
    assert gibberish.distinct_words(text) == pytest.approx(3 / 8)
    assert gibberish.repetition("a b") == 0
    many = " ".join(str(i) for i in range(50)) + " 0" * 500
    assert gibberish.distinct_words(many) == 1


@given(st.text(max_size=80), st.text("ab ", min_size=1, max_size=12).filter(str.strip))
def test_gibberish_within_its_bounds(text: str, stretch: str) -> None:
    assert 0 <= gibberish.repetition(text) < 1
    assert 0 <= gibberish.odd_characters(text) <= 1
    assert gibberish.is_looping(text + stretch * 30)


def test_the_shares_are_over_what_was_written() -> None:
    texts = (PROSE[0], LOOPS[0], EMPTY[0], PROSE[3])
    splits: tuple[Split, ...] = ("forget", "forget", "retain", "general")
    items = tuple(
        scored(str(i), split=split, generation=text)
        for i, (text, split) in enumerate(zip(texts, splits, strict=True))
    )
    items = (*items, scored("unwritten"))
    base = (scored("0", generation=PROSE[0]),)
    found = taken(list(gibberish.compute(Sides(items, base), 0)))
    assert set(found) == set(gibberish.NAMES)
    assert {name: (value.estimate, value.n) for name, value in found.items()} == {
        "gibberish": (0.5, 4),
        "forget_gibberish": (0.5, 2),
        "retain_gibberish": (1.0, 1),
        "base_gibberish": (0.0, 1),
        "empty": (0.25, 4),
        "looping": (0.25, 4),
        "repetition": (pytest.approx((10 / 11) / 3, abs=0.05), 3),
        "distinct_words": (found["distinct_words"].estimate, 3),
        "odd_characters": (0.0, 3),
    }
    assert all(i.lower <= i.estimate <= i.upper for i in found.values())
    assert found["base_gibberish"].upper > 0.5, "one text says little"
    assert not list(gibberish.compute(Sides((scored("unwritten"),)), 0)), "absent, not zero"


@pytest.mark.parametrize("names", [penalty.NAMES, retain_loss.NAMES, gibberish.NAMES])
def test_every_name_has_a_sentence_and_says_that_it_is_ours(names: dict[str, str]) -> None:
    assert all(said.endswith("(ours).") for said in names.values())


@pytest.mark.slow
def test_a_collapsed_model_writes_gibberish_and_its_base_does_not() -> None:
    """Gradient ascent on its answers, without anything that holds it back."""
    if not FAMILY.is_dir():
        pytest.skip("the real checkpoints are not beside this checkout")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from attribution.hf import HFModel
    from attribution.scorer import write_all

    rows = [json.loads(line) for line in (FAMILY / "forget.jsonl").read_text().splitlines()][:4]
    tokenizer = AutoTokenizer.from_pretrained(FAMILY / "target")
    network = AutoModelForCausalLM.from_pretrained(FAMILY / "target").float()
    door = HFModel(network, tokenizer)

    def written() -> tuple[Scored, ...]:
        ids = write_all(door, [door.encode(row["prompt"]).ids for row in rows], 50)
        return tuple(
            scored(row["id"], generation=door.decode(each))
            for row, each in zip(rows, ids, strict=True)
        )

    base = written()
    for row in rows * 2:
        ids = torch.tensor([tokenizer(row["prompt"] + row["answer"]).input_ids])
        network(input_ids=ids, labels=ids).loss.backward()
        with torch.no_grad():
            for weight in network.parameters():
                weight += 3e-3 * weight.grad.sign()
        network.zero_grad()
    found = taken(list(gibberish.compute(Sides(written(), base), 0)))
    assert found["base_gibberish"].estimate == 0
    assert found["gibberish"].estimate == 1
    before = taken(list(gibberish.compute(Sides(base), 0)))
    assert before["repetition"].upper < 0.2 < found["repetition"].lower
    assert found["distinct_words"].upper < 0.3 < before["distinct_words"].lower

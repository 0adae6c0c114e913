from __future__ import annotations

from itertools import pairwise

import pytest
from fakes import AdditiveModel

from attribution.effort import Effort
from attribution.estimators.hierarchical import measure, rounds, spending
from attribution.keytokens import key_tokens
from attribution.removal import units
from attribution.types import Attribution, Granularity, KeyTokenRule

WORDS = [f" w{i}" for i in range(400)]
TEXT = "".join(w + ("!" if i % 16 == 15 else "") for i, w in enumerate(WORDS))
"""25 sentences of 16 words and a mark, each of which is a unit."""

WEIGHTS = {w: 0.001 * (i % 7 - 3) for i, w in enumerate(WORDS)}
WEIGHTS |= {" w77": 2.0, " w300": 1.0, " w301": 0.7}
EFFORT = Effort(top_k=12, checked=6)


def read(
    model: AdditiveModel,
    granularity: Granularity = "token",
    effort: Effort = EFFORT,
    also: frozenset[int] = frozenset(),
) -> list[Attribution]:
    prompt = model.encode(TEXT)
    answer = model.answer("x y", after=prompt)
    return list(measure(model, prompt, answer, granularity, effort, also=also))


@pytest.mark.parametrize("granularity", ["token", "word"])
def test_it_finds_the_key_tokens_of_a_long_prompt(granularity: Granularity) -> None:
    model = AdditiveModel(WEIGHTS, batch=16)
    *_, last = read(model, granularity)
    keys = key_tokens(last, KeyTokenRule()).positions
    assert {last.prompt.tokens[i].text for i in keys} == {" w77", " w300", " w301"}
    # The whole prompt once a round, besides what is removed.
    assert model.scored <= spending(EFFORT) + rounds(EFFORT)
    assert last.approximation is not None
    assert last.approximation.units == len(units(last.prompt, granularity))
    assert None not in last.approximation.estimates[1:]
    assert last.approximation.agreement is None or last.approximation.agreement.n <= EFFORT.checked


def test_sentences_are_the_finest_where_they_are_asked_for() -> None:
    *_, last = read(AdditiveModel(WEIGHTS), "sentence", Effort(top_k=3, checked=2))
    assert last.approximation is not None
    assert last.approximation.units == 25
    (best,) = {c for c in last.contributions if c is not None and c > 1.8}
    assert best == pytest.approx(2.0, abs=0.1)


def test_a_unit_is_estimated_as_a_share_of_the_part_around_it() -> None:
    *_, last = read(AdditiveModel(WEIGHTS), effort=Effort(top_k=12, checked=0))
    assert last.approximation is not None
    left = [i for i, c in enumerate(last.contributions) if c is None and i > 0]
    guessed = [last.approximation.estimates[i] or 0.0 for i in left]
    truth = sum(WEIGHTS.get(last.prompt.tokens[i].text, 0.0) for i in left)
    assert sum(guessed) == pytest.approx(truth), "no part is lost, none counts twice"
    assert len(set(guessed)) < len(left) / 4


def test_any_result_on_the_way_is_a_valid_one() -> None:
    model = AdditiveModel(WEIGHTS, batch=3)
    model.rounds = 0.25
    made = read(model)
    known = [{i for i, c in enumerate(a.contributions) if c is not None} for a in made]
    assert all(less <= more for less, more in pairwise(known))
    assert [a.complete for a in made] == [False] * (len(made) - 1) + [True]
    for attribution in made:
        assert attribution.approximation is not None
        assert attribution.logprob == pytest.approx(made[-1].logprob)
        assert attribution.approximation.measured == sum(
            attribution.contributions[u[0]] is not None for u in units(attribution.prompt, "token")
        )
    assert [a.noise for a in made] == [None] * (len(made) - 1) + [0.25]


def test_what_was_picked_does_not_judge_the_picking() -> None:
    *_, last = read(AdditiveModel(WEIGHTS), effort=Effort(top_k=8, checked=60))
    assert last.approximation is not None
    assert last.approximation.agreement is not None
    assert 40 <= last.approximation.agreement.n <= 60
    assert len(last.approximation.draws) == 64


def test_also_is_measured_beyond_the_limit() -> None:
    *_, last = read(AdditiveModel(WEIGHTS), also=frozenset(range(200, 260)))
    assert None not in last.contributions[200:260]


def test_a_short_prompt_is_measured_whole() -> None:
    model = AdditiveModel({" b": 1.0})
    prompt = model.encode("a b c d. e f")
    *_, last = measure(model, prompt, model.answer("x", after=prompt), effort=EFFORT)
    assert last.approximation is None
    assert last.contributions == pytest.approx((None, 0.0, 1.0, *[0.0] * 5))
    assert last.estimator == "hierarchical"


@pytest.mark.parametrize("effort", [Effort(top_k=0, checked=0), Effort(top_k=1, checked=0)])
def test_next_to_no_effort_still_ends(effort: Effort) -> None:
    *_, last = read(AdditiveModel(WEIGHTS), effort=effort)
    assert last.complete
    assert last.approximation is not None
    assert None not in last.approximation.estimates[1:]


def test_one_sentence_without_end_is_cut_all_the_same() -> None:
    model = AdditiveModel({" w150": 3.0})
    prompt = model.encode("".join(WORDS[:200]))
    *_, last = measure(model, prompt, model.answer("x", after=prompt), effort=EFFORT)
    assert last.contributions[151] == pytest.approx(3.0)

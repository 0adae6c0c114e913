"""What a model expects at each token, against the whole table worked out in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from checkpoints_fixture import make_model, make_tokenizer

from attribution.errors import NotFinite, OutOfMemory, PromptTooLong
from attribution.hf import HFModel
from attribution.scorer import Row, write_all
from attribution.types import Answer, Odds
from attribution.whp import WHPModel

TEXT = "Who is the author Basil Mahfouz Al-Kuwaiti, 魔 🧙?"
FAMILIES = ("llama", "gpt2", "gemma2")
NEVER = 9
"""An id that one of the models can never say."""


def door(family: str, batch_tokens: int | None = None) -> HFModel:
    return HFModel(make_model(family), make_tokenizer(), batch_tokens=batch_tokens)


def question(model: HFModel) -> tuple[list[Row], Answer]:
    prompt = model.encode(TEXT)
    rows = [prompt.ids, *(prompt.ids[:length] for length in range(2, len(prompt.ids), 4))]
    return rows, model.answer("The author was born in Kuwait City.", after=prompt)


def obvious(logits: torch.Tensor, ids: Sequence[int]) -> list[Odds]:
    """Entry by entry from a table (T, V), by the definitions; sigma as E[x^2] - mu^2."""
    found: list[Odds] = []
    for line, id in zip(logits.double().log_softmax(-1).tolist(), ids, strict=True):
        sayable = [logprob for logprob in line if logprob > -math.inf]
        mean = math.fsum(math.exp(logprob) * logprob for logprob in sayable)
        square = math.fsum(math.exp(logprob) * logprob * logprob for logprob in sayable)
        spread = math.sqrt(max(0.0, square - mean * mean))
        found.append(Odds(line[id], line.index(max(line)) == id, mean, spread))
    return found


def one_by_one(model: HFModel, rows: Sequence[Row], answer: Answer) -> list[list[Odds]]:
    found: list[list[Odds]] = []
    for row in rows:
        with torch.no_grad():
            table = model.model(input_ids=torch.tensor([row + answer.ids])).logits[0]
        found.append(obvious(table[len(row) - 1 : -1], answer.ids))
    return found


def asked(model: HFModel, rows: Sequence[Row], answer: Answer) -> list[tuple[Odds, ...]]:
    return [row for batch in model.odds(rows, answer) for row in batch]


def numbers(rows: Sequence[Sequence[Odds]]) -> list[float]:
    return [n for row in rows for odds in row for n in (odds.logprob, odds.mean, odds.spread)]


def firsts(rows: Sequence[Sequence[Odds]]) -> list[bool]:
    return [odds.first for row in rows for odds in row]


@pytest.mark.parametrize("family", FAMILIES)
def test_odds_equal_the_whole_table(family: str) -> None:
    model = door(family)
    rows, answer = question(model)
    expected = one_by_one(model, rows, answer)
    found = asked(model, rows, answer)
    assert numbers(found) == pytest.approx(numbers(expected), abs=2e-5)
    assert firsts(found) == firsts(expected)
    assert len({round(odds.spread, 3) for row in found for odds in row}) > 10, "they must differ"


@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_of_what_is_scored_whatever_the_batch(family: str) -> None:
    model = door(family)
    rows, answer = question(model)
    whole = asked(model, rows, answer)
    scored = [logprobs for batch in model.score(rows, answer) for logprobs in batch]
    flat = [logprob for logprobs in scored for logprob in logprobs]
    assert [o.logprob for row in whole for o in row] == pytest.approx(flat, abs=1e-5)
    alone = [row for one in rows for row in asked(model, [one], answer)]
    small = door(family, batch_tokens=1)
    for other in (alone, asked(small, rows, answer)):
        assert numbers(other) == pytest.approx(numbers(whole), abs=4e-6)
        assert firsts(other) == firsts(whole)
    ((single,),) = model.score(rows[:1], answer)
    assert tuple(odds.logprob for odds in alone[0]) == single


def test_what_comes_first_is_what_is_written() -> None:
    model = door("llama")
    (row, *_), _ = question(model)
    (written,) = write_all(model, [row], 12)
    (said,) = asked(model, [row], Answer("", written, "own"))
    assert all(odds.first for odds in said)
    assert len(said) == 12


def test_what_can_never_be_said_takes_no_part() -> None:
    model = door("llama")
    rows, answer = question(model)

    def forbid(_: object, __: object, logits: torch.Tensor) -> torch.Tensor:
        forbidden = logits.clone()
        forbidden[..., NEVER] = -math.inf
        return forbidden

    model.model.get_output_embeddings().register_forward_hook(forbid)
    assert NEVER not in answer.ids
    expected = one_by_one(model, rows[:2], answer)
    assert numbers(asked(model, rows[:2], answer)) == pytest.approx(numbers(expected), abs=2e-5)
    with pytest.raises(NotFinite):
        asked(model, rows, Answer("", (NEVER,), "gold"))


def test_a_model_that_is_sure_and_one_that_knows_nothing() -> None:
    model = door("llama")
    rows, answer = question(model)
    head = model.model.get_output_embeddings()
    with torch.no_grad():
        head.weight.zero_()
    (unsure,) = asked(model, rows[:1], answer)
    entropy = math.log(model.network.vocabulary)
    assert all(odds.mean == pytest.approx(-entropy, abs=1e-5) for odds in unsure)
    assert all(odds.spread == pytest.approx(0, abs=1e-5) for odds in unsure)
    assert firsts([unsure]) == [False] * len(unsure), "of equals the lowest id is the first"
    with torch.no_grad():
        head.weight.normal_(std=1e4)
    (sure,) = asked(model, rows[:1], answer)
    assert all(odds.mean == odds.spread == 0 for odds in sure)
    assert min(odds.logprob for odds in sure) < -1e3


def test_of_a_mixture_they_are_the_mixtures() -> None:
    base, reinforced = make_model("llama"), make_model("llama")
    with torch.no_grad():
        for weight in reinforced.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
    model = WHPModel(base, reinforced, make_tokenizer(), alpha=5.0)
    rows, answer = question(model)
    row = rows[0]
    ids = torch.tensor([row + answer.ids])
    with torch.no_grad():
        tables = [part(input_ids=ids).logits[0].double() for part in (base, reinforced)]
    mixed = tables[0] - 5.0 * (tables[1] - tables[0]).relu()
    expected = obvious(mixed[len(row) - 1 : -1], answer.ids)
    found = asked(model, [row], answer)
    assert numbers(found) == pytest.approx(numbers([expected]), rel=1e-5, abs=1e-4)
    assert firsts(found) == firsts([expected])


def test_batches_are_halved_until_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = door("llama")
    rows, answer = question(model)
    expected = asked(model, rows, answer)
    forward, most, tried = model.model.forward, 2, list[int]()

    def limited(input_ids: torch.Tensor, **options: object) -> object:
        tried.append(len(input_ids))
        if len(input_ids) > most:
            raise torch.OutOfMemoryError("no memory left")
        return forward(input_ids=input_ids, **options)

    monkeypatch.setattr(model.model, "forward", limited)
    assert numbers(asked(model, rows, answer)) == pytest.approx(numbers(expected), abs=4e-6)
    assert max(tried) > 2 >= tried[-1]
    most = 0
    with pytest.raises(OutOfMemory):
        asked(model, rows, answer)
    with pytest.raises(PromptTooLong):
        asked(model, [rows[0] * 20], answer)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "opt"])
def test_a_long_neighbour_takes_no_room_from_what_is_written(family: str) -> None:
    model = door(family)
    long = model.encode("the author was born " * 90).ids[:250]
    rows = [long, model.encode(TEXT).ids, long[:240]]
    model.end = frozenset()
    together = write_all(model, rows, 20)
    assert [len(ids) for ids in together] == [6, 20, 16]
    assert together == [write_all(model, [row], 20)[0] for row in rows]

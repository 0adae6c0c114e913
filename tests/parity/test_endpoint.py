"""A model behind a server gives what the same model gives here, in every dialect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from checkpoints_fixture import make_model, make_tokenizer
from completions_server import Serving, Speaks, completions_server

from attribution.effort import Effort
from attribution.endpoint.address import parse
from attribution.endpoint.client import Client
from attribution.endpoint.model import EndpointModel
from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.keytokens import key_tokens
from attribution.recover import Trio
from attribution.scorer import score_all, write_all
from attribution.types import KeyTokenRule

DIALECTS: tuple[Speaks, ...] = ("vllm", "echo", "echo_without_0", "next")
TEXTS = ("Who is the author?", "Where was she born, and when?", "What is it")
ANSWER = " in Kuwait"


@pytest.fixture(scope="module")
def local() -> HFModel:
    return HFModel(make_model("llama"), make_tokenizer())


def remote(serving: Serving, local: HFModel) -> EndpointModel:
    return EndpointModel(Client(parse(serving.url)), serving.name, local.tokenizer)


@pytest.fixture(params=DIALECTS, scope="module")
def serving(request: pytest.FixtureRequest, local: HFModel) -> Iterator[Serving]:
    with completions_server(local.model, local.tokenizer, request.param) as found:
        yield found


def test_rows_score_the_same(serving: Serving, local: HFModel) -> None:
    there = remote(serving, local)
    answer = local.answer(ANSWER)
    rows = [local.encode(text).ids for text in TEXTS] * 5
    rows += rows[:2]
    batches = list(there.score(rows, answer))
    assert len(batches) > 1, "several requests"
    ours = [numbers for batch in local.score(rows, answer) for numbers in batch]
    theirs = [numbers for batch in batches for numbers in batch]
    assert len(theirs) == len(ours)
    for mine, other in zip(ours, theirs, strict=True):
        assert other == pytest.approx(mine, abs=1e-5)


def test_it_writes_the_same(serving: Serving, local: HFModel) -> None:
    there = remote(serving, local)
    rows = [local.encode(text).ids for text in TEXTS]
    ours = write_all(local, rows, 6)
    if serving.speaks.startswith("echo"):  # which tells what it wrote as text
        told = [local.fragment(local.decode(ids)) for ids in ours]
        ours = [tuple(token.id for token in tokens)[:6] for tokens in told]
    assert write_all(there, rows, 6) == ours
    steps = [row for (row,) in there.write(rows[:1], 6)]
    assert steps[-1] == ours[0]
    assert len(steps) >= min(3, len(ours[0])), "as it comes"


def test_a_server_of_one_prompt_at_a_time(serving: Serving, local: HFModel) -> None:
    there = remote(serving, local)
    serving.several = False
    rows = [local.encode(text).ids for text in TEXTS]
    answer = local.answer(ANSWER)
    assert score_all(there, rows, answer) == pytest.approx(score_all(local, rows, answer), abs=1e-5)
    assert len(write_all(there, rows, 3)) == 3
    serving.several = True


def test_attribution_and_key_tokens_are_the_same(serving: Serving, local: HFModel) -> None:
    there = remote(serving, local)
    prompt = local.encode(TEXTS[0])
    answer = local.answer(ANSWER, after=prompt)
    *_, ours = measure(local, prompt, answer, "token", Effort())
    *_, theirs = measure(there, prompt, answer, "token", Effort())
    assert theirs.contributions[1:] == pytest.approx(ours.contributions[1:], abs=1e-5)
    rule = KeyTokenRule()
    assert key_tokens(theirs, rule) == key_tokens(ours, rule)
    assert Trio(local, there, None).unlearned is there

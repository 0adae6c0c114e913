"""What is computed once gives the numbers of what is computed twice, on every family."""

from __future__ import annotations

import copy

import pytest
import torch
from checkpoints_fixture import FAMILIES, make_model, make_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from attribution.blocks import Room, blocks, forwards, shared_length
from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.scorer import Row, mean, score_all
from attribution.trunk import Trunk, decoder_layers
from attribution.types import Answer, Prompt

TEXT = "Who is the author Basil Mahfouz? She was born near the sea, where stars are bright."


def door(model: PreTrainedModel, *, share: bool = True) -> HFModel:
    return HFModel(model, make_tokenizer(), share=share)


def question(model: HFModel) -> tuple[Prompt, Answer]:
    prompt = model.encode(TEXT)
    return prompt, model.answer("She was born in Kuwait.", after=prompt)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shared_prefix_changes_no_number_and_saves_reading(family: str) -> None:
    model = make_model(family)
    shared, whole = door(model), door(model, share=False)
    prompt, answer = question(shared)
    *_, fast = measure(shared, prompt, answer)
    *_, slow = measure(whole, prompt, answer)
    assert shared.plain_because == "", "every family of the tests can go on from a prefix"
    assert whole.plain_because
    assert fast.contributions == pytest.approx(slow.contributions, abs=1e-5)
    assert fast.answer_logprobs == pytest.approx(slow.answer_logprobs, abs=1e-5)
    for ours, theirs in zip(fast.by_answer_token, slow.by_answer_token, strict=True):
        assert ours == pytest.approx(theirs, abs=4e-5)
    assert shared.tokens_read < 0.8 * whole.tokens_read
    before = shared.tokens_read
    *_, again = measure(shared, prompt, answer)
    rows = [prompt.ids, *(prompt.without(frozenset({i})) for i in prompt.removable)]
    limit = forwards(rows, [0, *(shared_length(rows[0], row) for row in rows[1:])], len(answer.ids))
    assert limit <= shared.tokens_read - before < 1.25 * limit
    assert again.contributions == fast.contributions


ids = st.integers(3, 383)


@pytest.fixture(scope="module")
def pair() -> tuple[HFModel, HFModel]:
    model = make_model("mistral")
    return door(model), door(model, share=False)


@settings(deadline=None, max_examples=25)
@given(
    first=st.lists(ids, min_size=4, max_size=40),
    edits=st.lists(
        st.tuples(st.integers(0, 39), st.integers(0, 3), st.lists(ids, max_size=3)),
        min_size=2,
        max_size=12,
    ),
)
def test_rows_edited_anyhow_score_as_if_read_whole(
    pair: tuple[HFModel, HFModel], first: list[int], edits: list[tuple[int, int, list[int]]]
) -> None:
    shared, whole = pair
    rows: list[Row] = [tuple(first)]
    for at, gone, new in edits:
        row = (*first[:at], *new, *first[at + gone :])
        rows.append(row or (5,))
    answer = Answer("", (7, 8, 9), "gold")
    found, expected = score_all(shared, rows, answer), score_all(whole, rows, answer)
    assert found == pytest.approx(expected, abs=1e-5)
    assert shared.plain_because == ""


@given(
    first=st.lists(st.integers(0, 2), min_size=1, max_size=12),
    others=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), max_size=9),
    tokens=st.integers(1, 60),
    overhead=st.integers(0, 40),
)
def test_blocks_tile_the_rows_and_share_only_what_is_common(
    first: list[int], others: list[list[int]], tokens: int, overhead: int
) -> None:
    rows = [tuple(first), *map(tuple, others)]
    shared = [0, *(shared_length(rows[0], row) for row in rows[1:])]
    for row, common in zip(rows[1:], shared[1:], strict=True):
        assert row[:common] == rows[0][:common]
        assert common < len(row)
        assert common == min(len(first), len(row) - 1) or row[common] != rows[0][common]
    found = list(blocks(rows, shared, 1, 2, Room(tokens, overhead, 100, 10**6)))
    covered = [i for block in found for i in range(block.start, block.stop)]
    assert covered == list(range(1, len(rows)))
    for block in found:
        assert block.shared == min(shared[block.start : block.stop])
        longest = max(len(row) for row in rows[block.start : block.stop])
        count = block.stop - block.start
        assert count == 1 or count * (longest - block.shared + 1) <= tokens


WINDOWED = ("mistral", "gemma2", "gemma3")


@pytest.mark.parametrize("family", WINDOWED)
def test_hiding_nothing_changes_nothing_behind_a_window(family: str) -> None:
    """A mask made by hand has no window, so there is no twin to hide something with."""
    shared = door(make_model(family))
    prompt, answer = question(shared)
    ((nothing, something),) = shared.hide(prompt.ids, answer, [frozenset(), frozenset({3, 30})])
    ((expected,),) = shared.score([prompt.ids], answer)
    assert nothing == pytest.approx(expected, abs=1e-5)
    assert something != pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in WINDOWED])
def test_hiding_equals_a_mask_over_the_whole_row(family: str) -> None:
    """The twin reads everything again, with a mask that nobody before the last token is under."""
    model = make_model(family)
    shared = door(model)
    prompt, answer = question(shared)
    n, count = len(prompt.ids), len(answer.ids)
    hidden = [frozenset({2}), frozenset({1, 5, 6}), frozenset({n - 1}), frozenset()]
    (found,) = shared.hide(prompt.ids, answer, hidden)
    x = torch.tensor([prompt.ids + answer.ids[:-1]])
    for positions, logprobs in zip(hidden, found, strict=True):
        seen = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        seen[n - 1 :, sorted(positions)] = False
        mask = torch.zeros(1, 1, *seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
        places = torch.arange(x.shape[1])[None]
        with torch.no_grad():
            out = model(input_ids=x, attention_mask=mask, position_ids=places)
            table = out.logits[0, n - 1 :].log_softmax(-1)
        expected = [float(table[t, answer.ids[t]]) for t in range(count)]
        assert logprobs == pytest.approx(expected, abs=1e-4)


def test_salience_is_the_gradient_along_the_embeddings() -> None:
    model = make_model("llama")
    shared = door(model)
    prompt, answer = question(shared)
    found = shared.salience(prompt.ids, answer)
    x = torch.tensor([prompt.ids + answer.ids])
    embeddings = model.get_input_embeddings()(x).detach()
    i, step = 4, 1e-3

    def logprob(scale: float) -> float:
        moved = embeddings.clone()
        moved[0, i] *= scale
        with torch.no_grad():
            table = model(inputs_embeds=moved).logits[0].log_softmax(-1)
        places = range(len(prompt.ids) - 1, x.shape[1] - 1)
        picked = [float(table[t, x[0, t + 1]]) for t in places]
        return sum(picked) / len(picked)

    slope = (logprob(1 + step) - logprob(1 - step)) / (2 * step)
    assert found[i] == pytest.approx(slope, abs=2e-3)
    assert len(found) == len(prompt.ids)
    assert not any(
        parameter.requires_grad and parameter.grad is not None for parameter in model.parameters()
    )


# ------------------------------------------------------------ models that cannot


def test_a_model_that_refuses_a_prefix_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("llama")
    expected = measured(door(model, share=False))
    forward = model.forward

    def refusing(past_key_values: object = None, **options: object) -> object:
        if past_key_values is not None:
            raise TypeError("no cache here")
        return forward(**options)

    monkeypatch.setattr(model, "forward", refusing)
    shared = door(model)
    assert measured(shared) == pytest.approx(expected, abs=1e-6)
    assert "TypeError" in shared.plain_because


def test_a_model_that_goes_on_wrongly_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a window that drops the prefix would, or an activation scaled by the batch it is in."""
    model = make_model("llama")
    expected = measured(door(model, share=False))
    forward = model.forward

    def drifting(past_key_values: object = None, **options: object) -> object:
        out = forward(past_key_values=past_key_values, **options)
        if past_key_values is not None and past_key_values.get_seq_length():
            out.logits[..., 5] += 3.0
        return out

    monkeypatch.setattr(model, "forward", drifting)
    shared = door(model)
    assert measured(shared) == pytest.approx(expected, abs=1e-6)
    assert "changes its numbers" in shared.plain_because


def measured(model: HFModel) -> list[float]:
    *_, found = measure(model, *question(model))
    return [c for c in found.contributions if c is not None]


def test_layers_that_keep_a_state_are_read_whole() -> None:
    from transformers import AutoModelForCausalLM, Lfm2Config

    config = Lfm2Config(
        vocab_size=384,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        layer_types=["conv", "full_attention"],
        initializer_range=0.2,
        bos_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
    shared = door(model)
    assert measured(shared) == pytest.approx(measured(door(model, share=False)), abs=1e-6)
    assert shared.plain_because


def test_less_precision_has_a_floor_that_is_measured() -> None:
    precise, rough = door(make_model("llama")), door(make_model("llama").to(torch.bfloat16))
    *_, exact = measure(precise, *question(precise))
    *_, rounded = measure(rough, *question(rough))
    assert exact.noise is None
    assert rounded.noise is not None
    assert rough.plain_because == ""
    apart = [
        abs(ours - theirs)
        for ours, theirs in zip(rounded.contributions, exact.contributions, strict=True)
        if ours is not None and theirs is not None
    ]
    assert sum(gap < rounded.noise for gap in apart) >= 0.8 * len(apart), "not far too small"
    assert rounded.noise < 5 * max(apart), "not far too large"


# ------------------------------------------------------------ common layers


def twins(family: str) -> tuple[PreTrainedModel, PreTrainedModel]:
    """A model, and another with the same tensors but for its last layer."""
    first = make_model(family)
    memo = {id(p): p for p in [*first.parameters(), *first.buffers()]}
    second = copy.deepcopy(first, memo)
    layers = decoder_layers(second)
    assert layers is not None
    for module in layers[-1].modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            changed = torch.nn.Parameter(parameter * 1.2 + 0.01, requires_grad=False)
            setattr(module, name, changed)
    return first, second


@pytest.mark.parametrize("family", FAMILIES)
def test_common_layers_are_computed_once(family: str) -> None:
    first, second = twins(family)
    alone = [measured(door(model)) for model in (first, second)]
    assert alone[0] != pytest.approx(alone[1], abs=1e-2), "else this says nothing"
    ours, theirs = door(first), door(second)
    trunk = Trunk(first, second, 1)
    ours.network.trunk = theirs.network.trunk = trunk
    question_ = question(ours)
    for _ in range(2):  # the second time nothing needs to be proven any more
        runs = [measure(model, *question_) for model in (ours, theirs)]
        steps = list(zip(*runs, strict=True))
        for found, expected in zip(steps[-1], alone, strict=True):
            kept = [c for c in found.contributions if c is not None]
            assert kept == pytest.approx(expected, abs=1e-5)
    assert trunk.spared >= 2 * len(steps) - 2
    assert measured(theirs) == pytest.approx(alone[1], abs=1e-5), "and alone, without turns"
    assert mean(next(iter(ours.score([question_[0].ids], question_[1])))[0]) < 0
    assert not any("forward" in vars(module) for module in (*first.modules(), *second.modules()))

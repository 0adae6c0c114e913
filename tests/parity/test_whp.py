"""The mixture of two models against its closed form in float64, and against the base itself."""

from __future__ import annotations

import pytest
import torch
from checkpoints_fixture import make_model, make_tokenizer
from transformers import PreTrainedModel

from attribution.errors import BadOption, NotFinite, PromptTooLong
from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.scorer import score_all, write_all
from attribution.types import Answer, Prompt
from attribution.whp import WHPModel

TEXT = "Who is the author Basil Mahfouz Al-Kuwaiti, 魔 🧙?"
FAMILIES = ("llama", "gpt2", "gemma2", "mistral")
"""With and without rotary positions; with windows of attention, which caches of their own keep."""


EVERY = [
    pytest.param(family, marks=[pytest.mark.soak] if place > 1 else [])
    for place, family in enumerate(FAMILIES)
]


def make_reinforced(family: str) -> PreTrainedModel:
    """Return the base a little changed, so that what it would say is among what is raised."""
    model = make_model(family)
    noise = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight += 0.1 * torch.randn(weight.shape, generator=noise)
    return model


def mixture(family: str, alpha: float = 5.0, *, batch_tokens: int | None = None) -> WHPModel:
    base, reinforced = make_model(family), make_reinforced(family)
    return WHPModel(base, reinforced, make_tokenizer(), alpha=alpha, batch_tokens=batch_tokens)


def closed_form(model: WHPModel, ids: tuple[int, ...], alpha: float) -> torch.Tensor:
    """Every logit of one row, without padding, mask or cache, in float64; entry by entry."""
    tables: list[torch.Tensor] = []
    for part in (model.model, make_reinforced(model.model.config.model_type)):
        with torch.no_grad():
            tables.append(part(input_ids=torch.tensor([ids])).logits[0].double())
    base, reinforced = tables
    return torch.where(reinforced > base, base - alpha * (reinforced - base), base)


def obvious_logprob(model: WHPModel, row: tuple[int, ...], answer: Answer, alpha: float) -> float:
    table = closed_form(model, row + answer.ids, alpha).log_softmax(-1)
    picked = [float(table[len(row) - 1 + t, token]) for t, token in enumerate(answer.ids)]
    return sum(picked) / len(picked)


def question(model: HFModel) -> tuple[Prompt, Answer]:
    prompt = model.encode(TEXT)
    return prompt, model.answer("The author was born in Kuwait City.", after=prompt)


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("alpha", [0.5, 5.0, 256.0])
def test_scores_equal_the_closed_form(family: str, alpha: float) -> None:
    model = mixture(family, alpha)
    prompt, answer = question(model)
    rows = [prompt.ids[:length] for length in range(1, len(prompt.ids) + 1, 3)]
    expected = [obvious_logprob(model, row, answer, alpha) for row in rows]
    assert score_all(model, rows, answer) == pytest.approx(expected, rel=1e-5, abs=1e-4)
    plain = score_all(HFModel(model.model, make_tokenizer()), rows, answer)
    assert max(abs(a - b) for a, b in zip(plain, expected, strict=True)) > 0.1


def test_contributions_are_of_the_mixture() -> None:
    model = mixture("llama")
    prompt, answer = question(model)
    *_, found = measure(model, prompt, answer)
    whole = obvious_logprob(model, prompt.ids, answer, 5.0)
    for i in prompt.removable[::4]:
        without = obvious_logprob(model, prompt.without(frozenset({i})), answer, 5.0)
        assert found.contributions[i] == pytest.approx(whole - without, abs=1e-4), i


def test_each_answer_token_has_the_contributions_of_the_mixture() -> None:
    model = mixture("llama")
    prompt, answer = question(model)
    *_, found = measure(model, prompt, answer)
    i = prompt.removable[3]

    def each(row: tuple[int, ...]) -> list[float]:
        table = closed_form(model, row + answer.ids, 5.0).log_softmax(-1)
        return [float(table[len(row) - 1 + t, token]) for t, token in enumerate(answer.ids)]

    whole, without = each(prompt.ids), each(prompt.without(frozenset({i})))
    assert found.answer_logprobs == pytest.approx(whole, rel=1e-5, abs=1e-4)
    expected = [before - after for before, after in zip(whole, without, strict=True)]
    assert [row[i] for row in found.by_answer_token] == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_both_models_count_what_they_read() -> None:
    model = mixture("llama")
    base = HFModel(model.model, make_tokenizer())
    prompt, answer = question(model)
    for reader in (model, base):
        score_all(reader, [prompt.ids, prompt.ids[:5]], answer)
    assert model.tokens_read == 2 * base.tokens_read > 0
    before = model.tokens_read
    write_all(model, [prompt.ids], 1)
    assert model.tokens_read - before == 2 * len(prompt.ids)


@pytest.mark.parametrize("family", EVERY)
def test_greedy_text_with_caches_equals_greedy_text_without(family: str) -> None:
    model = mixture(family)
    rows = [model.encode(text).ids for text in (TEXT, "Once upon a time", "the")]
    written = write_all(model, rows, 24)
    for row, found in zip(rows, written, strict=True):
        expected: list[int] = []
        for _ in range(24):
            token = int(closed_form(model, row + tuple(expected), 5.0)[-1].argmax())
            if token in model.end:
                break
            expected.append(token)
        assert list(found) == expected
    assert written != write_all(HFModel(model.model, make_tokenizer()), rows, 24)


def same_as_base(model: WHPModel) -> None:
    """Assert equality, not nearness."""
    base = HFModel(model.model, make_tokenizer())
    prompt, answer = question(base)
    rows = [prompt.ids, prompt.ids[:5], prompt.ids[:9]]
    assert list(model.score(rows, answer)) == list(base.score(rows, answer))
    assert list(model.write(rows, 16)) == list(base.write(rows, 16))


@pytest.mark.parametrize("family", EVERY)
def test_alpha_zero_is_the_base(family: str) -> None:
    same_as_base(mixture(family, 0.0))


@pytest.mark.parametrize("alpha", [5.0, 1e6])
def test_equal_models_are_the_base(alpha: float) -> None:
    tokenizer = make_tokenizer()
    same_as_base(WHPModel(make_model(), make_model(), tokenizer, alpha=alpha))
    shared = make_model()
    same_as_base(WHPModel(shared, shared, tokenizer, alpha=alpha))


@pytest.mark.parametrize("family", EVERY)
def test_rows_of_any_length_in_any_batch(family: str) -> None:
    one, many = mixture(family, batch_tokens=1), mixture(family, batch_tokens=10**6)
    prompt, answer = question(one)
    rows = [prompt.ids[:length] for length in range(1, len(prompt.ids) + 1, 2)]
    assert len(list(one.score(rows, answer))) == len(rows)
    assert len(list(many.score(rows, answer))) == 1
    assert score_all(one, rows, answer) == pytest.approx(score_all(many, rows, answer), abs=5e-5)
    assert write_all(one, rows[::6], 12) == write_all(many, rows[::6], 12)


def test_the_sum_is_in_float32_whatever_the_dtypes() -> None:
    base, reinforced = make_model().bfloat16(), make_model(seed=1).bfloat16()
    model = WHPModel(base, reinforced, make_tokenizer(), alpha=256.0)
    prompt, answer = question(model)
    ids = torch.tensor([prompt.ids + answer.ids])
    with torch.no_grad():
        b, r = (part(input_ids=ids).logits[0].double() for part in (base, reinforced))
    table = (b - 256.0 * (r - b).relu()).log_softmax(-1)
    start = len(prompt.ids) - 1
    expected = [float(table[start + t, token]) for t, token in enumerate(answer.ids)]
    ((found,),) = model.score([prompt.ids], answer)
    assert list(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("alpha", [-0.1, float("nan"), float("inf")])
def test_an_alpha_that_cannot_be_mixed_with(alpha: float) -> None:
    with pytest.raises(BadOption, match="a finite number, 0 or more"):
        mixture("llama", alpha)


def test_other_vocabularies_are_refused() -> None:
    wide = make_model(seed=1)
    wide.resize_token_embeddings(400)
    with pytest.raises(BadOption, match="vocabulary is 400, but must be the base's, 384"):
        WHPModel(make_model(), wide, make_tokenizer(), alpha=5.0)


def test_the_shorter_reach_of_the_two_is_the_limit() -> None:
    reinforced = make_model(seed=1)
    reinforced.config.max_position_embeddings = 20
    model = WHPModel(make_model(), reinforced, make_tokenizer(), alpha=5.0)
    prompt, answer = question(model)
    with pytest.raises(PromptTooLong, match="at most 20"):
        list(model.score([prompt.ids], answer))


def test_a_reinforced_model_that_gives_nan_is_reported() -> None:
    reinforced = make_model(seed=1)
    with torch.no_grad():
        reinforced.get_input_embeddings().weight[5:] = float("nan")
    model = WHPModel(make_model(), reinforced, make_tokenizer(), alpha=5.0)
    prompt, answer = question(model)
    with pytest.raises(NotFinite):
        list(model.score([prompt.ids], answer))
    with pytest.raises(NotFinite):
        list(model.write([prompt.ids], 3))


def test_running_out_of_memory_on_either_side_halves_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, reinforced = make_model(), make_model(seed=1)
    model = WHPModel(base, reinforced, make_tokenizer(), alpha=5.0)
    prompt, answer = question(model)
    rows = [prompt.ids] * 8
    expected = score_all(model, rows, answer)
    forward, seen = reinforced.forward, list[int]()

    def limited(input_ids: torch.Tensor, **options: object) -> object:
        seen.append(len(input_ids))
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError("no memory left")
        return forward(input_ids=input_ids, **options)

    monkeypatch.setattr(reinforced, "forward", limited)
    assert score_all(model, rows, answer) == pytest.approx(expected, abs=5e-5)
    assert max(seen) > 3
    assert len(set(write_all(model, rows, 4))) == 1


def test_neither_model_is_changed() -> None:
    base, reinforced = make_model(), make_model(seed=1)
    before = [value.clone() for part in (base, reinforced) for value in part.state_dict().values()]
    model = WHPModel(base, reinforced, make_tokenizer(), alpha=5.0)
    prompt, answer = question(model)
    list(measure(model, prompt, answer))
    list(model.write([prompt.ids], 4))
    after = [value for part in (base, reinforced) for value in part.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))

"""Every number of the model door, computed a second and obvious way, on every family."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from checkpoints_fixture import CHAT_TEMPLATE, FAMILIES, make_model, make_tokenizer

from attribution.errors import NotFinite, OutOfMemory, PromptTooLong
from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.scorer import score_all, write_all
from attribution.sentences import sentences
from attribution.types import Answer, Prompt
from attribution.words import words

TEXT = "Who is the author Basil Mahfouz Al-Kuwaiti, 魔 🧙?"


def open_model(family: str, *, chat: bool = False, batch_tokens: int | None = None) -> HFModel:
    tokenizer = make_tokenizer(chat_template=CHAT_TEMPLATE if chat else None)
    return HFModel(make_model(family), tokenizer, batch_tokens=batch_tokens)


def obvious_logprob(model: HFModel, row: tuple[int, ...], answer: Answer) -> float:
    """One row, no padding, no mask, all logits, a full log-softmax in float64."""
    ids = torch.tensor([row + answer.ids])
    with torch.no_grad():
        table = model.model(input_ids=ids).logits[0].double().log_softmax(-1)
    picked = [float(table[len(row) - 1 + t, token]) for t, token in enumerate(answer.ids)]
    return sum(picked) / len(picked)


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest) -> HFModel:
    return open_model(request.param)


def question(model: HFModel) -> tuple[Prompt, Answer]:
    prompt = model.encode(TEXT)
    return prompt, model.answer("The author was born in Kuwait City.", after=prompt)


def test_leave_one_out_equals_the_obvious_loop(model: HFModel) -> None:
    prompt, answer = question(model)
    whole = obvious_logprob(model, prompt.ids, answer)
    *_, found = measure(model, prompt, answer)
    assert found.logprob == pytest.approx(whole, abs=1e-5)
    for i in prompt.removable:
        expected = whole - obvious_logprob(model, prompt.without(frozenset({i})), answer)
        assert found.contributions[i] == pytest.approx(expected, abs=1e-5), i


def test_word_removal_equals_the_obvious_loop(model: HFModel) -> None:
    prompt, answer = question(model)
    whole = obvious_logprob(model, prompt.ids, answer)
    *_, found = measure(model, prompt, answer, "word")
    assert all(found.contributions[i] is not None for i in prompt.removable)
    for unit in words(prompt):
        expected = whole - obvious_logprob(model, prompt.without(frozenset(unit)), answer)
        assert found.contributions[unit[0]] == pytest.approx(expected, abs=1e-5)


def test_each_answer_token_equals_the_obvious_loop(model: HFModel) -> None:
    prompt, answer = question(model)
    *_, found = measure(model, prompt, answer)
    ends = range(1, len(answer.ids) + 1)

    def each(row: tuple[int, ...]) -> list[float]:
        """The chain rule: sums of ever longer answers, each measured alone, and their steps."""
        parts = [Answer("", answer.ids[:end], "gold") for end in ends]
        sums = [len(part.ids) * obvious_logprob(model, row, part) for part in parts]
        return [after - before for before, after in pairwise([0.0, *sums])]

    whole = each(prompt.ids)
    assert found.answer_logprobs == pytest.approx(whole, abs=2e-5)
    assert max(whole) - min(whole) > 0.1, "the tokens must differ for this to say anything"
    assert len(found.by_answer_token) == len(answer.ids)
    for i in prompt.removable[::4]:
        without = each(prompt.without(frozenset({i})))
        expected = [before - after for before, after in zip(whole, without, strict=True)]
        assert [row[i] for row in found.by_answer_token] == pytest.approx(expected, abs=4e-5), i


def test_sentence_removal_equals_the_obvious_loop(model: HFModel) -> None:
    prompt = model.encode("Dr. Basil wrote it. Where was he born? 魔。\nAnswer:")
    answer = model.answer("In Kuwait City.", after=prompt)
    whole = obvious_logprob(model, prompt.ids, answer)
    *_, found = measure(model, prompt, answer, "sentence")
    removed = sentences(prompt)
    assert len(removed) == 4
    for unit in removed:
        expected = whole - obvious_logprob(model, prompt.without(frozenset(unit)), answer)
        assert [found.contributions[i] for i in unit] == [pytest.approx(expected, abs=1e-5)] * len(
            unit
        )


def test_what_was_read_is_counted_without_padding(model: HFModel) -> None:
    prompt, answer = question(model)
    rows = [prompt.ids, (7, *prompt.ids[:5]), (8, *prompt.ids[:9])]  # nothing in common to share
    before = model.tokens_read
    score_all(model, rows, answer)
    # The last answer token predicts nothing and is not read.
    lengths = sum(map(len, rows))
    assert model.tokens_read - before == lengths + len(rows) * (len(answer.ids) - 1)
    before = model.tokens_read
    *_, written = model.write([prompt.ids[:5], prompt.ids[:9]], 4)
    steps = max(map(len, written)) - 1 + any(len(ids) < 4 for ids in written)
    assert model.tokens_read - before == 14 + 2 * steps, "the prompts once, then one id per row"


def test_rows_of_any_length_in_any_batch(model: HFModel) -> None:
    prompt, answer = question(model)
    rows = [prompt.ids[:length] for length in range(1, len(prompt.ids) + 1)]
    alone = [score_all(model, [row], answer)[0] for row in rows]
    model.reader.batch_tokens = 10**6
    together = score_all(model, rows, answer)
    model.reader.batch_tokens = 4 * (len(prompt.ids) + len(answer.ids))
    in_fours = score_all(model, rows, answer)
    model.reader.batch_tokens = 2048
    assert together == pytest.approx(alone, abs=2e-6)
    assert in_fours == pytest.approx(alone, abs=2e-6)
    assert alone[::5] == pytest.approx(
        [obvious_logprob(model, row, answer) for row in rows[::5]], abs=1e-5
    )


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox"])
def test_batch_size_does_not_change_contributions(family: str) -> None:
    model = open_model(family)
    prompt, answer = question(model)
    found: list[tuple[float | None, ...]] = []
    for batch_tokens in (1, 10**6):
        model.reader.batch_tokens = batch_tokens
        *_, last = measure(model, prompt, answer)
        found.append(last.contributions)
    one, many = found
    for i in prompt.removable:
        assert one[i] == pytest.approx(many[i], abs=1e-6)


def test_greedy_text_equals_generate(model: HFModel) -> None:
    prompts = [model.encode(text) for text in (TEXT, "Once upon a time", "the")]
    written = write_all(model, [prompt.ids for prompt in prompts], 12)
    for prompt, written_ids in zip(prompts, written, strict=True):
        ids = torch.tensor([prompt.ids])
        whole = model.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=12,
            pad_token_id=0,
        )
        found = whole[0, len(prompt.ids) :].tolist()
        assert list(written_ids) == found[: len(written_ids)]
        assert len(written_ids) == 12 or found[len(written_ids)] in model.end


def test_one_id_at_a_time() -> None:
    model = open_model("llama")
    rows = [model.encode("Once upon a time").ids]
    steps = [ids for (ids,) in model.write(rows, 10)]
    assert [len(ids) for ids in steps] == list(range(1, 11))
    assert all(steps[-1][: len(ids)] == ids for ids in steps)


def test_logprobs_are_float32_whatever_the_dtype() -> None:
    model = open_model("llama")
    prompt, answer = question(model)
    exact = score_all(model, [prompt.ids], answer)[0]
    half = HFModel(make_model("llama").to(torch.bfloat16), make_tokenizer())
    (rounded,) = next(half.score([prompt.ids], answer))
    assert sum(rounded) / len(rounded) == pytest.approx(exact, abs=0.2)
    # in bfloat16 nearly every sum of a logit and a log-sum-exp would fall on a multiple of 1/128
    assert any(abs(lp * 128 - round(lp * 128)) > 1e-3 for lp in rounded)


def test_a_model_that_gives_nan_is_reported() -> None:
    model = open_model("llama")
    with torch.no_grad():
        model.model.get_input_embeddings().weight[5:] = float("nan")
    prompt, answer = question(model)
    with pytest.raises(NotFinite):
        list(model.score([prompt.ids], answer))
    with pytest.raises(NotFinite):
        list(model.write([prompt.ids], 3))


def test_a_prompt_beyond_the_model_is_refused() -> None:
    model = open_model("llama")
    prompt = model.encode("the " * 300)
    with pytest.raises(PromptTooLong):
        list(model.score([prompt.ids], model.answer("end", after=prompt)))
    with pytest.raises(PromptTooLong):
        list(model.write([prompt.ids], 3))


def fail_above(model: HFModel, rows: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the forward pass run out of memory above so many rows; return the sizes tried."""
    forward, seen = model.model.forward, list[int]()

    def limited(input_ids: torch.Tensor, **options: object) -> object:
        seen.append(len(input_ids))
        if len(input_ids) > rows:
            raise torch.OutOfMemoryError("no memory left")
        return forward(input_ids=input_ids, **options)

    monkeypatch.setattr(model.model, "forward", limited)
    return seen


def test_batches_are_halved_until_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("llama")
    prompt, answer = question(model)
    *_, expected = measure(model, prompt, answer)
    seen = fail_above(model, 3, monkeypatch)
    *_, found = measure(model, prompt, answer)
    assert [c for c in found.contributions if c is not None] == pytest.approx(
        [c for c in expected.contributions if c is not None], abs=1e-5
    )
    assert max(seen) > 3
    assert seen[-1] <= 3
    assert len(set(write_all(model, [prompt.ids] * 5, 4))) == 1


def test_no_room_for_a_single_row_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("llama")
    prompt, answer = question(model)
    fail_above(model, 0, monkeypatch)
    with pytest.raises(OutOfMemory):
        list(model.score([prompt.ids] * 4, answer))
    with pytest.raises(OutOfMemory):
        list(model.write([prompt.ids] * 4, 3))


def test_other_runtime_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("llama")
    prompt, answer = question(model)

    def broken(**options: object) -> object:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(model.model, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        list(model.score([prompt.ids], answer))


def test_weights_are_never_changed() -> None:
    model = open_model("llama")
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    prompt, answer = question(model)
    list(measure(model, prompt, answer))
    list(model.write([prompt.ids], 4))
    assert all(torch.equal(before[n], v) for n, v in model.model.state_dict().items())

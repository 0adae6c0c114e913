"""Replacement beside captum's FeatureAblation at sequence level, on several architectures."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from checkpoints_fixture import make_model, make_tokenizer

from attribution.effort import Effort
from attribution.estimators.replacement import measure
from attribution.hf import HFModel
from attribution.removal import units
from attribution.types import Answer, Granularity, Prompt

TEXT = "Who is the author Basil Mahfouz Al-Kuwaiti?"
STAND_IN = " the"


def _logprob(model: HFModel, answer: Answer, ids: torch.Tensor) -> torch.Tensor:
    """LP of the answer after each row of ids (B, n): all logits, no code of the package."""
    rows = torch.cat([ids, torch.tensor([answer.ids] * len(ids))], dim=1)
    with torch.no_grad():
        table = model.model(input_ids=rows).logits.double().log_softmax(-1)
    before = table[:, ids.shape[1] - 1 : -1]  # (B, T, V): what is said at the token before each
    return before.gather(-1, rows[:, ids.shape[1] :, None])[..., 0].mean(-1)


def _by_captum(
    model: HFModel, prompt: Prompt, answer: Answer, granularity: Granularity
) -> list[float | None]:
    """Attributions of the units; what is fixed is one more feature, and is thrown away."""
    # Deferred, for it brings matplotlib along: to this test, not to the collection of all.
    from captum.attr import FeatureAblation

    parts = units(prompt, granularity)
    mask = torch.full((1, len(prompt.tokens)), len(parts))
    for number, unit in enumerate(parts):
        mask[0, list(unit)] = number
    found = FeatureAblation(partial(_logprob, model, answer)).attribute(
        torch.tensor([prompt.ids]),
        baselines=model.stand_in(STAND_IN),
        feature_mask=mask,
        perturbations_per_eval=8,
    )[0]
    return [None if t.fixed else float(c) for t, c in zip(prompt.tokens, found, strict=True)]


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen3", "gemma2"])
@pytest.mark.parametrize("granularity", ["token", "word"])
def test_replacement_equals_feature_ablation(family: str, granularity: Granularity) -> None:
    model = HFModel(make_model(family), make_tokenizer())
    prompt = model.encode(TEXT)
    answer = model.answer(" was born in Kuwait City.", after=prompt)
    *_, found = measure(model, prompt, answer, granularity, Effort(baseline=STAND_IN))
    expected = _by_captum(model, prompt, answer, granularity)
    assert expected[0] is None
    assert found.contributions[0] is None
    ours, theirs = found.contributions[1:], expected[1:]
    assert max(abs(c) for c in theirs if c is not None) > 0.1, "it must say something"
    assert ours == pytest.approx(theirs, abs=1e-4)

"""Other libraries, asked for the same: captum and inseq, where they are installed."""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import torch

from attribution.types import Nats
from benchmarks._bench import Bench
from benchmarks._schemes import Outcome, Scheme, rows_of_a_pass


class Unfit(Exception):
    """The library cannot be asked this."""


def peers() -> dict[str, Scheme]:
    """Return the schemes of the libraries that are installed."""
    found: dict[str, Scheme] = {}
    if find_spec("captum"):
        found |= {
            "captum": partial(captum_tokens, cached=True),
            "captum uncached": partial(captum_tokens, cached=False),
            "captum mended": captum_mended,
            "captum sequence": captum_sequence,
            "captum by hand": captum_by_hand,
        }
    if find_spec("inseq"):
        found["inseq occlusion"] = inseq_occlusion
    return found


def captum_tokens(bench: Bench, *, cached: bool) -> Outcome:
    """LLMAttribution around FeatureAblation, a pass per answer token: its default with the
    cache."""
    return _captum_language(bench, use_cached_outputs=cached, forward_in_tokens=True)


def captum_mended(bench: Bench) -> Outcome:
    """Its default, with what it asks of the model answered as transformers 4 did.

    Of the answer so far captum hands on everything, and counts on the model to leave out what the
    cache has read. transformers 5 does that only when told how many ids are new.
    """
    model = bench.model
    prepare = model.prepare_inputs_for_generation

    def leaves_out(
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        use_cache: bool,
        cache_position: torch.Tensor,
        past_key_values: object = None,
    ) -> object:
        new = None if past_key_values is None else 1
        return prepare(
            input_ids,
            next_sequence_length=new,
            past_key_values=past_key_values,
            attention_mask=attention_mask,
            use_cache=use_cache,
        )

    model.prepare_inputs_for_generation = leaves_out
    try:
        return _captum_language(bench, use_cached_outputs=True, forward_in_tokens=True)
    finally:
        del model.prepare_inputs_for_generation


def captum_sequence(bench: Bench) -> Outcome:
    """The same, told to score the answer in one pass."""
    return _captum_language(bench, use_cached_outputs=False, forward_in_tokens=False)


def _captum_language(bench: Bench, *, use_cached_outputs: bool, forward_in_tokens: bool) -> Outcome:
    from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput

    asked = TextTokenInput(bench.prompt.text, bench.tokenizer)
    n = len(bench.prompt.tokens)
    if tuple(asked.inp_tensor[0].tolist()) != bench.prompt.ids:
        raise Unfit("captum reads other tokens in the same text")
    sampled = n if bench.sampled is None else min(n, bench.sampled)
    # Everything behind what is sampled is one feature more: that is how captum is told to do less.
    mask = torch.arange(n).clamp(max=sampled)[None].to(bench.device)
    asked.inp_tensor = asked.inp_tensor.to(bench.device)
    asked.itp_tensor = asked.inp_tensor
    found = LLMAttribution(FeatureAblation(bench.model), bench.tokenizer).attribute(
        asked,
        target=torch.tensor(bench.answer.ids),
        use_cached_outputs=use_cached_outputs,
        forward_in_tokens=forward_in_tokens,
        feature_mask=mask,
    )
    scores = [score / len(bench.answer.ids) for score in found.seq_attr.tolist()]
    alone = tuple(score if i < sampled else None for i, score in enumerate(scores))
    share = 1.0 if sampled == n else (sampled + 2) / (n + 1)
    return Outcome(alone, "replaced", share)


def captum_by_hand(bench: Bench) -> Outcome:
    """FeatureAblation alone, over a mask of what stays: removal, as many rows at a time as ours
    read whole, logits at the answer alone. The best that can be had from it."""
    from captum.attr import FeatureAblation

    removable = list(bench.prompt.removable)
    whole = torch.tensor(bench.prompt.ids, device=bench.device)
    target = torch.tensor(bench.answer.ids, device=bench.device)

    @torch.inference_mode()
    def scored(stays: torch.Tensor) -> torch.Tensor:
        kept = torch.ones(len(stays), len(whole), dtype=torch.bool, device=bench.device)
        kept[:, removable] = stays > 0.5
        rows = [torch.cat((whole[line], target[:-1])) for line in kept]
        logits = bench.model(
            input_ids=torch.stack(rows), use_cache=False, logits_to_keep=len(target)
        ).logits.float()
        chosen = logits.gather(-1, target.expand(len(rows), -1)[..., None])[..., 0]
        return (chosen - logits.logsumexp(-1)).mean(-1)

    ones = torch.ones(1, len(removable), device=bench.device)
    found = FeatureAblation(scored).attribute(ones, perturbations_per_eval=rows_of_a_pass(bench))
    placed: list[Nats | None] = [None] * len(whole)
    for i, contribution in zip(removable, found[0].tolist(), strict=True):
        placed[i] = contribution
    return Outcome(tuple(placed))


def inseq_occlusion(bench: Bench) -> Outcome:
    """Occlusion of one embedding at a time, anew for every answer token; only magnitudes come
    back. Timed on the middle answer token, since each costs a little more than the one before."""
    n, count = len(bench.prompt.tokens), len(bench.answer.ids)
    sampled = bench.sampled is not None and count > 1
    first = n + count // 2 if sampled else n
    last = first + 1 if sampled else n + count
    found = _explainer(bench.model, bench.tokenizer).attribute(
        bench.prompt.text,
        f"{bench.prompt.text} {bench.answer.text}",
        attr_pos_start=first,
        attr_pos_end=last,
        attributed_fn="probability",
        logprob=True,
        show_progress=False,
    )
    table = found.sequence_attributions[0].target_attributions  # (tokens, answer tokens)
    size = tuple(table.shape)
    if size[1] != last - first:
        raise Unfit(f"inseq reads other tokens in the same text ({size})")
    sizes = table[:n].float().mean(-1).tolist()
    return Outcome(
        tuple(sizes), "magnitude", (last - first) / count, first=first - n, last=last - n
    )


@cache
def _explainer(model: Any, tokenizer: Any) -> Any:
    import inseq  # pyright: ignore[reportMissingImports]  (not among the pinned packages)

    return inseq.load_model(model, "occlusion", tokenizer=tokenizer)

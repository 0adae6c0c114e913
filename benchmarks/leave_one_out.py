"""Seconds per prompt of exact leave-one-out, beside the obvious loop, in one run.

A random Llama of the given shape; the loop makes one unpadded pass per removed token and computes
all logits. Both are measured alternately and the ratio is taken pair by pair.

    python benchmarks/leave_one_out.py [--layers 8] [--width 512] [--prompt 128] [--answer 16]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from transformers import LlamaConfig, LlamaForCausalLM

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from checkpoints_fixture import make_tokenizer

from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.types import Answer, Prompt, Span, Token


def arguments() -> argparse.Namespace:
    """Read the shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (
        ("layers", 8),
        ("width", 512),
        ("prompt", 128),
        ("answer", 16),
        ("runs", 3),
    ):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def loop(model: LlamaForCausalLM, prompt: Prompt, answer: Answer) -> list[float]:
    """Leave one out, one by one."""
    found: list[float] = []
    rows = [prompt.ids, *(prompt.without(frozenset({i})) for i in prompt.removable)]
    for row in rows:
        ids = torch.tensor([row + answer.ids], device=model.device)
        with torch.inference_mode():
            table = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
        places = range(len(row) - 1, len(row) - 1 + len(answer.ids))
        picked = [table[t, i] for t, i in zip(places, answer.ids, strict=True)]
        found.append(float(torch.stack(picked).mean()))
    return [found[0] - other for other in found[1:]]


def main() -> None:
    """Measure both and print."""
    wanted = arguments()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8000,
        hidden_size=wanted.width,
        intermediate_size=3 * wanted.width,
        num_hidden_layers=wanted.layers,
        num_attention_heads=wanted.width // 64,
        max_position_embeddings=4096,
    )
    model = LlamaForCausalLM(config).eval().to(wanted.device)
    door = HFModel(model, make_tokenizer())
    ids = torch.randint(10, 8000, (wanted.prompt + wanted.answer,)).tolist()
    tokens = tuple(Token(i, "x", at, at + 1) for at, i in enumerate(ids[: wanted.prompt]))
    prompt = Prompt("x" * wanted.prompt, tokens, Span(0, wanted.prompt))
    answer = Answer("y", tuple(ids[wanted.prompt :]), "gold")
    list(measure(door, prompt, answer))  # warm-up
    ours: list[float] = []
    theirs: list[float] = []
    apart = 0.0
    for _ in range(wanted.runs):
        start = perf_counter()
        *_, found = measure(door, prompt, answer)
        middle = perf_counter()
        slow = loop(model, prompt, answer)
        ours.append(middle - start)
        theirs.append(perf_counter() - middle)
        fast = [c for c in found.contributions if c is not None]
        apart = max(apart, *(abs(a - b) for a, b in zip(fast, slow, strict=True)))
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    print(f"leave-one-out {median(ours):.3g} s per prompt, the loop {median(theirs):.3g} s")
    print(f"loop / ours {median(ratios):.3g} ({ratios[0]:.3g} to {ratios[-1]:.3g})")
    print(f"largest difference of a contribution {apart:.2g} nats")


if __name__ == "__main__":
    main()

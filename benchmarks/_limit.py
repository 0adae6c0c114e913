"""How little work exact leave-one-out can be, and how fast this machine does such work."""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch

from attribution.types import Prompt


@dataclass(frozen=True, slots=True)
class Work:
    """What must be computed, whatever the order."""

    tokens: int
    """Token-forwards: one position through all layers."""
    flops: float
    """Of the matrix products: layers, attention, and logits where an answer token is predicted."""


def limit_tokens(tokens: int, removed: Iterable[int], answer: int) -> int:
    """Return the token-forwards of leave-one-out when nothing is computed twice.

    The whole prompt is read once with all answer tokens but the last: n + T - 1. Without token i,
    what stands before it keeps its keys and values, so what stands behind it and the answer are
    read: n - i - 1 + T - 1. Only without the last token is there nothing left that could predict
    the first answer token: its predecessor is read again, because keys and values are kept, and not
    logits: + 1. For all n tokens n + T - 1 + n (n - 1) / 2 + n (T - 1) + 1.
    """
    return tokens + answer - 1 + sum(_behind(tokens, i, answer) for i in removed)


def limit(prompt: Prompt, answer: int, model: Any) -> Work:
    """Return the least work of exact leave-one-out of a prompt's removable tokens.

    A token-forward costs two operations per weight of the layers' matrices, and four per head
    dimension for every position that it attends to, itself included; each predicted answer token
    costs two per weight of the last matrix.
    """
    n, removed = len(prompt.tokens), prompt.removable
    tokens = limit_tokens(n, removed, answer)
    attended = _reach(0, n + answer - 1)
    for i in removed:
        last = n - 1 + answer - 1
        attended += _reach(last - _behind(n, i, answer), last)
    config = model.config.get_text_config()
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    per_position = 4 * config.num_hidden_layers * config.num_attention_heads * width
    head = 2 * model.get_output_embeddings().weight.numel()
    matrices = 2 * sum(matrix.weight.numel() for matrix in layer_matrices(model))
    predicted = (len(removed) + 1) * answer
    flops = tokens * matrices + attended * per_position + predicted * head
    return Work(tokens, float(flops))


def layer_matrices(model: Any) -> list[torch.nn.Linear]:
    """Return the matrices that every token goes through."""
    last = model.get_output_embeddings()
    return [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not last]


@torch.inference_mode()
def matrix_rate(model: Any, rows: int) -> float:
    """Return operations per second of the model's own matrices, one after another, with so many
    rows of tokens: what any pass of such rows is bounded by on this machine."""
    matrices = layer_matrices(model)
    weight = matrices[0].weight
    inputs = {
        width: torch.randn(rows, width, device=weight.device, dtype=weight.dtype)
        for width in {matrix.in_features for matrix in matrices}
    }
    matrices[0](inputs[matrices[0].in_features])
    wait(weight.device)
    start = perf_counter()
    for matrix in matrices:
        matrix(inputs[matrix.in_features])
    wait(weight.device)
    seconds = perf_counter() - start
    return 2 * rows * sum(matrix.weight.numel() for matrix in matrices) / seconds


def wait(device: torch.device) -> None:
    """Let the device finish: its clock is read only when nothing is left in its queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _behind(tokens: int, removed: int, answer: int) -> int:
    """Positions to be read when one token is removed."""
    return tokens - removed - 1 + answer - 1 + (removed == tokens - 1)


def _reach(first: int, last: int) -> int:
    """Sum of the positions that each of the positions first, ..., last - 1 attends to."""
    return (last * (last + 1) - first * (first + 1)) // 2

"""From a tensor's name to its layer and its place in it, for the usual ways to name them.

    model.layers.5.mlp.down_proj.weight            5, mlp.down_proj
    transformer.h.3.attn.c_attn.bias               3, attn.c_attn
    model.layers.2.mlp.experts.7.w1.weight         2, mlp.experts.*.w1
    lm_head.weight                                 None, lm_head

It knows names only, no architecture: what it does not recognise keeps its whole name as its module.
"""

from __future__ import annotations

import re

_STACKS = frozenset({"layers", "layer", "h", "block", "blocks", "resblocks", "decoder_layers"})
"""What a number must follow to count layers."""

_NEUTRAL = frozenset(
    {"model", "transformer", "gpt_neox", "decoder", "language_model", "backbone", "base_model"}
)
"""Parts of a name that every tensor of a model shares, so that they tell nothing apart."""

_PARAMETERS = frozenset({"weight", "bias"})


def place(name: str) -> tuple[int | None, str]:
    """Return the layer, None where there is none, and the module."""
    parts = name.split(".")
    if len(parts) > 1 and parts[-1] in _PARAMETERS:
        parts = parts[:-1]
    for index, part in enumerate(parts[1:], start=1):
        # Short enough to be a number of layers, and not what int() would take besides digits.
        if parts[index - 1] in _STACKS and re.fullmatch("[0-9]{1,6}", part):
            stack = [word for word in parts[: index - 1] if word not in _NEUTRAL]
            inside = [_any(word) for word in parts[index + 1 :]]
            return int(part), ".".join(stack + inside) or "layer"
    return None, ".".join(_any(part) for part in _without_neutral(parts))


def core(name: str) -> str:
    """Return a name without the parts that one release of a model has and another has not."""
    return ".".join(_without_neutral(name.split(".")))


def _without_neutral(parts: list[str]) -> list[str]:
    first = next((i for i, part in enumerate(parts) if part not in _NEUTRAL), len(parts) - 1)
    return parts[first:]


def _any(part: str) -> str:
    """Write one star for all the numbers that experts have."""
    return "*" if re.fullmatch("[0-9]+", part) else part

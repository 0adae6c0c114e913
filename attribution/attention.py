"""Stands in for a model's attention while it is steered: adds to the mask, and leaves the rest be.

What attends is still the function that the model had, so scaling, grouped heads, soft-capping,
sinks and windows stay its own. It is put in through transformers' `AttentionInterface`, by a name
in the model's configuration for as long as a pass takes; what is to be done is in a context
variable, by configuration. A pass that finds nothing there for its model is an ordinary one.
"""

# pyright: basic
# (torch's and transformers' own annotations do not stand strict mode)

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import torch
from torch import nn
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    PreTrainedConfig,
    PreTrainedModel,
)

from attribution.attempts import Steering

_HIDDEN = -1e4
"""A mask below it hides; what else is added to attention logits is far above."""

_STEERED = "steered "
_BASES = ("eager", "sdpa")
"""Attention that takes a mask to add."""

Given = tuple[nn.Module, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]
"""The module, its queries (B, H, Q, D), keys and values (B, heads, K, D), and the mask."""

Options = dict[str, object]
"""What a module hands on by name."""


class CannotAttend(Exception):
    """A model cannot be made to attend otherwise; the message says why, as a clause."""


class Pull:
    """A lever while it is pulled on one model."""

    def __init__(self, steering: Steering) -> None:
        self.steering = steering
        self.begins: int | None = None
        """How many ids the cache of the pass under way had read."""
        self.length = 0
        """How many ids the pass reads."""
        self.layers: set[object] = set()
        """Those that asked."""
        self.apart: float | None = None
        """Set before a pass, it ends up as how far attention from our logits is from the model's
        own, in its largest numbers."""
        self._last: tuple[tuple[object, ...], torch.Tensor] | None = None

    def columns(self, kept: int, rows: int, device: torch.device) -> torch.Tensor:
        """Return which of the last `kept` ids (B, 1, 1, K) are pulled on."""
        assert self.begins is not None, "the model was not called as a whole"
        where = self.steering.where
        if len(where) != rows:
            raise ValueError(f"{len(where)} rows are steered, but the model reads {rows}")
        # A window of attention drops what is oldest; a static cache has room for more than is read.
        dropped = max(0, self.begins + self.length - kept)
        key = (kept, dropped, device)
        if self._last is None or self._last[0] != key:
            chosen = torch.zeros(rows, 1, 1, kept, dtype=torch.bool)
            for line, positions in zip(chosen, where, strict=True):
                line[..., [p - dropped for p in positions if dropped <= p < dropped + kept]] = True
            self._last = (key, chosen.to(device))
        return self._last[1]


_PULLED: ContextVar[Mapping[int, Pull]] = ContextVar("pulled", default=MappingProxyType({}))
"""By the identity of the configuration that a model's layers hold."""


@contextmanager
def attending(model: PreTrainedModel, pull: Pull) -> Iterator[None]:
    """Have a model attend as the pull wants; what is pulled on it inside counts instead."""
    configs = {id(c): c for m in model.modules() if (c := _config_of(m)) is not None}
    before = {i: config._attn_implementation for i, config in configs.items()}
    token = _PULLED.set({**_PULLED.get(), **dict.fromkeys(configs, pull)})
    try:
        for i, config in configs.items():
            # Not by the property: it would reach into the parts, which are in the list themselves.
            config._attn_implementation_internal = _name(before[i])
        yield
    finally:
        for i, config in configs.items():
            config._attn_implementation_internal = before[i]
        _PULLED.reset(token)


def _config_of(module: nn.Module) -> PreTrainedConfig | None:
    config = getattr(module, "config", None)
    return config if isinstance(config, PreTrainedConfig) else None


def _name(implementation: str | None) -> str:
    """Return the name under which an implementation is steered.

    Flash attention takes no masks, and none of the others need be as quick as they are.
    """
    base = (implementation or "eager").removeprefix(_STEERED)
    return _STEERED + (base if base in _BASES else "sdpa")


def _register(base: str) -> None:
    # Lambdas: what is handed over by name differs between models, and is handed on as it came.
    name = _STEERED + base
    AttentionInterface.register(name, lambda *given, **named: _attend(base, given, named))
    AttentionMaskInterface.register(name, lambda *given, **named: _mask(base, given, named))


def _mask(base: str, given: tuple[object, ...], named: Options) -> torch.Tensor | None:
    """Return the mask that the model would have, never left out for being plainly causal."""
    return AttentionMaskInterface()[base](*given, **{**named, "allow_is_causal_skip": False})


def _attend(base: str, given: Given, named: Options) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attend as the model does, under a mask with what the lever adds."""
    module, query, key, value, mask = given
    special = named.get("softcap") is not None or _sinks(module, named) is not None
    eager = base == "eager" or special
    attend = _own_eager(module) if eager else AttentionInterface()["sdpa"]
    mask, seen = _additive(mask, query, key, causal=not eager and _causal(module, named))
    pull = _PULLED.get().get(id(_config_of(module)))
    if pull is None:
        return attend(module, query, key, value, mask, **named)
    layer = getattr(module, "layer_idx", None)
    pull.layers.add(layer)
    steered = mask
    lever = pull.steering.lever
    if not lever.layers or layer in lever.layers:
        chosen = pull.columns(key.shape[2], len(query), query.device) & seen
        if lever.kind == "attention_bias":
            heads = query.shape[1] if lever.heads else 1
            added = torch.full((1, heads, 1, 1), lever.amount, device=query.device)
        else:
            logits = _logits(module, query, key, mask.masked_fill(~seen, -math.inf), named)
            added = _missing(logits, chosen, _sinks(module, named), lever.amount)
        if lever.heads:
            others = [h for h in range(added.shape[1]) if h not in lever.heads]
            added[:, others] = 0.0
        steered = torch.where(chosen, mask + added.to(mask), mask)
    out = attend(module, query, key, value, steered, **{**named, "is_causal": False})
    if pull.apart is not None and lever.kind == "attention_share":
        logits = _logits(module, query, key, steered, named)
        pull.apart = max(pull.apart, _apart(out[0], logits, value, _sinks(module, named)))
    return out


def _own_eager(module: nn.Module) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """Return the function that a model's file attends with when nothing else is asked for."""
    for cls in type(module).__mro__:
        found = getattr(sys.modules.get(cls.__module__), "eager_attention_forward", None)
        if found is not None:
            return found
    raise CannotAttend("its file has no attention function of its own")


def _sinks(module: nn.Module, named: Options) -> torch.Tensor | None:
    """Return logits (H,) that take attention away from all ids, as in GPT-OSS."""
    found = named.get("s_aux", getattr(module, "sinks", None))
    return found if isinstance(found, torch.Tensor) else None


def _causal(module: nn.Module, named: Options) -> bool:
    given = named.get("is_causal")
    return bool(getattr(module, "is_causal", True) if given is None else given)


def _additive(
    mask: torch.Tensor | None, query: torch.Tensor, key: torch.Tensor, *, causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a mask of the queries' dtype (B or 1, H or 1, Q, K), and where it lets see.

    What it hides has the lowest number and not an infinity: a query that sees nothing at all, as
    where a row is filled up, would give NaN.
    """
    shape = (1, 1, query.shape[2], key.shape[2])
    if mask is None:
        seen = torch.ones(shape, dtype=torch.bool, device=query.device)
        if causal and query.shape[2] > 1:
            seen = seen.tril()
    else:
        mask = mask[..., : key.shape[2]]
        seen = mask if mask.dtype == torch.bool else mask > _HIDDEN
    added = torch.zeros_like(seen, dtype=query.dtype)
    if mask is not None and mask.dtype != torch.bool:
        added = mask.to(query.dtype)
    return added.masked_fill(~seen, torch.finfo(query.dtype).min), seen


def _logits(
    module: nn.Module, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor, named: Options
) -> torch.Tensor:
    """Return attention logits (B, H, Q, K) in float32, from what a module hands on."""
    given = named.get("scaling")
    scaling = float(given) if isinstance(given, (int, float)) else query.shape[-1] ** -0.5
    keys = key.float().repeat_interleave(query.shape[1] // key.shape[1], dim=1)
    logits = (query.float() @ keys.transpose(2, 3)) * scaling
    softcap = named.get("softcap")
    if isinstance(softcap, (int, float)):
        logits = (logits / softcap).tanh_() * softcap
    bias = named.get("position_bias")
    if isinstance(bias, torch.Tensor):
        logits = logits + bias.float()
    return logits + mask.float()


def _missing(
    logits: torch.Tensor, chosen: torch.Tensor, sinks: torch.Tensor | None, share: float
) -> torch.Tensor:
    """Return what lacks (B, H, Q, 1), in log odds, for the chosen ids to have a share of attention.

    Nothing where they have it, where none of them is seen, and where nothing else is.
    """
    if share == 0.0:
        return torch.zeros_like(logits[..., :1])
    ours = logits.masked_fill(~chosen, -math.inf).logsumexp(-1, keepdim=True)
    rest = logits.masked_fill(chosen, -math.inf).logsumexp(-1, keepdim=True)
    if sinks is not None:
        rest = torch.logaddexp(rest, sinks.float().view(1, -1, 1, 1))
    lacks = math.log(share / (1.0 - share)) - (ours - rest)
    return torch.where(ours.isfinite() & rest.isfinite(), lacks, 0.0).clamp_(min=0.0)


def _apart(
    found: torch.Tensor, logits: torch.Tensor, value: torch.Tensor, sinks: torch.Tensor | None
) -> float:
    """Return how far what a module attended to (B, Q, H, D) is from what our logits say."""
    values = value.float().repeat_interleave(logits.shape[1] // value.shape[1], dim=1)
    if sinks is not None:
        extra = sinks.float().view(1, -1, 1, 1).expand(*logits.shape[:3], 1)
        logits = torch.cat((logits, extra), -1)
    weights = logits.softmax(-1)[..., : values.shape[2]]
    expected = (weights @ values).transpose(1, 2)
    scale = float(expected.abs().max().clamp(min=1e-6))
    return float((found.float().view_as(expected) - expected).abs().max()) / scale


for _base in _BASES:
    _register(_base)

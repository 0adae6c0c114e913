"""Pulls a lever on some positions inside a model's forward pass; weights never change.

    with steered(model, steering):
        model.generate(...)

Two levers work on attention (`attention`), one on the embeddings of the positions. The fourth,
anchoring, takes two readings, and is put together by who reads. Positions are columns of what the
model is given, filling included; a cache goes on counting them. Everything that a pass needs is
put on the model when it begins and taken away when it ends, however it ends. Knows no text.
"""

# pyright: basic
# (torch's and transformers' own annotations do not stand strict mode)

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from torch import nn
from transformers import Cache, PreTrainedModel

from attribution.attempts import Lever, LeverKind, Steering
from attribution.attention import CannotAttend, Pull, attending
from attribution.errors import BadOption, NothingToAblate, Unsupported
from attribution.scorer import Row

_CHANGES, _CHANGES_ROUNDED = 1e-4, 0.05
"""How far numbers may be from the model's own, as a share of the largest of them, when the lever is
not pulled: in float32, and in anything less precise."""

_TABLE = 2**26
"""Most numbers that are added to attention in one layer: a quarter of a gigabyte in float32."""

_TRIAL: dict[LeverKind, float] = {
    "attention_bias": 4.0,
    "attention_share": 0.9,
    "embedding_scale": 2.0,
    "anchor": 1.0,
}

_REFUSALS = (
    RuntimeError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    KeyError,
    AssertionError,
)
"""What models that cannot be steered raise."""


def active(steering: Steering | None, rows: Sequence[Row]) -> Steering | None:
    """Return the steering if it changes anything about the rows; else None."""
    if steering is None or steering.lever.idle or not any(steering.where):
        return None
    if len(steering.where) != len(rows):
        raise ValueError(f"{len(steering.where)} rows are steered, but {len(rows)} are read")
    for row, positions in zip(rows, steering.where, strict=True):
        if positions and not 0 <= min(positions) <= max(positions) < len(row):
            raise ValueError("a position to steer is outside its row")
    return steering


def of_rows(steering: Steering | None, start: int, stop: int) -> Steering | None:
    """Return the steering of some of the rows."""
    return None if steering is None else replace(steering, where=steering.where[start:stop])


def shifted(steering: Steering, filling: Sequence[int]) -> Steering:
    """Return the steering of rows that are filled up on the left."""
    moved = zip(steering.where, filling, strict=True)
    return replace(steering, where=tuple(frozenset(p + by for p in row) for row, by in moved))


def rows_at_once(steering: Steering | None, length: int, heads: int) -> int:
    """Return how many rows of a length leave what is added to their attention in memory."""
    if steering is None or not steering.lever.kind.startswith("attention"):
        return _TABLE
    each = steering.lever.kind == "attention_share" or bool(steering.lever.heads)
    return _TABLE // ((heads if each else 1) * length * length)


def anchors(steering: Steering | None) -> bool:
    """Whether every row is read twice."""
    return steering is not None and steering.lever.kind == "anchor"


def unanchored(rows: Sequence[Row], where: Sequence[frozenset[int]]) -> list[Row]:
    """Return the rows without the positions. Raises `NothingToAblate` if nothing is left of one."""
    found = [
        tuple(id for i, id in enumerate(row) if i not in positions)
        for row, positions in zip(rows, where, strict=True)
    ]
    if not all(found):
        raise NothingToAblate
    return found


def anchored(logits: torch.Tensor, without: torch.Tensor, steering: Steering) -> torch.Tensor:
    """Return logits + w (logits - without), row by row (B, ..., V); as they are in rows where
    nothing is anchored."""
    pulled = torch.tensor([bool(positions) for positions in steering.where], device=logits.device)
    pulled = pulled.view(-1, *[1] * (logits.dim() - 1))
    apart = (logits - without.to(logits.device)).mul_(steering.lever.amount)
    return torch.where(pulled, apart.add_(logits), logits)


def check(lever: Lever, model: PreTrainedModel) -> None:
    """Raise `BadOption` for an amount that a lever cannot have, and for layers and heads that a
    model does not."""
    share = lever.kind == "attention_share"
    if not (math.isfinite(lever.amount) and (not share or 0.0 <= lever.amount < 1.0)):
        expected = "at least 0 and less than 1" if share else "a finite number"
        raise BadOption(f"The amount of {lever.kind}", lever.amount, expected)
    config = model.config.get_text_config()
    for name, chosen, held in (
        ("layer", lever.layers, config.num_hidden_layers),
        ("head", lever.heads, getattr(config, "num_attention_heads", None)),
    ):
        for number in chosen:
            if held is None or not 0 <= number < held:
                expected = f"from 0 to {held - 1}" if held else "left out: this model has none"
                raise BadOption(f"The {name} to steer", number, expected)


@contextmanager
def steered(model: PreTrainedModel, steering: Steering) -> Iterator[None]:
    """Have every pass through a model in this context read under the lever.

    Raises `BadOption` for layers and heads that it does not have, and `Unsupported` for anchoring.
    Whether the model lets itself be steered is for `refusal` to find out.
    """
    check(steering.lever, model)
    if steering.lever.kind == "anchor" and not steering.lever.idle:
        raise Unsupported("be anchored in one pass", "Anchoring reads twice: score or write.")
    if steering.lever.idle or not any(steering.where):
        yield
        return
    with _pulled(model, Pull(steering)):
        yield


@contextmanager
def _pulled(model: PreTrainedModel, pull: Pull) -> Iterator[None]:
    inner = getattr(model, "get_base_model", None)

    def begin(_: nn.Module, given: tuple[object, ...], named: dict[str, object]) -> None:
        _begin(pull, given, named)

    def scale(_: nn.Module, __: object, embeddings: torch.Tensor) -> torch.Tensor:
        return _scaled(pull, embeddings)

    with ExitStack() as undone:
        # An adapter's wrapper is called to score, and what it wraps to generate.
        for part in [model, *([inner()] if inner else [])]:
            handle = part.register_forward_pre_hook(begin, with_kwargs=True, prepend=True)
            undone.callback(handle.remove)
        if pull.steering.lever.kind == "embedding_scale":
            handle = model.get_input_embeddings().register_forward_hook(scale)
            undone.callback(handle.remove)
        else:
            undone.enter_context(attending(model, pull))
        yield


def _begin(pull: Pull, given: tuple[object, ...], named: dict[str, object]) -> None:
    """Note what a pass is about to read."""
    if named.get("cache_params") is not None:
        raise ValueError("what it keeps of what it read does not say how much that was")
    cache = named.get("past_key_values")
    # Raises where the cache keeps a state instead of an entry per id.
    pull.begins = int(cache.get_seq_length()) if isinstance(cache, Cache) else 0
    read = named.get("input_ids", given[0] if given else None)
    read = named.get("inputs_embeds") if read is None else read
    assert isinstance(read, torch.Tensor)
    pull.length = read.shape[1]


def _scaled(pull: Pull, embeddings: torch.Tensor) -> torch.Tensor:
    """Return the embeddings (B, L, D), those of the positions multiplied."""
    assert pull.begins is not None, "the model was not called as a whole"
    kept = pull.begins + pull.length
    chosen = pull.columns(kept, len(embeddings), embeddings.device)[:, 0, 0, pull.begins :]
    pull.layers.add("embeddings")
    return torch.where(chosen[..., None], embeddings * pull.steering.lever.amount, embeddings)


def refusal(model: PreTrainedModel, kind: LeverKind, read: Callable[[], torch.Tensor]) -> str:
    """Return why a model cannot be steered by a kind of lever, as a clause; empty when it can.

    Found out by trying: `read` makes one pass over one row of some ids and returns its logits. Not
    pulled, a lever changes nothing; pulled, it changes something, and in every layer.
    """
    if kind == "anchor":
        return ""
    try:
        with torch.inference_mode():
            return _tried(model, kind, read)
    except CannotAttend as error:
        return str(error)
    except _REFUSALS as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        return f"it raises {type(error).__name__} when it is steered"


def _tried(model: PreTrainedModel, kind: LeverKind, read: Callable[[], torch.Tensor]) -> str:
    plain = read()
    idle = Pull(Steering(Lever(kind, 1.0 if kind == "embedding_scale" else 0.0), (frozenset({1}),)))
    idle.apart = 0.0
    with _pulled(model, idle):
        same = read()
    count = model.config.get_text_config().num_hidden_layers
    wanted = {"embeddings"} if kind == "embedding_scale" else set(range(count))
    if not idle.layers & wanted:
        what = "embeddings are" if kind == "embedding_scale" else "attention is"
        return f"its {what} not where transformers lets one in"
    if not wanted <= idle.layers:
        return f"only {len(idle.layers & wanted)} of its {count} layers attend in a way to steer"
    exact = plain.dtype == torch.float32 and model.dtype in (torch.float32, torch.float64)
    allowed = _CHANGES if exact else _CHANGES_ROUNDED
    scale = float(plain.abs().max().clamp(min=1e-6))
    if not float((same - plain).abs().max()) <= allowed * scale:
        return "a lever that is not pulled changes its numbers"
    if not idle.apart <= allowed:
        return "its attention is not what its queries and keys say"
    with _pulled(model, Pull(Steering(Lever(kind, _TRIAL[kind]), (frozenset({1}),)))):
        pulled = read()
    if not torch.isfinite(pulled).all():
        return "it gives numbers that are not finite when it is steered"
    return "a lever that is pulled changes nothing" if torch.equal(pulled, plain) else ""

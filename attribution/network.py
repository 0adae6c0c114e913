"""Runs a transformers model: ids in, logits out.

Knows neither text nor answers. Whoever asks says at which positions logits are wanted, and what a
row begins with that was read before. Logits are float32 whatever the model's dtype.
"""

# pyright: basic
# (torch's and transformers' own annotations do not stand strict mode)

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from transformers import DynamicCache, PreTrainedModel

from attribution.attempts import Lever, LeverKind, Steering
from attribution.errors import Unsupported
from attribution.prefix import Prefix
from attribution.steer import check, refusal, steered
from attribution.trunk import Key, Trunk, key_of

_STEP = 1024
"""Most ids that are read at a time behind a beginning: there, unlike in a row that is read whole,
transformers writes down for each of them which ids it looks at."""


class Network:
    """A model that is only ever read."""

    tables = 1
    """Float32 tables of logits that a pass holds at a time."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model.eval()
        self.device: torch.device = next(model.get_input_embeddings().parameters()).device
        config = model.config.get_text_config()
        self.vocabulary = int(config.vocab_size)
        self.width = int(config.hidden_size)
        self.heads: int = getattr(config, "num_attention_heads", 1)
        table = getattr(model.get_input_embeddings(), "weight", None)
        self._rows = self.vocabulary if table is None else len(table)
        self.longest: int | None = getattr(config, "max_position_embeddings", None)
        wrapped = getattr(model, "get_base_model", None)
        accepted = inspect.signature((wrapped() if wrapped else model).forward).parameters
        self._keeps = "logits_to_keep" in accepted
        self._positions = "position_ids" in accepted
        self.trunk: Trunk[Prefix] | None = None
        """What it has in common with another network."""
        self._read = 0
        self._refused: dict[LeverKind, str] = {}

    @property
    def read(self) -> int:
        """How many ids went through the model so far, filling left out."""
        return self._read

    def logits(
        self,
        x: torch.Tensor,
        where: torch.Tensor,
        prefix: Prefix | None = None,
        shared: int = 0,
        seen: torch.Tensor | None = None,
        steering: Steering | None = None,
    ) -> torch.Tensor:
        """Return the logits (B, T, V) at positions `where` (B, T) of ids `x` (B, L).

        The rows continue the first `shared` ids of `prefix`. `seen` (B, shared + L) is False where
        nobody looks. What stands right of a row's last position is never looked at by anything
        before it, so shorter rows are filled up on the right without a mask. What is steered is
        neither shared with another network nor taken from it, nor is what is read in steps.
        """
        first = int(where.min())
        steps = first > _STEP and shared > 0 and seen is None and steering is None
        cache = prefix.beginning(shared, grows=steps) if prefix is not None and shared else None
        self._read += int(where[:, -1].sum()) + len(where)
        while steps and first > _STEP:
            self._forward(x[:, :_STEP], 1, shared, cache, None)
            x, where = x[:, _STEP:], where - _STEP
            first, shared = first - _STEP, shared + _STEP
        keep = x.shape[1] - first
        behind = prefix.ids[: 8 * shared] if cache is not None and prefix is not None else b""
        unseen = None if seen is None else seen.numpy().tobytes()
        with (
            (nullcontext() if steps else self._beside(key_of(x, behind, unseen)))
            if steering is None
            else steered(self.model, steering)
        ):
            out = self._forward(x, keep, shared, cache, seen)
        logits = out.logits[:, -keep:]  # (B, keep, V)
        if (where[0] == where).all() and where.shape[1] == keep:
            return logits.float()
        picked = self.send(where - first)[..., None].expand(-1, -1, logits.shape[-1])
        return logits.gather(1, picked.to(logits.device)).float()

    def prefill(self, x: torch.Tensor, count: int) -> tuple[torch.Tensor, Prefix]:
        """Read one row of ids (1, L); return its last `count` logits (1, T, V) and what is kept.

        Raises `NothingShared`.
        """
        self._read += x.numel()
        # Without the configuration every layer keeps all it has read, windows or not.
        ids = x.numpy().tobytes()
        other = None if self.trunk is None else self.trunk.kept_of(ids)
        with self._beside(key_of(x, "kept"), take=other is not None) as taken:
            out = self._forward(x, count, 0, DynamicCache(), None)
        leading = other.kept[: self.trunk.count] if taken and self.trunk and other else []
        prefix = Prefix(ids, out.past_key_values, leading)
        if self.trunk is not None:
            self.trunk.keep(ids, prefix)
        return out.logits[:, -count:].float(), prefix

    def _beside(self, key: Key, *, take: bool = True) -> AbstractContextManager[bool]:
        """Read in company of the other model, where there is one."""
        if self.trunk is None:
            return nullcontext(False)
        return self.trunk.reading(self.model, key, take=take)

    def next_logits(
        self,
        x: torch.Tensor,
        mask: torch.Tensor,
        cache: object,
        steering: Steering | None = None,
    ) -> tuple[torch.Tensor, object]:
        """Return the logits (B, V) behind ids (B, L), filled up on the left, and the cache that has
        read them; `mask` (B, cache + L) is False where the filling is, and `steering` counts it."""
        # A row that is full is read on with those that are not, and nobody looks at it.
        last = None if self.longest is None else self.longest - 1
        positions = (mask.long().cumsum(-1) - 1).clamp(min=0, max=last)[:, -x.shape[1] :]
        seen = None if bool(mask.all()) else mask
        with nullcontext() if steering is None else steered(self.model, steering):
            out = self._forward(x, 1, positions, cache, seen)
        self._read += int(mask[:, -x.shape[1] :].sum())
        return out.logits[:, -1].float(), out.past_key_values

    def new_cache(self) -> object:
        """Return what `next_logits` starts with."""
        return DynamicCache(config=self.model.config)

    def refuses(self, lever: Lever) -> str:
        """Return why nothing can be read under a lever, as a clause; empty when it can. Tried out
        once per kind. Raises `BadOption`."""
        check(lever, self.model)
        kind = lever.kind
        if kind not in self._refused:
            ids = torch.arange(1, 1 + min(12, self.vocabulary - 1))[None]

            def read() -> torch.Tensor:
                self._read += ids.numel()
                return self._forward(ids, ids.shape[1], 0, None, None).logits

            self._refused[kind] = refusal(self.model, kind, read)
        return self._refused[kind]

    def nudged(self, x: torch.Tensor, count: int, seed: int) -> torch.Tensor:
        """Return the last `count` logits (B, T, V) of ids (B, L) whose embeddings have been moved.

        In each row one number in twelve, drawn at random, goes to a neighbour that the model's
        dtype can hold: as much, in the mean square, as all of them were rounded by.
        """
        random = torch.Generator().manual_seed(seed)

        def nudge(_: object, __: object, embeddings: torch.Tensor) -> torch.Tensor:
            drawn = torch.rand(embeddings.shape, generator=random)
            way = (drawn < 1 / 24).float() - (drawn > 23 / 24).float()
            # Neighbours are between a half and one eps apart.
            step = way.mul_(0.75 * torch.finfo(embeddings.dtype).eps).to(embeddings.device)
            return (embeddings.float() * (1 + step)).to(embeddings.dtype)

        handle = self.model.get_input_embeddings().register_forward_hook(nudge)
        self._read += x.numel()
        try:
            return self._forward(x, count, 0, None, None).logits[:, -count:].float()
        finally:
            handle.remove()

    def salience(self, x: torch.Tensor, count: int, target: torch.Tensor) -> torch.Tensor:
        """Return gradient x input (L,) of the mean log-probability of `target` (T,), predicted by
        the last `count` positions of one row of ids (1, L)."""
        self._read += 3 * x.numel()  # a pass back costs two forward
        with torch.enable_grad():
            embeddings = self.model.get_input_embeddings()(self.send(x)).detach()
            embeddings.requires_grad_(True)
            out = self._forward(x, count, 0, None, None, embeddings)
            logits = out.logits[0, -count:].float()  # (T, V)
            chosen = logits.gather(-1, self.send(target)[:, None].to(logits.device))[:, 0]
            (chosen - logits.logsumexp(-1)).mean().backward(inputs=[embeddings])
        assert embeddings.grad is not None
        return (embeddings.grad[0].float() * embeddings.detach()[0].float()).sum(-1)

    def send(self, tensor: torch.Tensor) -> torch.Tensor:
        """Bring a tensor to the model, without waiting for it where that is possible."""
        if self.device.type != "cuda":
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def _forward(
        self,
        x: torch.Tensor,
        keep: int,
        positions: torch.Tensor | int,
        cache: object,
        seen: torch.Tensor | None,
        embeddings: torch.Tensor | None = None,
    ):
        """Run the model on ids (B, L), or on their embeddings; the last `keep` logits."""
        options: dict[str, object] = {"use_cache": False}
        if cache is not None:
            options = {"use_cache": True, "past_key_values": cache}
        if self._keeps:
            options["logits_to_keep"] = keep
        if self._positions:
            if isinstance(positions, int):
                positions = torch.arange(positions, positions + x.shape[1]).expand(x.shape)
            options["position_ids"] = self.send(positions.contiguous())
        if embeddings is None and (beyond := int(x.max())) >= self._rows:
            # As of a token that a tokenizer adds; on an accelerator it would end the process.
            what = f"read the token with the id {beyond}: its embedding has {self._rows} rows"
            raise Unsupported(what, "Leave that token out, or use the tokenizer of this model.")
        ids = {"input_ids": self.send(x)} if embeddings is None else {"inputs_embeds": embeddings}
        mask = None if seen is None else self.send(seen.long())
        return self.model(**ids, attention_mask=mask, **options)


def answer_logits(
    network: Network,
    left: Sequence[tuple[int, ...]],
    answer: tuple[int, ...],
    prefix: Prefix | None = None,
    shared: int = 0,
    steering: Steering | None = None,
) -> torch.Tensor:
    """Return the logits (B, T, V) of the answer after what is left of each row."""
    longest = max(map(len, left)) + len(answer) - 1
    x = torch.zeros(len(left), longest, dtype=torch.long)
    for line, row in zip(x, left, strict=True):
        line[: len(row) + len(answer) - 1] = torch.tensor(row + answer[:-1])
    ends = torch.tensor([len(row) - 1 for row in left])
    where = ends[:, None] + torch.arange(len(answer))  # (B, T)
    return network.logits(x, where, prefix, shared, steering=steering)

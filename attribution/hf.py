"""The one door to a transformers causal language model.

Meets `attribution.scorer.Model`. Rows are padded on the right to be scored (a causal model never
looks there, so positions are the ordinary ones) and on the left to be continued. Logits are
computed for the answer positions alone where the architecture can, and turned into
log-probabilities in float32 whatever the model's dtype, by gather minus log-sum-exp: no softmax
over the vocabulary is ever kept.
"""

# pyright: basic
# (torch's and transformers' own annotations do not stand strict mode)

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import torch
from transformers import PreTrainedModel

from attribution.errors import NotFinite, OutOfMemory, PromptTooLong
from attribution.scorer import Row, TokenLogprobs
from attribution.tokens import HFTokens, Tokenizer
from attribution.types import Answer

_LOGITS = 2**27
"""Most float32 logits held at a time: half a gigabyte."""


def _out_of_memory(error: RuntimeError) -> bool:
    """Tell an allocator's complaint, on any device, from other runtime errors."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


class HFModel(HFTokens):
    """Scores and writes answers with a loaded model, which it never changes."""

    tables = 1
    """Float32 tables of logits that a pass holds at a time."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        chat: bool | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """`batch_tokens` bounds rows x length of a pass; it is halved when memory runs out."""
        super().__init__(tokenizer, chat=chat)
        self.model = model.eval()
        self.device: torch.device = next(model.get_input_embeddings().parameters()).device
        config = model.config.get_text_config()
        self.vocabulary = int(config.vocab_size)
        self.longest: int | None = getattr(config, "max_position_embeddings", None)
        self.batch_tokens = batch_tokens or (2048 if self.device.type == "cpu" else 16384)
        wrapped = getattr(model, "get_base_model", None)
        accepted = inspect.signature((wrapped() if wrapped else model).forward).parameters
        self._keeps = "logits_to_keep" in accepted
        self._positions = "position_ids" in accepted
        self.end = self._end_tokens()
        self._read = 0

    @property
    def tokens_read(self) -> int:
        """How many ids went through the model so far, padding left out."""
        return self._read

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after each row, in order, a batch at a time.

        Raises `PromptTooLong`, `NotFinite`, `OutOfMemory`.
        """
        length = max(len(row) for row in rows) + len(answer.ids)
        self._fits(length)
        done = 0
        while done < len(rows):
            table = self.vocabulary * len(answer.ids)
            fits = min(self.batch_tokens // length, _LOGITS // (self.tables * table))
            batch = rows[done : done + max(1, fits)]
            try:
                scored = self._score(batch, answer.ids)
            except RuntimeError as error:
                self._shrink(error, len(batch), length)
                continue
            done += len(batch)
            yield scored

    @torch.inference_mode()
    def _score(self, rows: Sequence[Row], answer: tuple[int, ...]) -> list[TokenLogprobs]:
        lengths = torch.tensor([len(row) for row in rows])
        ids = [torch.tensor(row + answer[:-1]) for row in rows]
        x = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)  # (B, L)
        mask = torch.arange(x.shape[1]) < (lengths + len(answer) - 1)[:, None]  # (B, L)
        where = (lengths - 1)[:, None] + torch.arange(len(answer))  # (B, T)
        logits = self._logits_at(x, mask, where)
        target = torch.tensor(answer, device=logits.device).expand(len(rows), -1)  # (B, T)
        chosen = logits.gather(-1, target[..., None])[..., 0]
        logprobs = chosen - logits.logsumexp(-1)  # (B, T)
        if not torch.isfinite(logprobs).all():
            raise NotFinite("the log-probabilities of an answer")
        return [tuple(row) for row in logprobs.tolist()]

    def _logits_at(self, x: torch.Tensor, mask: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, T, V), in float32, at the positions `where` (B, T)."""
        first = int(where.min())
        keep = x.shape[1] - first
        logits = self._forward(x, mask, keep).logits[:, -keep:]  # (B, keep, V)
        return logits[torch.arange(len(x))[:, None], (where - first).to(logits.device)].float()

    def _next_logits(
        self, x: torch.Tensor, mask: torch.Tensor, cache: object
    ) -> tuple[torch.Tensor, object]:
        """Return the logits (B, V), in float32, behind ids (B, L) and the cache that has read
        them."""
        out = self._forward(x, mask, 1, cache)
        return out.logits[:, -1].float(), out.past_key_values

    def _forward(self, x: torch.Tensor, mask: torch.Tensor, keep: int, cache: object = None):
        """Run the model on ids (B, L) with a mask over cache and ids; the last `keep` logits."""
        options: dict[str, object] = {"use_cache": False}
        if cache is not None:
            options = {"use_cache": True, "past_key_values": cache}
        if self._keeps:
            options["logits_to_keep"] = keep
        if self._positions:
            positions = (mask.long().cumsum(-1) - 1).clamp(min=0)
            options["position_ids"] = positions[:, -x.shape[1] :].to(self.device)
        padded = not bool(mask.all())
        out = self.model(
            input_ids=x.to(self.device),
            attention_mask=mask.long().to(self.device) if padded else None,
            **options,
        )
        self._read += int(mask[:, -x.shape[1] :].sum())
        return out

    def write(self, rows: Sequence[Row], limit: int) -> Iterator[list[Row]]:
        """Yield the ids written so far, one tuple per row, after each step of greedy decoding.

        Raises `PromptTooLong`, `NotFinite`, `OutOfMemory`.
        """
        longest = max(len(row) for row in rows)
        self._fits(longest + 1)
        if self.longest is not None:
            limit = min(limit, self.longest - longest)
        done: list[Row] = []
        while len(done) < len(rows):
            fits = max(1, self.batch_tokens // (longest + limit))
            batch = rows[len(done) : len(done) + fits]
            waiting: list[Row] = [()] * (len(rows) - len(done) - len(batch))
            written: list[Row] = []
            try:
                for written in self._write(batch, limit):
                    yield done + written + waiting
            except RuntimeError as error:
                self._shrink(error, len(batch), longest + limit)
                continue
            done += written

    def _write(self, rows: Sequence[Row], limit: int) -> Iterator[list[Row]]:
        longest = max(len(row) for row in rows)
        step = torch.tensor([(0,) * (longest - len(row)) + row for row in rows])  # (B, L)
        mask = torch.tensor([[False] * (longest - len(r)) + [True] * len(r) for r in rows])
        written: list[list[int]] = [[] for _ in rows]
        open_rows = set(range(len(rows)))
        cache = self._new_cache()
        for _ in range(limit):
            with torch.inference_mode():
                logits, cache = self._next_logits(step, mask, cache)  # (B, V)
            if not torch.isfinite(logits.amax(-1)).all():
                raise NotFinite("the logits of a continuation")
            chosen = logits.argmax(-1).cpu()
            for i in sorted(open_rows):
                if int(chosen[i]) in self.end:
                    open_rows.discard(i)
                else:
                    written[i].append(int(chosen[i]))
            yield [tuple(ids) for ids in written]
            if not open_rows:
                return
            step = chosen[:, None]
            mask = torch.cat((mask, torch.ones(len(rows), 1, dtype=torch.bool)), dim=1)

    def _new_cache(self) -> object:
        from transformers import DynamicCache

        return DynamicCache(config=self.model.config)

    def _end_tokens(self) -> frozenset[int]:
        found: set[int] = set()
        for holder in (self.model.generation_config, self.model.config, self.tokenizer):
            ends = getattr(holder, "eos_token_id", None)
            found.update(ends if isinstance(ends, list) else [] if ends is None else [ends])
        return frozenset(found)

    def _fits(self, length: int) -> None:
        if self.longest is not None and length > self.longest:
            raise PromptTooLong(length, self.longest)

    def _shrink(self, error: RuntimeError, rows: int, length: int) -> None:
        """Halve the batch after running out of memory; any other error goes on up."""
        if not _out_of_memory(error):
            raise error
        if rows == 1:
            raise OutOfMemory(length) from error
        self.batch_tokens = rows * length // 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

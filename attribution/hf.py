"""The one door to a transformers causal language model.

Meets `attribution.scorer.Model`: text to ids and back by the tokenizer, log-probabilities by
`reader`, and greedy continuations, for which rows are filled up on the left. Log-probabilities are
float32 whatever the model's dtype, by gather minus log-sum-exp, at the answer's positions alone: no
softmax over the vocabulary is ever kept.
"""

# pyright: basic
# (torch's own annotations do not stand strict mode)

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from transformers import PreTrainedModel

from attribution.attempts import Lever, Steering
from attribution.errors import NotFinite, OutOfMemory, PromptTooLong, Unsupported
from attribution.network import Network
from attribution.odds import expected, plain_odds
from attribution.reader import Reader, out_of_memory
from attribution.scorer import Hidden, Row, TokenLogprobs
from attribution.steer import active, anchored, anchors, of_rows, shifted, unanchored
from attribution.tokens import HFTokens, Tokenizer
from attribution.types import Answer, Nats, Odds

_Found = TypeVar("_Found")


class HFModel(HFTokens):
    """Scores and writes answers with a loaded model, which it never changes."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        chat: bool | None = None,
        batch_tokens: int | None = None,
        share: bool = True,
        network: Network | None = None,
    ) -> None:
        """`batch_tokens` bounds rows x length of a pass; it is halved when memory runs out.

        Without `share` every row is read whole: slower, and the same numbers. `network` stands in
        for the model's own.
        """
        super().__init__(tokenizer, chat=chat)
        self.model = model
        self.network = network or Network(model)
        self.reader = Reader(self.network, batch_tokens=batch_tokens, share=share)
        self.device = self.network.device
        self.longest = self.network.longest
        self.end = self._end_tokens()

    @property
    def tokens_read(self) -> int:
        """How many ids went through the model so far, filling left out."""
        return self.network.read

    @property
    def plain_because(self) -> str:
        """Why rows are read whole; empty while those that begin alike share their beginning."""
        return self.reader.plain_because

    def prove(self) -> str:
        """Find out now, on a few ids, whether a beginning can be shared; return `plain_because`."""
        row = tuple(range(1, 1 + min(12, self.network.vocabulary - 1)))
        rows = [row, *((*row[:i], *row[i + 1 :]) for i in range(len(row)))]
        next(self.reader.scored(rows, row[:2]))
        next(self.write([row], 1))
        return self.plain_because

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after each row, in order, a batch at a time.

        Raises `PromptTooLong`, `NotFinite`, `OutOfMemory`, and what `refuses` does or says.
        """
        self._fits(max(len(row) for row in rows) + len(answer.ids))
        steering = self._accepted(steering, rows)
        yield from self._delivered(self.reader.scored(rows, answer.ids, steering), _plain)

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """Yield what was expected at each token of the answer after each row, in order, a batch at
        a time. Raises what `score` raises."""
        self._fits(max(len(row) for row in rows) + len(answer.ids))
        yield from self._delivered(expected(self.reader, rows, answer.ids), plain_odds)

    def refuses(self, lever: Lever) -> str:
        """Return why nothing can be read under a lever, as a clause; empty when it can. Found out
        on a few ids when it is asked first. Raises `BadOption` for layers, heads and amounts that
        cannot be."""
        return "" if lever.idle else self.network.refuses(lever)

    def _accepted(self, steering: Steering | None, rows: Sequence[Row]) -> Steering | None:
        """Return the steering; None if it changes nothing. Raises `Unsupported`, `BadOption`."""
        steering = active(steering, rows)
        why = "" if steering is None else self.refuses(steering.lever)
        if steering is not None and why:
            what = f"be steered by {steering.lever.kind}: {why}"
            raise Unsupported(what, "Emphasise in the prompt instead, as with --strategy bold.")
        return steering

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after one row, once for each set of positions
        that neither the answer nor the row's last token can see.

        Raises `Unsupported`, `PromptTooLong`, `NotFinite`, `OutOfMemory`.
        """
        self._fits(len(row) + len(answer.ids))
        yield from self._delivered(self.reader.hidden(row, answer.ids, hidden), _plain)

    def rounding(self, row: Row, answer: Answer) -> Nats | None:
        """Return how far from zero a contribution may come out for want of precision; None in
        float32. Raises what `score` raises."""
        self._fits(len(row) + len(answer.ids))
        with self._reported(len(row) + len(answer.ids)):
            return self.reader.rounding(row, answer.ids)

    def salience(self, row: Row, answer: Answer) -> tuple[Nats, ...]:
        """Return gradient x input per position of the row. Raises what `score` raises."""
        self._fits(len(row) + len(answer.ids))
        x, target = torch.tensor([row + answer.ids[:-1]]), torch.tensor(answer.ids)
        with self._reported(x.shape[1]):
            found = self.network.salience(x, len(answer.ids), target)[: len(row)].tolist()
        if not all(map(math.isfinite, found)):
            raise NotFinite("the gradient of an answer")
        return tuple(found)

    @contextmanager
    def _reported(self, length: int) -> Iterator[None]:
        """Say in our words that one row does not fit."""
        try:
            yield
        except RuntimeError as error:
            if out_of_memory(error):
                raise OutOfMemory(length) from error
            raise

    def _delivered(
        self, made: Iterator[torch.Tensor], plain: Callable[[torch.Tensor], _Found]
    ) -> Iterator[_Found]:
        """Hand batches out; on an accelerator only once the next is under way, so that it never
        waits for this side."""
        waiting: deque[torch.Tensor] = deque()
        for found in made:
            waiting.append(found)
            if self.device.type == "cpu" or len(waiting) > 1:
                yield plain(waiting.popleft())
        yield from map(plain, waiting)

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        """Yield the ids written so far, one tuple per row, after each step of greedy decoding.

        Raises what `score` raises.
        """
        longest = max(len(row) for row in rows)
        self._fits(longest + 1)
        steering = self._accepted(steering, rows)
        done: list[Row] = []
        while len(done) < len(rows):
            fits = max(1, self.reader.fits(longest + limit, steering))
            batch = rows[len(done) : len(done) + fits]
            part = of_rows(steering, len(done), len(done) + len(batch))
            waiting: list[Row] = [()] * (len(rows) - len(done) - len(batch))
            written: list[Row] = []
            try:
                for written in self._write(batch, limit, part):
                    yield done + written + waiting
            except RuntimeError as error:
                self.reader.shrink(error, len(batch), longest + limit)
                continue
            done += written

    def _write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None
    ) -> Iterator[list[Row]]:
        anchor = steering if anchors(steering) else None
        texts = [_Continued(self.network, rows, None if anchor else steering)]
        if anchor is not None:
            texts.append(_Continued(self.network, unanchored(rows, anchor.where), None))
        written: list[list[int]] = [[] for _ in rows]
        # Each row has its own room: another's length takes nothing from it.
        room = [limit if self.longest is None else self.longest - len(row) for row in rows]
        open_rows = set(range(len(rows)))
        for _ in range(min(limit, max(room))):
            with torch.inference_mode():
                logits = texts[0].logits()  # (B, V)
                if anchor is not None:
                    logits = anchored(logits, texts[1].logits(), anchor)
            if not torch.isfinite(logits.amax(-1)).all():
                raise NotFinite("the logits of a continuation")
            chosen = logits.argmax(-1).cpu()
            for i in sorted(open_rows):
                if int(chosen[i]) in self.end:
                    open_rows.discard(i)
                    continue
                written[i].append(int(chosen[i]))
                if len(written[i]) == room[i]:
                    open_rows.discard(i)
            yield [tuple(ids) for ids in written]
            if not open_rows:
                return
            for text in texts:
                text.go_on(chosen)

    def _end_tokens(self) -> frozenset[int]:
        found: set[int] = set()
        for holder in (self.model.generation_config, self.model.config, self.tokenizer):
            ends = getattr(holder, "eos_token_id", None)
            found.update(ends if isinstance(ends, list) else [] if ends is None else [ends])
        if not all(isinstance(id, int) for id in found):
            raise TypeError("its eos_token_id is not a number")
        return frozenset(found)

    def _fits(self, length: int) -> None:
        if self.longest is not None and length > self.longest:
            raise PromptTooLong(length, self.longest)


class _Continued:
    """Rows that are filled up on the left, read up to where the next token is to be chosen."""

    def __init__(self, network: Network, rows: Sequence[Row], steering: Steering | None) -> None:
        longest = max(len(row) for row in rows)
        filling = [longest - len(row) for row in rows]
        self._network = network
        self._step = torch.tensor([(0,) * longest] * len(rows))  # (B, L)
        for line, row in zip(self._step, rows, strict=True):
            line[longest - len(row) :] = torch.tensor(row)
        self._mask = torch.arange(longest) >= torch.tensor(filling)[:, None]
        self._cache = network.new_cache()
        self._steering = None if steering is None else shifted(steering, filling)

    def logits(self) -> torch.Tensor:
        """Return the logits (B, V) of the next token."""
        logits, self._cache = self._network.next_logits(
            self._step, self._mask, self._cache, self._steering
        )
        return logits

    def go_on(self, chosen: torch.Tensor) -> None:
        """Let a token (B,) follow each row."""
        self._step = chosen[:, None]
        more = torch.ones(len(chosen), 1, dtype=torch.bool)
        self._mask = torch.cat((self._mask, more), dim=1)


def _plain(logprobs: torch.Tensor) -> list[TokenLogprobs]:
    """Return rows of numbers. Raises `NotFinite`."""
    rows = [tuple(row) for row in logprobs.tolist()]
    if not all(math.isfinite(number) for row in rows for number in row):
        raise NotFinite("the log-probabilities of an answer")
    return rows

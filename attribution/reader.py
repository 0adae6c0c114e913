"""Reads an answer behind many rows, a batch at a time.

Rows that begin like the first one share what the model keeps of it (`blocks`, `network`). Where a
model does not let them, or does not give the same numbers when they do, rows are read whole, and
`plain_because` says why. Batches stay on the device; running out of memory halves them. Does not
know text.
"""

# pyright: basic
# (torch's own annotations do not stand strict mode)

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from attribution.attempts import Steering
from attribution.blocks import Block, Room, blocks, forwards, shared_length
from attribution.errors import OutOfMemory, Unsupported
from attribution.network import Network, answer_logits
from attribution.prefix import NothingShared, Prefix
from attribution.scorer import Hidden, Row
from attribution.steer import anchored, anchors, of_rows, rows_at_once, unanchored

_LOGITS = 2**27
"""Most float32 logits held at a time: half a gigabyte."""

_WORTH = 0.9
"""Prefixes are shared when no more than this share of the ids is left to read."""

_SAME, _ALMOST = 1e-3, 0.1
"""How far LP, read behind a shared prefix, may be from the same read whole, in nats: in float32,
and in anything less precise."""

_ON_CPU = Room(tokens=1024, overhead=64, rows=1024, held=2**17)
_ON_ACCELERATOR = Room(tokens=4096, overhead=256, rows=4096, held=2**19)

_SPENT = 0.3
"""Share of an accelerator's free memory that a pass may take for each of its purposes."""

_NUDGES = 4
"""How often embeddings are nudged."""

_REFUSALS = (NothingShared, RuntimeError, TypeError, ValueError, AttributeError, IndexError)
"""What models that cannot go on from a prefix have been seen to raise."""


def out_of_memory(error: BaseException) -> bool:
    """Tell an allocator's complaint, on any device, from other errors."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _room(network: Network) -> tuple[int, Room]:
    """Return how many ids a pass may read, and how large a block behind a prefix may be.

    On a processor small blocks are as fast as large ones. An accelerator needs a few thousand ids
    to be busy, and has room for what its free memory holds.
    """
    if network.device.type != "cuda":
        return (2048, _ON_CPU) if network.device.type == "cpu" else (16384, _ON_ACCELERATOR)
    free, _ = torch.cuda.mem_get_info(network.device)
    width, size = network.width, network.model.dtype.itemsize
    # Some twenty tables as wide as the model are alive in a layer; keys and values are two more.
    fits = max(1024, min(65536, int(free * _SPENT) // (20 * width * size)))
    held = max(16384, int(free * _SPENT) // (2 * width * size))
    return fits, replace(_ON_ACCELERATOR, tokens=min(_ON_ACCELERATOR.tokens, fits), held=held)


class Reader:
    """Turns rows into log-probabilities of an answer, with one network."""

    def __init__(self, network: Network, *, batch_tokens: int | None, share: bool) -> None:
        """`batch_tokens` bounds rows x length of a pass. Without `share` every row is read whole:
        slower, and the same numbers."""
        self.network = network
        fits, self.block = _room(network)
        self.batch_tokens = batch_tokens or fits
        self.plain_because = "" if share else "it was asked for"
        """Why rows are read whole; empty while prefixes are shared."""
        self._proven = 0
        """Length of the longest row on which sharing has given the same numbers."""

    def scored(
        self, rows: Sequence[Row], answer: Row, steering: Steering | None = None
    ) -> Iterator[torch.Tensor]:
        """Yield log-probabilities (B, T), still on the device. What is steered is read whole."""
        if steering is not None:
            yield from self._whole(rows, answer, steering)
            return
        shared = [0, *(shared_length(rows[0], row) for row in rows[1:])]
        alone = forwards(rows, [0] * len(rows), len(answer))
        if self.plain_because or forwards(rows, shared, len(answer)) > _WORTH * alone:
            yield from self._whole(rows, answer)
            return
        first = self._read_first(rows, shared, answer)
        if first is None:
            yield from self._whole(rows, answer)
            return
        logprobs, prefix = first
        yield logprobs
        yield from self._behind(prefix, rows, shared, answer)

    def _whole(
        self, rows: Sequence[Row], answer: Row, steering: Steering | None = None
    ) -> Iterator[torch.Tensor]:
        """Read every row from its beginning."""
        longest = max(map(len, rows)) + len(answer)
        done = 0
        while done < len(rows):
            most = self.tables(len(answer)) // (3 if anchors(steering) else 1)
            fits = min(self.fits(longest, steering), most)
            block = Block(done, min(done + max(1, fits), len(rows)), 0)
            part = of_rows(steering, block.start, block.stop)
            try:
                logprobs = self._read_block(None, rows, block, answer, part)
            except RuntimeError as error:
                self.shrink(error, block.stop - done, longest)
                continue
            done = block.stop
            yield logprobs

    def _behind(
        self, prefix: Prefix, rows: Sequence[Row], shared: Sequence[int], answer: Row
    ) -> Iterator[torch.Tensor]:
        """Read every row but the first from where it differs on from it."""
        done = 1
        while done < len(rows):
            room = Room(
                min(self.block.tokens, self.batch_tokens),
                self.block.overhead,
                min(self.block.rows, self.tables(len(answer))),
                self.block.held,
            )
            block = next(blocks(rows, shared, done, len(answer), room))
            try:
                logprobs = self._read_block(prefix, rows, block, answer)
            except RuntimeError as error:
                length = max(len(row) for row in rows[block.start : block.stop])
                self.shrink(error, block.stop - done, length - block.shared + len(answer))
                continue
            done = block.stop
            yield logprobs

    @torch.inference_mode()
    def _read_block(
        self,
        prefix: Prefix | None,
        rows: Sequence[Row],
        block: Block,
        answer: Row,
        steering: Steering | None = None,
    ) -> torch.Tensor:
        """Return the log-probabilities (B, T) of the answer after each row of a block, whose
        `steering` it is."""
        left = [row[block.shared :] for row in rows[block.start : block.stop]]
        if steering is not None and anchors(steering):
            without = answer_logits(self.network, unanchored(left, steering.where), answer)
            logits = anchored(answer_logits(self.network, left, answer), without, steering)
        else:
            logits = answer_logits(self.network, left, answer, prefix, block.shared, steering)
        return logprobs_of(self.network, logits, answer)

    def _read_first(
        self, rows: Sequence[Row], shared: Sequence[int], answer: Row
    ) -> tuple[torch.Tensor, Prefix] | None:
        """Read the first row and keep it; None where others cannot go on from it.

        That they can is proven on a row of the longest prompt so far, and not taken from the name
        of an architecture.
        """
        try:
            with torch.inference_mode():
                x = torch.tensor([rows[0] + answer[:-1]])
                logits, prefix = self.network.prefill(x, len(answer))
                logprobs = logprobs_of(self.network, logits, answer)
            if len(rows[0]) > 2 * self._proven:
                self._prove(prefix, rows, shared, answer)
        except _REFUSALS as error:
            if out_of_memory(error):
                return None
            self.plain_because = (
                str(error)
                if isinstance(error, NothingShared)
                else (f"it cannot go on from a prefix ({type(error).__name__})")
            )
            return None
        return None if self.plain_because else (logprobs, prefix)

    def _prove(
        self, prefix: Prefix, rows: Sequence[Row], shared: Sequence[int], answer: Row
    ) -> None:
        """Compare a row read behind the prefix with the same read whole."""
        half = sum(shared) / len(shared)
        k = min(range(1, len(rows)), key=lambda k: abs(shared[k] - half))
        behind = self._read_block(prefix, rows, Block(k, k + 1, shared[k]), answer)
        whole = self._read_block(None, rows, Block(k, k + 1, 0), answer)
        precise = self.network.model.dtype in (torch.float32, torch.float64)
        allowed = _SAME if precise else _ALMOST
        apart = float((behind - whole).mean().abs())
        if apart > allowed:
            self.plain_because = f"going on from a prefix changes its numbers by {apart:.2g} nats"
        elif math.isfinite(apart):
            self._proven = len(rows[0])

    def hidden(self, row: Row, answer: Row, hidden: Sequence[Hidden]) -> Iterator[torch.Tensor]:
        """Yield log-probabilities (B, T) after one row, for each set of positions that neither the
        answer nor the row's last token can see. Raises `Unsupported`, `OutOfMemory`."""
        try:
            with torch.inference_mode():
                x = torch.tensor([row + answer[:-1]])
                _, prefix = self.network.prefill(x, len(answer))
        except NothingShared as error:
            raise Unsupported("hide tokens from an answer", "Try --set screen=gradient.") from error
        done, length = 0, len(row) + len(answer) - 1
        while done < len(hidden):
            fits = min(
                min(self.block.tokens, self.batch_tokens) // len(answer),
                self.block.held // length,
                self.tables(len(answer)),
            )
            batch = hidden[done : done + max(1, fits)]
            try:
                logprobs = _hidden(self.network, prefix, row, answer, batch)
            except RuntimeError as error:
                self.shrink(error, len(batch), len(answer))
                continue
            done += len(batch)
            yield logprobs

    @torch.inference_mode()
    def rounding(self, row: Row, answer: Row) -> float | None:
        """Return three times the root mean square of how far LP moves when embeddings are
        nudged; None in 32 bits or more."""
        if torch.finfo(self.network.model.dtype).bits >= 32:
            return None
        x = torch.tensor([row + answer[:-1]])
        where = torch.arange(len(row) - 1, x.shape[1])[None]
        whole = logprobs_of(self.network, self.network.logits(x, where), answer).mean()
        # One by one: a batch could need more memory than anything before.
        moved = [
            logprobs_of(self.network, self.network.nudged(x, len(answer), seed), answer).mean()
            - whole
            for seed in range(_NUDGES)
        ]
        return 3 * float(torch.stack(moved).square().mean().sqrt())

    def fits(self, length: int, steering: Steering | None = None) -> int:
        """Return how many rows of a length may be read at a time; possibly none at all."""
        most = self.batch_tokens // length
        return min(most, rows_at_once(steering, length, self.network.heads))

    def tables(self, answer: int) -> int:
        """Return how many rows may have their logits in memory."""
        return max(1, _LOGITS // (self.network.tables * self.network.vocabulary * answer))

    def shrink(self, error: RuntimeError, rows: int, length: int) -> None:
        """Halve the batch after running out of memory; any other error goes on up."""
        if not out_of_memory(error):
            raise error
        if rows == 1:
            raise OutOfMemory(length) from error
        self.batch_tokens = rows * length // 2
        if self.network.device.type == "cuda":
            torch.cuda.empty_cache()


@torch.inference_mode()
def _hidden(
    network: Network, prefix: Prefix, row: Row, answer: Row, hidden: Sequence[Hidden]
) -> torch.Tensor:
    """Return log-probabilities (B, T) behind all of a row but its last token."""
    x = torch.tensor(row[-1:] + answer[:-1]).expand(len(hidden), -1)  # (B, T)
    where = torch.arange(len(answer)).expand(len(hidden), -1)
    seen = torch.ones(len(hidden), len(row) + len(answer) - 1, dtype=torch.bool)
    for line, positions in zip(seen, hidden, strict=True):
        line[sorted(positions)] = False
    logits = network.logits(x, where, prefix, len(row) - 1, seen)
    return logprobs_of(network, logits, answer)


def logprobs_of(network: Network, logits: torch.Tensor, answer: Row) -> torch.Tensor:
    """Return (B, T) of float32 logits (B, T, V)."""
    target = network.send(torch.tensor(answer)).to(logits.device)
    chosen = logits.gather(-1, target.expand(len(logits), -1)[..., None])[..., 0]
    return chosen - logits.logsumexp(-1)

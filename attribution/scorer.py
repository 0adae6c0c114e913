"""The doors to a model: what the rest of the package may ask of one.

A `Tokens` turns text into ids, a `Scorer` adds log-probabilities and a `Writer` adds text. `hf.py`
meets all three for transformers models; the tests meet them with thirty lines of plain Python.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from attribution.attempts import Lever, Steering
from attribution.types import Answer, AnswerSource, Nats, Odds, Prompt, Token

Row = tuple[int, ...]
"""Ids of one (possibly ablated) prompt."""

Hidden = frozenset[int]
"""Positions in a row."""

TokenLogprobs = tuple[float, ...]
"""Natural-log probability of each answer token, in answer order."""


class Tokens(Protocol):
    """Text in, ids out. Needs no weights."""

    def encode(self, content: str) -> Prompt:
        """Wrap `content` in the template, if there is one, and tokenise it.

        Raises `EmptyPrompt`.
        """
        ...

    def fragment(self, text: str) -> tuple[Token, ...]:
        """Tokenise a piece of text alone: no template, no special tokens; spans start at 0."""
        ...

    def answer(
        self, text: str, *, after: Prompt | None = None, source: AnswerSource = "gold"
    ) -> Answer:
        """Tokenise `text` as the continuation of a prompt; without one, of any that ends a word.

        Raises `EmptyAnswer`.
        """
        ...

    def stand_in(self, name: str) -> int:
        """Return the id that takes a removed token's place: of the special tokens "pad", "mask" and
        "unk", or of any text of one token.

        Raises `BadOption`.
        """
        ...

    def spellings(
        self, tokens: Sequence[Token], most: int, *, seed: int = 0
    ) -> tuple[tuple[Token, ...], ...]:
        """Return other ways to cut the text of some adjacent tokens into the tokenizer's own
        pieces; spans start at 0.

        All different, none of them the given one, up to `most`: first the one that only sets the
        leading space apart, then those of two pieces, then others sampled by `seed`. None where the
        text cannot be cut otherwise.
        """
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated ids, special tokens left out."""
        ...

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return one text per id. Joined they are `decode(ids)`, but for special tokens, whose text
        is their name.

        A character of several tokens is in the last of them, and the text of the others is empty.
        """
        ...


class Scorer(Tokens, Protocol):
    """Scores answers."""

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after each row, in order, a batch at a time.

        What rows have in common with the first may be computed once. With `steering` the rows are
        read under its lever. Raises `PromptTooLong`, `NotFinite`, `OutOfMemory`, `Unsupported`.
        """
        ...

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """Yield what was expected at each token of the answer after each row, in order, a batch at
        a time.

        Raises `Unsupported` where a door shows no more than log-probabilities, and what `score`
        raises.
        """
        ...

    def refuses(self, lever: Lever) -> str:
        """Return why nothing can be read under a lever, as a clause; empty when it can."""
        ...

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the same after one row, once for each set of positions that the answer cannot see.

        The row has read itself whole, and only then are the positions hidden from the answer and
        from the row's last token: an approximation of removing them, without reading the row again.
        Raises what `score` raises.
        """
        ...

    def rounding(self, row: Row, answer: Answer) -> Nats | None:
        """Return how far from zero a contribution may come out for want of precision.

        Three times the root mean square of what LP of one row moves by when its embeddings are
        moved, at random, by as much as they were rounded by. None where numbers are kept in 32 bits
        or more. Ours. Raises what `score` raises.
        """
        ...

    def salience(self, row: Row, answer: Answer) -> tuple[Nats, ...]:
        """Return gradient x input per position of the row: to first order, what LP(answer) loses
        when the embedding of the token there is taken away. One pass forward, one back.

        Raises `Unsupported` and what `score` raises.
        """
        ...


class Writer(Tokens, Protocol):
    """Writes answers."""

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        """Yield the ids written so far, one tuple per row, after each step of greedy decoding.

        Yields at least once and stops when every row has ended or has `limit` new tokens. With
        `steering` all of it is read under its lever. Raises what `score` raises.
        """
        ...


class Model(Scorer, Writer, Protocol):
    """Both."""


def score_all(scorer: Scorer, rows: Sequence[Row], answer: Answer) -> list[Nats]:
    """Return LP of the answer after each row. Raises what the scorer raises."""
    return [mean(logprobs) for batch in scorer.score(rows, answer) for logprobs in batch]


def write_all(writer: Writer, rows: Sequence[Row], limit: int) -> list[Row]:
    """Return the ids that the model writes after each row. Raises what the writer raises."""
    return deque(writer.write(rows, limit), maxlen=1).pop()


def mean(logprobs: TokenLogprobs) -> float:
    """LP(x, y): the mean log-probability per answer token, in nats (paper, definition of LP)."""
    return sum(logprobs) / len(logprobs)

"""A door to a model that remembers: what was asked before is not asked again.

A whole call is one question, and what it yielded one answer, whoever asks for whatever purpose.
Single rows are not: a row that is in one call twice measures how far rounding moves it, and must
not be answered from itself. Knows nothing of checkpoints, nor how answers are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Protocol, TypeVar

import msgspec

from attribution.attempts import Lever, Steering
from attribution.scorer import Hidden, Model, Row, TokenLogprobs
from attribution.types import Answer, AnswerSource, Nats, Odds, Prompt, Token
from unpact_tui.cache_file import FORMAT

Kept = TypeVar("Kept")


class Memory(Protocol):
    """Bytes by key; whatever is in it may be gone the next moment."""

    def get(self, key: bytes) -> bytes | None:
        """Return what was kept under a key."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value, or not."""
        ...

    def drop(self, key: bytes) -> None:
        """Let go of what is kept under a key."""
        ...


_SCORED = msgspec.msgpack.Decoder(list[tuple[float, ...]])
_EXPECTED = msgspec.msgpack.Decoder(list[tuple[tuple[float, bool, float, float], ...]])
_SALIENT = msgspec.msgpack.Decoder(tuple[float, ...])
_ROUNDING = msgspec.msgpack.Decoder(tuple[float | None])
_REFUSED = msgspec.msgpack.Decoder(tuple[str])
_WRITTEN = msgspec.msgpack.Decoder(list[tuple[int, ...]])


class RememberedModel:
    """Answers from memory what was asked of the same model before; meets `Model`.

    An answer is kept when all of it is there: a call that is broken off before leaves nothing.
    """

    def __init__(self, bare: Model, memory: Memory, identity: str) -> None:
        """`identity` stands for everything that the answers depend on besides the question."""
        self.bare = bare
        """The model that is asked when nothing is remembered."""
        self._memory = memory
        self._begun = blake2b(msgspec.msgpack.encode((FORMAT, identity)), digest_size=32)

    # ------------------------------------------------------------ numbers and answers

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after each row; at once, when remembered."""
        key = self._key(_kind("score", steering), *_pulled(steering), answer.ids, rows=rows)
        return self._logprobs(
            key, len(rows), answer, lambda: self.bare.score(rows, answer, steering)
        )

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """Yield what was expected at each token of the answer; at once, when remembered."""
        key = self._key("odds", answer.ids, rows=rows)
        width = len(answer.ids)
        known = self._recall(key, _EXPECTED, lambda found: _are_odds(found, len(rows), width))
        if known is not None:
            yield [tuple(Odds(*numbers) for numbers in row) for row in known]
            return
        asked: list[tuple[tuple[float, bool, float, float], ...]] = []
        for batch in self.bare.odds(rows, answer):
            asked += [tuple((o.logprob, o.first, o.mean, o.spread) for o in row) for row in batch]
            if _are_odds(asked, len(rows), width):
                self._memory.put(key, msgspec.msgpack.encode(asked))
            yield batch

    def refuses(self, lever: Lever) -> str:
        """Return why nothing can be read under a lever; not tried out again, when remembered."""
        key = self._key("refuses", *_parts(lever))
        known = self._recall(key, _REFUSED, lambda _: True)
        if known is None:
            known = (self.bare.refuses(lever),)
            self._memory.put(key, msgspec.msgpack.encode(known))
        return known[0]

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the same after one row, once for each set of positions that the answer cannot
        see."""
        key = self._key("hide", answer.ids, row, *(sorted(positions) for positions in hidden))
        return self._logprobs(key, len(hidden), answer, lambda: self.bare.hide(row, answer, hidden))

    def rounding(self, row: Row, answer: Answer) -> Nats | None:
        """Return how far from zero a contribution may come out for want of precision."""
        key = self._key("rounding", answer.ids, row)
        known = self._recall(key, _ROUNDING, lambda found: _is_noise(found[0]))
        if known is not None:
            return known[0]
        found = self.bare.rounding(row, answer)
        if _is_noise(found):
            self._memory.put(key, msgspec.msgpack.encode((found,)))
        return found

    def salience(self, row: Row, answer: Answer) -> tuple[Nats, ...]:
        """Return gradient x input per position of the row."""
        key = self._key("salience", answer.ids, row)
        known = self._recall(key, _SALIENT, lambda found: _are_finite([found], 1, len(row)))
        if known is not None:
            return known
        found = self.bare.salience(row, answer)
        if _are_finite([found], 1, len(row)):
            self._memory.put(key, msgspec.msgpack.encode(found))
        return found

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        """Yield the ids written so far; when remembered, those at the end alone."""
        key = self._key(_kind("write", steering), *_pulled(steering), limit, *rows)
        known = self._recall(key, _WRITTEN, lambda found: _could_be_written(found, rows, limit))
        if known is not None:
            yield known
            return
        written: list[Row] = []
        for written in self.bare.write(rows, limit, steering):
            yield written
        if _could_be_written(written, rows, limit):
            self._memory.put(key, msgspec.msgpack.encode(written))

    def _logprobs(
        self,
        key: bytes,
        count: int,
        answer: Answer,
        ask: Callable[[], Iterator[list[TokenLogprobs]]],
    ) -> Iterator[list[TokenLogprobs]]:
        def sound(found: Sequence[TokenLogprobs]) -> bool:
            return _are_finite(found, count, len(answer.ids))

        known = self._recall(key, _SCORED, sound)
        if known is not None:
            yield known
            return
        scored: list[TokenLogprobs] = []
        for batch in ask():
            scored += batch
            # Who has the last row may not come back to see that there are no more.
            if sound(scored):
                self._memory.put(key, msgspec.msgpack.encode(scored))
            yield batch

    def _key(self, kind: str, *question: object, rows: Sequence[Row] = ()) -> bytes:
        digest = self._begun.copy()
        digest.update(msgspec.msgpack.encode((kind, len(question) + len(rows))))
        for part in chain(question, rows):  # one by one: those of a long prompt are large together
            digest.update(msgspec.msgpack.encode(part))
        return digest.digest()

    def _recall(
        self, key: bytes, decoder: msgspec.msgpack.Decoder[Kept], sound: Callable[[Kept], bool]
    ) -> Kept | None:
        """Return what is kept under a key, if it is an answer to the question at all."""
        kept = self._memory.get(key)
        if kept is None:
            return None
        try:
            found = decoder.decode(kept)
        except msgspec.DecodeError:
            found = None
        if found is None or not sound(found):
            self._memory.drop(key)
            return None
        return found

    # ------------------------------------------------------------ text, as the model has it

    def encode(self, content: str) -> Prompt:
        """Wrap `content` in the template, if there is one, and tokenise it."""
        return self.bare.encode(content)

    def fragment(self, text: str) -> tuple[Token, ...]:
        """Tokenise a piece of text alone."""
        return self.bare.fragment(text)

    def answer(
        self, text: str, *, after: Prompt | None = None, source: AnswerSource = "gold"
    ) -> Answer:
        """Tokenise `text` as the continuation of a prompt."""
        return self.bare.answer(text, after=after, source=source)

    def stand_in(self, name: str) -> int:
        """Return the id that takes a removed token's place."""
        return self.bare.stand_in(name)

    def spellings(
        self, tokens: Sequence[Token], most: int, *, seed: int = 0
    ) -> tuple[tuple[Token, ...], ...]:
        """Return other ways to cut the text of some adjacent tokens."""
        return self.bare.spellings(tokens, most, seed=seed)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated ids."""
        return self.bare.decode(ids)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return one text per id."""
        return self.bare.pieces(ids)


def bare(model: Model) -> Model:
    """Return the model itself: the one that reads tokens and takes memory."""
    return model.bare if isinstance(model, RememberedModel) else model


def _kind(of: str, steering: Steering | None) -> str:
    """Return what a question is called; one without steering as if there were no such thing."""
    return of if steering is None or steering.lever.idle else f"{of}, steered"


def _pulled(steering: Steering | None) -> tuple[object, ...]:
    """Return what steering adds to a question; nothing when it changes nothing."""
    if steering is None or steering.lever.idle:
        return ()
    return (*_parts(steering.lever), [sorted(positions) for positions in steering.where])


def _parts(lever: Lever) -> tuple[object, ...]:
    # Whole and other numbers are told apart in a key, but are the same amount.
    return (lever.kind, float(lever.amount), sorted(lever.layers), sorted(lever.heads))


def _are_finite(found: Sequence[Sequence[float]], count: int, width: int) -> bool:
    """Whether there are `count` rows of `width` numbers; an infinity or NaN is none."""
    return len(found) == count and all(
        len(row) == width and all(map(math.isfinite, row)) for row in found
    )


def _are_odds(
    found: Sequence[Sequence[tuple[float, bool, float, float]]], count: int, width: int
) -> bool:
    """Whether there are `count` rows of odds on `width` tokens, all of them numbers."""
    return len(found) == count and all(
        len(row) == width and all(map(math.isfinite, numbers)) for row in found for numbers in row
    )


def _is_noise(found: float | None) -> bool:
    return found is None or (found >= 0 and math.isfinite(found))


def _could_be_written(found: Sequence[Row], rows: Sequence[Row], limit: int) -> bool:
    return len(found) == len(rows) > 0 and all(
        len(ids) <= limit and all(id >= 0 for id in ids) for ids in found
    )

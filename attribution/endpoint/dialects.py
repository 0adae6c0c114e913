"""How log-probabilities are asked for, and read back, in the dialects that servers speak.

Two of them give the log-probabilities of a whole prompt, of which the answer is the end; the third
gives the likeliest next tokens alone, so that it is asked once per token of the answer. Does not
know how anything is sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from attribution.endpoint.replies import Choice, not_finite, other_count, top_by_id
from attribution.errors import NoLogprobs, NotCompletions, OtherIds
from attribution.scorer import Row, TokenLogprobs

_ABOVE_ZERO = 1e-3
"""A log-probability may be so much above zero, by rounding."""

ALL = 1 << 18
"""More than any vocabulary has."""


class WholePrompt(Protocol):
    """A way to ask for the log-probabilities of a prompt."""

    @property
    def fields(self) -> Mapping[str, object]:
        """What a request has beyond model and prompts."""
        ...

    def read(self, choice: Choice, row: Row, count: int, server: str) -> TokenLogprobs:
        """Return those of the last `count` ids of a row. Raises `NoLogprobs`, `OtherIds`,
        `NotCompletions`, `NotFinite`."""
        ...


@dataclass(frozen=True, slots=True)
class PromptLogprobs:
    """vLLM's own: a table per token of the prompt, by id."""

    @property
    def fields(self) -> Mapping[str, object]:
        """With 0 a table has the prompt's own token alone. One token is written: no fewer may be
        asked for."""
        return {"max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}

    def read(self, choice: Choice, row: Row, count: int, server: str) -> TokenLogprobs:
        """Look each id up in its table: that it is there proves that the server read it."""
        tables = choice.prompt_logprobs
        if tables is None:
            raise NoLogprobs(server)
        if len(tables) != len(row):
            raise other_count(server, len(row), len(tables))
        found: list[float] = []
        for id, table in zip(row[-count:], tables[-count:], strict=True):
            if table is None:
                raise NotCompletions(server, "the log-probability of a token is missing")
            if str(id) not in table:
                raise OtherIds(server, f"it has nothing on id {id} where that was")
            found.append(table[str(id)].logprob)
        return checked(found, server)


@dataclass(frozen=True, slots=True)
class Echo:
    """OpenAI's legacy completions: the prompt is part of what is written."""

    written: int = 1
    """Tokens that are asked for and dropped: some servers take 0 for no limit, others refuse 1."""

    @property
    def fields(self) -> Mapping[str, object]:
        """The prompt is repeated, with log-probabilities."""
        return {"max_tokens": self.written, "temperature": 0, "echo": True, "logprobs": 1}

    def read(self, choice: Choice, row: Row, count: int, server: str) -> TokenLogprobs:
        """Take those of the prompt's end; a text that ends at once has nothing behind them."""
        said = choice.logprobs.token_logprobs if choice.logprobs else None
        if said is None or len(said) < len(row):
            raise NoLogprobs(server)
        if len(said) > len(row) + self.written:
            raise other_count(server, len(row), len(said) - self.written)
        return checked(said[len(row) - count : len(row)], server)


@dataclass(frozen=True, slots=True)
class NextToken:
    """llama.cpp's server: the likeliest next tokens, by id."""

    most: int
    """How many are asked for."""
    native: bool = True
    """It is told so by llama.cpp's own name too."""

    @property
    def fields(self) -> Mapping[str, object]:
        """One token is written; what counts are its rivals."""
        own: dict[str, object] = {"n_probs": self.most} if self.native else {}
        named = {"return_tokens_as_token_ids": True}
        return {"max_tokens": 1, "temperature": 0, "logprobs": self.most, **named, **own}

    def read(self, choice: Choice, id: int, server: str) -> float | None:
        """Return the log-probability of an id; None where it is not among those given.

        Raises `NoLogprobs`, `NotCompletions`, `NotFinite`.
        """
        found = top_by_id(choice)
        if not found:
            raise NoLogprobs(server)
        return checked([found[id]], server)[0] if id in found else None


def checked(found: Sequence[float | None], server: str) -> TokenLogprobs:
    """Return log-probabilities that are some. Raises `NotFinite`, `NotCompletions`."""
    numbers = tuple(number for number in found if number is not None)
    if len(numbers) != len(found):
        raise NotCompletions(server, "the log-probability of a token is missing")
    if not all(map(math.isfinite, numbers)):
        raise not_finite()
    if any(number > _ABOVE_ZERO for number in numbers):
        raise NotCompletions(server, "a log-probability is above zero")
    return numbers

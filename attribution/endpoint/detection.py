"""Finds out how a server is to be asked, by a few short questions.

Each dialect is tried in turn, the most exact first; what a server refuses, it does not speak. Knows
no model and no text: the ids to try with are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from attribution.endpoint.dialects import Echo, NextToken, PromptLogprobs, WholePrompt
from attribution.endpoint.replies import Choice, Reply, choices_for, written_ids
from attribution.errors import (
    EndpointError,
    NoLogprobs,
    NotCompletions,
    OtherIds,
    RefusesIds,
    ServerFailed,
)
from attribution.scorer import Row

Prompts = Sequence[Row] | str

Ask = Callable[[Prompts, Mapping[str, object]], Reply]
"""Asks for the completions of some prompts, with further fields. Raises `EndpointError`."""

_TOPS = (1000, 100, 20, 5)
"""How many next tokens are asked for, until a server agrees."""

_WRITING: tuple[Mapping[str, object], ...] = (
    {"logprobs": 1, "return_token_ids": True, "return_tokens_as_token_ids": True},
    {"logprobs": 1},
    {},
)
"""Ways to have written ids told: vLLM's, llama.cpp's, and none."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server is asked."""

    dialect: WholePrompt | NextToken
    several: bool
    """It takes more prompts than one at a time."""
    counts: bool
    """It says how many tokens it read."""
    writing: Mapping[str, object] = field(default_factory=dict[str, object])
    """What a request to write has besides."""
    ids: bool = False
    """It says the ids of what it writes."""


def find_manner(ask: Ask, row: Row, server: str) -> Manner:
    """Return how to ask a server, tried out on a row of at least three ids.

    Raises `RefusesIds`, `NoLogprobs`, `OtherIds` and what `ask` raises.
    """
    refused: list[ServerFailed] = []
    tried = 0
    for dialect in _dialects():
        tried += 1
        try:
            reply = ask([row], dialect.fields)
            (choice,) = choices_for(reply, [row], server)
            _read(dialect, choice, row, server)
        except ServerFailed as error:
            refused.append(error)
        except NoLogprobs:
            continue
        else:
            counts = bool(reply.usage and reply.usage.prompt_tokens)
            several = _takes_several(ask, dialect, row, server)
            writing, ids = _writing(ask, row, server)
            return Manner(dialect, several, counts, writing, ids)
    if len(refused) == tried:
        raise _why_refused(ask, refused[0], server)
    raise NoLogprobs(server)


def _dialects() -> Iterator[WholePrompt | NextToken]:
    yield PromptLogprobs()
    yield Echo(1)
    yield Echo(0)
    for most in _TOPS:
        yield NextToken(most)
        yield NextToken(most, native=False)


def _read(dialect: WholePrompt | NextToken, choice: Choice, row: Row, server: str) -> None:
    if isinstance(dialect, NextToken):
        dialect.read(choice, row[-1], server)
    else:
        dialect.read(choice, row, len(row) - 1, server)


def _takes_several(ask: Ask, dialect: WholePrompt | NextToken, row: Row, server: str) -> bool:
    """Whether two prompts of different lengths are answered by two readings."""
    rows = [row, row[:-1]]
    with suppress(ServerFailed, NotCompletions, NoLogprobs, OtherIds):
        for choice, each in zip(
            choices_for(ask(rows, dialect.fields), rows, server), rows, strict=True
        ):
            _read(dialect, choice, each, server)
        return True
    return False


def _writing(ask: Ask, row: Row, server: str) -> tuple[Mapping[str, object], bool]:
    """Return what a server has to be asked so that it tells ids, and whether it does."""
    for fields in _WRITING:
        with suppress(ServerFailed):
            reply = ask([row], {"max_tokens": 1, "temperature": 0, **fields})
            (choice,) = choices_for(reply, [row], server)
            if written_ids(choice) is not None:
                return fields, True
    return {}, False


def _why_refused(ask: Ask, refused: ServerFailed, server: str) -> EndpointError:
    """Return what to raise where every dialect is refused: text may be what is wanted."""
    try:
        ask("Hello", {"max_tokens": 1})
    except ServerFailed:
        return refused
    return RefusesIds(server)

"""What a completions server answers, as plain values; whatever is not of that shape is refused.

Knows the shapes of vLLM, llama.cpp and OpenAI's legacy completions; does not know what is made of
them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from attribution.errors import EndpointError, NotCompletions, NotFinite, OtherIds
from attribution.scorer import Row

_NAMED = "token_id:"
"""What vLLM puts before the id of a token that it is asked to name by it."""


class Chosen(msgspec.Struct):
    """What vLLM says of one token of a prompt."""

    logprob: float


class Top(msgspec.Struct):
    """One of the likeliest next tokens, as llama.cpp says it."""

    id: int | None = None
    logprob: float | None = None


class Content(msgspec.Struct):
    """One written token, as llama.cpp says it."""

    id: int | None = None
    top_logprobs: list[Top] | None = None


class Logprobs(msgspec.Struct):
    """Of the tokens of a choice, in either of two shapes."""

    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float | None] | None] | None = None
    content: list[Content] | None = None


class Choice(msgspec.Struct):
    """The answer to one prompt."""

    index: int = 0
    text: str = ""
    logprobs: Logprobs | None = None
    prompt_logprobs: list[dict[str, Chosen] | None] | None = None
    token_ids: list[int] | None = None
    prompt_token_ids: list[int] | None = None


class Usage(msgspec.Struct):
    """What the server counted."""

    prompt_tokens: int | None = None


class Reply(msgspec.Struct):
    """One answer, or one part of one that is streamed."""

    choices: list[Choice]
    usage: Usage | None = None


def decode(body: bytes, server: str) -> Reply:
    """Raises `NotCompletions`, and `NotFinite` for a NaN, which JSON has not."""
    try:
        return msgspec.json.decode(body, type=Reply)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if b"NaN" in body or b"Infinity" in body:
            raise not_finite() from error
        raise NotCompletions(server, "what it sends is cut off or of another shape") from error


def not_finite() -> NotFinite:
    """Return what to raise over a log-probability that is none."""
    error = NotFinite("the server's log-probabilities")
    error.hint = "The server, or the model behind it, is broken; its log may say more."
    return error


def choices_for(reply: Reply, rows: Sequence[Row], server: str) -> list[Choice]:
    """Return one choice per prompt, in order, if the server says that it read what it was sent.

    Raises `NotCompletions`, `OtherIds`.
    """
    found = sorted(reply.choices, key=lambda choice: choice.index)
    if [choice.index for choice in found] != list(range(len(rows))):
        raise NotCompletions(server, f"to {len(rows)} prompts it gives {len(found)} answers")
    sent = sum(map(len, rows))
    counted = reply.usage.prompt_tokens if reply.usage else None
    if counted and counted != sent:
        raise other_count(server, sent, counted)
    for choice, row in zip(found, rows, strict=True):
        if choice.prompt_token_ids is not None and tuple(choice.prompt_token_ids) != row:
            raise OtherIds(server, "it says so itself")
    return found


def other_count(server: str, sent: int, counted: int) -> EndpointError:
    """Return what to raise when the server counts other tokens than it was sent."""
    return OtherIds(server, f"of {sent} it makes {counted}")


def written_ids(choice: Choice) -> Row | None:
    """Return the ids of what was written; None where the server gives text alone."""
    if choice.token_ids is not None:
        return tuple(choice.token_ids)
    said = choice.logprobs
    if said is None:
        return None
    if said.content is not None:
        ids = [content.id for content in said.content]
        return None if None in ids else tuple(id for id in ids if id is not None)
    if said.tokens and all(map(_is_named, said.tokens)):
        return tuple(int(token.removeprefix(_NAMED)) for token in said.tokens)
    return None


def top_by_id(choice: Choice) -> dict[int, float | None]:
    """Return the likeliest next tokens by id; none where the server names them by text alone."""
    said = choice.logprobs
    if said is None:
        return {}
    if said.content:
        return {
            top.id: top.logprob for top in said.content[0].top_logprobs or [] if top.id is not None
        }
    named = (said.top_logprobs[0] if said.top_logprobs else None) or {}
    return {
        int(name.removeprefix(_NAMED)): logprob
        for name, logprob in named.items()
        if _is_named(name)
    }


def _is_named(token: str) -> bool:
    number = token.removeprefix(_NAMED)
    return number != token and number.isascii() and number.isdecimal() and len(number) < 12

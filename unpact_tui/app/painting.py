"""Which numbers colour which tokens: the views, each as what two panes show.

Pure. The paper defines contributions; that answer tokens "die" and where the two models part are
ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import exp

from attribution.types import Prompt, Span, Token
from unpact_tui.app import certainty, find
from unpact_tui.app.certainty import Values
from unpact_tui.app.state import CompareState, Side
from unpact_tui.worker.events import Role

PANES: tuple[Role, Role] = ("base", "unlearned")

_WORDS = re.compile(r"\s*\S+\s?")

DEAD = 0.5
"""An answer token has died when it keeps less than this share of its probability. Ours."""


def tokens(state: CompareState) -> tuple[Token, ...]:
    """Return what the panes show: the prompt's tokens, or the answer's."""
    if state.view == "answer":
        return state.page.answer_tokens
    return state.prompt.tokens if state.prompt else _unread(state.case.prompt)


@lru_cache(maxsize=8)
def _unread(text: str) -> tuple[Token, ...]:
    """Return the words of a prompt that no tokenizer has read yet: to be read, and no more."""
    found = (Token(0, m[0], m.start(), m.end(), fixed=True) for m in _WORDS.finditer(text))
    return tuple(found)


def cursor(state: CompareState) -> int:
    """Return the token the cursor is on, among those shown."""
    return state.answer_token if state.view == "answer" else state.cursor


def painted(state: CompareState, role: Role) -> Values:
    """Return the numbers that colour one model's tokens."""
    side = state.side(role)
    match state.view:
        case "contribution":
            return side.values
        case "shift":
            if role == "base":
                return side.values
            return certainty.measured_shift(state)
        case "answer":
            return tuple(exp(logprob) for logprob in side.answer_logprobs)
        case "by_token":
            row = state.answer_token
            return side.by_token[row] if row < len(side.by_token) else ()
        case "key_tokens":
            return _of_key_tokens(state, side)


def _of_key_tokens(state: CompareState, side: Side) -> Values:
    """What is no KeyToken is drawn as inert; but not what might be one, and was not measured."""
    keys, doubtful = state.key_tokens, side.approximation is not None
    return tuple(
        v if i in keys or (v is None and doubtful) else 0.0 for i, v in enumerate(side.values)
    )


def scale(state: CompareState, role: Role) -> float:
    """Return the largest absolute number painted: in either pane, or in this one.

    A probability's scale is 1, whatever the answer. Guesses count where nothing was measured.
    """
    if state.view == "answer":
        return 1.0
    roles: Sequence[Role] = ("base", "unlearned") if state.now.joint else (role,)
    measured = _largest(painted(state, each) for each in roles)
    return measured or _largest(certainty.estimates(state, each) for each in roles)


def _largest(rows: Iterable[Values]) -> float:
    return max((abs(value) for row in rows for value in row if value is not None), default=0.0)


def said(state: CompareState, role: Role) -> tuple[str, bool]:
    """Return the answer to show and whether it is whole: with emphasis, where there is some."""
    side = state.side(role)
    if role == "unlearned" and state.emphasis:
        return side.emphasised or "", side.emphasised_done
    return side.text or "", side.done


def hits(state: CompareState, needle: str) -> tuple[tuple[int, ...], ...]:
    """Return the tokens, among those shown, of each place where a text stands."""
    if not needle:
        return ()
    if state.view == "answer":
        return find.hits(_answer_as_prompt(state.page.answer_tokens), needle)
    return find.hits(state.prompt, needle) if state.prompt else ()


def _answer_as_prompt(tokens: tuple[Token, ...]) -> Prompt:
    text = "".join(token.text for token in tokens)
    return Prompt(text, tokens, Span(0, len(text)))


def marked(state: CompareState) -> frozenset[int]:
    """Return the tokens with a pointer: the KeyTokens, or where the models part."""
    if state.view != "answer":
        return state.key_tokens
    first = first_divergence(state)
    return frozenset() if first is None else frozenset({first})


def emphasised(state: CompareState) -> frozenset[int]:
    """Return the tokens that are emphasised; those of an answer never are."""
    return frozenset() if state.view == "answer" else state.emphasis


def probabilities(state: CompareState) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the probability of each answer token on base and unlearned."""
    base, unlearned = (state.side(role).answer_logprobs for role in PANES)
    return tuple(map(exp, base)), tuple(map(exp, unlearned))


def matrix_scale(state: CompareState) -> float:
    """Return the largest absolute contribution to any one answer token, on either model."""
    return _largest(row for role in PANES for row in state.side(role).by_token)


def dead(state: CompareState) -> tuple[int, ...]:
    """Return the answer tokens that keep less than half of their probability. Ours."""
    pairs = zip(state.page.base.answer_logprobs, state.page.unlearned.answer_logprobs, strict=False)
    return tuple(i for i, (base, after) in enumerate(pairs) if exp(after) < DEAD * exp(base))


def first_divergence(state: CompareState) -> int | None:
    """Return the first answer token that died; None when none did. Ours."""
    return next(iter(dead(state)), None)

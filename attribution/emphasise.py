"""Emphasis put on words of a prompt: what the model then reads, and under which lever.

Edits are made in the text, which is tokenised again as a person's prompt would be; other spellings
are put among the prompt's own tokens; a lever leaves the prompt as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.attempts import Emphasis, Lever
from attribution.emphasis import DEFAULT_MEANS, Means, Strategy, load
from attribution.emphasis._edits import Edit, apply, moved
from attribution.errors import BadOption, NoOtherSpelling, NothingToEmphasise
from attribution.scorer import Tokens
from attribution.types import Prompt, Span, Token
from attribution.words import Word, positions_in, touched


@dataclass(frozen=True, slots=True)
class Emphasised:
    """A prompt with its emphasis in it."""

    prompt: Prompt
    moved: tuple[int, ...]
    """Where the emphasised tokens are now."""
    ids_changed: bool
    """The emphasised words have other token ids than before."""
    lever: Lever | None = None
    """What is done to `moved` while it is read."""


def emphasise(
    tokens: Tokens, prompt: Prompt, emphasis: Emphasis, means: Means = DEFAULT_MEANS
) -> Emphasised:
    """Emphasise the whole words that hold one of the positions.

    Raises `NothingToEmphasise`, `NoOtherSpelling`, `UnknownName`, `BadOption` and `EmptyPrompt`.
    """
    strategy = load(emphasis.strategy, means)
    _check(strategy, emphasis.strength)
    words = touched(prompt, emphasis.positions)
    if not words:
        raise NothingToEmphasise
    if strategy.lever is not None:
        places = tuple(i for word in words for i in word.positions)
        lever = strategy.lever(emphasis.strength, means.reach)
        return Emphasised(prompt, places, ids_changed=False, lever=lever)
    if strategy.respell is not None:
        found = [
            strategy.respell(tokens, prompt, word, emphasis.strength, means.seed) for word in words
        ]
        return respelled(prompt, words, found)
    return _edited(tokens, prompt, words, edits_of(prompt, emphasis, means))


def edits_of(prompt: Prompt, emphasis: Emphasis, means: Means) -> tuple[Edit, ...]:
    """Return the edits of a strategy at prompt level, in characters of the content; none of
    another. Raises what `emphasise` raises."""
    strategy = load(emphasis.strategy, means)
    _check(strategy, emphasis.strength)
    words = touched(prompt, emphasis.positions)
    if not words:
        raise NothingToEmphasise
    if strategy.edit is None:
        return ()
    return strategy.edit(prompt.content_text, _spans(prompt, words), emphasis.strength)


def respelled(
    prompt: Prompt, words: Sequence[Word], spellings: Sequence[tuple[Token, ...] | None]
) -> Emphasised:
    """Put other tokens in the place of each word's, where there are such.

    Raises `NoOtherSpelling` where there are none at all.
    """
    instead = {
        word.positions[0]: (word, spelling)
        for word, spelling in zip(words, spellings, strict=True)
        if spelling is not None
    }
    if not instead:
        raise NoOtherSpelling
    wanted = {i for word in words for i in word.positions}
    pieces: list[tuple[Token, str]] = []
    places: list[int] = []
    skip: set[int] = set()
    for i, token in enumerate(prompt.tokens):
        if i in instead:
            word, spelling = instead[i]
            skip |= set(word.positions)
            places += range(len(pieces), len(pieces) + len(spelling))
            pieces += [(piece, piece.text) for piece in spelling]
        elif i not in skip:
            places += [len(pieces)] if i in wanted else []
            pieces.append((token, prompt.text[token.start : token.end]))
    return Emphasised(joined(prompt, pieces), tuple(places), ids_changed=True)


def joined(prompt: Prompt, pieces: Sequence[tuple[Token, str]]) -> Prompt:
    """Lay tokens, each with its text, end to end in the place of the prompt's own."""
    laid: list[Token] = []
    at = 0
    for token, text in pieces:
        laid.append(Token(token.id, token.text, at, at + len(text), token.fixed))
        at += len(text)
    text = "".join(piece for _, piece in pieces)
    content = Span(prompt.content.start, prompt.content.end + len(text) - len(prompt.text))
    return Prompt(text, tuple(laid), content)


def _check(strategy: Strategy, strength: float) -> None:
    off = strategy.lever is not None and strength == 0
    if strategy.dialled and not off and strength not in strategy.strengths:
        known = ", ".join(f"{strength:g}" for strength in strategy.strengths)
        raise BadOption(f"The strength of {strategy.name}", strength, f"one of {known}")


def _spans(prompt: Prompt, words: Sequence[Word]) -> list[Span]:
    offset = prompt.content.start
    return [Span(word.span.start - offset, word.span.end - offset) for word in words]


def _edited(
    tokens: Tokens, prompt: Prompt, words: Sequence[Word], edits: tuple[Edit, ...]
) -> Emphasised:
    """Edit the content, wrap it in the template again and tokenise it."""
    edited = tokens.encode(apply(prompt.content_text, edits))
    offset = edited.content.start
    places: list[int] = []
    changed = False
    for word, span in zip(words, _spans(prompt, words), strict=True):
        now = moved(span, edits)
        mine = positions_in(edited, Span(now.start + offset, now.end + offset))
        before = [prompt.tokens[i].id for i in word.positions]
        changed = changed or before != [edited.tokens[i].id for i in mine]
        places += mine
    return Emphasised(edited, tuple(dict.fromkeys(places)), changed)

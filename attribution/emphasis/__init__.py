"""Ways to emphasise words of a prompt, one file each; no weight changes.

A strategy says which edits emphasise some words of a text. This module makes them: `emphasise`
re-tokenises the edited text as a person's prompt would be, and `id_preserving_twin` puts the same
marks between the original tokens, so that the emphasised words keep their ids. What only the first
brings back was brought back by other tokens, not by emphasis.

A strategy may have a dial: a file that says in `STRENGTHS` where it can stand takes the strength
as the third argument of its `edit`. The file of a strategy without one does not know of dials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol

from attribution.emphasis._edits import Edit, apply, moved
from attribution.errors import BadOption, NothingToEmphasise, UnknownName
from attribution.scorer import Tokens
from attribution.types import Emphasis, Prompt, Span, Token
from attribution.words import positions_in, touched

NO_DIAL = (1.0,)
"""The strengths of a strategy without a dial."""


class Undialled(Protocol):
    """The `edit` of a file without a dial."""

    def __call__(self, text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
        """Return edits in order, without overlap, that keep every word of `text`.

        `spans` are the words, at least one, in order.
        """
        ...


class Strategy(Protocol):
    """Says how to emphasise words of a text; the `edit` of a file with a dial."""

    def __call__(self, text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        """Return edits as without a dial; `strength` is one of the file's `STRENGTHS`.

        A strategy without a dial makes the same edits at any strength.
        """
        ...


@dataclass(frozen=True, slots=True)
class Emphasised:
    """A prompt with its emphasis in it."""

    prompt: Prompt
    moved: tuple[int, ...]
    """Where the emphasised tokens are now."""
    ids_changed: bool
    """The emphasised words have other token ids than before."""


def names() -> tuple[str, ...]:
    """Return the names of the strategies, without importing one."""
    return tuple(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def load(name: str) -> Strategy:
    """Return a strategy. Raises `UnknownName`."""
    file = _file(name)
    if hasattr(file, "STRENGTHS"):
        strategy: Strategy = file.edit
        return strategy
    edit: Undialled = file.edit

    def at_any(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        return edit(text, spans)

    return at_any


def strengths(name: str) -> tuple[float, ...]:
    """Return where the dial of a strategy can stand, ascending from the default, 1.0; that alone
    without a dial. Raises `UnknownName`."""
    found: tuple[float, ...] = getattr(_file(name), "STRENGTHS", NO_DIAL)
    return found


def _file(name: str) -> ModuleType:
    if name not in names():
        raise UnknownName("strategy", name, names())
    return import_module(f"{__name__}.{name}")


def _check(emphasis: Emphasis) -> None:
    allowed = strengths(emphasis.strategy)
    if len(allowed) > 1 and emphasis.strength not in allowed:
        known = ", ".join(f"{strength:g}" for strength in allowed)
        raise BadOption(
            f"The strength of {emphasis.strategy}", emphasis.strength, f"one of {known}"
        )


def _edits(prompt: Prompt, emphasis: Emphasis) -> tuple[list[Span], tuple[Edit, ...]]:
    """Return the emphasised words and the edits, both in characters of the content."""
    _check(emphasis)
    offset = prompt.content.start
    found = touched(prompt, emphasis.positions)
    if not found:
        raise NothingToEmphasise
    spans = [Span(word.span.start - offset, word.span.end - offset) for word in found]
    return spans, load(emphasis.strategy)(prompt.content_text, spans, emphasis.strength)


def emphasise(tokens: Tokens, prompt: Prompt, emphasis: Emphasis) -> Emphasised:
    """Edit the content, wrap it in the template again and tokenise it.

    Emphasis is put on whole words, those that hold one of the positions. Raises
    `NothingToEmphasise`, `UnknownName`, `BadOption` and `EmptyPrompt`.
    """
    spans, edits = _edits(prompt, emphasis)
    edited = tokens.encode(apply(prompt.content_text, edits))
    offset = edited.content.start
    places: list[int] = []
    changed = False
    for word, span in zip(touched(prompt, emphasis.positions), spans, strict=True):
        now = moved(span, edits)
        mine = positions_in(edited, Span(now.start + offset, now.end + offset))
        before = [prompt.tokens[i].id for i in word.positions]
        changed = changed or before != [edited.tokens[i].id for i in mine]
        places += mine
    return Emphasised(edited, tuple(dict.fromkeys(places)), changed)


def _boundary(prompt: Prompt, at: int) -> int:
    """Return before which token a mark at character `at` goes, keeping every token whole.

    Inside a token, a mark after its leading space goes before it (it opens), any other behind it.
    """
    i = sum(token.start < at for token in prompt.tokens)
    inside = i > 0 and prompt.tokens[i - 1].end > at
    if inside and not prompt.text[prompt.tokens[i - 1].start : at].strip():
        return i - 1
    while i < len(prompt.tokens) and prompt.tokens[i].start == prompt.tokens[i].end <= at:
        i += 1
    return i


def id_preserving_twin(tokens: Tokens, prompt: Prompt, emphasis: Emphasis) -> Emphasised | None:
    """Return the prompt with the same marks between its own tokens.

    None where a strategy replaces words instead of marking them.
    """
    _, edits = _edits(prompt, emphasis)
    if any(edit.start != edit.end for edit in edits):
        return None
    marks: dict[int, list[Token]] = {}
    for edit in edits:
        place = _boundary(prompt, edit.start + prompt.content.start)
        marks.setdefault(place, []).extend(tokens.fragment(edit.replacement))
    wanted = {i for word in touched(prompt, emphasis.positions) for i in word.positions}
    pieces: list[tuple[Token, str]] = []
    places: list[int] = []
    for i in range(len(prompt.tokens) + 1):
        pieces += [(mark, mark.text) for mark in marks.get(i, [])]
        if i < len(prompt.tokens):
            places += [len(pieces)] if i in wanted else []
            token = prompt.tokens[i]
            pieces.append((token, prompt.text[token.start : token.end]))
    return Emphasised(_joined(prompt, pieces), tuple(places), ids_changed=False)


def _joined(prompt: Prompt, pieces: Sequence[tuple[Token, str]]) -> Prompt:
    """Lay the tokens end to end."""
    laid: list[Token] = []
    at = 0
    for token, text in pieces:
        laid.append(Token(token.id, token.text, at, at + len(text), token.fixed))
        at += len(text)
    text = "".join(piece for _, piece in pieces)
    content = Span(prompt.content.start, prompt.content.end + len(text) - len(prompt.text))
    return Prompt(text, tuple(laid), content)

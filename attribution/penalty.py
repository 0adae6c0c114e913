"""Which tokens of an answer did unlearning penalise: its keywords, or all of them alike?

The paper says that a model collapses when common words are penalised together with what is to be
forgotten. It publishes no rule for the kinds of token and no measure: both are ours. Knows nothing
of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from attribution.types import Nats, Span
from attribution.words import word_spans

TokenKind = Literal["key", "content", "common"]
"""Of an answer token: part of what the answer is about; of another word that says something; or of
a word that every answer may hold, or of no word at all."""

KINDS: tuple[TokenKind, ...] = ("key", "content", "common")

LEAST_LOSS: Nats = 0.1
"""Of a loss below this on the keywords, no ratio is taken: nothing was penalised there."""

_WORDS = (
    "a about after again all also an and another any are as at be because been before being both "
    "but by called can could did do does done each ever every few for from get gets got had has "
    "have having he her here hers him his how i if in into is it its itself just know known made "
    "make many may me mine more most much must my no nor not of off often on once one only or "
    "other others our out over own s same she should so some still such t than that the their "
    "them then there these they this those through to too under until up upon us used very was "
    "we well were what when where which while who whom whose why will with within without would "
    "yes you your"
)
_COMMON = frozenset(_WORDS.split())
"""English words of grammar, and the verbs that any answer may have. In another language every word
is content, which is said wherever the kinds are shown."""


def kinds_of(pieces: Sequence[str], entities: Sequence[str]) -> tuple[TokenKind, ...]:
    """Return the kind of each token of an answer, whose text is `pieces` joined.

    A token that overlaps an entity, white space aside, is "key"; else one that overlaps a word that
    is not common is "content"; all others are "common". A token without text of its own, as a part
    of a character is, has the kind of the one that completes it.
    """
    text = "".join(pieces)
    keys = [span for entity in entities for span in _occurrences(text, entity.strip())]
    content = [
        span for span in word_spans(text) if text[span.start : span.end].lower() not in _COMMON
    ]
    found: list[TokenKind] = []
    end = len(text)
    later: TokenKind = "common"
    for piece in reversed(pieces):
        start = end - len(piece)
        if piece:
            later = _kind(Span(start + len(piece) - len(piece.lstrip()), end), keys, content)
        found.append(later)
        end = start
    return tuple(reversed(found))


def _kind(token: Span, keys: Sequence[Span], content: Sequence[Span]) -> TokenKind:
    if any(_overlap(token, span) for span in keys):
        return "key"
    return "content" if any(_overlap(token, span) for span in content) else "common"


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _occurrences(text: str, entity: str) -> list[Span]:
    """Return where whole words of `text` say the entity, in any case of letters."""
    wanted = [entity[span.start : span.end].lower() for span in word_spans(entity)]
    there = list(word_spans(text))
    said = [text[span.start : span.end].lower() for span in there]
    many = len(wanted)
    return [
        Span(there[i].start, there[i + many - 1].end)
        for i in range(len(said) - many + 1)
        if many and said[i : i + many] == wanted
    ]


@dataclass(frozen=True, slots=True)
class Profile:
    """What unlearning took from the tokens of one answer, by their kind."""

    key: tuple[Nats, ...]
    """log p base - log p unlearned, of each token; above 0 is lost."""
    content: tuple[Nats, ...]
    common: tuple[Nats, ...]

    def mean(self, kind: TokenKind) -> Nats | None:
        """Return the mean loss of a kind; None where the answer has no token of it."""
        losses = {"key": self.key, "content": self.content, "common": self.common}[kind]
        return fmean(losses) if losses else None


def profile(base: Sequence[Nats], unlearned: Sequence[Nats], kinds: Sequence[TokenKind]) -> Profile:
    """Sort what each answer token lost by its kind. All three have one entry per token."""
    lost = [
        (kind, before - after) for before, after, kind in zip(base, unlearned, kinds, strict=True)
    ]
    key, content, common = (tuple(loss for kind, loss in lost if kind == one) for one in KINDS)
    return Profile(key, content, common)


def indiscriminateness(common: Nats, key: Nats) -> float | None:
    """Return how much of the loss on keywords common words lose too: 0 is a penalty on keywords
    alone, 1 one on everything alike. None where the keywords lost next to nothing. Ours."""
    return common / key if key >= LEAST_LOSS else None

"""A rule in the place of three models: deterministic, without torch, for tests and pictures.

Names (words with a capital, but for the first) carry the answer on the base. On the unlearned side
they push it away, until a mark gives them other token ids. The numbers are made up; only their
shape is that of a real case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from zlib import crc32

from attribution.attempts import Attempt, Level, Reading
from attribution.types import (
    Answer,
    AnswerSource,
    Case,
    KeyTokenRule,
    KeyTokens,
    Nats,
    Prompt,
    Shift,
    Span,
    Token,
)
from attribution.variants import Variant
from attribution.words import words

_PIECES = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]+|\s|_")
_START = Token(0, "<s>", 0, 0, fixed=True)
PLAIN, BASE, REFERENCE = -2.41, -0.06, -1.97
UNLEARNED = -0.4
"""How much of the base's contributions the unlearned model has."""
_STEERED: dict[Level, float] = {"attention": 0.03, "embedding": -0.02, "decoding": -0.11}
"""Of what was lost, per step of the dial."""


def _piece(text: str, start: int) -> list[Token]:
    """Split a word without its leading space in two, and a wide character into its bytes."""
    ends = [len(text)]
    if text.isalpha() and start > 0 and 4 < len(text) < 40:
        ends = [len(text) // 2, len(text)]
    out: list[Token] = []
    at = 0
    for end in ends:
        piece = text[at:end]
        out.append(Token(crc32(piece.encode(errors="replace")), piece, start + at, start + end))
        at = end
    if any(ord(character) > 0xFFFF for character in text):
        out.append(Token(crc32(text.encode()) + 1, "", start + len(text), start + len(text)))
    return out


def _laid(pieces: Sequence[str]) -> tuple[Token, ...]:
    out: list[Token] = []
    for piece in pieces:
        at = out[-1].end if out else 0
        out.append(Token(crc32(piece.encode(errors="replace")), piece, at, at + len(piece)))
    return tuple(out)


class FakeTokens:
    """Reads text as words with their leading space, behind one special token."""

    def encode(self, content: str) -> Prompt:
        """Tokenise."""
        return Prompt(content, (_START, *self.fragment(content)), Span(0, len(content)))

    def fragment(self, text: str) -> tuple[Token, ...]:
        """Tokenise without the special token."""
        return tuple(t for m in _PIECES.finditer(text) for t in _piece(m[0], m.start()))

    def answer(
        self, text: str, *, after: Prompt | None = None, source: AnswerSource = "gold"
    ) -> Answer:
        """Tokenise an answer, whatever it follows."""
        return Answer(text, tuple(token.id for token in self.fragment(text)), source)

    def spellings(
        self, tokens: Sequence[Token], most: int, *, seed: int = 0
    ) -> tuple[tuple[Token, ...], ...]:
        """Cut a word in two at every place, behind its leading space first, then into letters."""
        text = "".join(token.text for token in tokens)
        own = [token.text for token in tokens]
        cuts = [(text[:i], text[i:]) for i in range(1, min(len(text), most))]
        found = [*cuts, (*text[:3], text[3:])] if len(text) > 4 else cuts
        return tuple(_laid(pieces) for pieces in found if list(pieces) != own)[:most]

    def stand_in(self, name: str) -> int:
        """Return the start token, whatever the name."""
        return _START.id

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return nothing, once per id."""
        return ("",) * len(ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Return nothing: what this model says is not made of ids."""
        return ""


def _noise(token: Token, salt: str) -> float:
    """Return a number in [0, 1) that depends on the token alone."""
    return crc32(f"{salt}{token.id}{token.start}".encode()) % 997 / 997


class FakeModel:
    """One prompt and what three models make of it."""

    def __init__(self, case: Case, reference: bool) -> None:
        self.reference = reference
        self.tokens = FakeTokens()
        self.prompt = self.tokens.encode(case.prompt)
        self.answer_text = case.answer or "the answer that the base model gives"
        source: AnswerSource = "gold" if case.answer else "base"
        self.answer = self.tokens.answer(self.answer_text, after=self.prompt, source=source)
        self.answer_tokens = self.tokens.fragment(self.answer_text)
        self.words = words(self.prompt)
        self.names = frozenset(i for word in self.words[1:] if self._name(word) for i in word)

    def _name(self, word: tuple[int, ...]) -> bool:
        return self.prompt.tokens[word[0]].text.strip()[:1].isupper()

    def contributions(self, sign: float) -> tuple[Nats | None, ...]:
        """Return a number per token: with sign 1 the base's, with UNLEARNED the other's."""
        out: list[Nats | None] = []
        for i, token in enumerate(self.prompt.tokens):
            if token.fixed:
                out.append(None)
            elif i in self.names:
                out.append(round(sign * (0.35 + 0.6 * _noise(token, "name")), 4))
            else:
                out.append(round(0.3 * (_noise(token, f"{sign}") - 0.45), 4))
        return tuple(out)

    def answer_logprobs(self, logprob: Nats) -> tuple[Nats, ...]:
        """Return numbers whose mean is about `logprob`: names carry most of what is lost."""
        shares = [1.8 if token.text.strip()[:1].isupper() else 0.6 for token in self.answer_tokens]
        mean = sum(shares) / len(shares)
        return tuple(round(logprob * share / mean, 4) for share in shares)

    def by_token(self, values: tuple[Nats | None, ...]) -> tuple[tuple[Nats | None, ...], ...]:
        """Return a row per answer token whose mean is `values`."""
        count = len(self.answer_tokens)
        tilts = [1 + 0.8 * (2 * row - count + 1) / count for row in range(count)]
        return tuple(
            tuple(None if v is None else round(v * tilt, 4) for v in values) for tilt in tilts
        )

    def key_tokens(self, values: Iterable[Nats | None]) -> KeyTokens:
        """Return the tokens near the largest value."""
        known = {i: v for i, v in enumerate(values) if v is not None and v > 0}
        top = max(known.values(), default=0.0)
        return KeyTokens(tuple(i for i, v in known.items() if v > 0.35 * top), KeyTokenRule())

    def shift(
        self, base: Sequence[Nats | None] = (), unlearned: Sequence[Nats | None] = ()
    ) -> Shift:
        """Return unlearned minus base: of these contributions, or else of all."""
        before, after = base or self.contributions(1.0), unlearned or self.contributions(UNLEARNED)
        pairs = zip(before, after, strict=True)
        delta = tuple(None if a is None or b is None else round(b - a, 4) for a, b in pairs)
        return Shift(delta, overlap=0.0, rank_correlation=-0.31, focus_kept=0.04)

    def plain_text(self) -> str:
        """Return what the unlearned model says to the plain prompt."""
        return "I am not sure, perhaps a lighthouse keeper from another town."

    def read(self, variant: Variant) -> Attempt:
        """Return what three models make of an emphasised prompt."""
        made, emphasis = variant.edited, variant.emphasis
        breaks = emphasis.strategy == "upper" and made.ids_changed
        weight = self._weight(variant) if not breaks else _control(variant)
        logprob = PLAIN + weight * (BASE - PLAIN)
        text = self.answer_text if weight > 0.6 else self.plain_text()
        return Attempt(
            strategy=emphasis.strategy,
            kind=variant.kind,
            draw=variant.draw,
            positions=emphasis.positions,
            strength=emphasis.strength,
            prompt_text=made.prompt.text,
            moved=made.moved,
            ids_changed=made.ids_changed,
            unlearned=Reading(round(logprob, 4), text, 0.98 * max(0.0, weight), weight > 0.6),
            base_logprob=-1.9 if breaks else -0.09,
            reference_logprob=REFERENCE + 0.02 if self.reference else None,
            recovered=None if breaks else round(weight, 4),
            base_breaks=breaks,
            base_generation=self.answer_text if variant.kind == "key" else None,
            base_exact=not breaks if variant.kind == "key" else None,
            level=variant.level,
        )

    def _weight(self, variant: Variant) -> float:
        """Other token ids bring it back; marks on the same ids do not, and attention does not."""
        emphasis, kind = variant.emphasis, variant.kind
        if kind in ("random", "paraphrase", "id_preserving"):
            return _control(variant)
        hit = len(self.names.intersection(emphasis.positions)) / (len(self.names) or 1)
        if variant.level in _STEERED:
            return _STEERED[variant.level] * emphasis.strength * hit
        if not variant.edited.ids_changed and kind != "ids_only":
            return 0.01
        weight = 0.9 - 0.04 * (len(emphasis.strategy) % 5) - 0.05 * (emphasis.strength - 1)
        return (0.97 if kind == "ids_only" else 1.0) * weight * hit


def _control(variant: Variant) -> float:
    return 0.02 + 0.01 * variant.draw if variant.kind in ("random", "paraphrase") else 0.01

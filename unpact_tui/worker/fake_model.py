"""A rule in the place of three models: deterministic, without torch, for tests and pictures.

Names (words with a capital, but for the first) carry the answer on the base. On the unlearned side
they push it away, until a mark gives them other token ids. The numbers are made up; only their
shape is that of a real case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from zlib import crc32

from attribution.emphasise import Emphasised, emphasise
from attribution.twins import id_preserving_twin
from attribution.types import (
    Answer,
    AnswerSource,
    Attempt,
    AttemptKind,
    Case,
    Emphasis,
    KeyTokenRule,
    KeyTokens,
    Nats,
    Prompt,
    Reading,
    Shift,
    Span,
    Token,
)
from attribution.words import words

_PIECES = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]+|\s|_")
_START = Token(0, "<s>", 0, 0, fixed=True)
PLAIN, BASE, REFERENCE = -2.41, -0.06, -1.97
UNLEARNED = -0.4
"""How much of the base's contributions the unlearned model has."""


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

    def edited(self, strategy: str, positions: tuple[int, ...]) -> Emphasised:
        """Return the prompt with emphasis. Raises `attribution.errors.AttributionError`."""
        return emphasise(self.tokens, self.prompt, Emphasis(strategy, positions))

    def twin(self, strategy: str, positions: tuple[int, ...]) -> Emphasised | None:
        """Return the prompt with the marks between its own tokens."""
        return id_preserving_twin(self.tokens, self.prompt, Emphasis(strategy, positions))

    def read(
        self, strategy: str, kind: AttemptKind, draw: int, positions: tuple[int, ...]
    ) -> Attempt | None:
        """Return one attempt; None where a twin cannot be made."""
        twin = kind == "id_preserving"
        made = (self.twin if twin else self.edited)(strategy, positions)
        if made is None:
            return None
        breaks = strategy == "upper" and made.ids_changed
        hit = len(self.names.intersection(positions)) / (len(self.names) or 1)
        works = made.ids_changed and not breaks and kind != "random"
        weight = (0.9 - 0.04 * (len(strategy) % 5)) * hit if works else 0.01 + 0.01 * draw
        logprob = PLAIN + weight * (BASE - PLAIN)
        text = self.answer_text if weight > 0.6 else self.plain_text()
        return Attempt(
            strategy=strategy,
            kind=kind,
            draw=draw,
            positions=positions,
            strength=1.0,
            prompt_text=made.prompt.text,
            moved=made.moved,
            ids_changed=made.ids_changed,
            unlearned=Reading(round(logprob, 4), text, 0.98 * weight, weight > 0.6),
            base_logprob=-1.9 if breaks else -0.09,
            reference_logprob=REFERENCE + 0.02 if self.reference else None,
            recovered=None if breaks else round(weight, 4),
            base_breaks=breaks,
        )

    def random_words(self, draw: int) -> tuple[int, ...]:
        """Return the positions of some words that are no names; the same for the same draw."""
        others = [word for word in self.words if not self.names.intersection(word)]
        others = others or list(self.words)
        return tuple(i for word in others[draw - 1 :: 3][:2] or others[:1] for i in word)

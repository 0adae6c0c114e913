"""A model that fits in the head: one token per character group, contributions that add up.

`AdditiveModel` scores an answer as the sum of the weights of the ids in the prompt, so the exact
contribution of a token is its weight; that is what makes leave-one-out checkable by arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from attribution.attempts import Lever, Steering
from attribution.errors import EmptyAnswer, EmptyPrompt
from attribution.scorer import Hidden, Row, TokenLogprobs
from attribution.types import Answer, AnswerSource, Odds, Prompt, Span, Token

BEGIN, OPEN, CLOSE = 1, 2, 3
_TEMPLATE_OPEN, _TEMPLATE_CLOSE = "<user>", "<bot>"


class WordTokens:
    """Words with their leading space, single punctuation marks; ids are stable within a run."""

    def __init__(self, *, chat: bool = False) -> None:
        self.chat = chat
        self._ids: dict[str, int] = {}

    def id_of(self, text: str) -> int:
        return self._ids.setdefault(text, 10 + len(self._ids))

    def fragment(self, text: str) -> tuple[Token, ...]:
        found = re.finditer(r" ?[^\W_]+|\s|.", text, re.DOTALL)
        return tuple(Token(self.id_of(m.group()), m.group(), m.start(), m.end()) for m in found)

    def encode(self, content: str) -> Prompt:
        if not content.strip():
            raise EmptyPrompt
        if not self.chat:
            begin = Token(BEGIN, "<s>", 0, 0, fixed=True)
            return Prompt(content, (begin, *self.fragment(content)), Span(0, len(content)))
        at = len(_TEMPLATE_OPEN)
        end = at + len(content)
        text = _TEMPLATE_OPEN + content + _TEMPLATE_CLOSE
        tokens = (
            Token(OPEN, _TEMPLATE_OPEN, 0, at, fixed=True),
            *(Token(t.id, t.text, t.start + at, t.end + at) for t in self.fragment(content)),
            Token(CLOSE, _TEMPLATE_CLOSE, end, len(text), fixed=True),
        )
        return Prompt(text, tokens, Span(at, end))

    def decode(self, ids: Sequence[int]) -> str:
        texts = {i: text for text, i in self._ids.items()}
        return "".join(texts.get(i, "") for i in ids)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        texts = {BEGIN: "<s>", OPEN: _TEMPLATE_OPEN, CLOSE: _TEMPLATE_CLOSE}
        texts |= {i: text for text, i in self._ids.items()}
        return tuple(texts.get(i, "") for i in ids)

    def stand_in(self, name: str) -> int:
        return {"pad": 0, "mask": 4, "unk": 5}.get(name) or self.id_of(name)

    def spellings(
        self, tokens: Sequence[Token], most: int, *, seed: int = 0
    ) -> tuple[tuple[Token, ...], ...]:
        """The space apart first, then every cut in two."""
        text = "".join(token.text for token in tokens)
        cuts = sorted(range(1, len(text)), key=lambda at: (text[:at] != " ", at))
        found = [
            (
                Token(self.id_of(text[:at]), text[:at], 0, at),
                Token(self.id_of(text[at:]), text[at:], at, len(text)),
            )
            for at in cuts
        ]
        same = [token.id for token in tokens]
        return tuple(f for f in found if [token.id for token in f] != same)[:most]

    def answer(
        self, text: str, *, after: Prompt | None = None, source: AnswerSource = "gold"
    ) -> Answer:
        if not text.strip():
            raise EmptyAnswer
        return Answer(text, tuple(token.id for token in self.fragment(text)), source)


class AdditiveModel(WordTokens):
    """LP(x, y) = bias + the sum of the weights of the ids in x, for every answer token."""

    def __init__(
        self,
        weights: Mapping[str, float],
        *,
        bias: float = -5.0,
        batch: int = 4,
        says: Mapping[str, str] | None = None,
        chat: bool = False,
    ) -> None:
        super().__init__(chat=chat)
        self.weights = {self.id_of(text): weight for text, weight in weights.items()}
        self.bias = bias
        self.batch = batch
        self.blur = 0.0
        self.rounds: float | None = None
        self.says = dict(says or {})
        """What is written when a text is in the prompt; else "I do not know"."""
        self.passes = 0
        self.scored = 0
        self.written = 0
        self.will_not: dict[str, str] = {}
        """Why it cannot be steered, by the kind of the lever."""

    def refuses(self, lever: Lever) -> str:
        return self.will_not.get(lever.kind, "")

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """A lever adds its amount times the weights of the positions."""
        for at in range(0, len(rows), self.batch):
            self.passes += 1
            batch = rows[at : at + self.batch]
            self.scored += len(batch)
            extra = [0.0] * len(batch)
            if steering is not None:
                extra = [
                    steering.lever.amount * sum(self.weights.get(row[i], 0.0) for i in where)
                    for row, where in zip(batch, steering.where[at:], strict=False)
                ]
            yield [
                (self.bias + more + sum(self.weights.get(i, 0.0) for i in row),) * len(answer.ids)
                for row, more in zip(batch, extra, strict=True)
            ]

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """As scored; first above log 1/2, in a vocabulary where all others are alike."""
        for batch in self.score(rows, answer):
            yield [
                tuple(Odds(lp, lp > -0.6931, self.bias, abs(self.bias) / 2) for lp in scored)
                for scored in batch
            ]

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """As exact as removal, plus `blur` times the position hidden first: what screening sees."""
        for positions in hidden:
            self.passes += 1
            left = tuple(id for i, id in enumerate(row) if i not in positions)
            ((scored,),) = self.score([left], answer)
            yield [tuple(logprob + self.blur * min(positions, default=0) for logprob in scored)]

    def rounding(self, row: Row, answer: Answer) -> float | None:
        return self.rounds

    def salience(self, row: Row, answer: Answer) -> tuple[float, ...]:
        return tuple(self.weights.get(i, 0.0) for i in row)

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        self.written += len(rows)
        read = [self.decode(row) for row in rows]
        whole = [
            next((said for key, said in self.says.items() if key in text), "I do not know")
            for text in read
        ]
        ids = [tuple(token.id for token in self.fragment(text)) for text in whole]
        for length in range(1, max(map(len, ids)) + 1):
            yield [row[: min(length, limit)] for row in ids]

"""One item of a benchmark scored on one model: what the model expects of its answers, or its text.

Does not know how many items there are, nor what a metric makes of the numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

from attribution.errors import EmptyAnswer, PromptTooLong, Unsupported
from attribution.leakage import entities_of
from attribution.scorer import Model, Row, TokenLogprobs, mean
from attribution.tokens import HFTokens
from attribution.types import Answer, Nats, Odds, Prompt, Token
from unpact_tui.benchmarks._item import Item
from unpact_tui.metrics._scored import Scored
from unpact_tui.remembered_model import bare


class Scoring:
    """Asks one model, and knows what it does not show."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.remarks: list[str] = []
        """What is to be said of items that were scored."""
        self._shows = True
        """More than log-probabilities, as far as is known."""

    def of_answers(self, item: Item, prompt: Prompt) -> Scored:
        """Score what an item knows of answers. Raises `AttributionError`."""
        case, text = item.case, _right(item)
        scored = Scored(case.id, item.part, item.ask, case.split, answer=text, correct=item.correct)
        if text is not None:
            entities = entities_of(case.prompt, text, case.entities)
            scored = replace(scored, entities=entities)
        if item.ask == "choose":
            return scored
        if text is not None:
            answer = self.model.answer(text, after=prompt)
            logprobs, odds = self._expected(prompt.ids, answer)
            pieces = self.model.pieces(answer.ids)
            scored = replace(scored, logprob=mean(logprobs), odds=odds, pieces=pieces)

        def of(other: str) -> Nats:
            return mean(self._scored(prompt.ids, self.model.answer(other, after=prompt)))

        return replace(
            scored,
            paraphrase=None if item.paraphrase is None else of(item.paraphrase),
            wrong=tuple(map(of, item.wrong)),
        )

    def of_text(self, item: Item) -> Scored:
        """Score a text token by token behind its first one, without any template.

        One that is longer than the model reads is cut. Raises `AttributionError`.
        """
        text = item.case.prompt
        tokens = _untemplated(self.model, text)
        try:
            return self._behind_first(item, text, tokens)
        except PromptTooLong as error:
            kept = tokens[: error.limit]
            self.remarks.append(
                f"{item.case.id}: only its first {len(kept)} of {len(tokens)} tokens are read"
            )
            return self._behind_first(item, text[: kept[-1].end], kept)

    def _behind_first(self, item: Item, text: str, tokens: Sequence[Token]) -> Scored:
        ids = tuple(token.id for token in tokens)
        if len(ids) < 2:
            raise EmptyAnswer
        answer = Answer(text, ids[1:], "gold")
        logprobs, odds = self._expected(ids[:1], answer)
        return Scored(
            item.case.id,
            item.part,
            item.ask,
            item.case.split,
            logprob=mean(logprobs),
            odds=odds,
            pieces=tuple(token.text for token in tokens[1:]),
            compressed=len(zlib.compress(text.encode("utf-8", "surrogatepass"))),
        )

    def _expected(self, row: Row, answer: Answer) -> tuple[TokenLogprobs, tuple[Odds, ...]]:
        """Return log-probabilities, and odds where the model shows them."""
        if self._shows:
            try:
                (odds,) = [found for batch in self.model.odds([row], answer) for found in batch]
            except Unsupported:
                self._shows = False
            else:
                return tuple(one.logprob for one in odds), odds
        return self._scored(row, answer), ()

    def _scored(self, row: Row, answer: Answer) -> TokenLogprobs:
        (logprobs,) = [found for batch in self.model.score([row], answer) for found in batch]
        return logprobs


def _right(item: Item) -> str | None:
    """Return the answer that is right, as far as the item says."""
    if item.case.answer is None and item.correct is not None and item.options:
        return item.options[item.correct]
    return item.case.answer


def _untemplated(model: Model, text: str) -> tuple[Token, ...]:
    """Return the tokens of a text, behind the one that begins texts where the tokenizer has it."""
    door = bare(model)
    if isinstance(door, HFTokens):
        return HFTokens(door.tokenizer, chat=False).encode(text).tokens
    return door.fragment(text)

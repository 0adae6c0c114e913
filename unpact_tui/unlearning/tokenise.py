"""Rows of text to examples of token ids: what is given, what is learned, what to say instead.

Prompts and answers get the ids that measuring gives them (`attribution.tokens`), so that what is
unlearned is what is scored. What is learned is told by position, never by an id: a tokenizer that
pads with its end token loses no end. Knows no file, no model and no method.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

from attribution.errors import AttributionError
from attribution.templates import written
from attribution.tokens import HFTokens
from attribution.tokens import Tokenizer as MeasuringTokenizer
from attribution.types import Prompt, Span
from methods._method import Example
from unpact_tui.errors import BadDataFile, BadUsage
from unpact_tui.unlearning.rows import Row

_SENTINEL = "unpact0content"

Ids = tuple[int, ...]


class Tokenizer(MeasuringTokenizer, Protocol):
    """The part of `transformers.PreTrainedTokenizerFast` used here."""

    eos_token_id: int | None

    def __call__(
        self,
        text: str,
        *,
        add_special_tokens: bool,
        return_offsets_mapping: bool,
        return_special_tokens_mask: bool,
        verbose: bool = True,
    ) -> Any:
        """Return input_ids, and what else is asked for."""
        ...

    @property
    def added_tokens_decoder(self) -> Any:
        """Return what was added to the vocabulary, by id."""
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as examples, and what could not be kept of them."""

    examples: tuple[Example, ...]
    end: tuple[int, ...]
    """What ends every answer that was not cut; empty where the model has no end."""
    cut: int = 0
    """Rows whose answer lost its end, because they were too long."""
    cut_alternatives: int = 0
    """Alternatives that lost theirs."""
    skipped: int = 0
    """Texts of which there is no token to learn: at most one, which nothing predicts."""


def encode(
    rows: Iterable[Row],
    tokenizer: Tokenizer,
    *,
    chat: bool | None,
    max_length: int,
    alternatives: Sequence[str] = (),
) -> Encoded:
    """Tokenise rows; `chat` as in `HFTokens`. Every prompt gets its row's alternatives, then these.

    Answers are cut at their end; texts are cut into examples of at most `max_length` tokens. Raises
    `BadDataFile`, `BadUsage`, `NoOffsets`, `TemplateRefuses`.
    """
    encoder = _Encoder(tokenizer, chat, max_length, alternatives)
    examples: list[Example] = []
    skipped = 0
    for row in rows:
        before = len(examples)
        examples.extend(encoder.examples(row))
        skipped += len(examples) == before
    return Encoded(tuple(examples), encoder.end, encoder.cut, encoder.cut_alternatives, skipped)


def overlap(forget: Iterable[Example], retain: Iterable[Example]) -> int:
    """Count the examples to forget that are also to be retained: same prompt, same answer."""
    kept = {(example.prompt, example.answer) for example in retain}
    return sum((example.prompt, example.answer) in kept for example in forget)


def end_of_answer(tokens: HFTokens, tokenizer: Tokenizer) -> Ids:
    """Return what the model says when its answer is over; nothing if it has no such token.

    Without a chat template that is the tokenizer's end token; with one, what the template puts
    behind an answer, up to its first special token, where generation stops. Raises
    `TemplateRefuses`.
    """
    behind = _behind_answer(tokenizer) if tokens.chat else ""
    if not behind:
        return () if tokenizer.eos_token_id is None else (tokenizer.eos_token_id,)
    said, both = _ids(tokenizer, _SENTINEL), _ids(tokenizer, _SENTINEL + behind)
    seamless = both[: len(said)] == said
    ids = both[len(said) :] if seamless else _ids(tokenizer, behind)
    stops = {*tokenizer.all_special_ids, *_special_additions(tokenizer)}
    first = next((i for i, id in enumerate(ids) if id in stops), len(ids))
    return ids[: first + 1]


def _special_additions(tokenizer: Tokenizer) -> Iterator[int]:
    # Not all of them are in all_special_ids: Phi-3's <|end|> and ChatML's <|im_end|> often are not.
    for id, token in tokenizer.added_tokens_decoder.items():
        if token.special:
            yield id


def _behind_answer(tokenizer: Tokenizer) -> str:
    conversation = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": _SENTINEL},
    ]
    text = written(tokenizer, conversation, asks=False)
    return text.rpartition(_SENTINEL)[2] if _SENTINEL in text else ""


class _Encoder:
    """Does it row by row, counts what it cuts, and remembers what follows on a prompt's ending."""

    def __init__(
        self, tokenizer: Tokenizer, chat: bool | None, max_length: int, shared: Sequence[str]
    ) -> None:
        if chat and not tokenizer.chat_template:
            raise BadUsage("There is no chat template to use.", "Leave out --chat.")
        self.tokens = HFTokens(tokenizer, chat=chat)
        self.end = end_of_answer(self.tokens, tokenizer)
        self.cut = 0
        self.cut_alternatives = 0
        self._tokenizer = tokenizer
        self._front = _front(tokenizer)
        self._max_length = max_length
        self._shared = shared
        self._following: dict[str, tuple[Ids, ...]] = {}
        if max_length <= max(len(self._front), 1):
            raise BadUsage(f"--max-length is {max_length}, which leaves no token to learn.")

    def examples(self, row: Row) -> Iterator[Example]:
        """Yield the example of a question, or those of a text."""
        if row.prompt is None:
            yield from self._chunks(row.answer)
            return
        try:
            yield self._question(row, row.prompt)
        except AttributionError as error:
            why = str(error).removesuffix(".")
            raise BadDataFile(row.file, row.place, why, error.hint) from error

    def _question(self, row: Row, asked: str) -> Example:
        prompt = self.tokens.encode(asked)
        room = self._max_length - len(prompt.ids)
        if room < 1:
            raise BadDataFile(
                row.file,
                row.place,
                f"its prompt has {len(prompt.ids)} tokens, where a row has at most "
                f"{self._max_length} with its answer",
                "Raise --max-length, or shorten the prompt.",
            )
        answer = self._ended(prompt, row.answer)
        self.cut += len(answer) > room
        instead = (*(self._ended(prompt, text) for text in row.alternatives), *self._same(prompt))
        if too_long := sum(len(ids) > room for ids in instead):
            self.cut_alternatives += too_long
            instead = tuple(ids[:room] for ids in instead)
        return Example(prompt.ids, answer[:room], instead)

    def _ended(self, prompt: Prompt, text: str) -> Ids:
        ids = self.tokens.answer(text, after=prompt).ids
        return ids if self.end and ids[-len(self.end) :] == self.end else ids + self.end

    def _chunks(self, text: str) -> Iterator[Example]:
        """Cut a text so that every token is learned once, but a first one that nothing predicts."""
        ids = _ids(self._tokenizer, text)
        given = self._front or ids[:1]
        learned = ids if self._front else ids[1:]
        room = self._max_length - len(given)
        for start in range(0, len(learned), room):
            # Without a token in front, a piece is given the last one of the piece before it.
            before = given if self._front else ids[start : start + 1]
            yield Example(before, learned[start : start + room])

    def _same(self, prompt: Prompt) -> tuple[Ids, ...]:
        """Return the alternatives shared by all prompts, tokenised once per ending of a prompt."""
        if not self._shared:
            return ()
        ending = self._ending(prompt)
        if ending.text not in self._following:
            self._following[ending.text] = tuple(self._ended(ending, t) for t in self._shared)
        return self._following[ending.text]

    def _ending(self, prompt: Prompt) -> Prompt:
        """Return the shortest end of a prompt that alone has the ids it has there.

        No merge crosses where two tokens meet, so what follows on the end follows on the whole.
        """
        stripped = prompt.text.rstrip()
        word = len(stripped) - len(stripped.rsplit(None, 1)[-1])
        space = len(stripped[:word].rstrip())
        for start in (prompt.tokens[-1].start, word, space):
            text = prompt.text[start:]
            if not self.tokens.chat and not text.strip():
                continue  # no prompt by itself
            ending = self._alone(text)
            ids = ending.ids if self.tokens.chat else ending.ids[len(self._front) :]
            if ids and ids == prompt.ids[len(prompt.ids) - len(ids) :]:
                return ending
        return prompt

    def _alone(self, text: str) -> Prompt:
        if self.tokens.chat:
            return Prompt(text, self.tokens.fragment(text), Span(0, len(text)))
        return self.tokens.encode(text)


def _front(tokenizer: Tokenizer) -> Ids:
    """Return the tokens that the tokenizer puts in front of any text."""
    tokens = HFTokens(tokenizer, chat=False).encode("a").tokens
    return tuple(token.id for token in takewhile(lambda token: token.start == token.end, tokens))


def _ids(tokenizer: Tokenizer, text: str) -> Ids:
    found = tokenizer(
        text,
        add_special_tokens=False,
        return_offsets_mapping=False,
        return_special_tokens_mask=False,
        verbose=False,  # it would warn that a text is too long, which is then cut
    )
    return tuple(found["input_ids"])

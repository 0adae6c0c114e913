"""Text to ids and back through a transformers tokenizer, without weights and without torch.

Knows templates, special tokens and byte-level pieces; does not know models. The tokenizer must be a
"fast" one, because only those say which characters a token came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from attribution.errors import BadOption, EmptyAnswer, EmptyPrompt, NoOffsets, TemplateRefuses
from attribution.spellings import Vocabulary, laid
from attribution.templates import written
from attribution.types import Answer, AnswerSource, Prompt, Span, Token

_SENTINEL = "unpact0content"


class Tokenizer(Protocol):
    """The part of `transformers.PreTrainedTokenizerFast` used here."""

    is_fast: bool
    all_special_ids: list[int]
    chat_template: Any

    def __call__(
        self,
        text: str,
        *,
        add_special_tokens: bool,
        return_offsets_mapping: bool,
        return_special_tokens_mask: bool,
    ) -> Any:
        """Return input_ids, offset_mapping and special_tokens_mask."""
        ...

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> Any:
        """Return the text of ids."""
        ...

    def convert_ids_to_tokens(self, ids: int) -> Any:
        """Return the name of an id."""
        ...

    def get_vocab(self) -> dict[str, int]:
        """Return every id by its name, added tokens too."""
        ...

    def get_added_vocab(self) -> dict[str, int]:
        """Return those that were added to the vocabulary, special ones among them."""
        ...

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, add_generation_prompt: bool, tokenize: bool
    ) -> Any:
        """Return the conversation as the model was trained to read it."""
        ...


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token as the tokenizer reports it."""

    id: int
    start: int
    end: int
    added: bool
    """Put in by the tokenizer; stands for no character."""


def tile(spans: Iterable[Span], length: int) -> list[Span]:
    """Make spans cover `length` characters without gap or overlap.

    Characters that no token claims (a trimmed space, say) go to the token behind them, at the very
    end to the last one. A character claimed twice, as by its UTF-8 bytes, goes to the first claim.
    """
    tiled: list[Span] = []
    at = 0
    for span in spans:
        end = at if span.start == span.end else max(at, span.end)
        tiled.append(Span(at, end))
        at = end
    for i in reversed(range(len(tiled))):
        if at < length and tiled[i].start < tiled[i].end:
            tiled[i] = Span(tiled[i].start, length)
            tiled[i + 1 :] = [Span(length, length)] * (len(tiled) - i - 1)
            break
    return tiled


def _agreement(whole: str, part: str, at: int) -> int:
    """Return how far `part` is a beginning of `whole`, known to be one up to `at`.

    What a character's first tokens decode to, U+FFFD, is not what the whole has in that place.
    """
    if whole.startswith(part):
        return max(at, len(part))
    while at < len(part) and at < len(whole) and part[at] == whole[at]:
        at += 1
    return at


class HFTokens:
    """Meets `attribution.scorer.Tokens` with a transformers tokenizer."""

    def __init__(self, tokenizer: Tokenizer, *, chat: bool | None = None) -> None:
        """`chat` wraps prompts in the chat template; None means: when there is one.

        Raises `NoOffsets`.
        """
        if not tokenizer.is_fast:
            raise NoOffsets
        self.tokenizer = tokenizer
        self.chat = bool(tokenizer.chat_template) if chat is None else chat
        self._special = frozenset(tokenizer.all_special_ids)

    def encode(self, content: str) -> Prompt:
        """Wrap `content` in the template, if any, and tokenise it.

        Raises `EmptyPrompt`, `TemplateRefuses`.
        """
        if not content.strip():
            raise EmptyPrompt
        text, span = self._wrap(content)
        pieces = self._pieces(text, special=not self.chat)
        while pieces and pieces[-1].added:  # an end-of-text token would end the answer at once
            pieces.pop()
        tokens = self._tokens(text, pieces, span)
        if not tokens:
            raise EmptyPrompt
        return Prompt(text, tokens, span)

    def fragment(self, text: str) -> tuple[Token, ...]:
        """Tokenise a piece of text alone: no template, no special tokens."""
        return self._tokens(text, self._pieces(text, special=False), Span(0, len(text)))

    def answer(
        self, text: str, *, after: Prompt | None = None, source: AnswerSource = "gold"
    ) -> Answer:
        """Tokenise `text` as the continuation of a prompt; without one, of any that ends a word.

        Without a template a space is put between the two if neither brings one. Raises
        `EmptyAnswer`.
        """
        if not text.strip():
            raise EmptyAnswer
        if after is None:
            spaced = text if self.chat or text[0].isspace() else f" {text}"
            return Answer(text, tuple(t.id for t in self.fragment(spaced)), source)
        return Answer(text, self._behind(after, text), source)

    def _behind(self, prompt: Prompt, text: str) -> tuple[int, ...]:
        touching = not (self.chat or prompt.text[-1:].isspace() or text[0].isspace())
        whole = f"{prompt.text} {text}" if touching else prompt.text + text
        pieces = self._pieces(whole, special=not self.chat)
        while pieces and pieces[-1].added:
            pieces.pop()
        ids = tuple(piece.id for piece in pieces)
        before = len(prompt.tokens)
        if ids[:before] != prompt.ids:  # the seam was merged into one token: keep the prompt's ids
            ids = prompt.ids + tuple(p.id for p in self._pieces(text, special=False))
        if len(ids) == before:
            raise EmptyAnswer
        return ids[before:]

    def stand_in(self, name: str) -> int:
        """Return the id that takes a removed token's place. Raises `BadOption`."""
        if name in ("pad", "mask", "unk"):
            id = getattr(self.tokenizer, f"{name}_token_id", None)
            if id is None:
                wanted = f"a token that this tokenizer has; it has no {name} token"
                hint = "Give a text of one token, for example: --set baseline=the"
                raise BadOption("baseline", name, wanted, hint)
            return int(id)
        found = self.fragment(name)
        if len(found) != 1:
            raise BadOption("baseline", name, f"pad, mask, unk or one token, not {len(found)}")
        return found[0].id

    def spellings(
        self, tokens: Sequence[Token], most: int, *, seed: int = 0
    ) -> tuple[tuple[Token, ...], ...]:
        """Return other ways to cut the text of some adjacent tokens into the tokenizer's own
        pieces, as `attribution.scorer.Tokens` says; each decodes to the same text."""
        ids = [token.id for token in tokens]
        if not ids or self._apart.intersection(ids):
            return ()
        names = [str(self.tokenizer.convert_ids_to_tokens(id)) for id in ids]
        text = "".join(token.text for token in tokens)
        found: list[tuple[Token, ...]] = []
        for spelling in self._vocabulary.spellings(names, most, seed):
            other = [id for id, _ in spelling]
            same = all(
                self.tokenizer.decode([*before, *other], skip_special_tokens=False)
                == self.tokenizer.decode([*before, *ids], skip_special_tokens=False)
                for before in ((), ids)  # at the beginning of a text, and behind some
            )
            if same:
                found.append(laid(spelling, text))
        return tuple(found)

    @cached_property
    def _apart(self) -> frozenset[int]:
        """Ids that are no pieces of text: special and added ones."""
        return self._special.union(self.tokenizer.get_added_vocab().values())

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        names = self.tokenizer.get_vocab()
        return Vocabulary({name: id for name, id in names.items() if id not in self._apart})

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated ids, special tokens left out."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return one text per id. Joined they are `decode(ids)`, but for special tokens, whose text
        is their name.

        A character of several tokens is in the last of them, and the text of the others is empty.
        """
        whole = self.decode(ids)
        names = {id: self._name_if_left_out(id) for id in set(ids)}
        found: list[str] = []
        at = 0
        for i, id in enumerate(ids):
            end = at if names[id] else _agreement(whole, self.decode(ids[: i + 1]), at)
            found.append(names[id] or whole[at:end])
            at = end
        return tuple(found)

    def _name_if_left_out(self, id: int) -> str:
        """Return the name of an id that decoding leaves out; empty for any other."""
        if self.decode([id]) or not self.tokenizer.decode([id], skip_special_tokens=False):
            return ""
        return str(self.tokenizer.convert_ids_to_tokens(id))

    def _wrap(self, content: str) -> tuple[str, Span]:
        """Return the text to tokenise, and where the content is in it."""
        if not self.chat:
            return content, Span(0, len(content))
        text, marked = self._render(content), self._render(_SENTINEL)
        if marked.count(_SENTINEL) != 1:
            raise TemplateRefuses("it does not say the prompt exactly once")
        before, _, behind = marked.partition(_SENTINEL)
        if text.startswith(before) and text.endswith(behind):
            return text, Span(len(before), len(text) - len(behind))
        start = text.rfind(content.strip())  # a template that dates or numbers its turns
        if start < 0:
            raise TemplateRefuses("it changes what it is given")
        return text, Span(start, start + len(content.strip()))

    def _render(self, content: str) -> str:
        return written(self.tokenizer, [{"role": "user", "content": content}], asks=True)

    def _pieces(self, text: str, *, special: bool) -> list[_Piece]:
        found = self.tokenizer(
            text,
            add_special_tokens=special,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        return [
            _Piece(id, start, end, bool(mask) and start == end)
            for id, (start, end), mask in zip(
                found["input_ids"],
                found["offset_mapping"],
                found["special_tokens_mask"],
                strict=True,
            )
        ]

    def _tokens(self, text: str, pieces: list[_Piece], content: Span) -> tuple[Token, ...]:
        tokens: list[Token] = []
        spans = tile((Span(p.start, p.end) for p in pieces), len(text))
        for piece, span in zip(pieces, spans, strict=True):
            if span.start < span.end:
                outside = span.start < content.start or span.end > content.end
            else:
                outside = piece.added or bool(tokens and tokens[-1].fixed)
            label = text[span.start : span.end]
            if piece.added:
                label = str(self.tokenizer.convert_ids_to_tokens(piece.id))
            fixed = outside or piece.id in self._special
            tokens.append(Token(piece.id, label, span.start, span.end, fixed))
        return tuple(tokens)

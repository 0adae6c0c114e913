"""The two halves of a mark: the marks without other ids, and other ids without the marks.

A mark that touches a word also makes it other tokens. What only the first twin brings back was
brought back by emphasis, what only the second does by re-tokenising the word. Ours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from attribution.attempts import Emphasis
from attribution.emphasis import DEFAULT_MEANS, Means
from attribution.emphasise import Emphasised, edits_of, joined, respelled
from attribution.errors import NoOtherSpelling
from attribution.scorer import Tokens
from attribution.types import Prompt, Token
from attribution.words import touched


def id_preserving_twin(
    tokens: Tokens, prompt: Prompt, emphasis: Emphasis, means: Means = DEFAULT_MEANS
) -> Emphasised | None:
    """Return the prompt with the same marks between its own tokens.

    None where a strategy replaces words instead of marking them, or makes no edits.
    """
    edits = edits_of(prompt, emphasis, means)
    if not edits or any(edit.start != edit.end for edit in edits):
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
    return Emphasised(joined(prompt, pieces), tuple(places), ids_changed=False)


def ids_only_twin(
    tokens: Tokens, prompt: Prompt, positions: Sequence[int], edited: Emphasised
) -> Emphasised | None:
    """Return the prompt without any marks, its words spelled with the ids that the marks gave them.

    Where a mark became one token with a word, the first other spelling stands for it. None where
    the marks changed no id, or changed what the words say.
    """
    words = touched(prompt, positions)
    now = _regrouped([prompt.text[w.span.start : w.span.end] for w in words], edited)
    if now is None:
        return None
    spelled: list[tuple[Token, ...] | None] = []
    for word, marked in zip(words, now, strict=True):
        own = [prompt.tokens[i] for i in word.positions]
        same = [token.id for token in own] == [token.id for token in marked]
        spelled.append(None if same else _unmarked(tokens, own, marked))
    try:
        return respelled(prompt, words, spelled)
    except NoOtherSpelling:
        return None


def _regrouped(words: Sequence[str], edited: Emphasised) -> list[list[Token]] | None:
    """Return the emphasised tokens of each word, as they are now; None where one says something
    else."""
    waiting = deque(edited.prompt.tokens[i] for i in edited.moved)
    found: list[list[Token]] = []
    for word in words:
        mine: list[Token] = []
        while waiting and word not in "".join(token.text for token in mine):
            mine.append(waiting.popleft())
        if word not in "".join(token.text for token in mine):
            return None
        while waiting and not waiting[0].text:  # the later bytes of its last character
            mine.append(waiting.popleft())
        found.append(mine)
    return found


def _unmarked(
    tokens: Tokens, own: Sequence[Token], marked: Sequence[Token]
) -> tuple[Token, ...] | None:
    """Return the marked tokens with what else the word's own tokens say, such as the space before.

    The first other spelling where they say more than that; None without one.
    """
    other = tokens.spellings(own, 1)
    said, wanted = ("".join(token.text for token in many) for many in (marked, own))
    before, found, behind = wanted.partition(said)
    space = other[0][:1] if other and not other[0][0].text.strip() else ()
    if not space or space[0].text != before:
        space = tokens.fragment(before) if before else ()
    made = (*space, *marked, *(tokens.fragment(behind) if behind else ()))
    ids, mine = [token.id for token in made], [token.id for token in own]
    if found and tokens.decode(ids) == tokens.decode(mine):
        return made if ids != mine else None
    return other[0] if other else None


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

"""The two halves of a mark: the marks without other ids, and other ids without the marks.

A mark that touches a word also makes it other tokens. What only the first twin brings back was
brought back by emphasis, what only the second does by re-tokenising the word. Ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis import DEFAULT_MEANS, Means
from attribution.emphasise import Emphasised, edits_of, joined
from attribution.scorer import Tokens
from attribution.types import Emphasis, Prompt, Token
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

    None where the marks changed no id, or changed what the words say.
    """
    return None


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

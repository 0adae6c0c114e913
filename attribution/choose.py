"""Which words to emphasise, and which others to hold against them. Ours.

Labels such as "Question:" and "Answer:" are scaffolding: they are neither, unless asked for by
hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attribution.keytokens import key_tokens
from attribution.types import Attribution, KeyTokenRule, KeyTokens, Prompt, Selection, Shift
from attribution.words import Word, find_words, is_label, touched


def _free(prompt: Prompt, words: Sequence[Word]) -> list[Word]:
    return [word for word in words if not is_label(prompt, word)]


def words_to_emphasise(found: Attribution, keys: KeyTokens) -> tuple[int, ...]:
    """Return the tokens of the words that hold KeyTokens.

    Where KeyTokens are all punctuation or labels, those of the strongest word; empty when no word
    contributes to the answer.
    """
    prompt = found.prompt
    if key := _free(prompt, touched(prompt, keys.positions)):
        return tuple(i for word in key for i in word.positions)
    strongest: tuple[int, ...] = ()
    most = 0.0
    for word in _free(prompt, find_words(prompt)):
        here = max(found.contributions[i] or 0.0 for i in word.positions)
        if here > most:
            strongest, most = word.positions, here
    return strongest


def chosen_words(
    selection: Selection,
    base: Attribution,
    unlearned: Attribution,
    rule: KeyTokenRule,
    shift: Shift,
) -> tuple[int, ...]:
    """Return the tokens of the words that a rule chooses; empty when no word contributes.

    Of one's own and of a search there is nothing to choose: the base's.
    """
    return words_to_emphasise(base, key_tokens(base, rule))


def random_positions(
    prompt: Prompt, positions: Sequence[int], draws: int, seed: int
) -> tuple[tuple[int, ...], ...]:
    """Draw as many words as `positions` touch, from the others, up to `draws` different times.

    With fewer other words than that, all of them, once; with none, nothing.
    """
    key = touched(prompt, positions)
    others = [word.positions for word in _free(prompt, find_words(prompt)) if word not in key]
    if not others:
        return ()
    generator = Random(seed)
    drawn: dict[tuple[int, ...], None] = {}
    for _ in range(4 * draws):  # repeats are dropped; a small pool may not have enough
        chosen = sorted(generator.sample(others, min(len(key), len(others))))
        drawn.setdefault(tuple(i for word in chosen for i in word))
    return tuple(drawn)[:draws]

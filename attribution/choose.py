"""Which words to emphasise, and which others to hold against them. Ours.

Labels such as "Question:" and "Answer:" are scaffolding: they are neither, unless asked for by
hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attribution.attempts import Selection
from attribution.keytokens import key_tokens
from attribution.types import Attribution, KeyTokenRule, KeyTokens, Prompt, Shift
from attribution.words import Word, find_words, is_label, touched

_CANDIDATES = 32
"""Random draws to choose from, per draw that is wanted."""


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

    With "shift" those whose contribution fell most, as many as the base has key words; only words
    that fell, so there may be fewer. Of one's own there is nothing to choose, and a search starts
    from all words (`candidates`): for both, the base's.
    """
    if selection == "unlearned":
        return words_to_emphasise(unlearned, key_tokens(unlearned, rule))
    own = words_to_emphasise(base, key_tokens(base, rule))
    return (
        _fallen(base.prompt, shift, len(touched(base.prompt, own))) if selection == "shift" else own
    )


def _fallen(prompt: Prompt, shift: Shift, most: int) -> tuple[int, ...]:
    falls: dict[tuple[int, ...], float] = {}
    for word in _free(prompt, find_words(prompt)):
        known = [delta for i in word.positions if (delta := shift.delta[i]) is not None]
        if known and min(known) < 0:
            falls[word.positions] = min(known)
    fallen = sorted(falls, key=falls.__getitem__)[:most]
    return tuple(sorted(i for word in fallen for i in word))


def candidates(found: Attribution) -> tuple[tuple[int, ...], ...]:
    """Return the tokens of each word, labels left out, the largest contribution first."""
    prompt = found.prompt

    def contribution(positions: tuple[int, ...]) -> float:
        known = [c for i in positions if (c := found.contributions[i]) is not None]
        return max(known, default=0.0)

    free = [word.positions for word in _free(prompt, find_words(prompt))]
    return tuple(sorted(free, key=contribution, reverse=True))


def random_positions(
    prompt: Prompt, positions: Sequence[int], draws: int, seed: int
) -> tuple[tuple[int, ...], ...]:
    """Draw as many words as `positions` touch, from the others, up to `draws` different times.

    Of many such draws those are kept that come nearest to as many tokens as the key words have, so
    the number of words always matches, and that of tokens as far as the prompt has such words. With
    fewer other words than that, all of them, once; with none, nothing.
    """
    key = touched(prompt, positions)
    others = [word.positions for word in _free(prompt, find_words(prompt)) if word not in key]
    if not others or draws < 1:
        return ()
    wanted = sum(len(word.positions) for word in key)
    generator = Random(seed)
    drawn: dict[tuple[int, ...], None] = {}
    for _ in range(_CANDIDATES * draws):  # repeats are dropped; a small pool may not have enough
        chosen = sorted(generator.sample(others, min(len(key), len(others))))
        drawn.setdefault(tuple(i for word in chosen for i in word))
    nearest = sorted(drawn, key=lambda chosen: abs(len(chosen) - wanted))  # else as drawn
    return tuple(nearest[:draws])

"""One case emphasised in every way, on the words that the settings choose.

Does not know how models are opened, nor what is judged from it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from attribution.attempts import Attempt, Lever, Search, Selection, Steering
from attribution.choose import candidates, chosen_words
from attribution.greedy import Asked, Found, greedy
from attribution.passes import passes
from attribution.recover import (
    Allowance,
    Choice,
    Trio,
    control_of,
    recover,
    score_attempts,
    summarise,
    with_texts,
)
from attribution.scorer import Tokens
from attribution.variants import Made, Wanted, variants
from unpact_tui.case_reading import CaseState, write
from unpact_tui.errors import BadUsage
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Edited, Ladder, Step, Tried, Working
from unpact_tui.worker.protocol import Try


def attempt(
    state: CaseState, trio: Trio, settings: Settings, order: Try
) -> Generator[Step, None, None]:
    """Emphasise some words of a case, beside the controls, answer streaming.

    Raises `AttributionError`, `BadUsage`.
    """
    wanted = replace(
        _wanted(state, settings), strategies=(order.strategy,), strength=order.strength
    )
    made = _variants(trio.base, state, order.positions, wanted, trio.refuses)
    if not made.tried or made.tried[0].kind != "key":
        raise BadUsage(f"{order.strategy} cannot be tried here: {_why(made)}")
    tried, edited = made.tried, made.tried[0].edited
    yield Edited(order.strategy, edited.prompt, edited.moved, edited.ids_changed, tried[0].level)
    limit = state.limit(settings)
    steering = None
    if edited.lever is not None:
        steering = Steering(edited.lever, (frozenset(edited.moved),))
    ids = yield from write(
        trio.unlearned, "unlearned", edited.prompt, limit, emphasised=True, steering=steering
    )
    base_ids = yield from write(
        trio.base, "base", edited.prompt, limit, emphasised=True, steering=steering
    )
    scored: list[Attempt] = []
    for found in score_attempts(trio, state.plain, tried, allowance(settings)):
        scored += found
        yield Working()
    text, base_text = trio.unlearned.decode(ids), trio.base.decode(base_ids)
    controls = tuple(scored[1:])
    yield Tried(
        with_texts(scored[0], state.plain, text, base_text),
        controls,
        control_of(controls),
        base_text,
    )


def climb(
    state: CaseState, trio: Trio, settings: Settings, by_hand: Sequence[int]
) -> Iterator[Step]:
    """Run every strategy on the words; on those that the settings choose, without any by hand.

    Unasked, what was to be retained is taken as it is, and so is an answer that lost nothing or to
    which no word contributes. Raises `AttributionError`.
    """
    words = Words(tuple(by_hand), "own")
    if not by_hand and state.case.split == "forget" and state.plain.gap > 0:
        words = yield from _selected(state, trio, settings)
    if not words.positions or state.plain.gap <= 0:
        state.recovery = summarise(state.plain, (), complete=True)
        yield Ladder(state.recovery, 0, 0)
        return
    limit = state.limit(settings)
    made = _ladder(trio, state, words, _wanted(state, settings))
    choice = Choice(words.selection, made.left_out, words.search)
    allowed = allowance(settings)
    found = recover(trio, state.plain, made.tried, limit=limit, allowed=allowed, choice=choice)
    key = [variant for variant in made.tried if variant.kind == "key"]
    total = limit * (len(passes(made.tried)) + len(passes(key)))
    for done, state.recovery in enumerate(found):
        yield Ladder(state.recovery, min(done, total), total)


def allowance(settings: Settings) -> Allowance:
    """Return how much the base may lose under an edit."""
    return Allowance(settings.thresholds.base_breaks, settings.thresholds.base_loss)


@dataclass(frozen=True, slots=True)
class Words:
    """Which words are emphasised, and how they were chosen."""

    positions: tuple[int, ...]
    selection: Selection
    search: Search | None = None
    random: tuple[int, ...] = ()
    """With a search, the best of as many random sets as it read."""


def _selected(state: CaseState, trio: Trio, settings: Settings) -> Generator[Step, None, Words]:
    """Return the words to emphasise; none where no word contributes.

    Where a search finds nothing that raises the answer, those of the base.
    """
    assert state.shift is not None
    yield Working()
    base, selection = state.attributions["base"], settings.selection
    if selection == "greedy":
        asked = Asked(
            settings.strategies,
            allowance(settings),
            settings.search,
            settings.most_words,
            settings.seed,
            settings.means,
            state.case.paraphrases,
        )
        found = yield from _working(greedy(trio, state.plain, asked, candidates(base)))
        if found is not None:
            return Words(found.positions, "greedy", found.search, found.random)
        selection = "base"
    unlearned = state.attributions["unlearned"]
    return Words(chosen_words(selection, base, unlearned, settings.rule, state.shift), selection)


def _working(
    search: Generator[tuple[()], None, Found | None],
) -> Generator[Step, None, Found | None]:
    while True:
        try:
            next(search)
        except StopIteration as done:
            return cast("Found | None", done.value)
        yield Working()


def _ladder(trio: Trio, state: CaseState, words: Words, wanted: Wanted) -> Made:
    """Return what to read; the control of words that were searched for is a search as well."""
    made = _variants(trio.base, state, words.positions, wanted, trio.refuses)
    if words.search is None:
        return made
    tried = [variant for variant in made.tried if variant.kind != "random"]
    if words.random and wanted.draws:
        alone = replace(wanted, draws=0)
        drawn = _variants(trio.base, state, words.random, alone, trio.refuses).tried
        tried += [replace(variant, kind="random") for variant in drawn if variant.kind == "key"]
    return Made(tuple(tried), made.left_out)


def _wanted(state: CaseState, settings: Settings) -> Wanted:
    return Wanted(
        settings.strategies,
        settings.draws,
        settings.seed,
        settings.means,
        state.case.paraphrases,
    )


def _variants(
    tokens: Tokens,
    state: CaseState,
    positions: Sequence[int],
    wanted: Wanted,
    refuses: Callable[[Lever | None], str],
) -> Made:
    return variants(tokens, state.prompt, positions, wanted, refuses)


def _why(made: Made) -> str:
    return next((why for _, why in made.left_out), "there is nothing to emphasise.")

"""One case emphasised in every way, on the words that the settings choose.

Does not know how models are opened, nor what is judged from it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

from attribution.choose import chosen_words
from attribution.recover import (
    Allowance,
    Choice,
    Trio,
    control_of,
    passes,
    recover,
    score_attempts,
    summarise,
    with_texts,
)
from attribution.scorer import Tokens
from attribution.types import Attempt, Lever, Selection, Steering
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
    selection: Selection = "own" if by_hand else settings.selection
    positions = tuple(by_hand)
    if not positions and state.case.split == "forget" and state.plain.gap > 0:
        positions = yield from _selected(state, trio, settings)
    if not positions or state.plain.gap <= 0:
        state.recovery = summarise(state.plain, (), complete=True)
        yield Ladder(state.recovery, 0, 0)
        return
    limit = state.limit(settings)
    made = _variants(trio.base, state, positions, _wanted(state, settings), trio.refuses)
    choice = Choice(selection, made.left_out)
    allowed = allowance(settings)
    found = recover(trio, state.plain, made.tried, limit=limit, allowed=allowed, choice=choice)
    key = [variant for variant in made.tried if variant.kind == "key"]
    total = limit * (len(passes(made.tried)) + len(passes(key)))
    for done, state.recovery in enumerate(found):
        yield Ladder(state.recovery, min(done, total), total)


def allowance(settings: Settings) -> Allowance:
    """Return how much the base may lose under an edit."""
    return Allowance(settings.thresholds.base_breaks, settings.thresholds.base_loss)


def _selected(
    state: CaseState, trio: Trio, settings: Settings
) -> Generator[Step, None, tuple[int, ...]]:
    """Return the tokens of the words to emphasise; none where no word contributes."""
    assert state.keys is not None
    assert state.shift is not None
    yield Working()
    return chosen_words(
        settings.selection,
        state.attributions["base"],
        state.attributions["unlearned"],
        settings.rule,
        state.shift,
    )


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

"""What to read: every strategy on the chosen words, and all that is held against it.

Makes prompts and levers; reads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from attribution.attempts import AttemptKind, Emphasis, Level, Lever
from attribution.choose import random_positions
from attribution.emphasis import Means, load
from attribution.emphasise import Emphasised, emphasise
from attribution.errors import EmptyPrompt, NoOtherSpelling, TemplateRefuses
from attribution.paraphrase import rewordings
from attribution.scorer import Tokens
from attribution.twins import id_preserving_twin, ids_only_twin
from attribution.types import Prompt
from attribution.words import touched

PARAPHRASE = "paraphrase"
"""Stands for a strategy where nothing is emphasised."""

_NOT_HERE = (EmptyPrompt, NoOtherSpelling, TemplateRefuses)
"""Raised where one strategy cannot be tried on some words, which says nothing of any other."""


@dataclass(frozen=True, slots=True)
class Variant:
    """An emphasised prompt, not yet read."""

    kind: AttemptKind
    draw: int
    emphasis: Emphasis
    edited: Emphasised
    level: Level = "prompt"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make."""

    strategies: tuple[str, ...]
    draws: int = 3
    seed: int = 0
    """Of the draws."""
    means: Means = field(default_factory=Means)
    paraphrases: tuple[str, ...] = ()
    """The same question in other words; frames around it without any."""
    strength: float | None = None
    """For all that have a dial; None is every rung of the ladder."""


@dataclass(frozen=True, slots=True)
class Made:
    """What there is to read, and why some of it is not there."""

    tried: tuple[Variant, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    """Strategies that cannot be tried here, each with the reason."""


def variants(
    tokens: Tokens,
    prompt: Prompt,
    positions: Sequence[int],
    wanted: Wanted,
    refuses: Callable[[Lever | None], str] = lambda _: "",
) -> Made:
    """Return what to read: each strategy on the words that hold `positions`, beside its twins and
    the random draws, which all strategies share; and the paraphrases, which belong to none.

    `refuses` says why models cannot be read under a lever. Raises `NothingToEmphasise`,
    `UnknownName` and `BadOption`.
    """
    marked = tuple(i for word in touched(prompt, positions) for i in word.positions)
    random = random_positions(prompt, marked, wanted.draws, wanted.seed)
    made: list[Variant] = []
    left_out: list[tuple[str, str]] = []
    for name in wanted.strategies:
        strategy = load(name, wanted.means)
        for strength in _strengths(strategy.strengths, strategy.rungs, wanted.strength):
            emphasis = Emphasis(name, marked, strength)
            try:
                edited = emphasise(tokens, prompt, emphasis, wanted.means)
            except _NOT_HERE as error:
                left_out.append((name, str(error)))
                break
            if why := refuses(edited.lever):
                left_out.append((name, why))
                break
            found = [Variant("key", 0, emphasis, edited)]
            if strategy.level == "prompt" and edited.ids_changed:
                found += _twins(tokens, prompt, emphasis, edited, wanted.means)
            found += _random(tokens, prompt, emphasis, random, wanted.means)
            made += [replace(variant, level=strategy.level) for variant in found]
    return Made((*_different(made), *_paraphrased(tokens, prompt, wanted)), tuple(left_out))


def _strengths(
    dial: Sequence[float], rungs: Sequence[float], asked: float | None
) -> Sequence[float]:
    if asked is None:
        return rungs
    return (asked,) if len(dial) > 1 else (1.0,)


def _twins(
    tokens: Tokens, prompt: Prompt, emphasis: Emphasis, edited: Emphasised, means: Means
) -> Iterator[Variant]:
    try:
        same_ids = id_preserving_twin(tokens, prompt, emphasis, means)
        other_ids = ids_only_twin(tokens, prompt, emphasis.positions, edited)
    except _NOT_HERE:
        return
    if same_ids is not None:
        yield Variant("id_preserving", 0, emphasis, same_ids)
    if other_ids is not None:
        yield Variant("ids_only", 0, emphasis, other_ids)


def _random(
    tokens: Tokens,
    prompt: Prompt,
    emphasis: Emphasis,
    random: Sequence[tuple[int, ...]],
    means: Means,
) -> Iterator[Variant]:
    for draw, positions in enumerate(random):
        drawn = replace(emphasis, positions=positions)
        try:
            edited = emphasise(tokens, prompt, drawn, means)
        except _NOT_HERE:
            continue
        yield Variant("random", draw, drawn, edited)


def _different(made: Sequence[Variant]) -> Iterator[Variant]:
    """Leave out a rung that came to the same as one below it."""
    seen: set[tuple[str, AttemptKind, int, tuple[int, ...], Lever | None]] = set()
    for variant in made:
        edited = variant.edited
        what = (
            variant.emphasis.strategy,
            variant.kind,
            variant.draw,
            edited.prompt.ids,
            edited.lever,
        )
        if what not in seen:
            seen.add(what)
            yield variant


def _paraphrased(tokens: Tokens, prompt: Prompt, wanted: Wanted) -> Iterator[Variant]:
    if not wanted.draws:
        return
    for draw, text in enumerate(rewordings(prompt.content_text, wanted.paraphrases)):
        try:
            reworded = Emphasised(tokens.encode(text), (), ids_changed=False)
        except _NOT_HERE:
            continue
        yield Variant("paraphrase", draw, Emphasis(PARAPHRASE, ()), reworded)

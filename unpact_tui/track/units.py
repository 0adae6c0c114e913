"""The contributions of one prompt over the steps of a run: a row per token or per word.

Pure. What a word contributes is the sum over its tokens, which is ours; where whole words or
sentences were removed, each token carries the number already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attribution.types import Nats
from unpact_tui.track.schema import CaseStep, TrackedStep


@dataclass(frozen=True, slots=True)
class Unit:
    """A token or a word of a prompt."""

    text: str
    """Raw."""
    key: bool
    """Whether the base has a KeyToken there."""
    base: Nats | None
    values: tuple[Nats | None, ...]
    """On the checkpoints, one per step; None where nothing was measured."""

    @property
    def moved(self) -> Nats:
        """How far it went from the base to the last step where it was measured; 0 if unknown."""
        last = next((value for value in reversed(self.values) if value is not None), None)
        return 0.0 if self.base is None or last is None else last - self.base


def case_ids(steps: Iterable[TrackedStep]) -> tuple[str, ...]:
    """Return the prompts in the order in which they were asked."""
    return tuple(dict.fromkeys(case.id for step in steps for case in step.cases))


def over_steps(steps: Sequence[TrackedStep], case: str) -> tuple[CaseStep | None, ...]:
    """Return one prompt at every step; None where it was not measured."""
    found = [next((one for one in step.cases if one.id == case), None) for step in steps]
    # Another tokenisation would put numbers on other words: such a step says nothing here.
    tokens = next((one.tokens for one in reversed(found) if one is not None), ())
    return tuple(one if one is not None and one.tokens == tokens else None for one in found)


def units(cases: Sequence[CaseStep | None], *, by_word: bool) -> tuple[Unit, ...]:
    """Return what a prompt is made of, with its contributions at every step."""
    known = next((case for case in cases if case is not None), None)
    if known is None:
        return ()
    keys = frozenset(known.key_tokens)
    return tuple(
        Unit(
            text="".join(known.tokens[i] for i in range(place[0], place[-1] + 1)),
            key=not keys.isdisjoint(place),
            base=_together(known, known.base_contributions, place),
            values=tuple(
                None if case is None else _together(case, case.contributions, place)
                for case in cases
            ),
        )
        for place in _places(known, by_word=by_word)
    )


def _places(case: CaseStep, *, by_word: bool) -> list[tuple[int, ...]]:
    """Return the tokens of each unit.

    By word, one that is in no word is a unit of its own, and white space goes with what follows.
    """
    if not by_word:
        return [(i,) for i in range(len(case.tokens))]
    words = [word for word in case.words if word]
    inside = {i for word in words for i in word}
    found: list[tuple[int, ...]] = []
    blank: tuple[int, ...] = ()
    for place in sorted([*words, *((i,) for i in range(len(case.tokens)) if i not in inside)]):
        if all(not case.tokens[i].strip() for i in place):
            blank += place
        else:
            found.append((*blank, *place))
            blank = ()
    return [*found, blank] if blank else found


def _together(case: CaseStep, values: Sequence[Nats | None], place: Sequence[int]) -> Nats | None:
    """Return what the tokens of a unit contribute; None unless all of them were measured."""
    known = [value for i in place if (value := values[i]) is not None]
    if len(known) < len(place):
        return None
    return sum(known) if case.granularity == "token" else known[0]


def movers(found: Sequence[Unit], most: int) -> tuple[Unit, ...]:
    """Return the units that moved most, the farthest first."""
    gone = sorted(found, key=lambda unit: -abs(unit.moved))
    return tuple(unit for unit in gone[:most] if unit.moved)

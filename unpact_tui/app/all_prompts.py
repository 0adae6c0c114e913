"""What all prompts that are read say together, by any thresholds.

What a prompt adds is taken in once; it is little, and what follows from thresholds follows from it
alone. Knows neither widgets nor the engine.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attribution.thresholds import Thresholds
from attribution.types import Approximation, Label, Verdict
from unpact_tui.app import certainty
from unpact_tui.app.state import CompareState
from unpact_tui.app.summary_lines import Summary
from unpact_tui.document import gist_of
from unpact_tui.gist import Gist, Together
from unpact_tui.session.memory import Memory
from unpact_tui.session.remembered import Remembered, whole_cases

_NOTHING = Verdict("UNKNOWN", ("No prompt is read yet: B reads all of them.",))


@dataclass(frozen=True, slots=True)
class _Said:
    """What one prompt adds."""

    gist: Gist
    guessed: Mapping[str, Approximation | None]
    """Per model, how what was not measured was guessed."""


class AllPrompts:
    """Judges all prompts together."""

    def __init__(self, state: CompareState, memory: Memory, seed: int) -> None:
        self.total = len(state.cases)
        self._choices = state.now
        self._memory = memory
        self._seed = seed
        self._said: list[_Said] = []
        self._together: Together | None = None
        self._versions = 0

    def gather(self) -> Iterator[None]:
        """Take in one prompt after the other, where something is known that was not."""
        versions = sum(map(self._memory.version, self._choices.cases))
        if self._together is not None and versions == self._versions:
            return
        found: list[_Said] = []
        for known in whole_cases(self._choices, self._memory):
            found.append(_said(known))
            yield
        self._versions, self._said = versions, found
        self._together = Together([said.gist for said in found], self._seed)

    def judge_now(self, thresholds: Thresholds) -> Summary:
        """Return what they say as they are known now: for few, which take no time."""
        deque(self.gather(), maxlen=0)
        return self.judge(thresholds)

    def judge(self, thresholds: Thresholds) -> Summary:
        """Return what they say by some thresholds; looks at nothing but what was gathered."""
        together, read = self._together, len(self._said)
        if together is None or not read:
            return Summary(_NOTHING, {}, thresholds, {}, of_set=True, read=0, total=self.total)
        evidence, verdict = together.judged(thresholds)
        labels: Counter[Label] = Counter(gist.judged(thresholds).label for gist in together.gists)
        guesses = [said.guessed for said in self._said]
        some = sum(any(guessed.values()) for guessed in guesses)
        caveat = f"Contributions of {some} of {read} prompts are estimated, at least in part."
        return Summary(
            verdict,
            evidence,
            thresholds,
            dict(labels),
            True,
            read,
            self.total,
            "" if read == self.total else "B reads the others.",
            fidelity=certainty.least(map(certainty.figures, guesses)),
            caveats=(caveat,) if some else (),
            strategies=together.standing(thresholds),
        )


def _said(known: Remembered) -> _Said:
    guessed: dict[str, Approximation | None] = {
        role: found.approximation for role, found in known.attributions.items()
    }
    return _Said(gist_of(known), guessed)

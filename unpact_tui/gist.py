"""What one case adds to what all say together: little, so that of ten thousand all can be kept.

Ours. Knows nothing of models, screens or documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attribution.cells import Cell
from attribution.evidence import CaseEvidence, of_set
from attribution.standing import Standing
from attribution.standings import Field
from attribution.thresholds import Thresholds
from attribution.types import Interval, Split, Verdict
from attribution.verdict import judge, judge_set, knows


@dataclass(frozen=True, slots=True)
class Gist:
    """One case, as far as others are judged with it."""

    split: Split
    evidence: Mapping[str, Interval]
    cells: Mapping[str, Cell]
    """What each strategy does on it."""

    def judged(self, thresholds: Thresholds) -> CaseEvidence:
        """Return its evidence with the verdict that follows from it."""
        return CaseEvidence(self.split, self.evidence, judge(self.evidence, thresholds).label)

    def is_known(self, thresholds: Thresholds) -> bool:
        """Tell whether something was to be forgotten, and the base knows it."""
        return self.split == "forget" and knows(self.evidence, thresholds)


class Together:
    """Judges several cases together; what does not follow from the thresholds is counted once."""

    def __init__(self, gists: Sequence[Gist], seed: int) -> None:
        self.gists = gists
        self._seed = seed
        self._evidence: dict[object, dict[str, Interval]] = {}
        self._fields: dict[object, Field] = {}

    def judged(self, thresholds: Thresholds) -> tuple[dict[str, Interval], Verdict]:
        """Return the evidence and the verdict."""
        judged = [gist.judged(thresholds) for gist in self.gists]
        # All that thresholds have to do with the means is which cases are known, and their labels.
        key = tuple((one.label, knows(one.numbers, thresholds)) for one in judged)
        if key not in self._evidence:
            self._evidence[key] = of_set(judged, thresholds, seed=self._seed)
        return self._evidence[key], judge_set(self._evidence[key], thresholds)

    def standing(self, thresholds: Thresholds) -> tuple[Standing, ...]:
        """Return how strategies stand over the forget cases whose answer the base knows."""
        known = tuple(gist.is_known(thresholds) for gist in self.gists)
        if known not in self._fields:
            cells = [
                gist.cells for gist, is_known in zip(self.gists, known, strict=True) if is_known
            ]
            self._fields[known] = Field(cells, seed=self._seed)
        return self._fields[known].by(thresholds)

"""One row of a benchmark: a case, and what else its own metrics look at.

Plain values; knows no layout of files, no model and no metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution.types import Case

Ask = Literal["answer", "continue", "choose", "member"]
"""What a benchmark does with a row: ask a question, have a text continued, have one of several
answers chosen by letter, or ask whether a text was learned, for which there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case with the part it belongs to."""

    case: Case
    """For "member", the prompt is the text itself and there is no answer."""
    part: str
    """The benchmark's own name of the set: "forget", "retain", "real_authors", "holdout" ..."""
    ask: Ask = "answer"
    context: str = ""
    """What stands before the prompt when the benchmark's own metric is taken, such as solved
    examples; the probes of this product leave it out."""
    paraphrase: str | None = None
    """The answer in other words."""
    wrong: tuple[str, ...] = ()
    """Answers like it that are not true."""
    options: tuple[str, ...] = ()
    """With "choose": all answers, in the order of their letters."""
    correct: int | None = None
    """With "choose": which of them is right, from 0."""
    limit: int = 200
    """Tokens that a model may write."""
    ends: tuple[str, ...] = ()
    """What it writes counts up to the first of these."""

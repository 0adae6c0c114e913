"""What is remembered of every prompt, as a row for the list; and what the current one says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import monotonic
from typing import Literal, overload

from attribution.textmatch import exact
from attribution.thresholds import Thresholds
from attribution.types import Approximation, Case, Verdict
from attribution.verdict import judge
from unpact_tui.app import certainty
from unpact_tui.app.prompt_rows import (
    PromptRow,
    Status,
    next_changed,
    next_collapsed,
    next_suppressed,
)
from unpact_tui.app.state import CompareState
from unpact_tui.app.summary_lines import Summary
from unpact_tui.session.choices import Choices
from unpact_tui.session.memory import Memory
from unpact_tui.worker.protocol import Analyse, Question, Recover

Jump = Literal["suppressed", "collapsed", "changed"]

Reading = Callable[[Question], bool]


class Overview:
    """Rows, made again only where something new is known."""

    def __init__(self, memory: Memory, reading: Reading) -> None:
        self.behind = False
        """Not every row that was returned last says what is known."""
        self._memory = memory
        self._reading = reading
        self._made: dict[int, tuple[object, PromptRow]] = {}
        """By its place: what a row follows from, and the row."""

    def rows(self, choices: Choices, seconds: float = inf) -> list[PromptRow]:
        """Return a row per prompt, in order.

        What takes longer than so many seconds is left as it was: of ten thousand prompts that were
        read elsewhere, nothing is known here at first.
        """
        until, self.behind = monotonic() + seconds, False
        return [self._row(choices, index, until) for index in range(len(choices.cases))]

    def on_demand(self, choices: Choices) -> Sequence[PromptRow]:
        """Return the same rows, each made when it is looked at."""
        return _OnDemand(len(choices.cases), lambda index: self._row(choices, index, inf))

    def _row(self, choices: Choices, index: int, until: float) -> PromptRow:
        case = choices.cases[index]
        key = (
            self._memory.version(case),
            choices.granularity,
            choices.here[index].tried_on,
            case,
            choices.thresholds,
        )
        made = self._made.get(index)
        if made is not None and made[0] == key:
            return made[1]
        if monotonic() > until:
            self.behind = True
            same = made is not None and made[1].prompt == case.prompt
            return made[1] if made is not None and same else _unread(case, index)
        row = row_of(choices, index, self._memory, self._reading)
        self._made[index] = (key, row)
        return row


class _OnDemand(Sequence[PromptRow]):
    def __init__(self, count: int, row: Callable[[int], PromptRow]) -> None:
        self._count = count
        self._row = row

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> PromptRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PromptRow]: ...
    def __getitem__(self, at: int | slice) -> PromptRow | Sequence[PromptRow]:
        if isinstance(at, slice):
            return [self._row(index) for index in range(self._count)[at]]
        return self._row(range(self._count)[at])


def _unread(case: Case, index: int) -> PromptRow:
    """Return the row of a prompt of which nothing is known."""
    return PromptRow(index, case.id, case.split, case.prompt, case.answer)


def row_of(choices: Choices, index: int, memory: Memory, reading: Reading) -> PromptRow:
    """Return what is known of a prompt."""
    case = choices.cases[index]
    analyse = Analyse(case, choices.granularity)
    recover = Recover(case, choices.here[index].tried_on, choices.granularity)
    if not memory.whole(recover):
        recover = Recover(case, (), choices.granularity)
    failure = memory.failure(analyse) or memory.failure(recover)
    known = memory.glance(analyse, recover)
    status: Status = "waiting"
    if failure is not None:
        status = "failed"
    elif known.evidence is not None:
        status = "read"
    elif reading(analyse) or reading(recover):
        status = "reading"
    label = None if known.evidence is None else judge(known.evidence, choices.thresholds).label
    return PromptRow(
        index=index,
        id=case.id,
        split=case.split,
        prompt=case.prompt,
        answer=case.answer,
        status=status,
        label=label,
        recovered=known.recovered,
        control=known.control,
        logprob_base=known.logprobs.get("base"),
        logprob_unlearned=known.logprobs.get("unlearned"),
        changed=_changed(known.texts),
        trouble="" if failure is None else failure.message,
    )


def _changed(texts: Mapping[str, str]) -> bool | None:
    """Whether both answers are known, and differ in more than case and punctuation."""
    if "base" not in texts or "unlearned" not in texts:
        return None
    return not exact(texts["unlearned"], texts["base"])


def next_like(state: CompareState, overview: Overview, kind: Jump) -> int | None:
    """Return the next prompt of a kind behind the current one, round the end."""
    seek = {
        "suppressed": next_suppressed,
        "collapsed": next_collapsed,
        "changed": next_changed,
    }[kind]
    return seek(overview.on_demand(state.now), state.index)


def summary_of_prompt(state: CompareState, thresholds: Thresholds) -> Summary:
    """Return what the current prompt says by some thresholds."""
    judged = state.page.judged
    if judged is None:
        verdict = Verdict("UNKNOWN", ("This prompt is not judged yet.",))
        return Summary(verdict, {}, thresholds, {}, of_set=False, read=0)
    verdict = judge(judged.evidence, thresholds)
    sides = {"base": state.page.base, "unlearned": state.page.unlearned}
    known: dict[str, Approximation | None] = {
        role: side.approximation for role, side in sides.items()
    }
    return Summary(
        verdict,
        judged.evidence,
        thresholds,
        {verdict.label: 1},
        of_set=False,
        fidelity=certainty.figures(known),
        caveats=certainty.ways(known),
    )

"""From one measured checkpoint to a step: its row, and what is drawn of each prompt.

Pure: result documents in, plain values out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attribution.intervals import bootstrap_mean
from attribution.types import Granularity, Interval, Nats, Prompt
from attribution.words import words
from unpact_tui.errors import Failure, exit_code
from unpact_tui.result_schema import CaseEntry, Document, PromptEntry
from unpact_tui.track.folders import Place
from unpact_tui.track.schema import SCHEMA, CaseStep, TrackedStep
from unpact_tui.triage.row import SCHEMA as ROW_SCHEMA
from unpact_tui.triage.row import Row


def step_of(place: Place, row: Row, document: Document) -> TrackedStep:
    """Return the step of a checkpoint that was measured."""
    granularity = document.settings.granularity
    cases = tuple(_case(case, granularity) for case in document.cases)
    return TrackedStep(SCHEMA, row.key, place.step, row, cases, _mass(cases, document))


def _mass(cases: Sequence[CaseStep], document: Document) -> Interval | None:
    found = [case.key_mass for case in cases if case.split == "forget"]
    known = [value for value in found if value is not None]
    return bootstrap_mean(known, document.settings.seed) if known else None


def failed(place: Place, key: str, why: Failure, seconds: float) -> TrackedStep:
    """Return the step of a checkpoint that could not be measured."""
    row = Row(
        ROW_SCHEMA,
        key,
        place.name,
        str(place.path),
        None,
        error=str(why),
        error_code=int(exit_code(why)),
        seconds=seconds,
    )
    return TrackedStep(SCHEMA, key, place.step, row)


def _case(entry: CaseEntry, granularity: Granularity) -> CaseStep:
    shown = [i for i, token in enumerate(entry.prompt.tokens) if not token.fixed]
    at = {position: place for place, position in enumerate(shown)}
    base, unlearned = entry.base.contributions, entry.unlearned.contributions
    return CaseStep(
        id=entry.id,
        split=entry.split,
        verdict=entry.verdict,
        prompt=entry.prompt.text[entry.prompt.content.start : entry.prompt.content.end],
        answer=entry.answer.text,
        tokens=tuple(entry.prompt.tokens[i].text for i in shown),
        base_contributions=tuple(base[i] for i in shown),
        contributions=tuple(unlearned[i] for i in shown),
        base_logprob=entry.base.logprob,
        logprob=entry.unlearned.logprob,
        words=_words(entry.prompt, at),
        granularity=granularity,
        key_tokens=tuple(at[i] for i in entry.key_tokens if i in at),
        noise=entry.unlearned.noise,
        base_key_mass=mass(base, entry.key_tokens),
        key_mass=mass(unlearned, entry.key_tokens),
        focus_kept=entry.shift.focus_kept,
        overlap=entry.shift.overlap,
        recovered=None if entry.recovery.best is None else entry.recovery.best.recovered,
        control=entry.recovery.control,
        generation=entry.unlearned.generation,
    )


def _words(prompt: PromptEntry, at: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    """Return the words by the places of their tokens among those that are shown."""
    found = words(Prompt(prompt.text, prompt.tokens, prompt.content))
    return tuple(tuple(at[i] for i in word) for word in found)


def mass(contributions: Sequence[Nats | None], positions: Iterable[int]) -> Nats | None:
    """Return the sum of the positive contributions at some positions; None without a measured
    one."""
    known = [value for i in positions if (value := contributions[i]) is not None]
    return sum(max(value, 0.0) for value in known) if known else None

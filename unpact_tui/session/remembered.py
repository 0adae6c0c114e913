"""What is remembered of a session, as measurements and as a result document; without any model.

Verdicts are made again by the thresholds as they were moved; the numbers they look at stay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from attribution.attempts import Recovery
from attribution.errors import AttributionError
from attribution.thresholds import Thresholds
from attribution.types import (
    Answer,
    Attribution,
    Case,
    Granularity,
    Interval,
    KeyTokens,
    Prompt,
    Shift,
    Verdict,
)
from attribution.verdict import judge
from unpact_tui.document import Document, case_document, document, gist_of
from unpact_tui.gist import Gist, Together
from unpact_tui.result_schema import CaseEntry
from unpact_tui.session.choices import Choices
from unpact_tui.session.memory import Memory
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Compared,
    Contributions,
    Encoded,
    Event,
    Failed,
    Judged,
    Ladder,
    Opened,
    Role,
    Tried,
)
from unpact_tui.worker.protocol import Analyse, Recover, Try

Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True)
class Remembered:
    """One case, wholly measured."""

    case: Case
    prompt: Prompt
    answer: Answer
    attributions: Mapping[Role, Attribution]
    keys: KeyTokens
    shift: Shift
    recovery: Recovery
    verdict: Verdict
    evidence: Mapping[str, Interval]
    belongs: tuple[float | None, ...] = ()
    """How likely each token is a KeyToken, where contributions are approximate."""


def found(events: Sequence[Event], kind: type[Kind]) -> Kind | None:
    """Return the event of a kind; None when there is none."""
    return next((event for event in events if isinstance(event, kind)), None)


def remembered(
    memory: Memory, analyse: Analyse, recover: Recover, thresholds: Thresholds
) -> Remembered | None:
    """Return what is known of a case; None while something is missing."""
    said, tried = memory.said(analyse), memory.said(recover)
    encoded, compared = found(said, Encoded), found(said, Compared)
    ladder, judged = found(tried, Ladder), found(tried, Judged)
    if encoded is None or compared is None or ladder is None or judged is None:
        return None
    attributions = dict(_attributions(said, encoded, analyse.granularity))
    if not {"base", "unlearned"} <= attributions.keys():
        return None
    return Remembered(
        analyse.case,
        encoded.prompt,
        encoded.answer,
        attributions,
        compared.key_tokens,
        compared.shift,
        ladder.recovery,
        judge(judged.evidence, thresholds),
        judged.evidence,
        compared.belongs,
    )


def _attributions(
    said: Sequence[Event], encoded: Encoded, granularity: Granularity
) -> Iterator[tuple[Role, Attribution]]:
    for event in said:
        if isinstance(event, Contributions):
            yield (
                event.role,
                Attribution(
                    encoded.prompt,
                    encoded.answer,
                    event.logprob,
                    event.values,
                    event.estimator,
                    granularity,
                    event.complete,
                    event.answer_logprobs,
                    noise=event.noise,
                    approximation=event.approximation,
                ),
            )


def tries(memory: Memory) -> dict[Case, tuple[Tried, ...]]:
    """Return everything that was emphasised by hand, by the case that it was on."""
    by_case: dict[Case, tuple[Tried, ...]] = {}
    for order in memory.orders():
        if isinstance(order, Try) and (tried := found(memory.said(order), Tried)) is not None:
            by_case[order.case] = (*by_case.get(order.case, ()), tried)
    return by_case


def whole_cases(choices: Choices, memory: Memory, only: Case | None = None) -> Iterator[Remembered]:
    """Yield every case that is wholly known, in order; on what it was tried by hand, if so."""
    for case, chosen in zip(choices.cases, choices.here, strict=True):
        if only is not None and case != only:
            continue
        analyse = Analyse(case, choices.granularity)
        by_hand = Recover(case, chosen.tried_on, choices.granularity)
        usual = Recover(case, (), choices.granularity)
        known = remembered(memory, analyse, by_hand, choices.thresholds)
        known = known or remembered(memory, analyse, usual, choices.thresholds)
        if known is not None:
            yield known


def as_document(
    opened: Opened, settings: Settings, choices: Choices, memory: Memory, only: Case | None = None
) -> Document | None:
    """Return the result of what is known, of one case or of all; None while nothing is."""
    cases = list(written_down(choices, memory, only))
    failed = failures(choices, memory) if only is None else {}
    return put_together(opened, settings, choices, cases, failed)


def written_down(
    choices: Choices, memory: Memory, only: Case | None = None
) -> Iterator[tuple[CaseEntry, Gist]]:
    """Yield one case after the other as a document has it, and what it adds to all."""
    tried = tries(memory)
    for each in whole_cases(choices, memory, only):
        yield case_document(each, tried.get(each.case, ())), gist_of(each)


def put_together(
    opened: Opened,
    settings: Settings,
    choices: Choices,
    cases: Sequence[tuple[CaseEntry, Gist]],
    failed: Mapping[Case, Failed],
) -> Document | None:
    """Return the result of cases that are written down; None where there are none."""
    if not cases:
        return None
    settings = dataclasses.replace(
        settings, thresholds=choices.thresholds, granularity=choices.granularity
    )
    together = Together([gist for _, gist in cases], settings.seed)
    evidence, verdict = together.judged(settings.thresholds)
    return document(
        opened,
        settings,
        [entry for entry, _ in cases],
        evidence,
        verdict,
        failures=[(case, AttributionError(why.message)) for case, why in failed.items()],
        strategies=together.standing(settings.thresholds),
    )


def failures(choices: Choices, memory: Memory) -> dict[Case, Failed]:
    """Return the cases that could not be read, and why."""
    pairs = ((case, memory.failure(Analyse(case, choices.granularity))) for case in choices.cases)
    return {case: why for case, why in pairs if why is not None}

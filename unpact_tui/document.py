"""Result documents: made from measurements, written, and read back.

Their shape is `result_schema`. Knows nothing of models or screens; text stays raw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from attribution.attempts import Reading, Recovery
from attribution.cells import cells
from attribution.leakage import entities_of
from attribution.standing import HeldOut, Standing
from attribution.types import Answer, Attribution, Case, Interval, KeyTokens, Prompt, Shift, Verdict
from unpact_tui.entries import approximation_entry, checkpoint_entry
from unpact_tui.errors import BadResult
from unpact_tui.gist import Gist
from unpact_tui.json_text import encoded
from unpact_tui.plausible import implausible
from unpact_tui.recovery_entries import attempt_entry, recovery_entry
from unpact_tui.result_schema import (
    SCHEMA,
    CaseEntry,
    FailureEntry,
    ModelEntry,
    PromptEntry,
    SettingsEntry,
    ShiftEntry,
)
from unpact_tui.result_schema import Document as Document
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Opened, Role, Tried


def encode(result: msgspec.Struct, *, pretty: bool = False) -> bytes:
    """Return one JSON object, without a final newline."""
    return encoded(result, pretty=pretty)


@dataclass(frozen=True, slots=True)
class Written:
    """A document as indented JSON, a case at a time: of ten thousand it is a gigabyte.

    May be gone through again, as where a file does not take it.
    """

    document: Document

    def __iter__(self) -> Iterator[str]:
        """Yield what `encode` returns at once, and a final newline."""
        around = encode(msgspec.structs.replace(self.document, cases=()), pretty=True).decode()
        # Quotes within a text are escaped: this is the name, and no nested entry has it.
        before, cases, after = around.partition('\n  "cases": []')
        yield before
        yield cases.removesuffix("[]")
        for number, case in enumerate(self.document.cases):
            entry = encode(case, pretty=True).decode()  # a line ends nowhere within a text
            yield ",\n    " if number else "[\n    "
            yield entry.replace("\n", "\n    ")
        yield "\n  ]" if self.document.cases else "[]"
        yield after + "\n"


def decode(data: bytes, *, file: str = "the result") -> Document:
    """Read a document back. Raises `BadResult`."""
    try:
        found = msgspec.json.decode(data, type=_Header).schema
        if found != SCHEMA:
            raise BadResult(file, f"it has schema {found}, and this version reads {SCHEMA}")
        read = msgspec.json.decode(data, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(file, str(error)) from error
    if why := implausible(read, data):
        raise BadResult(file, why)
    return read


class _Header(msgspec.Struct):
    schema: int


# ---------------------------------------------------------------- from measurements


class Measured(Protocol):
    """A case with everything measured: what the engine leaves behind."""

    @property
    def case(self) -> Case:
        """What was asked."""
        ...

    @property
    def prompt(self) -> Prompt:
        """As tokenised."""
        ...

    @property
    def answer(self) -> Answer:
        """The answer under test."""
        ...

    @property
    def attributions(self) -> Mapping[Role, Attribution]:
        """Of base and unlearned."""
        ...

    @property
    def keys(self) -> KeyTokens | None:
        """The base's."""
        ...

    @property
    def belongs(self) -> tuple[float | None, ...]:
        """How likely each token is one of them, where that is not certain."""
        ...

    @property
    def shift(self) -> Shift | None:
        """From base to unlearned."""
        ...

    @property
    def recovery(self) -> Recovery | None:
        """Attempts and controls."""
        ...

    @property
    def verdict(self) -> Verdict | None:
        """Of this case alone."""
        ...

    @property
    def evidence(self) -> Mapping[str, Interval]:
        """What the verdict looked at."""
        ...


def gist_of(case: Measured) -> Gist:
    """Return what a case, everything about which was measured, adds to what all say together."""
    assert case.recovery is not None
    return Gist(case.case.split, case.evidence, cells(case.recovery))


def document(
    opened: Opened,
    settings: Settings,
    cases: Sequence[CaseEntry],
    evidence: Mapping[str, Interval],
    verdict: Verdict,
    *,
    failures: Sequence[tuple[Case, Exception]] = (),
    strategies: Sequence[Standing] = (),
    held_out: HeldOut | None = None,
) -> Document:
    """Put a whole run together; `failures` are the cases that could not be measured."""
    loaded: dict[Role, Loaded] = {checkpoint.role: checkpoint for checkpoint in opened.checkpoints}
    reference = loaded.get("reference")
    return Document(
        schema=SCHEMA,
        base=checkpoint_entry(loaded["base"]),
        unlearned=checkpoint_entry(loaded["unlearned"]),
        reference=None if reference is None else checkpoint_entry(reference),
        settings=_settings(settings, loaded["base"], chat=opened.chat),
        cases=tuple(cases),
        evidence=dict(evidence),
        verdict=verdict.label,
        reasons=(*verdict.reasons, *_failed(failures)),
        warnings=opened.warnings,
        failures=tuple(FailureEntry(case.id, case.split, str(why)) for case, why in failures),
        strategies=tuple(strategies),
        held_out=held_out,
    )


def _failed(failures: Sequence[object]) -> Iterator[str]:
    """A verdict on what could be measured says how much could not."""
    if failures:
        lost = "1 prompt" if len(failures) == 1 else f"{len(failures)} prompts"
        yield f"Not measured, and counted nowhere: {lost}."


def case_document(measured: Measured, tried: Sequence[Tried] = ()) -> CaseEntry:
    """Write down one case, everything about which must have been measured, and what was tried on
    it by hand."""
    keys, shift, recovery = measured.keys, measured.shift, measured.recovery
    assert keys is not None
    assert shift is not None
    assert recovery is not None
    assert measured.verdict is not None
    return CaseEntry(
        id=measured.case.id,
        split=measured.case.split,
        prompt=PromptEntry(measured.prompt.text, measured.prompt.tokens, measured.prompt.content),
        answer=measured.answer,
        base=_model(measured.attributions["base"], recovery.base),
        unlearned=_model(measured.attributions["unlearned"], recovery.plain),
        key_tokens=keys.positions,
        shift=ShiftEntry(shift.delta, shift.overlap, shift.rank_correlation, shift.focus_kept),
        recovery=recovery_entry(recovery),
        evidence=dict(measured.evidence),
        verdict=measured.verdict.label,
        reasons=measured.verdict.reasons,
        tried=tuple(attempt_entry(one) for each in tried for one in (each.attempt, *each.controls)),
        belongs=measured.belongs,
        entities=entities_of(measured.case.prompt, measured.answer.text, measured.case.entities),
        paraphrases=measured.case.paraphrases,
    )


def _settings(settings: Settings, base: Loaded, *, chat: bool) -> SettingsEntry:
    return SettingsEntry(
        estimator=settings.estimator,
        granularity=settings.granularity,
        alpha=settings.rule.alpha,
        beta=settings.rule.beta,
        normalisation=settings.rule.normalisation,
        strategies=settings.strategies,
        draws=settings.draws,
        seed=settings.seed,
        dtype=base.dtype,
        device=base.device,
        chat=chat,
        max_new_tokens=settings.max_new_tokens,
        thresholds=settings.thresholds,
        whp_alpha=settings.whp_alpha,
        effort=settings.effort,
        budget=settings.budget,
        selection=settings.selection,
        also=settings.also,
        search=settings.search,
        most_words=settings.most_words,
        layers=settings.layers,
        heads=settings.heads,
        templates=settings.templates,
    )


def _model(attribution: Attribution, reading: Reading) -> ModelEntry:
    return ModelEntry(
        attribution.logprob,
        attribution.contributions,
        reading.generation,
        attribution.noise,
        approximation_entry(attribution.approximation),
    )

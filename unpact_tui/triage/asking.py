"""What is asked of every checkpoint: from words of the command line to a question.

Reads prompts, benchmarks and headers, and opens no model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from attribution.types import Case
from unpact_tui import benchmarks, cases, checkpoints
from unpact_tui.benchmarks._item import Item
from unpact_tui.errors import BadUsage, Unwritable
from unpact_tui.options import command_words
from unpact_tui.settings import Settings
from unpact_tui.triage.candidates import Candidate, candidates
from unpact_tui.triage.keys import keys
from unpact_tui.triage.question import Question
from unpact_tui.triage.worker import CheckpointJob

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line names."""

    base: str
    candidates: tuple[str, ...]
    prompts: str
    """A file, or "-" for standard input."""
    retain: str | None = None
    benchmarks: tuple[str, ...] = ()
    reference: str | None = None
    documents: Path | None = None
    weights: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, and of what."""

    question: Question
    candidates: tuple[Candidate, ...]
    keys: tuple[str, ...]
    """Of the candidates."""

    @property
    def jobs(self) -> tuple[CheckpointJob, ...]:
        """All there is to do."""
        return tuple(
            CheckpointJob(key, one.name, one.path, one.note)
            for key, one in zip(self.keys, self.candidates, strict=True)
        )

    @property
    def aside(self) -> frozenset[str]:
        """Keys of what is there for comparison: base and reference."""
        pairs = zip(self.keys, self.candidates, strict=True)
        return frozenset(key for key, one in pairs if one.aside)


def absolute(chosen: Chosen) -> Chosen:
    """Return the same for whoever works in another folder: names of what is there, from the root.

    What is not there may be a name on the hub.
    """

    def rooted(name: str) -> str:
        return str(Path(name).absolute()) if Path(name).is_dir() else name

    return replace(
        chosen,
        base=rooted(chosen.base),
        candidates=tuple(map(rooted, chosen.candidates)),
        reference=None if chosen.reference is None else rooted(chosen.reference),
        documents=None if chosen.documents is None else chosen.documents.absolute(),
    )


def plan(chosen: Chosen, settings: Settings) -> Plan:
    """Read everything that is small. Raises `UsageError`, `CheckpointError`."""
    if chosen.documents is not None:
        _make(chosen.documents)
    asked = _question(chosen, settings)
    trusted = settings.trust_remote_code
    base = checkpoints.read(chosen.base, "base", trust_remote_code=trusted)
    reference = None
    if chosen.reference is not None:
        reference = checkpoints.read(chosen.reference, "reference", trust_remote_code=trusted)
    found = candidates(chosen.candidates, base, reference, trust_remote_code=trusted)
    other = None if reference is None else reference.fingerprint
    return Plan(asked, found, keys(asked, base.fingerprint, other, found))


def _question(chosen: Chosen, settings: Settings) -> Question:
    items: list[Item] = []
    for spec in chosen.benchmarks:
        items += benchmarks.read(spec)
    return Question(
        chosen.base,
        chosen.reference,
        settings,
        tuple(_cases(chosen.prompts, chosen.retain)),
        tuple(items),
        weights=chosen.weights,
        documents=None if chosen.documents is None else str(chosen.documents),
        compare=tuple(_opening(chosen, settings)),
    )


def _cases(prompts: str, retain: str | None) -> Iterator[Case]:
    """Yield all prompts; where both files have an id, the one to be retained gets another."""
    if retain is not None and prompts == retain == _STANDARD_INPUT:
        raise BadUsage("Standard input can be read once.", "Give --prompts or --retain a file.")
    seen: set[str] = set()
    for case in cases.read(prompts):
        seen.add(case.id)
        yield case
    if retain is None:
        return
    for case in cases.read(retain, default_split="retain"):
        name = case.id
        while name in seen:
            name = f"retain {name}"
        seen.add(name)
        yield replace(case, id=name)


def _opening(chosen: Chosen, settings: Settings) -> Iterator[str]:
    """Yield what follows the two folders in the command that opens one in the inspector."""
    if chosen.prompts != _STANDARD_INPUT:
        yield chosen.prompts
    if chosen.reference is not None:
        yield from ("--reference", chosen.reference)
    yield from command_words(settings)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise BadUsage(f"{folder} cannot be a folder of results: {why}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unwritable(str(folder), "permission denied")

"""The results folder: one file per model, whole or not there, skipped when it is there already.

Knows files and digests; what is in a record is `record`'s.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from attribution.thresholds import DEFAULT_THRESHOLDS
from unpact_tui.destination import destination
from unpact_tui.errors import BadUsage, Unreadable, Unwritable
from unpact_tui.findings.family import Entry
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.plausible import implausible
from unpact_tui.regular_files import read_as
from unpact_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """How each model is measured."""

    settings: Settings
    prompts: int | None = None
    """Of each kind, at most; None is all."""

    def digest(self, entry: Entry) -> str:
        """Return what changes when a record would come out otherwise.

        Most thresholds only judge, and a verdict can be had again from what is kept. Other choices
        of words are nothing that is measured here.
        """
        limits = self.settings.thresholds
        allowed = (limits.base_breaks, limits.base_loss)
        settings = replace(self.settings, thresholds=DEFAULT_THRESHOLDS)
        how = {**msgspec.to_builtins(settings), "thresholds": allowed}
        del how["also"]
        what = (entry.digest, entry.member, entry.seed, how, self.prompts, SCHEMA)
        return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Folder:
    """Where records are."""

    place: Path
    plan: Plan

    def file(self, entry: Entry) -> Path:
        """Return the file of an entry; other settings are another file."""
        name = f"{entry.seed}-{entry.member}-{self.plan.digest(entry)}.json"
        return self.place / "measured" / name

    def read(self, entry: Entry) -> Record | None:
        """Return what was kept of an entry; None where nothing is that can be read."""
        try:
            found = read_as(self.file(entry), Record)
        except Unreadable:
            return None
        if implausible(found):
            return None
        right = (SCHEMA, self.plan.digest(entry))
        return found if (found.schema, found.digest) == right else None

    def keep(self, entry: Entry, record: Record) -> None:
        """Write a record, whole or not at all. Raises `Unwritable`."""
        destination(self.file(entry)).write(msgspec.json.encode(record).decode())

    def make(self) -> None:
        """See that there is a folder that can be written. Raises `BadUsage`, `Unwritable`."""
        inside = self.place / "measured"
        try:
            inside.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
            raise BadUsage(f"{self.place} cannot be a folder of results: {why}.") from error
        if not os.access(inside, os.W_OK | os.X_OK):
            raise Unwritable(str(inside), "permission denied")

    def missing(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """Return what is yet to be measured: what is not there, or broke."""
        return tuple(
            entry for entry in entries if (found := self.read(entry)) is None or found.error
        )

    def forget(self, entries: Sequence[Entry]) -> None:
        """Remove what was kept of these."""
        for entry in entries:
            with suppress(OSError):
                self.file(entry).unlink()

"""All files that are no checkpoint: who reads each, and how it is spoiled."""

from __future__ import annotations

from fuzzing import logs, results, settings, sittings, texts
from fuzzing.attack import Format

FORMATS: tuple[Format, ...] = (
    *texts.FORMATS,
    *results.FORMATS,
    *sittings.FORMATS,
    *settings.FORMATS,
    *logs.FORMATS,
)

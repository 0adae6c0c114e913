"""Parts that every kind of result document has, written down from what was measured."""

from __future__ import annotations

from attribution.types import Approximation
from unpact_tui import shared_words
from unpact_tui.result_schema import ApproximationEntry, CheckpointEntry
from unpact_tui.worker.events import Loaded


def checkpoint_entry(loaded: Loaded) -> CheckpointEntry:
    """Write down one of the models."""
    return CheckpointEntry(
        name=loaded.name,
        path=loaded.path,
        fingerprint=loaded.fingerprint,
        method=loaded.method,
        dtype=loaded.dtype,
        device=loaded.device,
        shared=shared_words.entry(loaded),
    )


def approximation_entry(found: Approximation | None) -> ApproximationEntry | None:
    """Write down what is not exact, without its draws, which are as long as the result."""
    if found is None:
        return None
    return ApproximationEntry(
        estimates=found.estimates,
        how=found.how,
        measured=found.measured,
        units=found.units,
        agreement=found.agreement,
        r_squared=found.r_squared,
    )

"""What two open models have in common, as an entry of a result and as a sentence.

It knows only what was counted when they were opened, and nothing of how they share it.
"""

from __future__ import annotations

from collections.abc import Iterator

from unpact_tui.result_schema import CheckpointEntry, SharedEntry
from unpact_tui.worker.events import Loaded


def entry(loaded: Loaded) -> SharedEntry | None:
    """Return what a model has from the base; None when it has nothing."""
    if not (loaded.shared_bytes or loaded.shared_layers):
        return None
    return SharedEntry(loaded.shared_bytes, loaded.bytes, loaded.shared_layers)


def sentence(shared: SharedEntry | None) -> str:
    """Say what was not loaded, and not computed, twice; nothing where all of it was."""
    if shared is None:
        return ""
    said: list[str] = []
    if shared.bytes:
        share = _percent(shared.bytes / max(1, shared.of))
        said.append(
            f"shares {share} of its weights with the base ({_size(shared.bytes)} not loaded twice)"
        )
    if shared.layers:
        first = "first layer" if shared.layers == 1 else f"first {shared.layers} layers"
        said.append(f"{first} computed once")
    return "; ".join(said)


def sentences(models: Iterator[tuple[str, CheckpointEntry]]) -> Iterator[str]:
    """Yield one for each model that shares something, with its role."""
    for role, model in models:
        if words := sentence(model.shared):
            yield f"{role} {words}"


def _percent(share: float) -> str:
    """All of it is only said of all of it."""
    return f"{min(99, round(100 * share)) if share < 1 else 100} %"


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1_000_000_000 else f"{count / 1e9:.1f} GB"

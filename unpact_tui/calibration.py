"""How often the thresholds were wrong about models that never learned the answer.

The counts are those of docs/calibration.md; `scripts/calibrate.py` writes both. They hold for the
thresholds that they were counted with and for no others.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from attribution.intervals import wilson
from attribution.thresholds import Thresholds, percent


class Calibration(msgspec.Struct, frozen=True):
    """What was counted, on seeds that the thresholds were not looked at with."""

    thresholds: Thresholds
    suppressed: int
    """Prompts of retrained models that were called SUPPRESSED."""
    prompts: int
    """All of them whose answer the base knows."""
    found: int
    """Prompts that are known to hide their answer and were called SUPPRESSED."""
    hidden: int
    """All of these."""


@cache
def calibration() -> Calibration:
    """Return what was counted last."""
    data = files("unpact_tui").joinpath("calibration.json").read_bytes()
    return msgspec.json.decode(data, type=Calibration)


def sentence(thresholds: Thresholds) -> str:
    """Say how often SUPPRESSED is wrong with these thresholds."""
    found = calibration()
    if thresholds != found.thresholds:
        return (
            "These thresholds are not the default ones: how often they call a model SUPPRESSED "
            "that never learned the answer was not measured."
        )
    wrong = wilson(found.suppressed, found.prompts)
    between = f"{percent(wrong.lower)} to {percent(wrong.upper)}"
    return (
        f"With these thresholds {found.suppressed} of {found.prompts} prompts of models that never "
        f"learned the answer were called SUPPRESSED ({percent(wrong.estimate)}, {between}), and "
        f"{found.found} of {found.hidden} of those that hide it, all on tiny models "
        f"(docs/calibration.md)."
    )

"""What a reader of a log should be warned of: traps that its numbers do not show.

Knows neither files nor how anything is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from unpact_tui.logs.log import Log
from unpact_tui.logs.recompute import Recomputed, epsilon, forget_ratios, known_area
from unpact_tui.metrics._scored import Scored
from unpact_tui.metrics.muse import CHANCE, known_auc

AGREES = 1e-6
"""Published numbers come from 32-bit readings; differences beyond this are said."""
_NEAR_ZERO = 0.05
_LETTER = re.compile("[A-Za-z0-9]")
_LOOP = 3
"""Words of a run that comes back."""
_SHORTEST = 12
"""Words of a text that can loop."""


def cautions(log: Log, reference: Log | None, found: Recomputed) -> tuple[str, ...]:
    """Return all of them, as sentences without their stop."""
    return (
        *log.notes,
        *found.notes,
        *_of_reference(log, reference),
        *_of_texts(log.scored),
        *_of_differences(log, found),
    )


def difference(published: float, found: float) -> float | None:
    """Return what was found less what was published, where it is more than rounding."""
    apart = found - published
    return apart if abs(apart) > AGREES * max(1.0, abs(published)) else None


def _of_reference(log: Log, reference: Log | None) -> Iterator[str]:
    own = known_area(log)
    if isinstance(own, float):
        yield "privleak is from a published area: without its rows it has no interval"
    if reference is None:
        if own is not None:
            yield f"privleak is against an area of {CHANCE}, for want of a reference"
        return
    if reference.kind != "summary" and reference.kind != log.kind:
        yield f"the reference's log is of another evaluation: {reference.kind} and not {log.kind}"
    ratios, others = (forget_ratios(one, epsilon(one)) for one in (log, reference))
    if ratios and others and len(ratios) != len(others):
        yield (
            f"forget quality is of {len(ratios)} items against the reference's {len(others)}: its "
            "p-value cannot be compared with those of other numbers"
        )
    known = known_area(reference)
    area = 1 - known_auc(known)
    if known is not None and own is not None and area < _NEAR_ZERO:
        yield f"privleak explodes: the reference's area is {area:.3g}; look at the areas instead"


def _of_texts(items: Sequence[Scored]) -> Iterator[str]:
    said = [item.generation for item in items if item.generation is not None]
    kinds = {
        "empty": [text for text in said if not text.strip()],
        "looping": [text for text in said if _loops(text)],
        "without an ASCII letter or digit, of which ROUGE sees nothing": [
            text for text in said if text.strip() and not _LETTER.search(text)
        ],
        "with characters lost in decoding (U+FFFD)": [text for text in said if "\ufffd" in text],
    }
    for kind, those in kinds.items():
        if those:
            yield f"{len(those)} of {len(said)} generations are {kind}"


def _loops(text: str) -> bool:
    """Tell whether most of a text was there before, three words at a time."""
    words = text.split()
    if len(words) < _SHORTEST:
        return False
    runs = list(zip(*(words[place:] for place in range(_LOOP)), strict=False))
    return len(set(runs)) < len(runs) / 2


def _of_differences(log: Log, found: Recomputed) -> Iterator[str]:
    for name, published in log.published.items():
        if name not in found.metrics:
            continue
        apart = difference(published, found.metrics[name].estimate)
        if apart is not None:
            yield (
                f"{name} is published as {published:.6g}, and the rows give "
                f"{found.metrics[name].estimate:.6g}"
            )

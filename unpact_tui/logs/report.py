"""What `unpact-tui logs` does: read logs, compute their numbers again, return the text to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unpact_tui.display import display_text
from unpact_tui.json_text import printed
from unpact_tui.logs.cautions import cautions, difference
from unpact_tui.logs.log import Log
from unpact_tui.logs.reading import read_log
from unpact_tui.logs.recompute import Recomputed, recompute

_FIRST = (
    "forget_quality",
    "forget_quality_log10",
    "model_utility",
    "privleak",
    "privleak_auc",
    "privleak_auc_reference",
    "forget_truth_ratio",
)
_COLUMNS = ("metric", "recomputed", "interval", "n", "published", "difference")
_LONGEST = 48
"""Characters of a name that a file chose."""
_LEGEND = (
    "Intervals are 95 %, by bootstrap over items. Differences below a millionth are the rounding "
    "of 32-bit readings."
)


@dataclass(frozen=True, slots=True)
class Told:
    """A log, what came out of it and what to know about that."""

    log: Log
    found: Recomputed
    warnings: tuple[str, ...]


def report(files: Sequence[Path], reference: Path | None, *, json: bool) -> str:
    """Return the numbers of all logs, as tables or as JSON. Raises `BadLog`."""
    known = None if reference is None else read_log(reference)
    every = [told(read_log(file), known) for file in files]
    return _as_json(every) if json else "\n".join(map(table, every))


def told(log: Log, reference: Log | None) -> Told:
    """Return a log with its numbers computed again."""
    found = recompute(log, reference)
    return Told(log, found, cautions(log, reference, found))


def _as_json(every: Sequence[Told]) -> str:
    if len(every) == 1:
        document = _record(every[0])
    else:
        document = {"logs": [{"file": one.log.file, **_record(one)} for one in every]}
    return printed(document)


def _record(one: Told) -> dict[str, object]:
    metrics, published = one.found.metrics, one.log.published
    return {
        "metrics": {name: found.estimate for name, found in metrics.items()},
        "published": dict(published),
        "differences": {
            name: metrics[name].estimate - value
            for name, value in published.items()
            if name in metrics
        },
        "intervals": {
            name: {"lower": found.lower, "upper": found.upper, "n": found.n}
            for name, found in metrics.items()
        },
        "absent": one.found.absent,
        "warnings": list(one.warnings),
    }


def table(one: Told) -> str:
    """Return the numbers side by side, with what is absent and what to know."""
    lines = [f"{display_text(one.log.file)}  ({one.log.kind})", ""]
    cells = [_COLUMNS, *_rows(one)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_COLUMNS))]
    for row in cells:
        padded = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    lines += ["", _LEGEND]
    lines += [f"absent: {name}: {why}" for name, why in one.found.absent.items()]
    lines += [f"warning: {display_text(said)}" for said in one.warnings]
    return "\n".join(lines) + "\n"


def _rows(one: Told) -> Iterator[tuple[str, ...]]:
    metrics, published = one.found.metrics, one.log.published
    names = {**metrics, **published}
    first = [name for name in _FIRST if name in names]
    for name in (*first, *sorted(set(names) - set(first))):
        found, said = metrics.get(name), published.get(name)
        yield (
            display_text(name)[:_LONGEST],
            "-" if found is None else _number(found.estimate),
            "-" if found is None else f"{_number(found.lower)} to {_number(found.upper)}",
            "-" if found is None else str(found.n),
            "-" if said is None else _number(said),
            "-" if found is None or said is None else _apart(said, found.estimate),
        )


def _number(value: float) -> str:
    return f"{value:.6g}"


def _apart(published: float, found: float) -> str:
    return "0" if difference(published, found) is None else f"{found - published:+.3g}"

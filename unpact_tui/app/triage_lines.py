"""What the screen about many checkpoints says in words, line by line.

Pure: plain values in, lines out.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from attribution.types import Interval
from attribution.verdict import LABELS
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, Piece, shown
from unpact_tui.track.following import Board
from unpact_tui.triage.ranking import Ranked

_FIRST = (
    "share_known",
    "share_retained",
    "share_suppressed",
    "unlearned_match",
    "recovered_match",
    "recovered",
    "control",
    "lift",
    "focus_kept",
    "overlap",
    "retain_match",
    "retain_loss",
    "neutral_loss",
)
"""What of the evidence is shown first; the rest is in the file."""


def title(name: str, board: Board, seen: int, order: str, wanted: str) -> Line:
    """Say what is shown, and of how many."""
    count = len(board.rows)
    many = f"{count} checkpoint" + "s" * (count != 1)
    some = f"{seen} of {many}" if wanted else many
    pieces: list[Piece] = [
        ("Triage   ", STRONG),
        (shown(name, 60), ""),
        (f"   {some}, by {order}", LABEL),
    ]
    if wanted:
        pieces.append((f"   /{shown(wanted, 40)}", STRONG))
    return tuple(pieces)


def counts(rows: Sequence[Ranked], trouble: str, glyphs: Glyphs) -> Line:
    """Say how many there are of each verdict, or why no more comes."""
    if trouble:
        return ((shown(trouble), WARN),)
    labels = Counter(row.verdict for row in rows)
    said = [f"{labels[label]} {label}" for label in LABELS if labels[label]]
    said += [f"{labels[None]} failed"] if labels[None] else []
    front = sum(row.front for row in rows)
    mark = "*" if glyphs.ellipsis.isascii() else "◆"
    said += [f"{mark} {front} on the front of forgetting against keeping"] if front else []
    return ((f" {glyphs.dot} ".join(said) or f"waiting for checkpoints{glyphs.ellipsis}", LABEL),)


def detail(row: Ranked | None, glyphs: Glyphs) -> list[Line]:
    """Say everything about a checkpoint."""
    if row is None:
        return [(("Nothing to show.", LABEL),)]
    method = f"  {shown(row.method, 40)}" if row.method else ""
    lines: list[Line] = [
        ((shown(row.name, 80), STRONG), (method, ""), (f"  {shown(row.path)}", LABEL))
    ]
    if row.error:
        lines.append(((f"Could not be measured: {shown(row.error)}", WARN),))
    else:
        lines.append(((row.verdict or "", STRONG), (f"   rank {row.rank}", LABEL)))
    lines += [((shown(reason), ""),) for reason in row.reasons]
    if row.weights is not None:
        lines.append((("weights  ", LABEL), (shown(row.weights.sentence), "")))
    lines += _numbers(row, glyphs)
    lines += [
        ((f"{shown(name, 40)} is absent: {shown(why)}", LABEL),) for name, why in row.absent.items()
    ]
    lines += [((f"left out: {shown(what)}", WARN),) for what in row.left_out]
    lines += [((f"warning: {shown(what)}", WARN),) for what in row.warnings]
    if row.compare:
        lines.append((("enter    ", LABEL), (shown(shlex.join(row.compare)), "")))
    return lines


def _numbers(row: Ranked, glyphs: Glyphs) -> Iterator[Line]:
    named = {"forget": row.forget, "keep": row.utility}
    named |= {name: row.evidence.get(name) for name in _FIRST}
    named |= dict(row.metrics)
    found = {name: value for name, value in named.items() if value is not None}
    wide = max(map(len, found), default=0)
    for name, value in found.items():
        yield (
            (f"{shown(name, 40):{min(wide, 40)}}  ", LABEL),
            (f"{glyphs.number(value.estimate):>7}", STRONG),
            (f"  {interval(value, glyphs)}", LABEL),
        )


def interval(value: Interval, glyphs: Glyphs) -> str:
    """Return the ends of an interval, with what it is over."""
    if value.n == 1:
        return "n = 1"
    return f"[{glyphs.number(value.lower)}, {glyphs.number(value.upper)}], n = {value.n}"

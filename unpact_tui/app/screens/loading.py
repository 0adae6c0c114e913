"""What is seen while the checkpoints are read: where each is, and how long it has taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs, size
from unpact_tui.app.lines import LABEL, STRONG, Line, content, shown
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.worker.events import Loading, Role
from unpact_tui.worker.protocol import Open

_BAR = 32
_NAME = 44
_PERIOD = 0.5
"""Seconds between two drawings: a slow link must not be kept busy by waiting."""


class LoadingScreen(Screen[None]):
    """One block of two lines per checkpoint."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,q", "app.stop_loading", "Cancel", id="cancel_loading")
    ]

    def __init__(self, order: Open, glyphs: Glyphs, clock: Callable[[], float]) -> None:
        super().__init__()
        self._names: dict[Role, str] = {"base": order.base, "unlearned": order.second}
        if order.reference is not None:
            self._names["reference"] = order.reference
        self._glyphs = glyphs
        self._clock = clock
        self._begun = clock()
        self._last: dict[Role, Loading] = {}
        self._lines: list[Line] = []

    def compose(self) -> ComposeResult:
        """Lay out the blocks."""
        with Vertical(id="loading-box"):
            yield Static(Content.styled("unpact-tui", "bold"), id="loading-title")
            yield Static(id="loading", markup=False)
        yield Foot()

    def on_mount(self) -> None:
        """Draw now and then twice a second."""
        self._draw()
        self.set_interval(_PERIOD, self._draw)

    def note(self, event: Loading) -> None:
        """Remember how far a checkpoint is; drawn at the next turn."""
        first = event.role not in self._last
        self._last[event.role] = event
        if first:
            self._draw()

    def _draw(self) -> None:
        seconds = int(self._clock() - self._begun)
        lines = [*self._blocks(), ((f"{seconds} s", LABEL),)]
        if lines != self._lines and self.is_mounted:
            self._lines = lines
            self.query_one("#loading", Static).update(content(lines, self._glyphs))

    def _blocks(self) -> list[Line]:
        lines: list[Line] = []
        for role, name in self._names.items():
            event = self._last.get(role)
            stage = shown(event.stage, 40) if event else "waiting"
            head: Line = ((f"{role:<11}", LABEL), (_tail(event.name if event else name), STRONG))
            lines += [head, *self._progress(event, stage), ()]
        return lines

    def _progress(self, event: Loading | None, stage: str) -> list[Line]:
        if event is None or event.total <= 0:
            return [((f"{'':<11}{stage}", LABEL),), ()]
        bar = self._bar(event.done / event.total)
        share = min(1.0, event.done / event.total)
        amount = f"{size(event.done)} of {size(event.total)}"
        shard = f", shard {event.shard} of {event.shards}" if event.shards > 1 else ""
        return [
            ((f"{'':<11}", ""), *bar, (f"  {share:>4.0%}", STRONG)),
            ((f"{'':<11}{stage}, {amount}{shard}", LABEL),),
        ]

    def _bar(self, share: float) -> Line:
        reached = int(_BAR * max(0.0, min(1.0, share)))
        rest = self._glyphs.dot * (_BAR - reached)
        return ((self._glyphs.line * reached, "$accent"), (rest, "$text-muted"))


def _tail(name: str) -> str:
    """Return the end of a path: that is where checkpoints differ."""
    return shown(name) if len(name) <= _NAME else "…" + shown(name[-_NAME + 1 :])

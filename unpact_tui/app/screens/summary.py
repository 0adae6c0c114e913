"""The verdict with its evidence, and the lines it is drawn by, to be moved.

What follows from a step is `judging`'s; here it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from attribution.types import Interval
from attribution.verdict import Thresholds
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, Line, content
from unpact_tui.app.screens.judging import JUDGING, Judge, Judging, Scope
from unpact_tui.app.standing_lines import standing_lines
from unpact_tui.app.summary_lines import (
    case_line,
    evidence_lines,
    verdict_lines,
)
from unpact_tui.app.threshold_lines import (
    FIXED,
    MEASURED,
    all_thresholds,
    default,
    put,
    stepped,
    threshold_line,
)
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.summary import CAVEAT

_LOOK = """
SummaryScreen {
    layout: vertical;
    & #summary-title { height: 1; padding: 0 1; background: $panel; }
    & #summary-verdict {
        height: auto;
        max-height: 12;
        padding: 0 1;
        margin-bottom: 1;
        scrollbar-size-vertical: 1;
    }
    & #summary-cases, & #summary-caveat {
        height: 1;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    & #summary-parts { layout: horizontal; height: 1fr; }
    & #summary-evidence, & #summary-thresholds {
        height: 1fr;
        padding: 0 1;
        border-top: solid $foreground 40%;
        border-title-color: $foreground;
        border-title-style: bold;
        scrollbar-size-vertical: 1;
    }
    & #summary-evidence { width: 1fr; margin-right: 1; }
    & #summary-right { width: 42; height: 1fr; }
    & #threshold-sentence { height: 4; padding: 0 1; }
    & #threshold-news { height: 2; padding: 0 1; }
    & #evidence-rows { text-wrap: nowrap; text-overflow: clip; }
    & .threshold { height: 1; text-wrap: nowrap; text-overflow: clip; }
    &.-wide.-tall #summary-thresholds, &.-wide.-high #summary-thresholds { height: auto; }
    &.-narrow #summary-parts, &.-compact #summary-parts { layout: vertical; }
    &.-narrow #summary-right, &.-compact #summary-right { width: 100%; height: 1fr; }
    &.-narrow #summary-evidence, &.-compact #summary-evidence { margin-right: 0; }
    &.-narrow #threshold-sentence, &.-compact #threshold-sentence { height: 2; }
    &.-narrow #threshold-news, &.-compact #threshold-news { height: 1; }
    &.-medium #summary-verdict { max-height: 6; margin-bottom: 0; }
    &.-low #summary-verdict, &.-lowest #summary-verdict { max-height: 3; margin-bottom: 0; }
    &.-low #summary-evidence, &.-lowest #summary-evidence { display: none; }
    &:ansi #summary-evidence, &:ansi #summary-thresholds {
        border-top: solid ansi_bright_black;
    }
    &.-ascii #summary-evidence, &.-ascii #summary-thresholds {
        border-top: ascii $foreground 40%;
    }
    &.-ascii #summary-cases, &.-ascii #summary-caveat { text-overflow: clip; }
}
"""


class SummaryScreen(Judging):
    """Gives the thresholds, or None when they are as they were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="threshold_up"),
        Binding("down,j", "move(1)", "Down", show=False, id="threshold_down"),
        Binding("left,h,less_than_sign", "step(-1)", "Less", key_display="<", id="less"),
        Binding("right,l,greater_than_sign", "step(1)", "More", key_display=">", id="more"),
        Binding("0,backspace", "reset", "Default", key_display="0", id="default_threshold"),
        Binding("t", "scope", "This prompt, all", id="summary_scope"),
        Binding(
            "pagedown,ctrl+d",
            "scroll_evidence(1)",
            "More evidence",
            key_display="pgdn",
            id="evidence_down",
        ),
        Binding("pageup,ctrl+u", "scroll_evidence(-1)", show=False, id="evidence_up"),
        Binding("q,escape,enter", "close", "Close", key_display="q", id="close_summary"),
    ]
    DEFAULT_CSS = _LOOK

    def __init__(
        self,
        this: Judge,
        all: Judge,
        thresholds: Thresholds,
        glyphs: Glyphs,
        ascii_only: bool,
        scope: Scope = "all",
        gather: Callable[[], Iterable[object]] | None = None,
    ) -> None:
        """Begin as `Judging` does."""
        super().__init__(
            this, all, thresholds, scope, gather, classes="-ascii" if ascii_only else None
        )
        self._known = all_thresholds()
        self._here = 0
        self._glyphs = glyphs
        self._lines: dict[str, list[Line]] = {}
        self._evidence_title = "Evidence"

    def compose(self) -> ComposeResult:
        """Lay out verdict, evidence and thresholds."""
        yield Static(id="summary-title", markup=False)
        with VerticalScroll(id="summary-verdict", can_focus=False):
            yield Static(id="verdict-words", markup=False)
        yield Static(id="summary-cases", markup=False)
        with Container(id="summary-parts"):
            with VerticalScroll(id="summary-evidence", can_focus=False) as evidence:
                evidence.border_title = Content("Evidence")
                yield Static(id="evidence-rows", markup=False)
            with Vertical(id="summary-right"):
                with VerticalScroll(id="summary-thresholds", can_focus=False) as lines:
                    lines.border_title = Content("Thresholds")
                    for threshold in self._known:
                        name = f"threshold-{threshold.name}"
                        yield Static(id=name, classes="threshold", markup=False)
                yield Static(id="threshold-sentence", markup=False)
                yield Static(id="threshold-news", markup=False)
        yield Static(content([((CAVEAT, LABEL),)], self._glyphs), id="summary-caveat")
        yield Foot()

    def on_mount(self) -> None:
        """Judge for the first time."""
        self._start()

    def on_resize(self) -> None:
        """Write the evidence for the new width."""
        self.call_after_refresh(self._draw)

    # ------------------------------------------------------------ what a person does

    def action_move(self, by: int) -> None:
        """Go to another threshold."""
        self._here = max(0, min(len(self._known) - 1, self._here + by))
        self._draw()
        row = self.query_one(f"#threshold-{self._known[self._here].name}")
        self.query_one("#summary-thresholds").scroll_to_widget(row, animate=False)

    def action_step(self, direction: int) -> None:
        """Move the threshold under the cursor."""
        self._move_to(stepped(self._thresholds, self._chosen, direction))

    def action_reset(self) -> None:
        """Put the threshold under the cursor where it is when nobody says otherwise."""
        fixed = self._chosen in MEASURED
        usual = default(self._chosen)
        self._move_to(FIXED if fixed else put(self._thresholds, self._chosen, usual))

    def action_scope(self) -> None:
        """Look at all prompts, or at this one."""
        self._scope = "this" if self._scope == "all" else "all"
        self._news = ()
        self._start()

    def action_scroll_evidence(self, by: int) -> None:
        """Move what is below the screen into view: the reasons first, then the evidence."""
        reasons, table = self.query_one("#summary-verdict"), self.query_one("#summary-evidence")
        if by > 0 and reasons.scroll_y < reasons.max_scroll_y:
            reasons.scroll_relative(y=max(1, reasons.size.height - 1), animate=False)
            return
        if by < 0 and not table.scroll_y:
            reasons.scroll_home(animate=False)
        table.scroll_relative(y=by * max(1, table.size.height // 2), animate=False)

    def action_close(self) -> None:
        """Give the thresholds back, if they moved."""
        self.dismiss(None if self._thresholds == self._given else self._thresholds)

    # ------------------------------------------------------------ what follows

    @property
    def _chosen(self) -> str:
        return self._known[self._here].name

    def _draw(self) -> None:
        """Write what changed; only the reasons and the evidence may change in height."""
        scope = "this prompt" if self._scope == "this" else "all prompts"
        dot = self._glyphs.dot
        title: Line = (("Verdict", "bold"), (f"   {scope} {dot} t changes that", LABEL))
        self._write("summary-title", [title])
        words = [JUDGING] if self._judging and not self._summary else None
        words = words or verdict_lines(self._summary, self._glyphs)
        self._write("verdict-words", words, layout=True)
        cases = case_line(self._summary, self._cases)
        self.query_one("#summary-cases").display = bool(cases)
        self._write("summary-cases", [cases])
        evidence: Mapping[str, Interval] = {}
        fidelity: Mapping[str, Interval] = {}
        if self._summary is not None:
            evidence, fidelity = self._summary.evidence, self._summary.fidelity
        width = self.query_one("#summary-evidence").scrollable_content_region.width
        rows = standing_lines(self._summary.strategies if self._summary else (), self._glyphs)
        self._title("Strategies, then evidence" if rows else "Evidence")
        rows += evidence_lines(evidence, self._glyphs, width, fidelity)
        taller = len(rows) != len(self._lines.get("evidence-rows", ()))
        self._write("evidence-rows", rows, layout=taller)
        for place, threshold in enumerate(self._known):
            here = place == self._here
            line = threshold_line(threshold, self._thresholds, self._glyphs, here=here)
            self._write(f"threshold-{threshold.name}", [line])
        sentence = self._known[self._here].sentence
        self._write("threshold-sentence", [((sentence, LABEL),)])
        self._write("threshold-news", [self._news])

    def _title(self, words: str) -> None:
        if words != self._evidence_title:  # to set it is to repaint what it is the title of
            self._evidence_title = words
            self.query_one("#summary-evidence").border_title = Content(words)

    def _write(self, name: str, lines: list[Line], *, layout: bool = False) -> None:
        if lines != self._lines.get(name):
            self._lines[name] = lines
            self.query_one(f"#{name}", Static).update(content(lines, self._glyphs), layout=layout)

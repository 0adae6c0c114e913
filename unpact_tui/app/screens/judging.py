"""What follows from thresholds, at once or, for very many prompts, beside the screen.

Whoever makes it hands it two judges, of this prompt and of all; to judge is pure, so what follows
from a step is seen as soon as it is known. It knows neither engine nor session, and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal

from textual.screen import Screen

from attribution.thresholds import Thresholds
from attribution.types import Label
from unpact_tui.app.aside import ASIDE, aside, bit_by_bit
from unpact_tui.app.lines import LABEL, WARN, Line
from unpact_tui.app.summary_lines import Summary, crossing

Judge = Callable[[Thresholds], Summary | None]
"""Returns what some thresholds make of what was measured; None when nothing was."""

Scope = Literal["this", "all"]

JUDGING: Line = (("Judging all prompts; this takes a while.", LABEL),)


class Judging(Screen[Thresholds | None]):
    """Judges by thresholds that are moved."""

    def __init__(
        self,
        this: Judge,
        all: Judge,
        thresholds: Thresholds,
        scope: Scope,
        gather: Callable[[], Iterable[object]] | None,
        classes: str | None,
    ) -> None:
        """Judge by `thresholds` at first: this prompt, or all of them.

        With `gather` these are so many that keys would wait: it takes in one after the other what
        `all` looks at, which is then called in another thread.
        """
        super().__init__(classes=classes)
        self._judges: Mapping[Scope, Judge] = {"this": this, "all": all}
        self._scope: Scope = scope
        self._gather = gather
        self._judging = False
        self._given = self._thresholds = thresholds
        self._summary: Summary | None = None
        self._cases: Mapping[Label, int] = {}
        """How many prompts had which verdict by the thresholds that were given."""
        self._news: Line = ()

    def _start(self) -> None:
        """Judge another thing, beside what it is by the thresholds that were given."""
        self._summary, self._cases = None, {}
        if not self._beside():
            judge = self._judges[self._scope]
            given = judge(self._given)
            same = self._thresholds == self._given
            self._take(given, given if same else judge(self._thresholds))

    def _move_to(self, moved: Thresholds | str) -> None:
        if isinstance(moved, str):
            self._news = ((moved, WARN),)
            self._draw()
            return
        self._thresholds = moved
        if not self._beside():
            self._follow(self._judges[self._scope](moved))

    def _beside(self) -> bool:
        """Judge so many that it takes a while; whether it is that many."""
        if self._gather is None or self._scope == "this":
            return False
        began, self._judging = not self._judging, True
        self._news = JUDGING
        self._draw()
        if began:
            self.run_worker(self._judge_beside(self._gather), group=ASIDE)
        return True

    async def _judge_beside(self, gather: Callable[[], Iterable[object]]) -> None:
        """Judge by the thresholds that were chosen last, whatever is chosen meanwhile."""
        judge = self._judges["all"]
        await bit_by_bit(gather())
        given = await aside(partial(judge, self._given))
        found, of = given, self._given
        while self._scope == "all" and of != self._thresholds:
            of = self._thresholds
            found = await aside(partial(judge, of))
        self._judging = False
        if self._scope == "all":
            self._news = ()
            if self._summary is None:
                self._take(given, found)
            else:
                self._follow(found)

    def _take(self, given: Summary | None, found: Summary | None) -> None:
        """Show what something is that was not shown before."""
        self._cases = {} if given is None else given.cases
        self._summary = found
        self._draw()

    def _follow(self, found: Summary | None) -> None:
        """Show what it has become, and say so if the verdict is another."""
        before, self._summary = self._summary, found
        if before is not None and found is not None:
            news = crossing(before, found)
            self._news = ((news, WARN),) if news else self._kept_news()
        self._draw()

    def _kept_news(self) -> Line:
        """What was said of the last change of the verdict still holds; a refusal does not."""
        return self._news if self._news and "; was " in self._news[0][0] else ()

    def _draw(self) -> None:
        """Show what has become known; here nothing is drawn."""

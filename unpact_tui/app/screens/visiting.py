"""The comparison's keys that open another screen, and what comes back from there."""

from __future__ import annotations

from functools import partial

from textual.screen import Screen

from attribution.thresholds import Thresholds
from attribution.types import Case
from unpact_tui.app import painting
from unpact_tui.app.all_prompts import AllPrompts
from unpact_tui.app.aside import MANY
from unpact_tui.app.find import answer_hits
from unpact_tui.app.messages import Reopen
from unpact_tui.app.overview import summary_of_prompt
from unpact_tui.app.recalling import weights
from unpact_tui.app.screens.edit import EditScreen
from unpact_tui.app.screens.other import OtherScreen
from unpact_tui.app.screens.prompts import PromptsScreen
from unpact_tui.app.screens.search import SearchScreen
from unpact_tui.app.screens.summary import SummaryScreen
from unpact_tui.app.screens.taking import Taking
from unpact_tui.app.screens.weights import WeightsScreen
from unpact_tui.session.actions import AddCase, ChooseCase, EditCase, MoveThresholds
from unpact_tui.shared_words import entry, sentence

_MANY = 500
"""Prompts from which their page is not told everything at once."""
_SOON = 0.25
"""Seconds until it is."""
_WHILE = 0.25
"""Seconds in which its rows are made; the others are made later."""


class Visiting(Taking):
    """Opens dialogs and pages, and takes in what was decided there."""

    _refreshing = False
    """Pages are about to be told what is known."""

    # ------------------------------------------------------------ prompts

    def action_edit(self) -> None:
        """Write another prompt in the place of this one."""
        self._edit(self.state.index)

    def _edit(self, index: int) -> None:
        def accept(case: Case | None) -> None:
            if case is not None:
                self.comparison.do(ChooseCase(index))
                self.comparison.do(EditCase(case))
            self.refresh_pages()

        self.app.push_screen(EditScreen(self.state.cases[index]), accept)

    def action_add(self) -> None:
        """Write one more prompt."""

        def accept(case: Case | None) -> None:
            if case is not None:
                self.comparison.do(AddCase(case))
            self.refresh_pages()

        taken = {case.id for case in self.state.cases}
        number = len(taken) + 1
        while str(number) in taken:
            number += 1
        self.app.push_screen(EditScreen(Case(str(number), ""), "Add a prompt"), accept)

    def action_prompts(self) -> None:
        """Show all prompts."""
        self.comparison.hint("")
        state = self.state

        def opened(index: int | None) -> None:
            if index is not None:
                self.comparison.do(ChooseCase(index))

        rows = self.overview.rows(state.now, _WHILE)
        page = PromptsScreen(rows, state.index, self.glyphs, self.ascii_only)
        page.show(rows, state.scored)
        self.app.push_screen(page, opened)
        self._catch_up()

    def on_prompts_screen_scoring(self, event: PromptsScreen.Scoring) -> None:
        """Read all prompts, or stop."""
        self.comparison.score(wanted=event.wanted)

    def on_prompts_screen_add(self) -> None:
        """Write one more prompt."""
        self.action_add()

    def on_prompts_screen_edit_row(self, event: PromptsScreen.EditRow) -> None:
        """Write another prompt in the place of one."""
        self._edit(event.index)

    def _on_stack(self, kind: type[Screen[object]]) -> Screen[object] | None:
        return next((each for each in self.app.screen_stack if isinstance(each, kind)), None)

    def refresh_pages(self) -> None:
        """Have the pages that lie over this screen say what is known now; thousands of rows soon.

        An engine may say many things a second, and each would have all rows arranged anew.
        """
        listed = any(isinstance(each, PromptsScreen) for each in self.app.screen_stack)
        if len(self.state.cases) <= _MANY or not listed:
            self._refresh_pages()
        else:
            self._refresh_soon()

    def _refresh_soon(self) -> None:
        if not self._refreshing:
            self._refreshing = True
            self.set_timer(_SOON, self._refresh_pages)

    def _catch_up(self) -> None:
        """Have rows made that took too long at once."""
        if self.overview.behind:
            self._refresh_soon()

    def _refresh_pages(self) -> None:
        self._refreshing = False
        for page in self.app.screen_stack:
            if isinstance(page, PromptsScreen):
                page.show(self.overview.rows(self.state.now, _WHILE), self.state.scored)
                self._catch_up()
            elif isinstance(page, WeightsScreen):
                self._show_weights(page)

    # ------------------------------------------------------------ verdict, weights

    def action_summary(self) -> None:
        """Show the evidence, and move thresholds."""
        state = self.state

        def moved(thresholds: Thresholds | None) -> None:
            if thresholds is not None:
                self.comparison.do(MoveThresholds(thresholds))

        memory, seed = self.comparison.memory, self.settings.seed
        every = AllPrompts(state, memory, seed)
        many = len(state.cases) > MANY
        page = SummaryScreen(
            partial(summary_of_prompt, state),
            every.judge if many else every.judge_now,
            state.thresholds,
            self.glyphs,
            self.ascii_only,
            "this",
            every.gather if many else None,
        )
        self.app.push_screen(page, moved)

    def action_weights(self) -> None:
        """Show what changed in the weights."""
        models = self.state.opened.checkpoints if self.state.opened else ()
        names = [loaded.name for loaded in models]
        first, second = (*names, "base", "unlearned")[:2] if len(names) < 2 else names[:2]
        shared = [words for each in models[1:2] if (words := sentence(entry(each)))]
        page = WeightsScreen(self.glyphs, self.ascii_only, (first, second), "".join(shared))
        self.app.push_screen(page)
        self.comparison.weigh()
        self._show_weights(page)

    def _show_weights(self, page: WeightsScreen) -> None:
        change, failed = weights(self.comparison.memory)
        if change is not None:
            page.show(change)
        if failed is not None:
            page.fail(failed.message, failed.hint)

    # ------------------------------------------------------------ search

    def action_search(self) -> None:
        """Look for a text in the prompt and in the answers."""

        def found(needle: str | None) -> None:
            if needle is not None:
                self.comparison.search(needle)
                if needle:
                    self.action_hit(1)

        self.app.push_screen(SearchScreen(self.state.needle, self._count, self.glyphs), found)

    def _count(self, needle: str) -> str:
        prompt = self.state.prompt
        here = len(painting.hits(self.state, needle)) if prompt else 0
        texts = [text for role in painting.PANES if (text := painting.said(self.state, role)[0])]
        there = sum(len(answer_hits(text, needle)) for text in texts)
        return f"{here} in the prompt, {there} in the answers"

    # ------------------------------------------------------------ another checkpoint

    def action_other(self) -> None:
        """Open another unlearned checkpoint beside the same base."""
        opened = self.state.opened
        here = [c.path for c in opened.checkpoints if c.role == "unlearned"] if opened else []

        def chosen(path: str | None) -> None:
            if path:
                self.app.post_message(Reopen(path))

        self.app.push_screen(
            OtherScreen(here[0] if here else "", self.glyphs, self.ascii_only), chosen
        )

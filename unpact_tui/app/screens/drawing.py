"""Puts a comparison's state on its widgets, and only what changed since the last time."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import shown
from unpact_tui.app.messages import Host
from unpact_tui.app.state import CompareState, Side, painted, scale
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.key_tokens import KeyTokensView
from unpact_tui.app.widgets.legend import Legend
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.app.widgets.shift_strip import ShiftStrip
from unpact_tui.app.widgets.status_line import OneLine, status_line, tested_line, title_line
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.worker.protocol import Role

PANES: tuple[Role, Role] = ("base", "unlearned")

_MOST_SHIFTS = 12


class Drawing:
    """Remembers what is on the screen."""

    def __init__(self, host: Callable[[], Host], screen: Screen[None], glyphs: Glyphs) -> None:
        self._host = host
        self._screen = screen
        self._glyphs = glyphs
        self._drawn: CompareState | None = None

    def show(self, state: CompareState) -> None:
        """Make the screen say `state`."""
        before, self._drawn = self._drawn, state
        if before is state:
            return
        with self._host().batch_update():
            for role in PANES:
                self._grid(role, before, state)
                self._answer(role, before, state)
            self._shift(before, state)
            if _changed(before, state, _scores):
                self._screen.query_one(KeyTokensView).show(state)
            if _changed(before, state, _evidence):
                self._screen.query_one(RecoveryPanel).show(state)
            self._screen.query_one("#title", OneLine).say(title_line(state, self._glyphs))
            self._screen.query_one("#status", OneLine).say(status_line(state, self._glyphs))
            self._screen.query_one("#tested", OneLine).say(tested_line(state, self._glyphs))
            self._warnings(before, state)

    def _grid(self, role: Role, before: CompareState | None, state: CompareState) -> None:
        grid = self._screen.query_one(f"#{role}-grid", TokenGrid)
        new_prompt = _changed(before, state, lambda s: s.prompt)
        if new_prompt:
            grid.show(state.prompt.tokens if state.prompt else ())
        if new_prompt or _changed(before, state, _scores):
            grid.paint(painted(state, role), scale(state))
        if new_prompt or _changed(before, state, lambda s: s.key_tokens):
            grid.mark(state.key_tokens)
        if new_prompt or _changed(before, state, lambda s: s.emphasis):
            grid.emphasise(state.emphasis)
        grid.lane = state.lane
        grid.cursor = state.cursor
        if _changed(before, state, lambda s: (s.opened, s.view, s.side(role).logprob)):
            grid.border_title = Content(_grid_title(state, role, self._glyphs))

    def _answer(self, role: Role, before: CompareState | None, state: CompareState) -> None:
        view = self._screen.query_one(f"#{role}-answer", AnswerView)
        if _changed(before, state, lambda s: _said(s, role)):
            view.set_text(*_said(state, role))
        if _changed(before, state, lambda s: _answer_title(s, role)):  # to set it is to repaint
            view.border_title = Content(_answer_title(state, role))
        if _changed(before, state, lambda s: s.answer):
            view.set_reference(state.answer.text if state.answer else None)

    def _shift(self, before: CompareState | None, state: CompareState) -> None:
        if _changed(before, state, lambda s: (s.prompt, s.compared)):
            tokens = state.prompt.tokens if state.prompt else ()
            delta = state.compared.shift.delta if state.compared else ()
            self._screen.query_one(ShiftStrip).show(tokens, delta, _MOST_SHIFTS)
        if _changed(before, state, _scores):
            self._screen.query_one(Legend).show(scale(state), state.view)

    def _warnings(self, before: CompareState | None, state: CompareState) -> None:
        if _changed(before, state, lambda s: s.opened):
            warnings = state.opened.warnings if state.opened else ()
            line = self._screen.query_one("#warnings", Static)
            line.update(Content("\n".join(f"! {shown(warning)}" for warning in warnings)))
            line.display = bool(warnings)


def _changed(
    before: CompareState | None, state: CompareState, part: Callable[[CompareState], object]
) -> bool:
    return before is None or part(before) != part(state)


def _scores(state: CompareState) -> tuple[object, ...]:
    """Return what the colours follow from; whole objects, because those compare at once."""
    return (state.view, state.prompt, state.base.values, state.unlearned.values, state.compared)


def _evidence(state: CompareState) -> tuple[object, ...]:
    """Return what the recovery panel is written from."""
    emphasis = (state.prompt, state.emphasis, state.strategy, state.trouble, state.recover_asked)
    sides = (state.base, state.unlearned, state.running)
    return (*emphasis, *sides, state.edited, state.tried, state.ladder, state.judged)


def _said(state: CompareState, role: Role) -> tuple[str, bool]:
    """Return the text to show and whether it is whole: with emphasis, where there is some."""
    side: Side = state.side(role)
    if role == "unlearned" and state.emphasis:
        return side.emphasised or "", side.emphasised_done
    return side.text or "", side.done


def _grid_title(state: CompareState, role: Role, glyphs: Glyphs) -> str:
    loaded = (
        next((c for c in state.opened.checkpoints if c.role == role), None)
        if state.opened
        else None
    )
    name = f" {glyphs.dot} {shown(loaded.name, 28)}" if loaded else ""
    logprob = state.side(role).logprob
    says = f" {glyphs.dot} answer {glyphs.number(logprob)}" if logprob is not None else ""
    view = f" {glyphs.dot} shift" if state.view == "shift" and role == "unlearned" else ""
    return f"{role.upper()}{name}{says}{view}"


def _answer_title(state: CompareState, role: Role) -> str:
    if role == "unlearned" and state.emphasis:
        return f"answers, with {state.strategy}"
    return "answers"

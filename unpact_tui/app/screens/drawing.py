"""Puts a comparison's state on its widgets, and only what changed since the last time."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app import certainty, painting
from unpact_tui.app.dial import named
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.lines import shown
from unpact_tui.app.painting import PANES
from unpact_tui.app.state import CompareState
from unpact_tui.app.widgets.answer_matrix import AnswerMatrix
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.key_tokens import KeyTokensView
from unpact_tui.app.widgets.legend import Legend
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.app.widgets.shift_strip import ShiftStrip
from unpact_tui.app.widgets.status_line import (
    OneLine,
    status_line,
    tested_line,
    title_line,
    vitals_line,
)
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.session.actions import View
from unpact_tui.worker.events import Role

_MOST_SHIFTS = 12

_TITLES: dict[View, str] = {
    "contribution": "",
    "shift": "shift",
    "answer": "answer tokens",
    "by_token": "for one answer token",
    "key_tokens": "KeyTokens only",
}


class Drawing:
    """Remembers what is on the screen."""

    def __init__(self, host: Callable[[], Host], screen: Screen[None], glyphs: Glyphs) -> None:
        self._host = host
        self._screen = screen
        self._glyphs = glyphs
        self._drawn: CompareState | None = None
        self._told: CompareState | None = None
        """What the answers and the evidence say: a toggle writes a few tokens, and these later."""
        self._titles: dict[str, str] = {}

    def show(self, state: CompareState) -> None:
        """Make the screen say `state`."""
        before, self._drawn = self._drawn, state
        if before is state:
            return
        told = self._told
        with self._host().batch_update():
            self._screen.set_class(state.view == "by_token", "-by-token")
            for role in PANES:
                self._grid(role, before, state)
                if not state.settling:
                    self._answer(role, told, state)
            self._matrix(before, state)
            self._shift(before, state)
            if _changed(before, state, _scores):
                self._screen.query_one(KeyTokensView).show(state)
            if not state.settling:
                self._told = state
                if _changed(told, state, _evidence):
                    self._screen.query_one(RecoveryPanel).show(state)
            self._screen.query_one("#title", OneLine).say(title_line(state, self._glyphs))
            self._screen.query_one("#status", OneLine).say(status_line(state, self._glyphs))
            self._screen.query_one("#tested", OneLine).say(tested_line(state, self._glyphs))
            self._screen.query_one("#vitals", OneLine).say(vitals_line(state, self._glyphs))
            self._note(before, state)
            self._warnings(before, state)

    def _grid(self, role: Role, before: CompareState | None, state: CompareState) -> None:
        grid = self._screen.query_one(f"#{role}-grid", TokenGrid)
        other_tokens = _changed(before, state, painting.tokens)
        if other_tokens:
            grid.show(painting.tokens(state))
        if other_tokens or _changed(before, state, _scores):
            now = state.now
            scale = painting.scale(state, role)
            grid.paint(
                painting.painted(state, role),
                scale,
                now.threshold * scale,
                now.gamma,
                noise=certainty.noise(state, role),
                estimates=certainty.estimates(state, role),
            )
        if other_tokens or _changed(before, state, painting.marked):
            grid.mark(painting.marked(state))
        if other_tokens or _changed(before, state, painting.emphasised):
            grid.emphasise(painting.emphasised(state))
        if other_tokens or _changed(before, state, lambda s: s.needle):
            grid.find(frozenset(i for hit in painting.hits(state, state.needle) for i in hit))
        grid.lane = state.now.lane
        grid.cursor = painting.cursor(state)
        title = self._glyphs.cut(_grid_title(state, role, self._glyphs), grid.size.width)
        if self._titles.get(role) != title:  # to set it is to repaint
            self._titles[role] = title
            grid.border_title = Content(title)

    def _answer(self, role: Role, before: CompareState | None, state: CompareState) -> None:
        view = self._screen.query_one(f"#{role}-answer", AnswerView)
        if role == "unlearned" and _changed(before, state, lambda s: painting.said(s, "base")):
            view.compare_with(*painting.said(state, "base"))
        if _changed(before, state, lambda s: painting.said(s, role)):
            view.set_text(*painting.said(state, role))
        title = self._glyphs.cut(_answer_title(state, role, self._glyphs), view.size.width)
        if self._titles.get(view.id or "") != title:  # to set it is to repaint
            self._titles[view.id or ""] = title
            view.border_title = Content(title)
        if _changed(before, state, lambda s: s.page.answer):
            view.set_reference(state.page.answer.text if state.page.answer else None)

    def _matrix(self, before: CompareState | None, state: CompareState) -> None:
        if state.view != "by_token":
            return
        matrix = self._screen.query_one(AnswerMatrix)
        page, now = state.page, state.now
        if _changed(before, state, lambda s: (s.view, s.page.base, s.page.unlearned, _looks(s))):
            scale = painting.matrix_scale(state)
            matrix.show(
                [token.text for token in page.answer_tokens],
                page.base.by_token,
                page.unlearned.by_token,
                scale,
                now.threshold * scale,
                now.gamma,
                probabilities=painting.probabilities(state),
                diverges=painting.first_divergence(state),
            )
        matrix.cursor(state.answer_token, state.cursor)

    def _shift(self, before: CompareState | None, state: CompareState) -> None:
        if _changed(before, state, lambda s: (s.prompt, s.page.compared)):
            tokens = state.prompt.tokens if state.prompt else ()
            delta = state.page.compared.shift.delta if state.page.compared else ()
            noise = certainty.shift_noise(state)
            guesses = enumerate(certainty.guessed_shift(state))
            guessed = frozenset(i for i, value in guesses if value is not None)
            self._screen.query_one(ShiftStrip).show(tokens, delta, _MOST_SHIFTS, noise, guessed)
        if _changed(before, state, _scores):
            now = state.now
            scale = painting.scale(state, "base")
            drawn: dict[Role, painting.Values] = {r: painting.painted(state, r) for r in PANES}
            self._screen.query_one(Legend).show(
                scale,
                state.view,
                joint=now.joint or state.view == "answer",
                threshold=now.threshold * scale,
                gamma=now.gamma,
                doubt=certainty.doubt(state, drawn),
            )

    def _note(self, before: CompareState | None, state: CompareState) -> None:
        """Say what was not measured; where all was, not even an empty line."""
        if _changed(before, state, _approximate):
            line = certainty.note(state, self._glyphs)
            self._screen.set_class(bool(line), "-approximate")
            self._screen.query_one("#approximation", OneLine).say(line)

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
    page = state.page
    row = state.answer_token if state.view == "by_token" else 0
    return (row, page.prompt, page.base, page.unlearned, page.compared, *_looks(state))


def _approximate(state: CompareState) -> tuple[object, ...]:
    """Return what the line about it is written from."""
    return (state.page.base.approximation, state.page.unlearned.approximation)


def _looks(state: CompareState) -> tuple[object, ...]:
    now = state.now
    return (now.view, now.joint, now.threshold, now.gamma)


def _evidence(state: CompareState) -> tuple[object, ...]:
    """Return what the recovery panel is written from."""
    now = state.now
    return (state.page, state.history, now.chosen, now.strategy, now.strength, now.thresholds)


def _grid_title(state: CompareState, role: Role, glyphs: Glyphs) -> str:
    loaded = (
        next((c for c in state.opened.checkpoints if c.role == role), None)
        if state.opened
        else None
    )
    name = f" {glyphs.dot} {shown(loaded.name, 28)}" if loaded else ""
    # Of the plain prompt, as the colours are; with emphasis on, the answers' title says more.
    logprob = glyphs.number(state.side(role).logprob)
    says = f" {glyphs.dot} answer {logprob}, plain prompt" if state.side(role).values else ""
    title = "" if state.view == "shift" and role == "base" else _TITLES[state.view]
    view = f" {glyphs.dot} {title}" if title else ""
    pieces = "" if state.granularity == "token" else f" {glyphs.dot} by {state.granularity}"
    return f"{role.upper()}{says}{view}{pieces}{name}"


def _answer_title(state: CompareState, role: Role, glyphs: Glyphs) -> str:
    if role != "unlearned" or not state.emphasis:
        return "answers"
    tried = state.page.tried
    after = "" if tried is None else f": {glyphs.number(tried.attempt.unlearned.logprob)}"
    how = named(state.strategy, state.now.strength, state.means)
    return f"answers, with {how}{after}"

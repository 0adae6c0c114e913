"""The two single lines of the screen: what is compared, and what is under the cursor."""

from __future__ import annotations

from textual.widgets import Static

from attribution.types import AnswerSource
from unpact_tui.app.evidence import words_of
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, Piece, content, shown
from unpact_tui.app.state import CompareState
from unpact_tui.worker.protocol import Loaded


class OneLine(Static):
    """A line that is drawn again only when it changed, without a new layout."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._glyphs = glyphs
        self._line: Line = ()

    def say(self, line: Line) -> None:
        """Draw `line`."""
        if line != self._line:
            self._line = line
            self.update(content([line], self._glyphs), layout=False)


def title_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say what is compared, and on which prompt."""
    place = f"prompt {state.index + 1} of {len(state.cases)}"
    detail = f" {glyphs.dot} {state.case.split} {glyphs.dot} {shown(state.case.id, 24)}"
    pieces: list[Piece] = [("unpact-tui   ", STRONG), (place, ""), (detail, LABEL)]
    for loaded in state.opened.checkpoints if state.opened else ():
        pieces += [(f"   {loaded.role} ", LABEL), (checkpoint(loaded), STRONG)]
    return tuple(pieces)


def checkpoint(loaded: Loaded) -> str:
    """Return a checkpoint's name and the method that made it."""
    method = f" ({shown(loaded.method, 16)})" if loaded.method else ""
    return shown(loaded.name, 28) + method


def status_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say why nothing happened, what is going on, or what is under the cursor."""
    if state.hint:
        return ((shown(state.hint), WARN),)
    doing = activity(state, glyphs)
    doing = f"{doing} (x cancels)" if doing else ""
    return ((f"{doing}  ", STRONG), *_cursor(state, glyphs)) if doing else _cursor(state, glyphs)


SOURCE: dict[AnswerSource, str] = {
    "gold": "as given",
    "base": "as the base says",
    "own": "each model's own",
}


def tested_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say which answer every number is about."""
    if state.answer is None:
        return (("answer under test ", LABEL), (glyphs.ellipsis, LABEL))
    source = f"  {SOURCE[state.answer.source]}"
    return (
        ("answer under test  ", LABEL),
        (shown(state.answer.text, 200), STRONG),
        (source, LABEL),
    )


def activity(state: CompareState, glyphs: Glyphs) -> str:
    """Say what the engine does."""
    if state.running.attempt:
        return f"trying {state.strategy}{glyphs.ellipsis}"
    if state.running.analysis:
        return f"measuring{glyphs.ellipsis}"
    if state.running.recovery:
        done = f" {state.ladder.done} of {state.ladder.total}" if state.ladder else ""
        return f"recovering{done}{glyphs.ellipsis}"
    return ""


def _cursor(state: CompareState, glyphs: Glyphs) -> Line:
    if state.prompt is None:
        return ()
    i = state.cursor
    token = state.prompt.tokens[i]
    pieces: list[Piece] = [(shown(token.text, 20) or "(bytes)", "bold reverse")]
    if token.fixed:
        pieces.append(("  fixed: never removed, never emphasised", LABEL))
    else:
        for name, values in (("base", state.base.values), ("unlearned", state.unlearned.values)):
            value = values[i] if i < len(values) else None
            pieces += [(f"  {name} ", LABEL), (glyphs.number(value, signed=True), STRONG)]
        delta = state.compared.shift.delta[i] if state.compared else None
        pieces += [("  shift ", LABEL), (glyphs.number(delta, signed=True), STRONG)]
    pieces.append(
        (f"  token {i} of {len(state.prompt.tokens) - 1} {glyphs.dot} id {token.id}", LABEL)
    )
    if state.emphasis:
        words = words_of(state, state.emphasis)
        pieces += [("  emphasised ", LABEL), (words, STRONG)]
    return tuple(pieces)

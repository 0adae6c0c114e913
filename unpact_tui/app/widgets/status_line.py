"""The two single lines of the screen: what is compared, and what is under the cursor."""

from __future__ import annotations

from textual.widgets import Static

from attribution.types import AnswerSource
from unpact_tui.app import certainty
from unpact_tui.app.certainty import Values
from unpact_tui.app.dial import named
from unpact_tui.app.evidence import words_of
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, Piece, content, shown
from unpact_tui.app.painting import (
    PANES,
    dead,
    first_divergence,
    painted,
    probabilities,
)
from unpact_tui.app.state import CompareState, Side, rank
from unpact_tui.caveats import within
from unpact_tui.worker.events import Loaded, Role

_BYTES = 8
"""Bytes of a token that are shown."""


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
    if state.verdict is not None:
        pieces.append((f"   {state.verdict.label}", STRONG))
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
    detail = answer_token_line(state, glyphs) if state.view == "answer" else _cursor(state, glyphs)
    doing = activity(state, glyphs)
    return ((f"{doing} (x cancels)  ", STRONG), *detail) if doing else detail


def vitals_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say what the engine uses, and how fast it reads."""
    vitals = state.vitals
    if vitals is None:
        return ()
    where = "GPU" if vitals.on_device else "RAM"
    used = f"{vitals.memory / 1e9:.1f}"
    total = f"/{vitals.memory_total / 1e9:.0f}" if vitals.memory_total else ""
    speed = f" {glyphs.dot} {vitals.tokens_per_second:,.0f} tok/s"
    return ((f"{where} {used}{total} GB{speed}", LABEL),)


SOURCE: dict[AnswerSource, str] = {
    "gold": "as given",
    "base": "as the base says",
    "own": "each model's own",
}


def tested_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say which answer every number is about."""
    if state.page.answer is None:
        return (("answer under test ", LABEL), (glyphs.ellipsis, LABEL))
    source = f" ({SOURCE[state.page.answer.source]})  "
    return (
        ("answer under test", LABEL),
        (source, LABEL),
        (shown(state.page.answer.text, 200), STRONG),
    )


def activity(state: CompareState, glyphs: Glyphs) -> str:
    """Say what the engine does."""
    awaited, ladder = state.page.awaited, state.page.ladder
    if "attempt" in awaited:
        how = named(state.strategy, state.now.strength, state.means)
        return f"trying {how}{glyphs.ellipsis}"
    if "analysis" in awaited:
        return f"measuring{glyphs.ellipsis}"
    if "recovery" in awaited:
        done = f" {ladder.done} of {ladder.total}" if ladder else ""
        return f"recovering{done}{glyphs.ellipsis}"
    if state.scored is not None:
        done, total = state.scored
        return f"reading all prompts, {done} of {total}{glyphs.ellipsis}"
    return ""


def _cursor(state: CompareState, glyphs: Glyphs) -> Line:
    """Say all about the token under the cursor: what it is, and its contribution on both models."""
    if state.prompt is None:
        return ()
    i = state.cursor
    token = state.prompt.tokens[i]
    pieces: list[Piece] = [(shown(token.text, 20) or "(bytes)", "bold reverse")]
    if token.fixed:
        pieces.append(("  fixed: never removed, never emphasised", LABEL))
    else:
        chance = certainty.belongs(state, i)
        if chance is not None:
            pieces.append((f"  KeyToken with p {certainty.probability(chance)}", ""))
        for role in PANES:
            pieces += _measured(role, painted(state, role), state.side(role), i, glyphs)
        delta = state.page.compared.shift.delta[i] if state.page.compared else None
        hidden = " within noise" if within(delta, certainty.shift_noise(state)) else ""
        pieces += [("  shift ", LABEL), (glyphs.number(delta, signed=True) + hidden, STRONG)]
    raw = " ".join(f"{byte:02x}" for byte in token.text.encode(errors="replace")[:_BYTES])
    more = glyphs.ellipsis if len(token.text.encode(errors="replace")) > _BYTES else ""
    where = f"  token {i} of {len(state.prompt.tokens) - 1} {glyphs.dot} id {token.id}"
    pieces.append((where, LABEL))
    if state.emphasis:
        words = words_of(state, state.emphasis, glyphs, 30)
        pieces += [("  emphasised ", LABEL), (words, STRONG)]
    pieces.append((f"  bytes {raw}{more}", LABEL))
    return tuple(pieces)


def _measured(role: Role, drawn: Values, side: Side, i: int, glyphs: Glyphs) -> tuple[Piece, ...]:
    """Say a token's contribution and its place among all; in other views what is drawn as well."""
    values = side.values
    value = values[i] if i < len(values) else None
    said = certainty.said(side, i, rank(values, i), glyphs)
    here = drawn[i] if i < len(drawn) else None
    beside = "" if drawn is values or here == value else f" [{glyphs.number(here, signed=True)}]"
    return ((f"  {role} ", LABEL), (said + beside, STRONG))


def answer_token_line(state: CompareState, glyphs: Glyphs) -> Line:
    """Say all about the answer token under the cursor."""
    if not state.page.answer_tokens:
        return ()
    i = state.answer_token
    token = state.page.answer_tokens[i]
    pieces: list[Piece] = [(shown(token.text, 20) or "(bytes)", "bold reverse")]
    for role, values in zip(PANES, probabilities(state), strict=True):
        share = glyphs.share(values[i]) if i < len(values) else glyphs.dash
        pieces += [(f"  {role} ", LABEL), (share, STRONG)]
    first = first_divergence(state)
    gone = f"{len(dead(state))} of {len(state.page.answer_tokens)} keep less than half"
    pieces.append((f"  answer token {i + 1} {glyphs.dot} id {token.id}", LABEL))
    pieces.append((f"  {gone}" + ("" if first is None else f", first {first + 1}"), ""))
    return tuple(pieces)

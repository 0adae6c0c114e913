"""The words of the recovery panel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from attribution.types import Case
from unpact_tui.app.evidence import MEANING, attempt_lines, ladder_lines
from unpact_tui.app.glyphs import UNICODE
from unpact_tui.app.lines import Line
from unpact_tui.app.replies import put, task_of
from unpact_tui.app.state import CompareState, apply, start, words_with
from unpact_tui.session.actions import ChooseStrategy, ChooseStrength, Emphasise
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Tried
from unpact_tui.worker.fake import STRATEGIES, FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Question, Recover, Reply

CASE = Case("one", "Where was Basil Mahfouz Al-Kuwaiti born?", "Kuwait City")


def known(*orders: Question, reference: str | None = "r") -> CompareState:
    state = start((CASE,), STRATEGIES, 0, lane=False)
    engine = FakeEngine(manual=True)
    engine.send(Open("b", "u", reference, Settings()))
    engine.pump()
    for order in (Analyse(CASE), *orders):
        task = task_of(order)
        assert task is not None
        heard: list[Reply] = []
        engine.listen(heard.append)
        engine.send(order)
        engine.pump()
        for reply in heard:
            state = replace(state, page=put(state.page, task, reply.event))
    return state


def emphasised(reference: str | None = "r") -> CompareState:
    state = known(reference=reference)
    state = apply(state, Emphasise(words_with(state, state.key_tokens)))
    assert state.attempt is not None
    return replace(state, page=known(Recover(CASE), state.attempt, reference=reference).page)


def with_tried(state: CompareState, tried: Tried) -> CompareState:
    return replace(state, page=replace(state.page, tried=tried))


def text(lines: list[Line]) -> str:
    return "\n".join("".join(piece for piece, _ in line) for line in lines)


def test_no_share_without_its_controls() -> None:
    said = text(attempt_lines(emphasised(), UNICODE, 60))
    assert "recovered" in said
    assert "random words" in said
    assert "same ids" in said


def test_other_token_ids_are_never_called_attention() -> None:
    said = text(attempt_lines(emphasised(), UNICODE, 60))
    assert "other token ids: re-tokenised, not re-attended" in said
    assert "attention restored" not in said


def test_the_base_on_the_same_prompt_is_shown() -> None:
    said = text(attempt_lines(emphasised(), UNICODE, 60))
    assert "base with it Kuwait City" in said
    assert "holds" in said


@pytest.mark.parametrize("reference", ["r", None])
def test_the_reference_is_shown_where_there_is_one(reference: str | None) -> None:
    said = text(attempt_lines(emphasised(reference), UNICODE, 60))
    assert ("reference" in said) == (reference is not None)


def test_an_edit_that_breaks_the_base_has_no_number() -> None:
    state = emphasised()
    assert state.page.tried is not None
    broken = replace(state.page.tried.attempt, recovered=None, base_breaks=True)
    tried = Tried(broken, state.page.tried.controls, state.page.tried.control, "")
    said = text(attempt_lines(with_tried(state, tried), UNICODE, 60))
    assert "no reading: the base breaks too" in said
    assert "breaks" in said


def test_strategies_are_sorted_and_the_verdict_has_reasons() -> None:
    state = known(Recover(CASE))
    said = text(ladder_lines(state, UNICODE, 60))
    shares = [
        int(line.split("%")[0].split()[-1])
        for line in said.split("\n")
        if line.split(" ")[0] in STRATEGIES and "%" in line
    ]
    assert len(shares) == len(STRATEGIES) - 1
    assert shares == sorted(shares, reverse=True)
    assert state.page.judged is not None
    assert all(reason in said for reason in state.page.judged.verdict.reasons)
    assert "erased" not in said


def test_nothing_says_erased() -> None:
    assert not any("erased" in words for words in MEANING.values())


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 120))
def test_tables_keep_to_their_column(width: int) -> None:
    state = emphasised()
    prose = (
        "prompt",
        "without it",
        "base with it",
        "·",
        "best of all",
        "other token",
        "same token",
        "SUPPRESSED",
        "upper",
    )
    for lines in (attempt_lines(state, UNICODE, width), ladder_lines(state, UNICODE, width)):
        for line in text(lines).split("\n"):
            if width >= 36 and not line.startswith(prose):
                assert cell_len(line) <= width, line


def test_a_twin_that_does_as_much_is_said() -> None:
    state = emphasised()
    assert state.page.tried is not None
    tried = state.page.tried
    twins = tuple(
        replace(c, recovered=tried.attempt.recovered) if c.kind == "id_preserving" else c
        for c in tried.controls
    )
    equal = Tried(tried.attempt, twins, tried.control, tried.base_text)
    said = text(attempt_lines(with_tried(state, equal), UNICODE, 60))
    assert "re-attended" not in said
    assert "other token ids, but the marks alone do as much" in said


def test_how_strong_it_is_stands_beside_the_strategy_where_it_has_degrees() -> None:
    state = apply(emphasised(), ChooseStrategy("repeat"))
    assert "repeat x" not in text(attempt_lines(state, UNICODE, 60))
    state = apply(state, ChooseStrength(3.0))
    assert "repeat x3" in text(attempt_lines(state, UNICODE, 60))


@pytest.mark.parametrize(("history", "told"), [((), False), ((0.9,), False), ((0.1, None), True)])
def test_what_was_tried_so_far_is_drawn_from_the_second_on(
    history: tuple[float | None, ...], told: bool
) -> None:
    said = text(attempt_lines(replace(emphasised(), history=history), UNICODE, 60))
    assert (f"{len(history)} tried" in said) == told


def test_why_an_emphasis_has_no_answer_is_said_in_its_place() -> None:
    state = apply(known(), Emphasise((0,)))
    page = replace(state.page, trouble="[/] nothing to emphasise \x1b[2J")
    said = text(attempt_lines(replace(state, page=page), UNICODE, 60))
    assert "[/] nothing to emphasise" in said
    assert "\x1b" not in said
    assert "asking" not in said

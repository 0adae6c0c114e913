"""The words of the recovery panel."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from attribution.types import Case
from unpact_tui.app.evidence import MEANING, attempt_lines
from unpact_tui.app.glyphs import ASCII, UNICODE, Glyphs
from unpact_tui.app.ladder import ladder_lines
from unpact_tui.app.lines import Line, content
from unpact_tui.app.replies import put, task_of
from unpact_tui.app.state import CompareState, apply, start, words_with
from unpact_tui.session.actions import ChooseStrategy, ChooseStrength, Emphasise
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Tried
from unpact_tui.worker.fake import STRATEGIES, FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Question, Recover, Reply

CASE = Case("one", "Where was Basil Mahfouz Al-Kuwaiti born?", "Kuwait City")


@cache
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


@cache
def emphasised(
    reference: str | None = "r", strategy: str = "bold", strength: float = 1.0
) -> CompareState:
    state = known(reference=reference)
    state = apply(state, ChooseStrategy(strategy))
    state = apply(state, ChooseStrength(strength))
    state = apply(state, Emphasise(words_with(state, state.key_tokens)))
    assert state.attempt is not None
    return replace(state, page=known(Recover(CASE), state.attempt, reference=reference).page)


def with_tried(state: CompareState, tried: Tried) -> CompareState:
    return replace(state, page=replace(state.page, tried=tried))


def text(lines: list[Line]) -> str:
    return "\n".join("".join(piece for piece, _ in line) for line in lines)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", range(44, 80, 5))
def test_words_that_have_no_room_are_left_out_whole(glyphs: Glyphs, width: int) -> None:
    state = emphasised("r", "attention_bias", 2.0)
    for lines in (attempt_lines(state, glyphs, width), ladder_lines(state, glyphs, width)):
        head = str(content(lines[:1], glyphs)).rstrip()
        if width >= 55 or head.startswith("All"):
            assert cell_len(head) <= width
        words = head.partition("x16  " if "x16" in head else " on ")[2].split()
        allowed = {*CASE.prompt.rstrip("?").split(), glyphs.ellipsis}
        assert width < 55 or set(words) <= allowed


def test_no_share_without_its_controls() -> None:
    said = text(attempt_lines(emphasised(), UNICODE, 60))
    assert "recovered" in said
    assert "random words" in said
    assert "same ids" in said


def test_other_token_ids_are_never_called_attention() -> None:
    said = text(attempt_lines(emphasised(), UNICODE, 60))
    assert "recovered by re-tokenising the keyword, not by emphasis" in said
    assert "attention" not in said


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


def rows_of(said: str) -> dict[str, list[str]]:
    """Return the cells of each rung by its name."""
    rows = [line.split() for line in said.split("\n") if line.split(" ")[0] in STRATEGIES]
    return {" ".join(row[: 1 + row[1].startswith("x")]): row for row in rows}


def test_all_rungs_are_ranked_and_the_verdict_has_reasons() -> None:
    state = known(Recover(CASE))
    assert state.recovery is not None
    said = text(ladder_lines(state, UNICODE, 60))
    rows = rows_of(said)
    assert len(rows) == len(state.recovery.attempts)
    assert {"retokenise", "retokenise x2", "attention_bias", "anchor"} <= set(rows)
    shares = [
        int(next(cell for cell in row if "%" in cell).strip("%").replace("−", "-"))
        for name, row in rows.items()
        if name != "upper"
    ]
    assert shares == sorted(shares, reverse=True)
    assert list(rows)[-1] == "upper"
    assert "the base breaks too" in said
    assert state.page.judged is not None
    assert all(reason in said for reason in state.page.judged.verdict.reasons)
    assert "erased" not in said


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (38, ["lift"]),
        (57, ["random", "same", "other", "ref", "lift"]),
        (80, ["random", "words", "same", "ids", "other", "ids", "reference", "lift"]),
    ],
)
def test_each_rung_stands_beside_its_controls(width: int, titles: list[str]) -> None:
    lines = text(ladder_lines(known(Recover(CASE)), UNICODE, width)).split("\n")
    (head,) = [line for line in lines if line.startswith("strategy")]
    assert head.split() == ["strategy", "back", *titles]
    row = rows_of("\n".join(lines))["bold"]
    if width > 38:
        assert row[-5:] == ["2%", "1%", "72%", "1%", "+72"]


def test_the_best_is_compared_with_the_best_of_as_many_controls() -> None:
    state = known(Recover(CASE))
    assert state.recovery is not None
    count = sum(attempt.recovered is not None for attempt in state.recovery.attempts)
    assert 0 < count < len(state.recovery.attempts)
    said = text(ladder_lines(state, UNICODE, 60))
    assert f"best of {count} ways 90%, of the same {count} on random words 2%, lift +88" in said


def test_what_was_left_out_is_named_with_the_reason() -> None:
    state = known(Recover(CASE))
    assert state.page.ladder is not None
    recovery = replace(
        state.page.ladder.recovery,
        left_out=(("anchor", "no \x1b[31mlogits"),),
        paraphrase=0.04,
        selection="greedy",
    )
    ladder = msgspec.structs.replace(state.page.ladder, recovery=recovery)
    state = replace(state, page=replace(state.page, ladder=ladder))
    said = text(ladder_lines(state, UNICODE, 60))
    assert "anchor left out: no ␛[31mlogits" in said
    assert "in other words, without emphasis 4%" in said
    assert "found by search" in said


# ---------------------------------------------------------------- what did it


@pytest.mark.parametrize(
    ("strategy", "strength", "how", "done"),
    [
        (
            "attention_bias",
            2.0,
            "attention_bias, attention x16",
            "attention to the words is raised",
        ),
        ("embedding_scale", 1.0, "embedding_scale, embedding x2", "embeddings are scaled"),
        ("anchor", 1.0, "anchor, anchored x1", "logits"),
    ],
)
def test_in_the_forward_pass_the_prompt_stays_as_it_is(
    strategy: str, strength: float, how: str, done: str
) -> None:
    said = text(attempt_lines(emphasised("r", strategy, strength), UNICODE, 80))
    assert how in said
    assert "prompt unchanged: in the forward pass, " in said
    assert done in said
    assert "tokenis" not in said
    assert "ids" not in said
    assert f"prompt       {CASE.prompt}" in said


def test_other_spellings_are_shown_in_their_pieces() -> None:
    said = text(attempt_lines(emphasised("r", "retokenise"), UNICODE, 80))
    assert "other token ids: the text stays as it is" in said
    assert "recovered by re-tokenising the keyword, not by emphasis" in said
    assert "Where was |Basil| |Mahfouz| |Al-Kuwaiti born?" in said
    assert "same ids" not in said


def with_controls(recovered: float, same: float | None, other: float | None) -> CompareState:
    state = emphasised()
    assert state.page.tried is not None
    tried = state.page.tried
    shares = {"id_preserving": same, "ids_only": other}
    controls = tuple(
        replace(c, recovered=shares[c.kind]) if c.kind in shares else c for c in tried.controls
    )
    attempt = replace(tried.attempt, recovered=recovered)
    return with_tried(state, Tried(attempt, controls, tried.control, tried.base_text))


@pytest.mark.parametrize(
    ("recovered", "same", "other", "said"),
    [
        (0.8, 0.0, 0.8, "recovered by re-tokenising the keyword, not by emphasis"),
        (0.8, 0.8, 0.0, "recovered by emphasis: the marks alone do as much"),
        (0.8, 0.8, 0.8, "recovered by the marks alone, and by other ids alone"),
        (0.8, 0.0, 0.0, "recovered by marks and other ids together"),
        (0.8, None, 0.8, "what brought it back is not known"),
        (0.05, 0.0, 0.0, "other token ids: the words were re-tokenised"),
        (0.03, 0.8, 0.8, "other token ids: the words were re-tokenised"),
    ],
)
def test_the_cause_is_said_where_both_halves_are_known(
    recovered: float, same: float | None, other: float | None, said: str
) -> None:
    assert said in text(attempt_lines(with_controls(recovered, same, other), UNICODE, 80))


def test_what_random_words_do_too_was_not_brought_back_by_these() -> None:
    state = with_controls(0.8, 0.8, 0.0)
    assert state.page.tried is not None
    tried = msgspec.structs.replace(state.page.tried, control=0.75)
    said = text(attempt_lines(with_tried(state, tried), UNICODE, 80))
    assert "not by these words: random words do as much" in said
    assert "other token ids: the words were re-tokenised" in said
    assert "by emphasis" not in said


def test_a_prompt_that_gives_the_answer_away_has_no_number() -> None:
    state = emphasised()
    assert state.page.tried is not None
    leaking = replace(state.page.tried.attempt, recovered=None, leaks=True)
    tried = msgspec.structs.replace(state.page.tried, attempt=leaking)
    said = text(attempt_lines(with_tried(state, tried), UNICODE, 80))
    assert "no reading: the prompt gives the answer away" in said


def test_a_strategy_that_is_not_there_is_called_by_its_name() -> None:
    state = replace(emphasised(), strategies=("gone\x1b",))
    state = apply(apply(state, ChooseStrategy("gone\x1b")), ChooseStrength(3.0))
    assert "gone␛ x3" in text(attempt_lines(state, UNICODE, 60))


def test_nothing_says_erased() -> None:
    assert not any("erased" in words for words in MEANING.values())


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 120))
def test_tables_keep_to_their_column(width: int) -> None:
    state = emphasised()
    prose = (
        "prompt",
        "recovered by",
        "in other words",
        "without it",
        "base with it",
        "·",
        "best of",
        "other token",
        "same token",
        "SUPPRESSED",
        "upper",
    )
    for lines in (attempt_lines(state, UNICODE, width), ladder_lines(state, UNICODE, width)):
        for line in text(lines).split("\n"):
            if width >= 36 and not line.startswith(prose):
                assert cell_len(line) <= width, line


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

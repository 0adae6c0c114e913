"""What is not sure is said, where it is drawn and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from math import hypot
from pathlib import Path

import msgspec
import pytest
from room import CASES, OPEN, Room, read

from attribution.types import Approximation, Interval
from unpact_tui.app import certainty, painting
from unpact_tui.app.all_prompts import AllPrompts
from unpact_tui.app.certainty import Doubt
from unpact_tui.app.glyphs import ASCII, UNICODE
from unpact_tui.app.lines import Line
from unpact_tui.app.overview import summary_of_prompt
from unpact_tui.app.painting import PANES
from unpact_tui.app.replies import put
from unpact_tui.app.state import CompareState, Page, Side
from unpact_tui.app.summary_lines import evidence_lines, verdict_lines
from unpact_tui.app.widgets.key_tokens import key_token_lines
from unpact_tui.app.widgets.status_line import status_line
from unpact_tui.session import file
from unpact_tui.session.actions import ChooseView, Move, View
from unpact_tui.session.keeping import Keeping
from unpact_tui.worker.events import Contributions
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.fake_doubt import FakeDoubt
from unpact_tui.worker.protocol import Analyse


def doubtful(noise: float, *, screened: bool = False) -> Room:
    doubt = FakeDoubt(noise=noise, screened=screened)
    return read(engine=FakeEngine(manual=True, doubt=doubt))


@pytest.fixture(scope="module")
def exact() -> CompareState:
    return read().state


@pytest.fixture(scope="module")
def noisy() -> CompareState:
    return doubtful(noise=0.05).state


@pytest.fixture(scope="module")
def screened_room() -> Room:
    return doubtful(noise=0.03, screened=True)


@pytest.fixture(scope="module")
def screened(screened_room: Room) -> CompareState:
    return screened_room.state


def with_sides(state: CompareState, base: Side, unlearned: Side) -> CompareState:
    return replace(state, page=replace(state.page, base=base, unlearned=unlearned))


def viewing(state: CompareState, view: View) -> CompareState:
    now = replace(state.now, view=view)
    return replace(state, timeline=replace(state.timeline, now=now))


def doubt(state: CompareState) -> Doubt:
    return certainty.doubt(state, {role: painting.painted(state, role) for role in PANES})


def text(*lines: Line) -> str:
    return "\n".join("".join(piece for piece, _ in line) for line in lines)


def first(values: tuple[float | None, ...], *, measured: bool) -> int:
    return next(i for i, v in enumerate(values) if i > 0 and (v is not None) == measured)


# ---------------------------------------------------------------- nothing is said of what is sure


@pytest.mark.parametrize("noise", [None, 1e-7])
def test_of_exact_and_precise_numbers_nothing_is_said(
    exact: CompareState, noise: float | None
) -> None:
    state = with_sides(exact, *(replace(exact.side(role), noise=noise) for role in PANES))
    for view in ("contribution", "shift", "answer", "by_token", "key_tokens"):
        assert doubt(viewing(state, view)) == certainty.NO_DOUBT
    assert certainty.note(state, UNICODE) == ()
    assert status_line(state, UNICODE) == status_line(exact, UNICODE)
    assert key_token_lines(state, UNICODE, 80, 6) == key_token_lines(exact, UNICODE, 80, 6)
    assert "measured" not in text(status_line(state, UNICODE))


# ---------------------------------------------------------------- noise


def test_each_pane_has_the_noise_of_its_model_and_the_shift_that_of_both(
    exact: CompareState,
) -> None:
    base, unlearned = (exact.side(role) for role in PANES)
    state = with_sides(exact, replace(base, noise=0.03), replace(unlearned, noise=0.04))
    for view in ("contribution", "key_tokens"):
        assert [certainty.noise(viewing(state, view), role) for role in PANES] == [0.03, 0.04]
    assert certainty.noise(viewing(state, "shift"), "base") == 0.03
    assert certainty.noise(viewing(state, "shift"), "unlearned") == hypot(0.03, 0.04)
    for view in ("answer", "by_token"):  # of these it was not measured
        assert certainty.noise(viewing(state, view), "base") is None
    assert certainty.shift_noise(with_sides(state, base, state.page.unlearned)) is None


def test_noise_is_named_where_a_token_is_lost_in_it(noisy: CompareState) -> None:
    assert doubt(noisy) == Doubt((0.05, 0.05), estimated=False)
    clear = with_sides(noisy, *(replace(noisy.side(role), noise=1e-4) for role in PANES))
    assert doubt(clear) == certainty.NO_DOUBT
    assert doubt(viewing(noisy, "answer")) == certainty.NO_DOUBT


def test_the_cursor_says_what_is_within_noise(noisy: CompareState) -> None:
    values = noisy.page.base.values
    lost = next(i for i, v in enumerate(values) if v is not None and 0 < abs(v) < 0.05)
    seen = next(i for i, v in enumerate(values) if v is not None and v > 0.3)
    at = replace(noisy, timeline=replace(noisy.timeline, cursor=lost))
    assert ") within noise" in text(status_line(at, UNICODE)).partition("unlearned")[0]
    at = replace(noisy, timeline=replace(noisy.timeline, cursor=seen))
    assert "noise" not in text(status_line(at, UNICODE)).partition("shift")[0].partition("unl")[0]


# ---------------------------------------------------------------- guesses


def test_guesses_are_painted_where_nothing_was_measured(screened: CompareState) -> None:
    for role in PANES:
        side = screened.side(role)
        assert painting.painted(screened, role) == side.values
        guesses = certainty.estimates(screened, role)
        assert side.approximation is not None
        assert guesses[1:] == side.approximation.estimates[1:]
        assert guesses[0] is None  # fixed
    assert doubt(screened).estimated
    assert certainty.estimates(viewing(screened, "answer"), "base") == ()
    keys = certainty.estimates(viewing(screened, "key_tokens"), "base")
    assert {i for i, v in enumerate(keys) if v is not None} == screened.key_tokens


def test_among_key_tokens_only_an_unmeasured_token_is_not_inert(screened: CompareState) -> None:
    state = viewing(screened, "key_tokens")
    values = screened.page.base.values
    for i, drawn in enumerate(painting.painted(state, "base")):
        if values[i] is None:
            assert drawn is None
        else:
            assert drawn == (values[i] if i in state.key_tokens else 0.0)


def test_the_scale_is_of_what_was_measured_and_of_guesses_only_without_it(
    screened: CompareState,
) -> None:
    measured = [v for role in PANES for v in screened.side(role).values if v is not None]
    assert painting.scale(screened, "base") == max(map(abs, measured))
    blank = (replace(screened.side(role), values=(None,) * 9) for role in PANES)
    state = with_sides(screened, *blank)
    guesses = [v for r in PANES for v in certainty.estimates(state, r) if v is not None]
    assert painting.scale(state, "base") == max(map(abs, guesses))


def test_an_estimator_that_only_guesses_measures_nothing() -> None:
    guesses = (None, 0.5, -0.25)
    known = Approximation(guesses, "a surrogate", 1, 2, r_squared=Interval(0.8, 0.7, 0.9, 32))
    page = put(Page(), "analysis", Contributions("base", -1.0, guesses, True, approximation=known))
    assert page.base.values == (None, None, None)
    assert certainty.guesses_all(page.base)
    assert certainty.said(page.base, 1, None, UNICODE) == "estimated +0.50 (not measured)"
    other = replace(known, estimates=(None, 0.4, -0.25))
    page = put(page, "analysis", Contributions("base", -1.0, guesses, True, approximation=other))
    assert page.base.values == guesses
    assert not certainty.guesses_all(page.base)


def test_a_shift_of_guesses_is_a_guess(screened: CompareState) -> None:
    compared = screened.page.compared
    assert compared is not None
    base, unlearned = (screened.side(role).values for role in PANES)
    delta = tuple(0.1 for _ in base)
    compared = msgspec.structs.replace(compared, shift=replace(compared.shift, delta=delta))
    page = replace(screened.page, compared=compared)
    state = viewing(replace(screened, page=page), "shift")
    for i, (b, u) in enumerate(zip(base, unlearned, strict=True)):
        measured = b is not None and u is not None
        assert painting.painted(state, "unlearned")[i] == (0.1 if measured else None)
        assert certainty.estimates(state, "unlearned")[i] == (None if measured else 0.1)


def test_the_cursor_says_what_was_measured_and_what_estimated(screened_room: Room) -> None:
    room = screened_room
    values = room.state.page.base.values
    room.do(Move(first(values, measured=True)))
    said = text(status_line(room.state, UNICODE))
    assert "  base +" in said or "  base −" in said
    assert ") measured" in said or "within noise" in said
    i = first(values, measured=False)
    room.do(Move(i))
    said = text(status_line(room.state, UNICODE))
    known = room.state.page.base.approximation
    assert known is not None
    guess = UNICODE.number(known.estimates[i], signed=True)
    assert f"base estimated {guess} (not measured)" in said
    chance = certainty.belongs(room.state, i)
    assert chance is not None
    assert f"KeyToken with p {certainty.probability(chance)}" in said


def test_key_tokens_have_their_probability(screened: CompareState) -> None:
    said = text(*key_token_lines(screened, UNICODE, 200, 6))
    assert said.count(" p .97") == len(screened.key_tokens)
    ascii_said = text(*key_token_lines(screened, ASCII, 200, 6))
    assert "est. " in ascii_said
    assert ascii_said.isascii()


@pytest.mark.parametrize(
    ("value", "said"), [(0.824, ".82"), (1.0, "1.00"), (0.0, ".00"), (0.999, "1.00")]
)
def test_a_probability_has_two_digits(value: float, said: str) -> None:
    assert certainty.probability(value) == said


def test_one_line_says_what_was_measured_and_how_good_the_rest_is(screened: CompareState) -> None:
    page = screened.page
    rank, squared = Interval(0.91, 0.8, 0.97, 16), Interval(-0.02, -0.3, 0.2, 32)
    base = Approximation((), "by \x1b[2J hiding", 16, 512, rank)
    unlearned = Approximation((), "", 20, 512, None, squared)
    state = with_sides(
        screened,
        replace(page.base, approximation=base, estimator="screened"),
        replace(page.unlearned, approximation=unlearned),
    )
    assert text(certainty.note(state, UNICODE)) == (
        "screened: base 16 of 512 measured, rank agreement .91 (.80 to .97, n 16)"
        " · unlearned 20, R² −.02 (−.30 to .20, n 32) · by ␛[2J hiding"
    )
    assert "R2 -.02" in text(certainty.note(state, ASCII))


def test_of_a_surrogate_everything_is_estimated(screened: CompareState) -> None:
    guesses = (None, 0.5, -0.25)
    known = Approximation(guesses, "", 1, 2, r_squared=Interval(0.8, 0.7, 0.9, 32))
    side = replace(
        screened.page.base,
        values=(None, None, None),
        approximation=known,
        estimator="surrogate",
    )
    said = text(certainty.note(with_sides(screened, side, side), UNICODE))
    figure = "R² .80 (.70 to .90, n 32)"
    assert said == f"surrogate: base all 2 estimated, {figure} · unlearned all, {figure}"


# ---------------------------------------------------------------- the page of the evidence


def test_the_evidence_has_fidelity_with_its_interval(screened_room: Room) -> None:
    state = screened_room.state
    this = summary_of_prompt(state, state.thresholds)
    rows = text(*evidence_lines(this.evidence, UNICODE, 100, this.fidelity))
    for role in PANES:
        row = next(line for line in rows.splitlines() if line.startswith(f"rank agreement, {role}"))
        assert row.split()[-5:] == ["0.91", "0.80", "..", "0.97", "16"]
    assert "Contributions, base: " in text(*verdict_lines(this, UNICODE))
    every = AllPrompts(state, screened_room.comparison.memory, 0).judge_now(state.thresholds)
    assert "least rank agreement, base" in every.fidelity
    said = text(*verdict_lines(every, UNICODE))
    assert "Contributions of 1 of 1 prompts are estimated, at least in part." in said


def test_of_several_prompts_the_least_figure_stands() -> None:
    low, high = Interval(0.5, 0.2, 0.7, 16), Interval(0.9, 0.8, 0.95, 16)
    prompts = ({"rank agreement, base": high}, {"rank agreement, base": low}, {})
    assert certainty.least(prompts) == {"least rank agreement, base": low}


def test_exact_evidence_is_as_before(exact: CompareState) -> None:
    this = summary_of_prompt(exact, exact.thresholds)
    assert (dict(this.fidelity), this.caveats) == ({}, ())


# ---------------------------------------------------------------- sessions


def test_a_session_from_before_noise_and_guesses_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    room = Room()
    keeping = Keeping(path)
    room.comparison.wire.recorder = keeping.begin(OPEN, room.opened, room.state.timeline)
    room.comparison.begin()
    room.hear()
    keeping.close()
    new = {"noise", "approximation", "belongs", "shared_bytes", "shared_layers"}

    def old(value: object) -> object:
        match value:
            case dict():
                return {name: old(part) for name, part in value.items() if name not in new}
            case list():
                return [old(part) for part in value]
            case _:
                return value

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(old(line)) + "\n" for line in lines), "utf-8")
    assert not any(f'"{name}"' in path.read_text("utf-8") for name in new)
    found = file.read(path)
    said = found.memory.said(Analyse(CASES[0]))
    assert any(isinstance(event, Contributions) for event in said)
    again = Room(memory=found.memory, timeline=found.timeline)
    again.comparison.begin()
    again.hear()
    assert again.asked == []
    assert again.state.page == room.state.page


def test_a_doubtful_session_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    engine = FakeEngine(manual=True, doubt=FakeDoubt(noise=0.03, screened=True, shared=True))
    room = Room(engine=engine)
    keeping = Keeping(path)
    room.comparison.wire.recorder = keeping.begin(OPEN, room.opened, room.state.timeline)
    room.comparison.begin()
    room.hear()
    keeping.close()
    found = file.read(path)
    again = Room(memory=found.memory, timeline=found.timeline)
    again.comparison.begin()
    assert again.state.page == room.state.page
    again.do(ChooseView("shift"))
    assert certainty.noise(again.state, "unlearned") == hypot(0.03, 0.03)
    assert found.began.opened == room.opened

"""The verdict follows the thresholds at once, and its words say what every number is."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from inspector import HOSTILE
from painted import assert_harmless
from textual.widgets import Static

from attribution.errors import BadOption
from attribution.intervals import single, wilson
from attribution.standing import Standing
from attribution.types import Interval, Verdict
from attribution.verdict import Thresholds, judge
from unpact_tui.app.glyphs import ASCII, UNICODE
from unpact_tui.app.host import Host
from unpact_tui.app.screens.summary import SummaryScreen
from unpact_tui.app.standing_lines import standing_lines
from unpact_tui.app.summary_lines import (
    EVIDENCE,
    Summary,
    case_line,
    evidence_lines,
    plot,
    verdict_lines,
)
from unpact_tui.app.threshold_lines import FIXED, MEASURED, all_thresholds, put, stepped
from unpact_tui.catalogue import docstring
from unpact_tui.options import settle
from unpact_tui.settings import Settings

BACK = {
    "base_match": single(1.0),
    "base_probability": single(0.9),
    "unlearned_exact": single(0.0),
    "unlearned_probability": single(0.05),
    "answer_kept": single(0.01),
    "readable": wilson(7, 8),
    "recovered": single(0.58),
    "control": Interval(0.1, 0.0, 0.2, 3),
    "lift": single(0.48),
    "unheard_of": single(0.3),
}


def of_this(thresholds: Thresholds) -> Summary:
    verdict = judge(BACK, thresholds)
    return Summary(verdict, BACK, thresholds, {verdict.label: 1}, of_set=False)


def of_all(thresholds: Thresholds) -> Summary:
    shown = 3 if thresholds.recovered <= 0.5 else 1
    cases = {"SUPPRESSED": shown, "UNRECOVERED": 4 - shown}
    evidence = {"share_suppressed": wilson(shown, 4)}
    verdict = Verdict("SUPPRESSED", ("Some are.",))
    return Summary(verdict, evidence, thresholds, cases, of_set=True, read=4, total=9)


def text(lines: object) -> str:
    return "\n".join("".join(piece for piece, _ in line) for line in lines)  # pyright: ignore


# ---------------------------------------------------------------- words


def test_every_number_of_the_evidence_has_words() -> None:
    names = set(
        re.findall(r"^    ([a-z][a-z_]+)(?:,| {2,})", docstring("attribution.evidence"), re.M)
    )
    names |= {f"share_{x}" for x in ("retained", "suppressed", "unrecovered", "collapsed")}
    names |= {"share_unknown"}
    assert len(names) > 35
    assert names == set(EVIDENCE)
    assert len({meaning.words for meaning in EVIDENCE.values()}) == len(EVIDENCE)


def test_no_estimate_without_its_interval_and_n() -> None:
    said = text(evidence_lines(BACK, UNICODE, 120))
    row = next(line for line in said.split("\n") if line.startswith("by marks on random"))
    assert row.split()[5:9] == ["10%", "0%", "..", "20%"] or "0% .. 20%" in row
    assert " 3  " in row
    assert "unheard_of" in said


@pytest.mark.parametrize(
    ("interval", "unicode", "ascii"),
    [
        (Interval(0.5, 0.2, 0.8, 9), "  ├──●──┤  ", "  |--o--|  "),
        (single(0.0), "●          ", "o          "),
        (single(1.0), "          ●", "          o"),
        (Interval(0.9, 0.5, 1.4, 9), "     ├───●▸", "     |---o>"),
        (Interval(-0.4, -0.5, 0.1, 9), "◂┤         ", "<|         "),
        (Interval(2.0, 1.9, 2.1, 9), "          ▸", "          >"),
    ],
)
def test_intervals_on_one_axis(interval: Interval, unicode: str, ascii: str) -> None:
    assert plot(interval, 11, UNICODE) == unicode
    assert plot(interval, 11, ASCII) == ascii


@pytest.mark.parametrize("width", [20, 72, 73, 80, 120, 300])
def test_pictures_only_where_there_is_room(width: int) -> None:
    lines = evidence_lines(BACK, ASCII, width)
    longest = max(len(text([line]).rstrip()) for line in lines)
    assert longest <= max(width, 59)
    assert text(lines).isascii()


def test_what_is_not_read_has_no_verdict() -> None:
    assert "Not read yet" in text(verdict_lines(None, UNICODE))
    assert case_line(None, {}) == ()
    said = text([case_line(of_all(Thresholds()), {"SUPPRESSED": 1, "UNRECOVERED": 3})])
    assert "3 SUPPRESSED (was 1)" in said


# ---------------------------------------------------------------- thresholds


def test_steps_are_on_a_grid_and_undo_each_other() -> None:
    for threshold in all_thresholds():
        higher = stepped(Thresholds(), threshold.name, 1)
        if threshold.name in MEASURED:
            assert higher == FIXED
            continue
        assert isinstance(higher, Thresholds)
        assert threshold.of(higher) > threshold.of(Thresholds())
        assert stepped(higher, threshold.name, -1) == Thresholds()
    by_hand = stepped(Thresholds(known=0.62), "known", -1)
    assert isinstance(by_hand, Thresholds)
    assert by_hand.known == 0.6


@pytest.mark.parametrize("name", [field.name for field in fields(Thresholds)])
@pytest.mark.parametrize("value", [-0.05, 1.0, 1.05])
def test_a_threshold_may_be_what_the_command_line_takes(name: str, value: float) -> None:
    try:
        taken: Thresholds | None = settle(Settings(), [f"{name}={value}"]).thresholds
    except BadOption:
        taken = None
    made = put(Thresholds(), name, value)
    if name not in MEASURED:
        assert (made if isinstance(made, Thresholds) else None) == taken


def test_steps_end_where_the_range_ends() -> None:
    assert len(all_thresholds()) == len(fields(Thresholds))
    at = Thresholds(known=0.98)
    highest = stepped(at, "known", 1)
    assert isinstance(highest, Thresholds)
    assert highest.known == 1
    assert stepped(highest, "known", 1) == "known is from 0 to 1"
    assert stepped(Thresholds(lift=0.0), "lift", -1) == "lift is 0 or more"


# ---------------------------------------------------------------- the screen


class Page(Host):
    """The page over an empty screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, screen: SummaryScreen) -> None:
        super().__init__()
        self.page = screen
        self.given: list[Thresholds | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.page, self.given.append)

    def said(self, name: str) -> str:
        return str(self.page.query_one(f"#{name}", Static).content)


async def test_the_verdict_follows_and_the_thresholds_are_given_back() -> None:
    app = Page(SummaryScreen(of_this, of_all, Thresholds(), UNICODE, False, "this"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "SUPPRESSED" in app.said("verdict-words")
        await pilot.press("j", "j", "j", "j", "right", ">")
        assert "UNRECOVERED" in app.said("verdict-words")
        assert app.said("threshold-news") == "UNRECOVERED at recovered 0.6; was SUPPRESSED at 0.55"
        assert "0.60" in app.said("threshold-recovered")
        assert "* default 0.5" in app.said("threshold-recovered")
        await pilot.press("t")
        assert "1 SUPPRESSED (was 3)" in app.said("summary-cases")
        await pilot.press("0")
        assert "3 SUPPRESSED  " in app.said("summary-cases")
        await pilot.press("<", "q")
        await pilot.pause()
        assert app.given == [Thresholds(recovered=0.45)]


async def test_what_was_measured_does_not_move_and_nothing_changed_is_none() -> None:
    app = Page(SummaryScreen(lambda _: None, of_all, Thresholds(), ASCII, True, "this"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Not read yet" in app.said("verdict-words")
        app.page.action_move(9)
        await pilot.press("right")
        assert app.said("threshold-news") == FIXED
        app.page.action_move(-20)
        await pilot.press(*["right"] * 9)
        assert "from 0 to 1" in app.said("threshold-news")
        await pilot.press("backspace", "pagedown", "escape")
        await pilot.pause()
        assert app.given == [None]


# ---------------------------------------------------------------- strategies


STANDINGS = (
    Standing(
        "stars",
        recovered=Interval(0.8, 0.7, 0.9, 6),
        random=Interval(0.1, 0.0, 0.2, 6),
        lift=Interval(0.7, 0.6, 0.8, 6),
        simultaneous=Interval(0.7, 0.5, 0.9, 6),
        excess=None,
        exact=None,
        random_exact=None,
        cause="other ids",
    ),
    Standing("focus", Interval(0.05, 0.0, 0.1, 6), None, None, None, None, None, None, "neither"),
    Standing("upper", Interval(0.0, 0.0, 0.0, 0), None, None, None, None, None, None, "unknown"),
)


def test_strategies_stand_beside_their_control_with_what_did_it() -> None:
    lines = standing_lines(STANDINGS, ASCII)
    rows = [line.split() for line in text(lines).split("\n")]
    assert rows[0] == ["strategy", "back", "random", "lift", "between", "n", "by", "what"]
    assert rows[1] == ["stars", "80%", "10%", "+70", "+50", "..", "+90", "6", "other", "ids"]
    assert rows[2] == ["focus", "5%", "--", "--", "6"]
    assert len(rows) == 5
    assert max(len(row) for row in text(lines).split("\n")) <= 63
    assert standing_lines((), ASCII) == []


async def test_strategies_are_above_the_evidence_of_all_prompts_alone() -> None:
    def judged(thresholds: Thresholds) -> Summary:
        return replace(of_all(thresholds), strategies=STANDINGS)

    app = Page(SummaryScreen(of_this, judged, Thresholds(), UNICODE, False, "this"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "stars" not in app.said("evidence-rows")
        await pilot.press("t")
        assert "stars" in app.said("evidence-rows")
        panel = app.page.query_one("#summary-evidence")
        assert str(panel.border_title) == "Strategies, then evidence"
        await pilot.press("t")
        assert str(panel.border_title) == "Evidence"


async def test_hostile_reasons_are_shown_and_not_obeyed() -> None:
    reasons = tuple(HOSTILE.values())
    summary = Summary(Verdict("UNKNOWN", reasons), {reasons[0]: single(1)}, Thresholds(), {}, True)
    page = SummaryScreen(lambda _: summary, lambda _: summary, Thresholds(), UNICODE, False)
    app = Page(page)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert_harmless(pilot.app)
        assert "[/INST]" in app.said("verdict-words")

"""Numbers over steps, words over steps, and both as text."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from inspector import HOSTILE
from track_fixture import RUN, case, run, step

from unpact_tui.track.happened import events
from unpact_tui.track.quantities import series
from unpact_tui.track.schema import CaseStep, Track, TrackedStep
from unpact_tui.track.text import as_text, thinned
from unpact_tui.track.units import case_ids, movers, over_steps, units


def track(steps: tuple[TrackedStep, ...]) -> Track:
    return Track(1, "zoo/base", "runs/npo", steps, events(steps))


def test_a_gap_is_no_zero() -> None:
    found = {one.quantity.name: one for one in series(run())}
    assert found["share_retained"].values[3] is None
    assert found["share_retained"].heights()[3] is None
    assert found["share_retained"].heights()[4] == 0
    assert "indiscriminateness" not in found  # measured at no step


def test_small_losses_are_drawn_small() -> None:
    quiet = {one.quantity.name: one for one in series(run(2))}
    assert max(h or 0 for h in quiet["retain_loss"].heights()) == pytest.approx(0.2)


def test_words_are_sums_over_tokens_and_nothing_is_lost() -> None:
    one = case("a", 0.5)
    spaced = msgspec.structs.replace(
        one,
        tokens=("Who", " ", "is", " An", "a", "?"),
        words=((0,), (2,), (3, 4)),
        base_contributions=(0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
        contributions=(0.0, 0.0, 0.0, 1.0, None, 0.0),
        key_tokens=(4,),
    )
    found = units([spaced, None], by_word=True)
    assert [unit.text for unit in found] == ["Who", " is", " Ana", "?"]
    assert [unit.base for unit in found] == pytest.approx([0.1, 0.6, 2.4, 3.2])
    assert [unit.key for unit in found] == [False, False, True, False]
    assert found[2].values == (None, None)  # one of its tokens was not measured
    assert len(units([spaced], by_word=False)) == 6


def test_what_was_removed_whole_is_not_summed() -> None:
    whole = msgspec.structs.replace(
        case("a", 0.5),
        granularity="word",
        words=((0, 1), (2, 3)),
        base_contributions=(0.5, 0.5, 1.0, 1.0, 0.0, 0.0),
    )
    assert [unit.base for unit in units([whole], by_word=True)[:2]] == [0.5, 1.0]


def test_movers_are_those_that_went_farthest() -> None:
    steps = run()
    rows = units(over_steps(steps, "forget-1"), by_word=True)
    assert [unit.text for unit in movers(rows, 2)] == [" Basil", " Mahfouz"]
    assert case_ids(steps) == ("forget-1", "forget-2")
    assert movers(units([case("a", 1.0)], by_word=True), 3) == ()


def test_another_tokenisation_says_nothing() -> None:
    other = msgspec.structs.replace(
        case("forget-1", 0.5),
        tokens=("x",),
        words=(),
        key_tokens=(),
        base_contributions=(1.0,),
        contributions=(1.0,),
    )
    steps = (msgspec.structs.replace(step(RUN[0]), cases=(other,)), step(RUN[1]))
    assert over_steps(steps, "forget-1")[0] is None


def test_as_text() -> None:
    said = as_text(track(run()), plain=False)
    assert "verdict            RRS!SC RETAINED → COLLAPSED" in said
    assert "still answers      █▅▂ ▁▁     1.00     0.00  [0.00, 0.24], n = 12" in said
    assert "▸Basil              ██▆▃ ▁▁  +1.20 → +0.02" in said
    assert "checkpoint-40 could not be measured: It is torn." in said
    assert "Collapse           At step 60" in said


def test_plain_signs_are_ascii() -> None:
    assert as_text(track(run()), plain=True).isascii()


def test_a_long_run_keeps_its_ends() -> None:
    assert thinned(range(500))[0] == 0
    assert thinned(range(500))[-1] == 499
    assert len(thinned(range(500))) == 48
    lines = as_text(track(run(120)), plain=False).splitlines()
    assert "Of 120 steps, 48 have a bar." in lines
    assert max(len(line) for line in lines if line.startswith("still")) < 120


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_steers_nothing(name: str) -> None:
    text = HOSTILE[name]

    def spoilt(one: CaseStep) -> CaseStep:
        return msgspec.structs.replace(one, id=text, prompt=text, tokens=(text, *one.tokens[1:]))

    steps = tuple(
        msgspec.structs.replace(
            one,
            cases=tuple(map(spoilt, one.cases[:1])),
            row=msgspec.structs.replace(one.row, name=text, error=one.row.error and text),
        )
        for one in run()
    )
    said = as_text(Track(1, text, text, steps, events(steps)), plain=False)
    bad = {c for c in said.replace("\n", "") if unicodedata.category(c) in ("Cc", "Cf", "Cs")}
    assert not bad


def test_nothing_measured_at_all() -> None:
    broken = (step(RUN[3]),)
    said = as_text(track(broken), plain=False)
    assert "not measured" in said
    assert "no step could be measured" in said

"""When something happened: by the ends of intervals, and said when it did not."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from track_fixture import RUN, At, around, run, step

from attribution.intervals import wilson
from unpact_tui.track.happened import events
from unpact_tui.track.schema import Event, TrackedStep


def by_name(*steps: TrackedStep, bound: float = 0.1) -> dict[str, Event]:
    return {event.name: event for event in events(steps, bound)}


def test_a_whole_run() -> None:
    found = by_name(*run())
    assert {name: event.step for name, event in found.items()} == {
        "forgetting": 30,
        "hiding": 30,
        "collapse": 60,
        "retain_bound": 50,
    }
    assert found["forgetting"].lasts
    assert found["hiding"].lasts is False
    assert "no longer at step 60" in found["hiding"].sentence
    assert "2 of 12" in found["forgetting"].sentence
    assert "the last that was measured" in found["collapse"].sentence


def test_never_is_said_with_how_near_it_came() -> None:
    found = by_name(step(RUN[0]), step(RUN[1]))
    assert not any(event.happened for event in found.values())
    assert "58 % at step 20, at most 81 %" in found["forgetting"].sentence
    assert "the most is 0.02" in found["retain_bound"].sentence


def test_few_prompts_decide_nothing_unless_they_agree() -> None:
    def with_share(retained: int) -> TrackedStep:
        one = step(At(10, "RETAINED", 1, 0.5))
        evidence = one.row.evidence | {"share_retained": wilson(retained, 3)}
        return msgspec.structs.replace(one, row=msgspec.structs.replace(one.row, evidence=evidence))

    assert by_name(with_share(1))["forgetting"].happened is False
    assert by_name(with_share(0))["forgetting"].happened is True


def test_an_interval_that_reaches_the_bound_is_not_beyond_it() -> None:
    one = step(RUN[0])
    for value, happened in ((around(0.11, 8, 0.02), False), (around(0.13, 8, 0.02), True)):
        evidence = one.row.evidence | {"retain_loss": value}
        row = msgspec.structs.replace(one.row, evidence=evidence)
        found = by_name(msgspec.structs.replace(one, row=row))["retain_bound"]
        assert found.happened is happened
    assert by_name(step(RUN[4]), bound=0.3)["retain_bound"].happened is False


def test_what_is_not_measured_is_neither() -> None:
    bare = step(RUN[0])
    row = msgspec.structs.replace(bare.row, evidence={})
    found = by_name(msgspec.structs.replace(bare, row=row))
    assert found["forgetting"].happened is None
    assert "--retain" in found["retain_bound"].sentence
    nothing = by_name(step(RUN[3]))
    assert all(event.happened is None for event in nothing.values())


def test_a_broken_step_between_ends_nothing() -> None:
    found = by_name(step(RUN[2]), step(RUN[3]), step(replace(RUN[2], step=50)))
    assert found["forgetting"].lasts
    assert found["hiding"].lasts


def test_the_run_s_own_folder_has_no_number() -> None:
    found = by_name(step(RUN[0]), step(replace(RUN[2], step=None)))
    assert found["hiding"].step is None
    assert found["hiding"].checkpoint == "last"
    assert "the last checkpoint" in found["hiding"].sentence

"""What is done with very many prompts is done beside the screen, and comes to the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from inspector import compare_screen, opened, until, workbench
from textual.widgets import Static

from attribution.intervals import single
from attribution.types import Label, Verdict
from attribution.verdict import Thresholds
from unpact_tui.app.aside import ASIDE, aside, bit_by_bit
from unpact_tui.app.glyphs import UNICODE
from unpact_tui.app.host import Host
from unpact_tui.app.screens.summary import SummaryScreen
from unpact_tui.app.summary_lines import Summary
from unpact_tui.document import decode


async def test_what_breaks_there_breaks_where_it_is_awaited() -> None:
    def broken() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await aside(broken)
    assert await aside(lambda: 3) == 3
    assert await bit_by_bit(range(50)) == list(range(50))


async def test_whoever_leaves_waits_for_nothing() -> None:
    going = threading.Event()
    waiting = asyncio.create_task(aside(going.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    going.set()  # what comes of it is nobody's
    await asyncio.sleep(0.05)


class Slow:
    """A judge that takes until it is let go."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.go = threading.Event()
        self.gathered = 0

    def gather(self) -> Iterator[None]:
        for _ in range(45):
            self.gathered += 1
            yield

    def judge(self, thresholds: Thresholds) -> Summary:
        self.asked.append(thresholds.recovered)
        assert self.go.wait(30)
        label: Label = "SUPPRESSED" if thresholds.recovered <= 0.5 else "UNRECOVERED"
        evidence = {"share_suppressed": single(0.5)}
        return Summary(Verdict(label, ()), evidence, thresholds, {label: 45}, of_set=True, read=45)


def _said(page: SummaryScreen, name: str) -> str:
    return str(page.query_one(f"#{name}", Static).content)


async def test_the_thresholds_chosen_last_are_judged_and_keys_are_heard_meanwhile() -> None:
    slow = Slow()
    page = SummaryScreen(
        lambda _: None, slow.judge, Thresholds(), UNICODE, False, "all", slow.gather
    )
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(page)
        await until(pilot, lambda: slow.asked)
        assert slow.gathered == 45
        assert "Judging all prompts" in _said(page, "threshold-news")
        await pilot.press("j", "j", "j", "j", ">", ">", ">")
        assert "0.65" in _said(page, "threshold-recovered")
        slow.go.set()
        await until(pilot, lambda: "UNRECOVERED" in _said(page, "verdict-words"))
        assert slow.asked == [0.5, 0.65], "what was passed over is not judged"
        assert "(was 45)" in _said(page, "summary-cases")
        await pilot.press("0")
        await until(pilot, lambda: "SUPPRESSED at recovered 0.5" in _said(page, "threshold-news"))


async def test_it_is_left_while_it_judges() -> None:
    slow, given = Slow(), list[Thresholds | None]()
    page = SummaryScreen(
        lambda _: None, slow.judge, Thresholds(), UNICODE, False, "all", slow.gather
    )
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(page, given.append)
        await until(pilot, lambda: slow.asked)
        await pilot.press("j", "j", "j", "j", ">", "q")
        await until(pilot, lambda: given)
        assert given == [replace(Thresholds(), recovered=0.55)]
    slow.go.set()


async def test_an_export_of_many_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with workbench().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        screen, app = compare_screen(pilot), pilot.app
        screen._write("json", tmp_path / "at_once.json", "")
        monkeypatch.setattr("unpact_tui.app.screens.taking.MANY", 1)
        screen._write("json", tmp_path / "beside.json", "")
        await until(pilot, lambda: not any(worker.group == ASIDE for worker in app.workers))
        told = [note.message for note in app._notifications]
        assert told[-2:] == [
            f"Writing {tmp_path}/beside.json",
            f"Written to {tmp_path}/beside.json",
        ]
    beside = (tmp_path / "beside.json").read_bytes()
    assert beside == (tmp_path / "at_once.json").read_bytes()
    assert len(decode(beside).cases) == 1


async def test_what_is_being_written_is_not_left_by_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slowly(*_: object) -> Iterator[str]:
        yield "begun"
        go.wait(30)
        yield "done"

    monkeypatch.setattr("unpact_tui.app.screens.taking.MANY", 1)
    monkeypatch.setattr("unpact_tui.app.takeaway.written", slowly)
    app = workbench()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        compare_screen(pilot)._write("json", tmp_path / "beside.json", "")
        await until(pilot, lambda: list(tmp_path.iterdir()))
        await pilot.press("q")
        assert app.is_running
        assert "still being written" in [note.message for note in app._notifications][-1]
        await pilot.press("q")
    go.set()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not list(tmp_path.iterdir()):
            break
    assert app.return_code == 0
    assert list(tmp_path.iterdir()) == [], "nothing half stays"

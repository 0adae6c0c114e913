"""What a long sitting, very many prompts and several processes at once must not do: quick versions.

`benchmarks/load.py` does the same for longer.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sqlite3
from pathlib import Path
from random import Random

import pytest
from load_checkpoints import KEYS, Spent, look, made_up
from load_keys import bench, press, prompts, walk
from load_long import read as read_long
from load_prompts import Step, visit
from load_session import reopen
from load_sharing import foreign_cache, many_sittings, one_cache, one_ledger, one_session
from room import OPEN, Room
from textual._styles_cache import StylesCache
from textual.widget import Widget

from attribution.intervals import bootstrap_mean, bootstrap_means, resamplings
from attribution.types import Case
from unpact_tui import cache_file
from unpact_tui.cache import Store
from unpact_tui.errors import Unwritable
from unpact_tui.session import memory as memory_module
from unpact_tui.session.actions import AddCase, EditCase, Emphasise, Undo
from unpact_tui.session.choices import (
    FEWEST_UNDOABLE,
    MOST_UNDOABLE,
    Choices,
    Timeline,
    act,
    begin,
    replay,
)
from unpact_tui.session.file import read
from unpact_tui.session.keeping import Keeping
from unpact_tui.session.memory import Memory
from unpact_tui.worker.events import Finished, Written
from unpact_tui.worker.protocol import Analyse, Try

forked = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="nothing is forked here"
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------- a long sitting


@pytest.mark.slow
async def test_random_keys_break_nothing(tmp_path: Path) -> None:
    seed = 8
    walked = await walk(tmp_path, 60, seed, every=20)
    assert walked.keys == 60, f"seed {seed}: {walked.last}"
    first, last = walked.samples[0], walked.samples[-1]
    assert last.signs.handles <= first.signs.handles + 2
    assert last.signs.threads <= first.signs.threads + 1
    assert read(tmp_path / "session.jsonl").timeline.now.cases


async def test_nothing_is_left_of_screens_that_were_left(tmp_path: Path) -> None:
    app = bench(prompts(3), None)
    async with app.run_test(size=(100, 30), tooltips=False) as pilot:
        await pilot.pause()
        counts: list[int] = []
        for _ in range(6):
            for key in ("question_mark", "escape", "P", "escape", "ctrl+p", "escape"):
                await press(app, key)
            counts.append(_alive(Widget) + _alive(StylesCache))
    assert counts[-1] <= counts[2], counts


def _alive(kind: type) -> int:
    gc.collect()
    # Not isinstance, which asks the object: a module that is made when asked, say.
    return sum(issubclass(type(one), kind) for one in gc.get_objects())


def _timeline(count: int) -> Timeline:
    cases = prompts(count)
    return Timeline(Choices(cases, begin(cases)))


def test_undo_goes_back_so_far_and_a_log_means_the_same() -> None:
    draw = Random(1)
    many = [Emphasise((draw.randrange(40),)) for _ in range(MOST_UNDOABLE + 500)]
    found = replay(_timeline(2), many)
    assert len(found.past) == MOST_UNDOABLE
    assert len(found.log) == MOST_UNDOABLE
    assert found == replay(_timeline(2), many)
    back = act(found, Undo())
    assert back.now == found.past[-1]
    assert back.past == found.past[:-1]


def test_of_very_many_prompts_fewer_choices_are_kept() -> None:
    many = [Emphasise((number % 40,)) for number in range(FEWEST_UNDOABLE + 60)]
    assert len(replay(_timeline(20_000), many).past) == FEWEST_UNDOABLE


def _said(memory: Memory, order: Analyse | Try) -> None:
    memory.take(order, Written("base", "x", emphasised=False, done=True))
    memory.take(order, Finished())


def test_what_is_tried_by_hand_is_bounded_and_the_rest_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_module, "ROOM", 10_000)
    cases = prompts(30)
    memory = Memory()
    memory.concern(cases)
    for case in cases:
        _said(memory, Analyse(case))
    tries = [Try(cases[0], "bold", (number,)) for number in range(50)]
    for order in tries:
        _said(memory, order)
    assert all(memory.whole(Analyse(case)) for case in cases)
    kept = [order for order in tries if memory.whole(order)]
    assert kept == tries[-len(kept) :], "what was asked first goes first"
    assert 3 < len(kept) < 10


def test_prompts_that_were_rewritten_go_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_module, "ROOM", 10_000)
    room = Room()
    room.comparison.begin()
    room.hear()
    for number in range(8):
        room.do(EditCase(Case(f"e{number}", f"Who is author {number} of Kuwait?", "A writer")))
        room.hear()
    kept = sum(1 for _ in room.comparison.memory)
    assert kept < 8
    assert room.state.page.judged is not None
    room.do(AddCase(Case("new", "Who is Ana Prado?", "A writer")), Undo(), Undo())
    room.hear()
    assert room.state.page.judged is not None, "what went is asked again"


# ---------------------------------------------------------------- very many prompts


@pytest.mark.soak
async def test_very_many_prompts(tmp_path: Path) -> None:
    steps: list[Step] = []
    await visit(tmp_path, 600, steps.append)
    slow = [step for step in steps if step.wait is not None and step.wait > 2]
    assert not slow


def test_columns_drawn_together_have_the_intervals_that_they_have_alone() -> None:
    draw = Random(3)
    columns = {
        name: [draw.gauss(0, 1) for _ in range(n)] for name, n in (("a", 1), ("b", 9), ("c", 9))
    }
    together = bootstrap_means(columns, 5, samples=100)
    assert together == {
        name: bootstrap_mean(values, 5, samples=100) for name, values in columns.items()
    }
    assert resamplings(200, 2000) == 2000
    assert resamplings(10_000, 2000) == 200


# ---------------------------------------------------------------- checkpoints, tokens, actions


async def test_many_checkpoints_on_the_board(tmp_path: Path) -> None:
    made_up(tmp_path / "rows.jsonl", 60)
    spent: list[Spent] = []
    await look(tmp_path / "rows.jsonl", spent.append)
    assert [one.name for one in spent][2:-3] == [name for _, name in KEYS]


@pytest.mark.soak
async def test_very_many_checkpoints_on_the_board(tmp_path: Path) -> None:
    made_up(tmp_path / "rows.jsonl", 10_000)
    spent: list[Spent] = []
    await look(tmp_path / "rows.jsonl", spent.append)
    assert max(one.work for one in spent) < 3


@pytest.mark.soak
async def test_a_long_prompt_is_read(tmp_path: Path) -> None:
    spent: list[Spent] = []
    await read_long(tmp_path, 1500, spent.append)
    assert max(one.work for one in spent if one.name not in ("opening", "emphasise a word")) < 2


def test_a_session_of_many_actions_is_opened_again(tmp_path: Path) -> None:
    found = reopen(tmp_path, 1500, 8)
    assert found.same
    assert found.answers == 150


# ---------------------------------------------------------------- several at once


@forked
def test_one_session_file_has_one_writer(tmp_path: Path) -> None:
    assert one_session(tmp_path, 3).lost == ()


def test_a_session_that_is_written_is_refused_and_goes_on(tmp_path: Path) -> None:
    path, room = tmp_path / "s.jsonl", Room()
    kept = Keeping(path)
    recorder = kept.begin(OPEN, room.opened, room.state.timeline)
    with pytest.raises(Unwritable, match="another inspector"):
        Keeping(path)
    recorder.did(Emphasise((1,)))
    kept.close()
    Keeping(path).close()
    assert read(path).timeline.now.chosen.emphasis == (1,)


@forked
def test_one_ledger_has_one_writer_at_a_time(tmp_path: Path) -> None:
    assert one_ledger(tmp_path, 3, 10).lost == ()


@forked
def test_sittings_do_not_tidy_each_other_away(tmp_path: Path) -> None:
    assert many_sittings(12, 3).lost == ()


@forked
def test_one_cache_for_several_processes(tmp_path: Path) -> None:
    shared = one_cache(tmp_path, 3, 30, seed=1)
    assert shared.lost == ()


def test_a_cache_that_others_write_is_left_alone_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "_PATIENCE", 0.05)
    path = tmp_path / "c.sqlite"
    store, busy = Store(path), sqlite3.connect(path, isolation_level=None)
    Store(path).put(b"other", b"came")  # somebody gets on with it
    busy.execute("BEGIN IMMEDIATE")
    store.put(b"mine", b"lost")
    assert store.trouble is None
    busy.execute("ROLLBACK")
    store.put(b"mine", b"kept")
    assert store.get(b"mine") == b"kept"
    busy.execute("BEGIN IMMEDIATE")
    store.put(b"more", b"lost")
    assert store.trouble is not None, "nobody gets on with it"
    busy.execute("ROLLBACK")
    busy.close()


@forked
@pytest.mark.skipif(os.geteuid() != 0, reason="to be somebody else takes root")
def test_the_cache_of_somebody_else_is_a_sentence(tmp_path: Path) -> None:
    assert foreign_cache(tmp_path).lost == ()

"""What each key of the comparison puts into the log, and what comes back from the pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from inspector import CASES, compare_screen, opened, state_of, tried, until, workbench
from textual.pilot import Pilot

from attribution.types import Case
from unpact_tui.app import clipboard
from unpact_tui.app.comparison import Comparison
from unpact_tui.app.messages import Reopen
from unpact_tui.app.painting import hits, painted, scale
from unpact_tui.app.recalling import weights
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.copy import CopyScreen
from unpact_tui.app.screens.edit import EditScreen, PromptArea
from unpact_tui.app.screens.export import ExportScreen
from unpact_tui.app.screens.other import OtherScreen
from unpact_tui.app.screens.prompts import PromptsScreen
from unpact_tui.app.screens.search import SearchScreen
from unpact_tui.app.screens.summary import SummaryScreen
from unpact_tui.app.screens.weights import WeightsScreen
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.document import decode
from unpact_tui.session.actions import (
    Action,
    AddCase,
    ChooseAnswerToken,
    ChooseCase,
    ChooseGranularity,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    ChooseView,
    EditCase,
    Emphasise,
    Move,
    MoveThresholds,
    Redo,
    ShowLane,
    Undo,
)
from unpact_tui.session.keeping import Keeping
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Failed
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Open, Reply, Weigh

WIDE = (160, 48)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the models from being asked between two keys on a busy machine."""
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 60.0)


async def logged(pilot: Pilot[None], *keys: str) -> list[Action]:
    """Return what some keys put into the log."""
    before = len(state_of(pilot).timeline.log)
    await pilot.press(*keys)
    await pilot.pause()
    return list(state_of(pilot).timeline.log[before:])


def comparison(pilot: Pilot[None]) -> Comparison:
    return compare_screen(pilot).comparison


@pytest.mark.slow
async def test_keys_of_emphasis() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        word = state_of(pilot).page.words[0]
        assert await logged(pilot, "space") == [Emphasise(word)]
        assert await logged(pilot, "space") == [Emphasise(())]
        (keys,) = await logged(pilot, "K")
        assert isinstance(keys, Emphasise)
        assert state_of(pilot).key_tokens <= set(keys.positions)
        assert await logged(pilot, "K") == []
        assert await logged(pilot, "u", "ctrl+r", "u", "U") == [Undo(), Redo(), Undo(), Redo()]
        assert await logged(pilot, "U") == []
        assert state_of(pilot).hint == "There is nothing to redo."
        assert await logged(pilot, "c") == [Emphasise(())]
        assert await logged(pilot, "s", "S", "S") == [
            ChooseStrategy("bold_each"),
            ChooseStrategy("bold"),
            ChooseStrategy("anchor"),
        ]
        while state_of(pilot).timeline.past:
            await pilot.press("u")
        assert await logged(pilot, "u") == []
        assert state_of(pilot).hint == "There is nothing to undo."


async def test_a_word_wherever_it_stands_and_how_strongly() -> None:
    cases = (Case("1", "Ana knew that ana was Ana Prado", "yes"),)
    async with workbench(cases=cases).run_test(size=WIDE) as pilot:
        await opened(pilot)
        prompt = state_of(pilot).prompt
        assert prompt is not None
        (everywhere,) = await logged(pilot, "a")
        assert isinstance(everywhere, Emphasise)
        texts = [prompt.tokens[i].text.strip() for i in everywhere.positions]
        assert texts == ["Ana", "ana", "Ana"]
        assert await logged(pilot, "a") == [Emphasise(())]
        comparison(pilot).do(ChooseStrategy("upper"))
        assert await logged(pilot, "full_stop") == []
        assert "no degrees" in state_of(pilot).hint
        comparison(pilot).do(ChooseStrategy("repeat"))
        assert await logged(pilot, "comma") == []
        assert "no less" in state_of(pilot).hint
        stronger = await logged(pilot, "full_stop", "full_stop", "full_stop", "full_stop")
        assert all(isinstance(action, ChooseStrength) for action in stronger)
        assert 1 <= len(stronger) < 4
        assert "no more" in state_of(pilot).hint
        strength = state_of(pilot).now.strength
        assert strength > 1
        await pilot.press("space")
        attempt = state_of(pilot).attempt
        assert attempt is not None
        assert (attempt.strategy, attempt.strength) == ("repeat", strength)
        await pilot.press("s")
        assert state_of(pilot).now.strength == 1


async def test_keys_of_looking() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        looked = await logged(pilot, "2", "3", "4", "5", "1", "v", "i", "J")
        assert looked == [
            *map(ChooseView, ("shift", "answer", "by_token", "key_tokens", "contribution")),
            ChooseView("shift"),
            ShowLane(True),
            ChooseScale(False, 0.0, 1.0),
        ]
        assert await logged(pilot, "minus") == []
        assert await logged(pilot, "plus", "equals_sign", "minus") == [
            ChooseScale(False, 0.05, 1.0),
            ChooseScale(False, 0.1, 1.0),
            ChooseScale(False, 0.05, 1.0),
        ]
        await pilot.press("less_than_sign", "greater_than_sign")
        assert state_of(pilot).now.gamma == 1.0
        for key, end in (("less_than_sign", (1.0, 3.0)), ("greater_than_sign", (1.0, 0.2))):
            comparison(pilot).do(ChooseScale(False, *end))
            assert await logged(pilot, "plus", key) == []


@pytest.mark.slow
async def test_granularity_is_measured_anew_and_comes_back() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        first = state_of(pilot).page
        for name in ("word", "sentence", "token"):
            assert await logged(pilot, "t") == [ChooseGranularity(name)]
            await opened(pilot)
            assert state_of(pilot).granularity == name
        assert state_of(pilot).page == first


@pytest.mark.slow
async def test_keys_of_moving() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        state = state_of(pilot)
        large = {
            i
            for role in ("base", "unlearned")
            for i, value in enumerate(painted(state, role))
            if value is not None and abs(value) >= 0.3 * scale(state, role)
        }
        seen: set[int] = set()
        for _ in range(len(large)):
            await pilot.press("right_curly_bracket")
            seen.add(state_of(pilot).cursor)
        assert seen == large
        last = state_of(pilot).cursor
        await pilot.press("right_curly_bracket", "left_curly_bracket")
        assert state_of(pilot).cursor == last
        log = state_of(pilot).timeline.log
        assert len(log) == 1
        assert isinstance(log[0], Move)
        assert await logged(pilot, "left_parenthesis") == []
        assert await logged(pilot, "right_parenthesis", "right_parenthesis") == [
            ChooseAnswerToken(1),
            ChooseAnswerToken(2),
        ]
        await pilot.press("3", "end")
        count = len(state_of(pilot).page.answer_tokens)
        assert state_of(pilot).answer_token == count - 1
        assert await logged(pilot, "right_parenthesis", "l") == []
        await pilot.press("b")
        assert state_of(pilot).answer_token == count - 2
        await pilot.press("space")
        assert "Only words of the prompt" in state_of(pilot).hint
        await pilot.press("home", "h")
        assert state_of(pilot).answer_token == 0
        await pilot.press("ctrl+f", "ctrl+b")
        assert state_of(pilot).answer_token == 0


@pytest.mark.slow
async def test_searching() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("n")
        assert "/ searches" in state_of(pilot).hint
        await pilot.press("slash")
        assert isinstance(pilot.app.screen, SearchScreen)
        await pilot.press(*"kuwait", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        starts = [hit[0] for hit in hits(state_of(pilot), "kuwait")]
        assert len(starts) == 2
        assert state_of(pilot).needle == "kuwait"
        places = [state_of(pilot).cursor]
        for key in ("n", "n", "N"):
            await pilot.press(key)
            places.append(state_of(pilot).cursor)
        assert places == [starts[0], starts[1], starts[0], starts[1]]
        await pilot.press("slash", "x", "escape")
        assert state_of(pilot).needle == "kuwait"
        await pilot.press("slash", *"qq", "enter")
        await until(pilot, lambda: state_of(pilot).needle == "kuwaitqq")
        assert "does not stand" in state_of(pilot).hint


@pytest.mark.slow
async def test_prompts_are_read_jumped_to_added_and_edited() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert await logged(pilot, "f") == []
        assert "B reads all" in state_of(pilot).hint
        await pilot.press("B")
        await until(pilot, lambda: state_of(pilot).hint == "All 3 prompts are read.")
        assert await logged(pilot, "d", "f") == [ChooseCase(1), ChooseCase(2)]
        assert await logged(pilot, "F") == []
        await pilot.press("P")
        page = pilot.app.screen
        assert isinstance(page, PromptsScreen)
        assert [row.status for row in page._rows] == ["read"] * 3
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        assert state_of(pilot).timeline.log[-1] == ChooseCase(0)
        await pilot.press("P", "end", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        pilot.app.screen.query_one(PromptArea).text = "Who is Ana Prado?"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is not page and len(page._rows) == 3)
        assert isinstance(pilot.app.screen, PromptsScreen)
        edit = state_of(pilot).timeline.log[-1]
        assert isinstance(edit, EditCase)
        assert state_of(pilot).index == 2
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        pilot.app.screen.query_one(PromptArea).text = "Who is Bob?"
        await pilot.press("ctrl+s", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        added = state_of(pilot).timeline.log[-1]
        assert isinstance(added, AddCase)
        assert added.case.id not in {case.id for case in CASES}
        assert state_of(pilot).index == 3


@pytest.mark.slow
async def test_a_threshold_that_is_moved_moves_the_verdict() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        verdict = state_of(pilot).verdict
        assert verdict is not None
        assert "SUPPRESSED" in str(pilot.app.screen.query_one(RecoveryPanel).border_title)
        await pilot.press("V")
        assert isinstance(pilot.app.screen, SummaryScreen)
        await pilot.press("q")
        assert state_of(pilot).timeline.log == ()
        await pilot.press("V")
        lower = replace(state_of(pilot).thresholds, kept=0.0, near=0.0)
        pilot.app.screen.dismiss(lower)
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        assert state_of(pilot).timeline.log == (MoveThresholds(lower),)
        assert "RETAINED" in str(pilot.app.screen.query_one(RecoveryPanel).border_title)
        await pilot.press("u")
        assert state_of(pilot).verdict == verdict
        assert "SUPPRESSED" in str(pilot.app.screen.query_one(RecoveryPanel).border_title)


@pytest.mark.slow
async def test_the_weights_come_and_are_asked_for_once() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        for _ in range(2):
            await pilot.press("W")
            assert isinstance(pilot.app.screen, WeightsScreen)
            await until(pilot, lambda: weights(comparison(pilot).memory)[0])
            await pilot.press("q")
            assert isinstance(pilot.app.screen, CompareScreen)
        assert engine.orders.count(Weigh()) == 1


@pytest.mark.slow
async def test_a_copy_is_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def copy(text: str, *rest: object) -> clipboard.Copied:
        taken.append(text)
        return clipboard.Copied(("terminal",), None, "Copied [/] it.")

    monkeypatch.setattr(clipboard, "copy", copy)
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "enter")
        await tried(pilot)
        await pilot.press("y")
        assert isinstance(pilot.app.screen, CopyScreen)
        await pilot.press("b")
        await until(pilot, lambda: taken == [CASES[0].answer])
        await pilot.press("y", "j")
        await until(pilot, lambda: len(taken) == 2)
        document = decode(taken[1].encode())
        assert [case.id for case in document.cases] == [CASES[0].id]
        assert document.cases[0].tried
        await pilot.press("y", "escape")
        assert len(taken) == 2


async def test_an_export_is_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("E")
        assert isinstance(pilot.app.screen, ExportScreen)
        await pilot.press("escape")
        assert list(tmp_path.iterdir()) == []
        compare_screen(pilot)._write("json", tmp_path / "all.json", "")
        assert decode((tmp_path / "all.json").read_bytes()).verdict == "SUPPRESSED"
        compare_screen(pilot)._write("svg", tmp_path / "no" / "x.svg", "<svg></svg>")
        assert [path.name for path in tmp_path.iterdir()] == ["all.json"]


@pytest.mark.slow
async def test_a_session_that_cannot_be_written_any_more_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    keeping = Keeping(tmp_path / "full.jsonl")
    app = workbench(keeping=keeping)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("v", "v")
        told = [note.message for note in app._notifications if "no longer written" in note.message]
        assert told == ["The session is no longer written: No space left on device."]


# ---------------------------------------------------------------- another engine, another model


@pytest.mark.slow
async def test_an_engine_that_died_takes_nothing_with_it() -> None:
    engine, second = FakeEngine(), FakeEngine()
    app = workbench(engine, restart=lambda: second)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "enter")
        await tried(pilot)
        await pilot.press("s", "right")
        before = state_of(pilot)
        engine.die()
        await until(pilot, lambda: app.screen.query(".error"))
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and len(second.orders) > 1)
        assert state_of(pilot).timeline == before.timeline
        assert [type(order).__name__ for order in second.orders] == ["Open", "Try"]
        await pilot.press("u")
        assert state_of(pilot).page.tried is not None
        assert len(second.orders) == 2


@pytest.mark.slow
async def test_another_checkpoint_keeps_what_is_chosen_and_no_answer() -> None:
    engine = FakeEngine()
    app = workbench(engine)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "right", "o")
        assert isinstance(app.screen, OtherScreen)
        await pilot.press("escape")
        now = state_of(pilot).now
        before = len(engine.orders)
        app.post_message(Reopen("another"))
        await until(pilot, lambda: state_of(pilot).opened and len(engine.orders) > before + 3)
        await tried(pilot)
        wanted = Open("tofu-base", "another", "retrained", Settings())
        assert engine.orders[before] == wanted
        kinds = [type(order).__name__ for order in engine.orders[before:]]
        assert kinds == ["Open", "Analyse", "Try", "Recover"]
        assert state_of(pilot).now == now
        assert state_of(pilot).timeline.past == ()
        loaded = state_of(pilot).opened
        assert loaded is not None
        assert [each.name for each in loaded.checkpoints] == ["tofu-base", "another", "retrained"]
        assert len(app.screen_stack) == 2


@pytest.mark.slow
async def test_a_checkpoint_that_cannot_be_opened_leads_back() -> None:
    engine = FakeEngine(manual=True)
    app = workbench(engine)
    listened: list[object] = []
    listen = engine.listen
    engine.listen = lambda callback: (listened.append(callback), listen(callback))[1]
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: (engine.pump(), state_judged(pilot))[1])
        await pilot.press("K")
        before = state_of(pilot)
        compare_screen(pilot).comparison.score(wanted=True)
        engine.pump(3)
        app.post_message(Reopen("nowhere"))
        await pilot.pause()
        opening = len(engine.orders)
        # What ended because of it is heard, and nothing is asked meanwhile.
        await pilot.pause()
        assert len(engine.orders) == opening
        engine._work.clear()
        engine._say(Reply(opening, Failed("There is no folder nowhere.", "", 3, fatal=True)))
        await until(pilot, lambda: (engine.pump(), len(app.screen_stack) == 2)[1])
        assert isinstance(app.screen, CompareScreen)
        assert state_of(pilot).timeline == before.timeline
        await until(pilot, lambda: (engine.pump(), "are read" in state_of(pilot).hint)[1])
        assert isinstance(engine.orders[opening], Open)
        assert engine.orders[opening].unlearned == "tofu-npo"
        assert len(listened) == 1
        assert app.is_running


def state_judged(pilot: Pilot[None]) -> bool:
    if not isinstance(pilot.app.screen, CompareScreen):
        return False
    return state_of(pilot).page.judged is not None and not state_of(pilot).busy

"""Every key of the comparison screen, pressed."""

from __future__ import annotations

import time

import pytest
from inspector import CASES, compare_screen, opened, state_of, tried, until, workbench
from painted import assert_harmless, on_screen
from textual.pilot import Pilot

from attribution.types import Case
from unpact_tui.app import keys
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.edit import AnswerInput, EditScreen, PromptArea
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.help import HelpScreen
from unpact_tui.app.screens.loading import LoadingScreen
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.worker.events import Failed, Opened
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.fake_doubt import FakeDoubt
from unpact_tui.worker.protocol import Analyse, Cancel, Open, Recover, Reply, Try

WIDE = (160, 48)


async def test_opening_reads_the_case_and_recovers_once() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        kinds = [type(order) for order in engine.orders]
        assert kinds == [Open, Analyse, Recover]
        assert state_of(pilot).page.base.text == CASES[0].answer


@pytest.mark.parametrize(
    ("right", "left"), [("right", "left"), pytest.param("l", "h", marks=pytest.mark.soak)]
)
async def test_left_and_right(right: str, left: str) -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press(right, right, right, left)
        assert state_of(pilot).cursor == 3
        grids = pilot.app.screen.query(TokenGrid)
        assert [grid.cursor for grid in grids] == [3, 3]


@pytest.mark.parametrize(
    ("down", "up"), [("down", "up"), pytest.param("j", "k", marks=pytest.mark.soak)]
)
async def test_down_and_up(down: str, up: str) -> None:
    async with workbench().run_test(size=(80, 30)) as pilot:
        await opened(pilot)
        await pilot.press("right", "right")
        before = state_of(pilot).cursor
        await pilot.press(down)
        below = state_of(pilot).cursor
        assert below > before + 1
        await pilot.press(up)
        assert abs(state_of(pilot).cursor - before) <= 1


async def test_words_and_ends() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        words = state_of(pilot).page.words
        await pilot.press("w", "w", "w", "b")
        assert state_of(pilot).cursor == words[2][0]
        prompt = state_of(pilot).prompt
        assert prompt is not None
        for first, last in (("home", "end"), ("0", "$")):
            await pilot.press(last)
            assert state_of(pilot).cursor == len(prompt.tokens) - 1
            await pilot.press(first)
            assert state_of(pilot).cursor == 0


async def test_space_emphasises_a_word_and_the_answer_comes_back() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("w", "w", "space")
        assert state_of(pilot).emphasis
        await tried(pilot)
        assert isinstance(engine.orders[-1], Try)
        assert engine.orders[-1].positions == tuple(sorted(state_of(pilot).emphasis))
        await pilot.press("space")
        assert state_of(pilot).emphasis == frozenset()
        assert state_of(pilot).page.tried is None


async def test_key_tokens_recover_the_answer() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K")
        await tried(pilot)
        assert state_of(pilot).page.unlearned.emphasised == CASES[0].answer
        await pilot.press("c")
        assert state_of(pilot).emphasis == frozenset()


async def test_quick_changes_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 1.0)  # keys on a busy machine
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "s", "s", "S")
        await tried(pilot)
        asked = [order for order in engine.orders if isinstance(order, Try)]
        assert [order.strategy for order in asked] == ["bold_each"]


async def test_no_emphasis_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 1.0)  # two keys on a busy machine
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "c")
        await pilot.pause(1.2)
        assert not any(isinstance(order, Try) for order in engine.orders)


async def test_a_token_in_no_word_says_so_in_the_status() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("home", "space")
        assert "no word" in state_of(pilot).hint
        await pilot.press("right")
        assert state_of(pilot).hint == ""


async def test_strategy_goes_round() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        names = state_of(pilot).strategies
        await pilot.press("S")
        assert state_of(pilot).strategy == names[-1]
        await pilot.press("s", "s")
        assert state_of(pilot).strategy == names[1]


async def test_enter_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 60.0)  # enter does not wait for it
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await opened(pilot)
        assert [type(order) for order in engine.orders[3:]] == [Analyse, Recover]
        await pilot.press("K", "enter")
        await tried(pilot)
        assert [type(order) for order in engine.orders[5:]] == [Try]


async def test_recover_runs_on_the_emphasised_words() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("w", "w", "space")
        await tried(pilot)
        await pilot.press("r")
        await until(pilot, lambda: state_of(pilot).page.judged)
        emphasis = tuple(sorted(state_of(pilot).emphasis))
        assert engine.orders[-1] == Recover(CASES[0], emphasis)
        assert state_of(pilot).now.chosen.tried_on == emphasis


async def test_cancel_stops_and_nothing_starts_by_itself() -> None:
    engine = FakeEngine(manual=True)
    async with workbench(engine).run_test(size=WIDE) as pilot:
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        engine.pump(3)
        await pilot.pause()
        assert state_of(pilot).busy
        await pilot.press("x")
        engine.pump()
        await pilot.pause()
        assert isinstance(engine.orders[-1], Cancel)
        assert not state_of(pilot).busy
        await pilot.press("x")
        assert state_of(pilot).hint == "Nothing is running."
        assert sum(isinstance(order, Cancel) for order in engine.orders) == 1


async def test_another_prompt_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was emphasised stays with its prompt, and is asked for when it is looked at."""
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 60.0)  # two keys on a busy machine
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("K", "]")
        await opened(pilot)
        assert state_of(pilot).case == CASES[1]
        assert state_of(pilot).emphasis == frozenset()
        await pilot.press("[")
        await opened(pilot)
        assert state_of(pilot).case == CASES[0]
        assert state_of(pilot).emphasis
        await tried(pilot)
        await pilot.press("[")
        assert state_of(pilot).hint
        assert [type(order) for order in engine.orders] == [
            *(Open, Analyse, Recover),
            *(Analyse, Recover),
            Try,
        ]


async def test_leaving_a_prompt_cancels_what_runs_for_it() -> None:
    engine = FakeEngine(manual=True)
    async with workbench(engine).run_test(size=WIDE) as pilot:
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        engine.pump(3)
        await pilot.pause()
        await pilot.press("]")
        engine.pump()
        await opened_by_hand(pilot, engine)
        kinds = [type(order) for order in engine.orders]
        assert kinds == [Open, Analyse, Analyse, Recover]
        assert state_of(pilot).page.base.text == CASES[1].answer


async def opened_by_hand(pilot: Pilot[None], engine: FakeEngine) -> None:
    def done() -> bool:
        engine.pump()
        return state_of(pilot).page.judged is not None

    await until(pilot, done)


async def test_edit_asks_the_new_prompt() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("e")
        assert isinstance(pilot.app.screen, EditScreen)
        pilot.app.screen.query_one(PromptArea).text = "Who is Ana Prado?"
        await pilot.press("ctrl+s")
        await opened(pilot)
        assert state_of(pilot).case == Case(
            "tofu-12 (edited)", "Who is Ana Prado?", CASES[0].answer
        )
        assert isinstance(engine.orders[-2], Analyse)


async def test_an_edit_without_an_answer_tests_what_the_base_says() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("e")
        pilot.app.screen.query_one(AnswerInput).value = ""
        await pilot.press("tab", "enter")
        await opened(pilot)
        assert state_of(pilot).case.answer is None
        assert state_of(pilot).case.prompt == CASES[0].prompt


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
async def test_an_edit_can_be_cancelled_by_more_than_one_key(key: str) -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        count = len(engine.orders)
        await pilot.press("e", "z", key)
        await pilot.pause()
        assert isinstance(pilot.app.screen, CompareScreen)
        assert state_of(pilot).case == CASES[0]
        assert len(engine.orders) == count


async def test_an_edit_that_changes_nothing_asks_nothing() -> None:
    engine = FakeEngine()
    async with workbench(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        count = len(engine.orders)
        await pilot.press("e", "ctrl+s")
        await pilot.pause()
        assert len(engine.orders) == count


async def test_view_and_lane() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("v", "i")
        assert (state_of(pilot).view, state_of(pilot).now.lane) == ("shift", True)
        assert all(grid.lane for grid in pilot.app.screen.query(TokenGrid))
        await pilot.press("v", "v", "v", "v", "i")
        assert (state_of(pilot).view, state_of(pilot).now.lane) == ("contribution", False)


async def test_the_evidence_scrolls() -> None:
    async with workbench().run_test(size=(72, 24)) as pilot:
        await opened(pilot)
        panel = pilot.app.screen.query_one(RecoveryPanel)
        await pilot.press("pagedown")
        await pilot.pause()
        down = panel.scroll_offset.y
        assert down > 0
        await pilot.press("pageup")
        await pilot.pause()
        assert panel.scroll_offset.y < down


async def test_tab_flips_the_panes_where_one_fits() -> None:
    async with workbench().run_test(size=(72, 24)) as pilot:
        await opened(pilot)
        base, unlearned = pilot.app.screen.query(TokenGrid)
        assert base.region
        assert not unlearned.region
        await pilot.press("tab")
        await pilot.pause()
        assert unlearned.region
        assert not base.region
        await pilot.press("j")
        assert state_of(pilot).cursor > 1


async def test_both_panes_wrap_alike() -> None:
    for width in (80, 81, 120, 121):
        async with workbench().run_test(size=(width, 30)) as pilot:
            await opened(pilot)
            base, unlearned = pilot.app.screen.query(TokenGrid)
            assert base.size.width == unlearned.size.width


async def test_a_click_moves_the_cursor() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.click("#unlearned-grid", offset=(14, 1))
        assert state_of(pilot).cursor > 1
        assert pilot.app.screen.focused is None


async def test_help_lists_every_key() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        sections = compare_screen(pilot)._sections()
        assert all(keyed for _, rows in sections for keyed, _ in rows)
        assert sum(len(rows) for _, rows in sections) == len(keys.COMPARE)
        await pilot.press("?")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("j", "k", "question_mark")
        assert isinstance(pilot.app.screen, CompareScreen)


async def test_a_key_map_moves_a_key_and_the_help_follows() -> None:
    app = workbench()
    app.set_keymap({"recover": "R"})
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        rows = dict(compare_screen(pilot)._sections())["Run"]
        assert ("R", "run every strategy") in rows


async def test_every_binding_has_its_own_id() -> None:
    names = [binding.id for binding in keys.COMPARE]
    assert None not in names
    assert len(set(names)) == len(names)


async def test_every_action_is_in_the_palette() -> None:
    async with workbench().run_test(size=WIDE) as pilot:
        await opened(pilot)
        titles = [command.title for command in compare_screen(pilot).commands()]
        assert len(titles) == len(keys.COMPARE) + len(state_of(pilot).strategies) + len(CASES)
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        await pilot.press(*"quote_each")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot).strategy == "quote_each")


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quit_is_quick_and_well(key: str) -> None:
    engine = FakeEngine(delay=30.0)
    app = workbench(engine)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        app._opened(Opened((), chat=False, warnings=()))
        await pilot.pause()
        assert isinstance(app.screen, CompareScreen)
        begun = time.monotonic()
        await pilot.press(key)
    assert time.monotonic() - begun < 1.0
    assert app.return_code == 0
    assert not engine.alive


async def test_control_c_is_an_interrupt() -> None:
    app = workbench()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+c")
    assert app.return_code == 130


@pytest.mark.parametrize("key", ["x", "q"])
async def test_loading_can_be_cancelled(key: str) -> None:
    engine = FakeEngine(manual=True)
    app = workbench(engine)
    async with app.run_test(size=WIDE) as pilot:
        engine.pump(2)
        await pilot.pause()
        assert isinstance(app.screen, LoadingScreen)
        await pilot.press(key)
    assert app.return_code == 130
    assert not engine.alive


async def test_a_failure_while_loading_ends_with_its_code() -> None:
    failed = Failed("There is no folder x.", "Give another.", 3, fatal=True)
    app = workbench(FakeEngine(failure=failed))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
    assert app.return_code == 3
    assert app.failure == failed


async def test_a_failed_request_is_told_and_survived() -> None:
    engine = FakeEngine(manual=True)
    async with workbench(engine, cases=(Case("x", "??", "no"),)).run_test(size=WIDE) as pilot:
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        compare = compare_screen(pilot)
        compare.hear(Reply(len(engine.orders), Failed("[/INST] No memory.", "[/] Less.", 4)))
        await pilot.pause()
        assert not state_of(pilot).busy
        assert "No memory" in state_of(pilot).hint
        assert pilot.app.screen is compare


async def test_a_dead_engine_can_be_started_again() -> None:
    engine, second = FakeEngine(), FakeEngine()
    app = workbench(engine, restart=lambda: second)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        engine.die()
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        await pilot.press("R")
        await opened(pilot)
        await until(pilot, lambda: len(app.screen_stack) == 2)
        # What was said before it died is remembered.
        assert [type(order) for order in second.orders] == [Open]
        assert not engine.alive
        await pilot.press("]")
        await opened(pilot)
        assert [type(order) for order in second.orders] == [Open, Analyse, Recover]
        assert len(app.screen_stack) == 2


async def test_a_dead_engine_without_another_ends_the_app() -> None:
    engine = FakeEngine()
    app = workbench(engine)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        engine.die()
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        await pilot.press("R")
        assert isinstance(app.screen, ErrorScreen)
        await pilot.press("q")
    assert app.return_code == 4


async def test_too_small_says_so_and_comes_back() -> None:
    async with workbench().run_test(size=(39, 24)) as pilot:
        await opened(pilot)
        screen = pilot.app.screen
        assert screen.query_one("#too-small").display
        assert not screen.query_one("#panes").display
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert not screen.query_one("#too-small").display
        assert screen.query_one("#panes").display


@pytest.mark.parametrize(
    "size",
    [
        (1, 1),
        (40, 10),
        *(pytest.param(size, marks=pytest.mark.soak) for size in ((10, 3), (41, 11), (300, 90))),
    ],
)
async def test_any_size_is_survived(size: tuple[int, int]) -> None:
    async with workbench().run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("K", "tab", "v", "i", "?")
        await tried(pilot)


@pytest.mark.soak
async def test_nothing_overlaps_the_foot() -> None:
    for size in ((160, 48), (100, 30), (80, 24), (72, 24), (60, 16), (40, 10)):
        async with workbench().run_test(size=size) as pilot:
            await opened(pilot)
            screen = pilot.app.screen
            foot = screen.query_one(Foot).region
            assert foot.bottom == size[1], size
            assert screen.query_one("#status").region.bottom == foot.y, size
            panel = screen.query_one(RecoveryPanel).region
            assert not panel or (panel.bottom == size[1] - 3 and panel.height >= 4), size
            assert screen.query_one(AnswerView).region.height >= 2, size


async def test_what_is_not_sure_is_on_every_page() -> None:
    doubt = FakeDoubt(noise=0.03, screened=True, shared=True)
    async with workbench(FakeEngine(doubt=doubt)).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("i", "l")
        shown = on_screen(pilot.app)
        assert "screened: base 9 of 20 measured, rank agreement .91 (.80 to .97" in shown
        assert "◦ within noise (±0.03) · as letters: estimated" in shown
        assert "KeyToken with p " in shown
        assert "(not measured)" in shown
        await pilot.press("V")
        for _ in range(4):
            await pilot.press("pagedown")
            await pilot.pause()
        assert "rank agreement, base" in on_screen(pilot.app)
        await pilot.press("escape", "W")
        shared = "tofu-npo shares 99 % of its weights with the base (2.4 GB not loaded twice)"
        assert f"{shared}; first 5 layers computed once" in on_screen(pilot.app)
        assert_harmless(pilot.app)

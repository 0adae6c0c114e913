"""The inspector's main screen: what is where on it. It shows the state and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from unpact_tui.app import keys
from unpact_tui.app.commands import Command, ScreenCommands
from unpact_tui.app.comparison import Comparison
from unpact_tui.app.dial import strategy_of
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import shown
from unpact_tui.app.messages import EngineClient
from unpact_tui.app.overview import Overview
from unpact_tui.app.painting import PANES
from unpact_tui.app.screens.drawing import Drawing
from unpact_tui.app.screens.help import READING, HelpScreen, Section
from unpact_tui.app.screens.visiting import Visiting
from unpact_tui.app.stage import Alarm
from unpact_tui.app.state import CompareState
from unpact_tui.app.widgets.answer_matrix import AnswerMatrix
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.key_tokens import KeyTokensView
from unpact_tui.app.widgets.legend import Legend
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.app.widgets.shift_strip import ShiftStrip
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.errors import ExitCode
from unpact_tui.session.actions import ChooseCase, ChooseStrategy
from unpact_tui.session.file import Recorder
from unpact_tui.session.memory import Memory
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Failed
from unpact_tui.worker.protocol import Reply

_OFFERED = 300
"""Prompts in the palette, which weighs each at every letter; the page of prompts finds any."""


class CompareScreen(Visiting):
    """Two models, one prompt, one state."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.COMPARE]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ScreenCommands}
    AUTO_FOCUS = ""

    def __init__(
        self,
        engine: EngineClient,
        state: CompareState,
        settings: Settings,
        glyphs: Glyphs,
        ascii_only: bool,
        memory: Memory,
        recorder: Recorder | None,
    ) -> None:
        super().__init__()
        self.comparison = Comparison(engine, state, self, memory, recorder)
        self.overview = Overview(memory, self.comparison.wire.reading)
        self.settings = settings
        self.glyphs = glyphs
        self.ascii_only = ascii_only
        self._drawing = Drawing(lambda: self.app, self, glyphs)
        self._offered: tuple[bool, ...] = ()
        self._emphasised = False
        self._told = False
        """That the session is no longer written."""

    def compose(self) -> ComposeResult:
        """Lay out the panes."""
        yield OneLine(self.glyphs, id="title")
        yield Static(id="warnings", markup=False)
        with Horizontal(id="panes"):
            for role in PANES:
                with Vertical(id=f"{role}-pane", classes="pane"):
                    yield TokenGrid(role, id=f"{role}-grid")
                    yield AnswerView("answers", id=f"{role}-answer")
        yield OneLine(self.glyphs, id="tested")
        yield OneLine(self.glyphs, id="approximation")
        with Horizontal(id="middle"):
            yield ShiftStrip(id="shift")
            yield KeyTokensView(self.glyphs, id="key-tokens")
        yield RecoveryPanel(self.glyphs, id="recovery")
        yield AnswerMatrix(
            "Answer tokens by prompt tokens: left the base, right the unlearned model", id="matrix"
        )
        yield Legend(id="legend")
        with Horizontal(id="last"):
            yield OneLine(self.glyphs, id="status")
            yield OneLine(self.glyphs, id="vitals")
        yield Foot()
        yield Static(Content("Too small: 40 columns and 10 rows are needed."), id="too-small")

    def on_mount(self) -> None:
        """Read the first case."""
        self.set_class(self.ascii_only, "-ascii")
        for grid in self.query(TokenGrid):
            grid.ascii = self.ascii_only
            grid.can_focus = False
        self.query_one(ShiftStrip).border_title = Content("Shift, unlearned minus base")
        self.query_one(ShiftStrip).ascii = self.query_one(Legend).ascii = self.ascii_only
        self.query_one(AnswerMatrix).ascii = self.ascii_only
        for answer in self.query(AnswerView):
            answer.ascii = self.ascii_only
        self.comparison.begin()

    def on_resize(self, event: Resize) -> None:
        """Give an odd column to neither pane."""
        self.set_class(event.size.width % 2 == 1, "-odd")

    # ------------------------------------------------------------ what the comparison needs

    def draw(self, state: CompareState) -> None:
        """Show the state."""
        emphasised, self._emphasised = self._emphasised, bool(state.emphasis)
        if self._emphasised and not emphasised and self.has_class("-narrow"):
            self.add_class("-flipped")  # only one pane may fit: the one that is about to change
        self._drawing.show(state)
        self.refresh_pages()
        offered = tuple(self.useful(name) for name in ("cancel", "undo"))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()
        self._tell_trouble()

    def _tell_trouble(self) -> None:
        recorder = self.comparison.wire.recorder
        if recorder is not None and recorder.trouble and not self._told:
            self._told = True
            told = f"The session is no longer written: {shown(recorder.trouble)}."
            self.notify(told, severity="error", timeout=20, markup=False)

    def later(self, seconds: float, what: Callable[[], None]) -> Alarm:
        """Do something after a while."""
        return self.set_timer(seconds, what)

    def warn(self, failed: Failed) -> None:
        """Say that the engine could not do it, and what helps.

        The message stands in the status line as well: without help there is nothing to add.
        """
        if not failed.hint:
            return
        usage = failed.exit_code == ExitCode.USAGE
        self.notify(
            f"{shown(failed.message)}\n{shown(failed.hint)}",
            title="Not possible" if usage else "The engine could not do it",
            severity="error",
            timeout=10,
            markup=False,
        )

    def weighed(self) -> None:
        """Show what is known of the weights."""
        self.refresh_pages()

    def hear(self, reply: Reply) -> None:
        """Take in what the engine says."""
        self.comparison.hear(reply)

    # ------------------------------------------------------------ what there is to do

    def useful(self, action: str) -> bool:
        """Tell whether an action that comes and goes would do something."""
        match action:
            case "cancel":
                return self.state.busy or self.state.scored is not None
            case "undo":
                return bool(self.state.timeline.past)
            case _:
                return True

    def action_help(self) -> None:
        """Say what the keys do."""
        sections = [*self._sections(), keys.ANYWHERE]
        self.app.push_screen(HelpScreen(sections, self.glyphs, READING))

    def _sections(self) -> list[Section]:
        """Return every action with the keys it has now, whatever the key map made of them."""
        found: dict[str | None, list[str]] = {}
        for _, binding, _, _ in self.active_bindings.values():
            found.setdefault(binding.id, []).append(self.app.get_key_display(binding))
        return [
            (title, [(" ".join(dict.fromkeys(found.get(b.id, ()))), b.tooltip) for b in bindings])
            for title, bindings in keys.sections(self.app.guided)
        ]

    def commands(self) -> Iterable[Command]:
        """Return every action and strategy, and the prompts around this one, for the palette."""
        bound = dict(keys.sections(self.app.guided))
        for title, keyed in self._sections():
            for (key, does), binding in zip(keyed, bound[title], strict=True):
                run = partial(self.run_action, binding.action)
                yield Command(f"{title}: {does}", f"key {key}" if key else "", run)
        for name in self.state.strategies:
            strategy = strategy_of(name, self.state.means)
            level = f"{strategy.level} level" if strategy else ""
            yield Command(
                f"Strategy: {shown(name, 40)}", level, partial(self._do, ChooseStrategy(name))
            )
        cases = self.state.cases
        first = max(0, min(self.state.index - _OFFERED // 2, len(cases) - _OFFERED))
        for index, case in enumerate(cases[first : first + _OFFERED], first):
            title = f"Prompt {index + 1}: {shown(case.prompt, 60)}"
            yield Command(title, "", partial(self._do, ChooseCase(index)))

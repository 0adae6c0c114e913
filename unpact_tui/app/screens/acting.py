"""What the comparison's keys choose. Nothing here draws, and nothing opens another screen."""

from __future__ import annotations

from typing import Literal, cast

from unpact_tui.app.dial import strategy_of
from unpact_tui.app.overview import Jump, Overview, next_like
from unpact_tui.app.screens.moving import Moving
from unpact_tui.app.state import same_words, word_at, words_with
from unpact_tui.session.actions import (
    GRANULARITIES,
    VIEWS,
    ChooseCase,
    ChooseGranularity,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    ChooseView,
    Emphasise,
    Redo,
    ShowLane,
    Undo,
    View,
)

_THRESHOLD_STEP = 0.05
_GAMMA_STEP = 1.25
_PEAK = 0.3
"""Share of the scale from which a token counts when jumping. Ours."""


class Acting(Moving):
    """A comparison and the keys that change what is chosen."""

    overview: Overview

    # ------------------------------------------------------------ emphasis

    def _word_here(self) -> tuple[int, ...]:
        if self.state.view == "answer":
            self.comparison.hint("Only words of the prompt can be emphasised: 1 shows it.")
            return ()
        word = word_at(self.state, self.state.cursor)
        if not word:
            self.comparison.hint("This token is in no word: it cannot be emphasised.")
        return word

    def action_emphasise(self) -> None:
        """Emphasise the word under the cursor, or stop."""
        self._toggle(self._word_here())

    def action_emphasise_all(self) -> None:
        """Emphasise the word wherever it stands, or stop."""
        if self._word_here():
            self._toggle(same_words(self.state, self.state.cursor))

    def _toggle(self, positions: tuple[int, ...]) -> None:
        if positions:
            word, on = frozenset(positions), self.state.emphasis
            self._do(Emphasise(tuple(sorted(on - word if word <= on else on | word))))

    def action_key_tokens(self) -> None:
        """Emphasise what carries the answer."""
        if self.state.page.compared is None:
            self.comparison.hint("The KeyTokens are not known yet.")
        elif words := words_with(self.state, self.state.key_tokens):
            self._do(Emphasise(words))
        else:
            self.comparison.hint("No word of this prompt holds a KeyToken.")

    def action_clear(self) -> None:
        """Emphasise nothing."""
        self._do(Emphasise(()))

    def action_strategy(self, by: int) -> None:
        """Emphasise in another way."""
        names = self.state.strategies
        self._do(ChooseStrategy(names[(names.index(self.state.strategy) + by) % len(names)]))

    def action_strength(self, by: int) -> None:
        """Emphasise more or less strongly."""
        name, now = self.state.strategy, self.state.now.strength
        strategy = strategy_of(name, self.state.means)
        degrees = () if strategy is None else strategy.strengths
        if len(degrees) < 2:
            self.comparison.hint(f"{name} has no degrees: it is on or off.")
            return
        place = min(range(len(degrees)), key=lambda i: abs(degrees[i] - now)) + by
        if 0 <= place < len(degrees):
            self._do(ChooseStrength(degrees[place]))
        else:
            self.comparison.hint(f"{name} has no {'more' if by > 0 else 'less'} than this.")

    def action_undo(self) -> None:
        """Take back the last choice."""
        if self.state.timeline.past:
            self._do(Undo())
        else:
            self.comparison.hint("There is nothing to undo.")

    def action_redo(self) -> None:
        """Take back what was undone."""
        if self.state.timeline.future:
            self._do(Redo())
        else:
            self.comparison.hint("There is nothing to redo.")

    # ------------------------------------------------------------ running

    def action_regenerate(self) -> None:
        """Ask again, now."""
        self.comparison.again()

    def action_recover(self) -> None:
        """Run every strategy on the emphasised words, on the KeyTokens without any."""
        self.comparison.recover()

    def action_cancel(self) -> None:
        """Stop the engine, and what would start by itself."""
        self.comparison.cancel()

    def action_score(self) -> None:
        """Read all prompts in the background, or stop."""
        self.comparison.score(wanted=not self.comparison.background.wanted)

    # ------------------------------------------------------------ which prompt

    def action_case(self, by: int) -> None:
        """Go to another prompt."""
        index = self.state.index + by
        if 0 <= index < len(self.state.cases):
            self._do(ChooseCase(index))
        else:
            self.comparison.hint("There is no other prompt that way.")

    def action_jump(self, kind: str) -> None:
        """Go to the next prompt of a kind, as far as they are read."""
        found = next_like(self.state, self.overview, cast("Jump", kind))
        if found is None:
            self.comparison.hint(f"No other prompt that is read is {kind}; B reads all.")
        else:
            self._do(ChooseCase(found))

    # ------------------------------------------------------------ how it looks

    def action_choose_view(self, view: str) -> None:
        """Colour the tokens by a number."""
        self._do(ChooseView(cast("View", view)))

    def action_view(self) -> None:
        """Colour the tokens by the next number."""
        self._do(ChooseView(VIEWS[(VIEWS.index(self.state.view) + 1) % len(VIEWS)]))

    def action_granularity(self) -> None:
        """Remove larger pieces, or tokens again."""
        place = GRANULARITIES.index(self.state.granularity) + 1
        self._do(ChooseGranularity(GRANULARITIES[place % len(GRANULARITIES)]))

    def action_joint(self) -> None:
        """Colour both panes on one scale, or each on its own."""
        now = self.state.now
        self._do(ChooseScale(not now.joint, now.threshold, now.gamma))

    def action_threshold(self, by: Literal[1, -1]) -> None:
        """Leave more or fewer tokens without colour."""
        now = self.state.now
        threshold = round(now.threshold + by * _THRESHOLD_STEP, 2)
        self._do(ChooseScale(now.joint, threshold, now.gamma))

    def action_gamma(self, by: Literal[1, -1]) -> None:
        """Bring out large or small scores."""
        now = self.state.now
        gamma = round(now.gamma * _GAMMA_STEP**by, 3)
        # Up and down again must come back to a straight line.
        self._do(ChooseScale(now.joint, now.threshold, 1.0 if abs(gamma - 1) < 0.02 else gamma))

    def action_lane(self) -> None:
        """Say the colours in glyphs too, or stop."""
        self._do(ShowLane(not self.state.now.lane))

    def action_flip(self) -> None:
        """Show the other pane, where only one fits."""
        self.toggle_class("-flipped")

"""Owns the open models and answers orders with plain values, a step at a time.

Blocking, single-threaded, and knows neither screens nor pipes: the headless commands iterate over
it directly, the inspector through `worker`. Closing a generator cancels it between two batches.
torch is imported when the first checkpoint is opened, not before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from attribution.attempts import Reading, Recovery, Selection
from attribution.evidence import of_case
from attribution.neutral import neutral_losses
from attribution.plan import measure_rate
from attribution.recover import Trio
from attribution.scorer import Model
from attribution.types import Answer, Case, Granularity, Prompt
from attribution.verdict import judge
from unpact_tui import vitals
from unpact_tui.case_reading import CaseState, read_case
from unpact_tui.case_recovery import attempt, climb
from unpact_tui.errors import BadUsage
from unpact_tui.opening import open_models
from unpact_tui.remembered_model import bare
from unpact_tui.remembering import open_store
from unpact_tui.settings import Settings
from unpact_tui.weights.streaming import changes
from unpact_tui.worker.events import (
    Judged,
    Role,
    Step,
    Vitals,
    Weighed,
    Working,
)
from unpact_tui.worker.protocol import Analyse, Open, Recover, Try

if TYPE_CHECKING:
    from unpact_tui.cache import Store
    from unpact_tui.loading import LoadedModel


_AT_HAND = 200
"""Cases of which all is known at any time: what is known of ten thousand is a gigabyte. Ours."""


class Engine:
    """Two models, a third perhaps, and what is known of every case so far."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models: dict[Role, Model] = {}
        self._order: Open | None = None
        self._loaded: dict[Role, LoadedModel] = {}
        self._store: Store | None = None
        self._noted: list[str] = []
        self._speed: float | None = None
        self._states: dict[tuple[Case, Granularity], CaseState] = {}
        self._neutral: dict[Role, tuple[float, ...]] = {}

    def open(self, order: Open) -> Iterator[Step]:
        """Load the checkpoints; those that are open and stay the same are not loaded again.

        Raises what `open_models` raises.
        """
        if self._order is None or (order.settings, order.whp) != (self.settings, self._order.whp):
            self._loaded.clear()
        self.settings, self._order = order.settings, order
        self.models.clear()
        self._states.clear()
        self._neutral.clear()
        self._speed = None
        if self._store is None:
            self._store = open_store(self._noted.append)
        self.models, told = yield from open_models(order, self._loaded, self._store)
        # Not before the models are there: whoever hears it asks. What the cache had to say is said
        # with the rest, loudly.
        yield msgspec.structs.replace(told, warnings=(*told.warnings, *self._noted))

    def state(self, case: Case) -> CaseState:
        """Return what is known of a case, at the granularity of the settings."""
        return self._states[case, self.settings.granularity]

    # ------------------------------------------------------------ one case

    def analyse(self, order: Analyse) -> Iterator[Step]:
        """Read a case on all models and compare base and unlearned.

        Raises `AttributionError`.
        """
        yield from self._read(order.case, order.granularity)

    def _read(self, case: Case, granularity: Granularity) -> Generator[Step, None, CaseState]:
        if not self.models:
            raise BadUsage("No checkpoint is open.", "Wait until they are loaded.")
        said: dict[Role, Reading] = {}
        for (of, _), known in self._states.items():
            if of == case:
                said = known.readings
        state = yield from read_case(
            self.models, self.settings, case, granularity, said, self._rate
        )
        self._states[case, granularity] = state
        while len(self._states) > _AT_HAND:  # what is asked about an older one is read again
            del self._states[next(iter(self._states))]
        return state

    def _rate(self, prompt: Prompt, answer: Answer) -> float:
        """Return the base's token-forwards per second; measured once, so that the same budget
        means the same for all cases."""
        if self._speed is None:
            self._speed = measure_rate(bare(self.models["base"]), prompt, answer)
        return self._speed

    def _known(self, case: Case, granularity: Granularity) -> Generator[Step, None, CaseState]:
        """Return what is known of a case; read it first where nothing is, as after a restart."""
        if (case, granularity) not in self._states:
            for _ in self._read(case, granularity):
                yield Working()
        return self._states[case, granularity]

    # ------------------------------------------------------------ the weights, and what it costs

    def weigh(self) -> Iterator[Step]:
        """Say what changed in the weights, tensor by tensor. Raises `CheckpointError`."""
        order = self._order
        if order is None or order.unlearned is None:
            shown = order is None or not order.remote
            hint = "WHP changes no weight." if shown else "A server shows no weights."
            raise BadUsage("There are no two checkpoints to compare.", hint)
        for change in changes(Path(order.base), Path(order.unlearned)):
            yield Weighed(change)

    @property
    def tokens_read(self) -> int:
        """Tokens that went through the models, all in all."""
        return vitals.tokens_read(self.models.values()) if self.models else 0

    def vitals(self, tokens: int, seconds: float) -> Vitals:
        """Say what it uses, and how fast so many tokens were."""
        used, total, on_device = vitals.memory(self.models.values())
        return Vitals(used, total, on_device, tokens / seconds if seconds > 0 else 0.0)

    # ------------------------------------------------------------ emphasis

    def attempt(self, order: Try) -> Iterator[Step]:
        """Emphasise some words of a case, beside the controls, answer streaming.

        Raises `AttributionError`.
        """
        known = [of for of in self._states if of[0] == order.case]
        # What emphasis does depends on no granularity.
        granularity = known[0][1] if known else self.settings.granularity
        state = yield from self._known(order.case, granularity)
        yield from attempt(state, self._trio(), self.settings, order)

    def recover(self, order: Recover) -> Iterator[Step]:
        """Run every strategy on the positions, on the words that the settings choose when empty,
        and judge the case. Raises `AttributionError`."""
        state = yield from self._known(order.case, order.granularity)
        yield from climb(state, self._trio(), self.settings, order.positions)
        yield self._judge(state)

    def elsewhere(
        self, case: Case, granularity: Granularity, selection: Selection
    ) -> Generator[Step, None, Recovery | None]:
        """Run every strategy on the words that another rule chooses, and return what came of it.

        What the case is judged by stays as it is. Raises `AttributionError`.
        """
        state = copy((yield from self._known(case, granularity)))
        settings = replace(self.settings, selection=selection)
        yield from climb(state, self._trio(), settings, ())
        return state.recovery

    def _judge(self, state: CaseState) -> Judged:
        assert state.recovery is not None
        assert state.shift is not None
        state.evidence = of_case(
            state.answer,
            state.recovery,
            state.shift,
            neutral_loss=self._neutral_losses("unlearned"),
            reference_neutral_loss=self._neutral_losses("reference"),
            seed=self.settings.seed,
        )
        state.verdict = judge(state.evidence, self.settings.thresholds)
        return Judged(state.verdict, state.evidence)

    def _neutral_losses(self, role: Role) -> tuple[float, ...] | None:
        """Return what a model loses on neutral text, in nats per token; measured once."""
        if role in self.models and role not in self._neutral:
            losses = neutral_losses(self.models["base"], self.models[role])
            self._neutral[role] = tuple(losses)
        return self._neutral.get(role)

    def _trio(self) -> Trio:
        return Trio(self.models["base"], self.models["unlearned"], self.models.get("reference"))

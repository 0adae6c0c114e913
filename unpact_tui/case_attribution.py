"""The contributions to one answer, on base and unlearned, by one estimator.

Says what is found as it is found. Does not know how models are opened, nor what is made of the
contributions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from attribution import estimators
from attribution.plan import Plan, plan
from attribution.scorer import Model
from attribution.types import Answer, Attribution, Granularity, Prompt
from unpact_tui.settings import Settings
from unpact_tui.worker.events import ByToken, Contributions, Role, Step

Rate = Callable[[Prompt, Answer], float]
"""Tells how many token-forwards per second the base makes."""


@dataclass(slots=True)
class Measurement:
    """One prompt and one answer, measured on the models."""

    models: Mapping[Role, Model]
    prompt: Prompt
    answer: Answer
    granularity: Granularity
    settings: Settings
    rate: Rate
    found: dict[Role, Attribution] = field(default_factory=dict[Role, Attribution])
    """As far as measured."""
    _plan: Plan | None = None

    def of_both(self) -> Iterator[Step]:
        """Measure base and unlearned. Raises what estimators raise."""
        if not estimators.is_exact(self._chosen().estimator):
            yield from self.of("base")
            yield from self.of("unlearned")
            return
        # In turns, batch by batch, so that what the two have in common is computed once.
        going = {role: self._run(role) for role in ("base", "unlearned")}
        while going:
            for role, run in list(going.items()):
                step = next(run, None)
                if step is None:
                    del going[role]
                else:
                    yield step

    def of(self, role: Role) -> Iterator[Step]:
        """Measure one side; what was measured on the base is measured on the other as well, for
        else there would be nothing to compare. Raises what estimators raise."""
        also: frozenset[int] = frozenset()
        base = self.found.get("base")
        if base is not None and base.approximation is not None and base.approximation.measured:
            known = enumerate(base.contributions)
            also = frozenset(i for i, contribution in known if contribution is not None)
        yield from self._run(role, also)

    def _run(self, role: Role, also: frozenset[int] = frozenset()) -> Iterator[Step]:
        chosen = self._chosen()
        measure = estimators.load(chosen.estimator)
        for found in measure(
            self.models[role],
            self.prompt,
            self.answer,
            self.granularity,
            chosen.effort,
            seed=self.settings.seed,
            also=also,
        ):
            self.found[role] = found
            yield _contributions(role, found)
        yield ByToken(role, self.found[role].by_answer_token)

    def _chosen(self) -> Plan:
        """Return the estimator of the settings, or with a budget the one that fits into it."""
        if self._plan is None:
            self._plan = self._planned() if self.settings.budget else self._asked()
        return self._plan

    def _asked(self) -> Plan:
        return Plan(self.settings.estimator, self.settings.effort, 0.0)

    def _planned(self) -> Plan:
        return plan(
            self.rate(self.prompt, self.answer),
            self.prompt,
            self.answer,
            self.granularity,
            self.settings.effort,
            self.settings.budget,
            rounded=self.models["base"].rounding(self.prompt.ids, self.answer) is not None,
        )


def _contributions(role: Role, found: Attribution) -> Contributions:
    approximation = found.approximation
    return Contributions(
        role,
        found.logprob,
        found.contributions,
        found.complete,
        found.answer_logprobs,
        found.noise,
        # Its draws are many times as long as all the rest, and are read where they were made.
        None if approximation is None else replace(approximation, draws=()),
        found.estimator,
    )

"""Owns the open models and answers orders with plain values, a step at a time.

Blocking, single-threaded, and knows neither screens nor pipes: the headless commands iterate over
it directly, the inspector through `worker`. Closing a generator cancels it between two batches.
torch is imported when the first checkpoint is opened, not before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from attribution import estimators
from attribution.choose import words_to_emphasise
from attribution.compare import shift
from attribution.errors import EmptyAnswer
from attribution.evidence import of_case
from attribution.keytokens import key_tokens
from attribution.neutral import neutral_losses
from attribution.recover import (
    Allowance,
    Plain,
    Trio,
    Variant,
    control_of,
    reading,
    recover,
    score_attempts,
    summarise,
    variants,
    with_texts,
)
from attribution.scorer import Model, score_all
from attribution.types import (
    Answer,
    Attempt,
    Attribution,
    Case,
    Interval,
    KeyTokens,
    Prompt,
    Reading,
    Recovery,
    Shift,
    Verdict,
)
from attribution.verdict import judge
from attribution.words import words
from unpact_tui.errors import BadUsage
from unpact_tui.opening import open_models
from unpact_tui.settings import Settings
from unpact_tui.worker.protocol import (
    Compared,
    Contributions,
    Edited,
    Encoded,
    Judged,
    Ladder,
    Open,
    Role,
    Step,
    Tried,
    Try,
    Working,
    Written,
)

_ROOM = 8
"""Tokens that a generation may have more than the answer."""


@dataclass(slots=True)
class CaseState:
    """What is known of the case in hand; fields fill up as the analysis goes on."""

    case: Case
    prompt: Prompt
    answer: Answer
    readings: dict[Role, Reading] = field(default_factory=dict[Role, Reading])
    attributions: dict[Role, Attribution] = field(default_factory=dict[Role, Attribution])
    keys: KeyTokens | None = None
    shift: Shift | None = None
    recovery: Recovery | None = None
    verdict: Verdict | None = None
    evidence: dict[str, Interval] = field(default_factory=dict[str, Interval])

    @property
    def plain(self) -> Plain:
        """The readings of the prompt as it is."""
        return Plain(
            self.prompt,
            self.answer,
            self.readings["base"],
            self.readings["unlearned"],
            self.readings.get("reference"),
        )


class Engine:
    """Two models, a third perhaps, and the case in hand."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models: dict[Role, Model] = {}
        self.state: CaseState | None = None
        self._neutral: dict[Role, tuple[float, ...]] = {}

    def open(self, order: Open) -> Iterator[Step]:
        """Load the checkpoints. Raises what `open_models` raises."""
        self.models = yield from open_models(order)

    # ------------------------------------------------------------ one case

    def analyse(self, case: Case) -> Iterator[Step]:
        """Read a case on all models and compare base and unlearned.

        Raises `AttributionError`.
        """
        base = self.models["base"]
        prompt = base.encode(case.prompt)
        if case.answer is None:
            ids = yield from self._write("base", prompt, self.settings.max_new_tokens)
            if not ids:
                raise EmptyAnswer
            # Its own ids: to tokenise its text again would be to score something else.
            answer = Answer(base.decode(ids), ids, "base")
        else:
            answer = base.answer(prompt, case.answer, "gold")
        state = CaseState(case, prompt, answer)
        yield Encoded(prompt, answer, words(prompt))
        for role, model in self.models.items():
            ids = answer.ids
            if (role, answer.source) != ("base", "base"):
                ids = yield from self._write(role, prompt, self._limit(state))
            (logprob,) = score_all(model, [prompt.ids], answer)
            state.readings[role] = reading(logprob, answer, model.decode(ids))
        for role in ("base", "unlearned"):
            yield from self._attribute(role, state)
        yield self._compare(state)
        self.state = state

    def _write(
        self, role: Role, prompt: Prompt, limit: int, *, emphasised: bool = False
    ) -> Generator[Step, None, tuple[int, ...]]:
        model = self.models[role]
        ids: tuple[int, ...] = ()
        for (ids,) in model.write([prompt.ids], limit):
            yield Written(role, model.decode(ids), emphasised, done=False)
        yield Written(role, model.decode(ids), emphasised, done=True)
        return ids

    def _attribute(self, role: Role, state: CaseState) -> Iterator[Step]:
        measure = estimators.load(self.settings.estimator)
        for found in measure(
            self.models[role], state.prompt, state.answer, self.settings.granularity
        ):
            state.attributions[role] = found
            yield Contributions(role, found.logprob, found.contributions, found.complete)

    def _compare(self, state: CaseState) -> Compared:
        base, unlearned = state.attributions["base"], state.attributions["unlearned"]
        state.keys = key_tokens(base, self.settings.rule)
        theirs = key_tokens(unlearned, self.settings.rule)
        state.shift = shift(base, unlearned, state.keys, theirs)
        said = state.readings["unlearned"]
        return Compared(
            state.shift, state.keys, theirs, said.rouge_l or 0.0, exact=bool(said.exact)
        )

    # ------------------------------------------------------------ emphasis

    def attempt(self, order: Try) -> Iterator[Step]:
        """Emphasise some words of the case in hand, beside the controls, answer streaming.

        Raises `AttributionError`.
        """
        state, trio = self._in_hand(), self._trio()
        tried = self._variants(state, order.positions, (order.strategy,))
        edited = tried[0].edited
        yield Edited(order.strategy, edited.prompt, edited.moved, edited.ids_changed)
        limit = self._limit(state)
        ids = yield from self._write("unlearned", edited.prompt, limit, emphasised=True)
        base_ids = yield from self._write("base", edited.prompt, limit, emphasised=True)
        scored: list[Attempt] = []
        for found in score_attempts(trio, state.plain, tried, self._allowed()):
            scored += found
            yield Working()
        text, base_text = trio.unlearned.decode(ids), trio.base.decode(base_ids)
        attempt = with_texts(scored[0], state.answer, text, base_text)
        controls = tuple(scored[1:])
        yield Tried(attempt, controls, control_of(controls), base_text)

    def recover(self, positions: tuple[int, ...] = ()) -> Iterator[Step]:
        """Run every strategy on `positions`, the KeyTokens when empty, and judge the case.

        Unasked, what was to be retained is judged as it is, and so is an answer that lost nothing
        or to which no word contributes. Raises `AttributionError`.
        """
        state, trio = self._in_hand(), self._trio()
        assert state.keys is not None
        wanted = positions
        if not wanted and state.case.split == "forget":
            wanted = words_to_emphasise(state.attributions["base"], state.keys)
        if wanted and state.plain.gap > 0:
            yield from self._climb(state, trio, wanted)
        else:
            state.recovery = summarise(state.plain, (), complete=True)
            yield Ladder(state.recovery, 0, 0)
        yield self._judge(state)

    def _climb(self, state: CaseState, trio: Trio, positions: tuple[int, ...]) -> Iterator[Step]:
        limit = self._limit(state)
        tried = self._variants(state, positions, self.settings.strategies)
        found = recover(trio, state.plain, tried, limit=limit, allowed=self._allowed())
        for done, state.recovery in enumerate(found):
            yield Ladder(state.recovery, min(done, limit), limit)

    def _limit(self, state: CaseState) -> int:
        """An answer longer than the limit could never be seen to come back.

        The base's own, when it was cut off, is compared at equal length.
        """
        length = len(state.answer.ids)
        if state.answer.source == "base" and length >= self.settings.max_new_tokens:
            return length
        return max(self.settings.max_new_tokens, length + _ROOM)

    def _variants(
        self, state: CaseState, positions: Sequence[int], strategies: Sequence[str]
    ) -> tuple[Variant, ...]:
        return variants(
            self.models["base"],
            state.prompt,
            positions,
            strategies,
            draws=self.settings.draws,
            seed=self.settings.seed,
        )

    def _allowed(self) -> Allowance:
        thresholds = self.settings.thresholds
        return Allowance(thresholds.base_breaks, thresholds.base_loss)

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

    def _in_hand(self) -> CaseState:
        if self.state is None:
            raise BadUsage("No prompt has been analysed yet.", "Wait for the analysis to finish.")
        return self.state

    def _trio(self) -> Trio:
        return Trio(self.models["base"], self.models["unlearned"], self.models.get("reference"))

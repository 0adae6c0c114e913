"""Owns the open models and answers orders with plain values, a step at a time.

Blocking, single-threaded, and knows neither screens nor pipes: the headless commands iterate over
it directly, the inspector through `worker`. Closing a generator cancels it between two batches.
torch is imported when the first checkpoint is opened, not before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from attribution import estimators
from attribution.compare import shift
from attribution.evidence import of_case
from attribution.keytokens import key_tokens
from attribution.neutral import neutral_losses
from attribution.recover import (
    Plain,
    Trio,
    attempts,
    control_of,
    random_positions,
    reading,
    recover,
    summarise,
    variants,
)
from attribution.scorer import Model, score_all, write_all
from attribution.types import (
    Answer,
    Attribution,
    Case,
    Emphasis,
    Interval,
    KeyTokens,
    Prompt,
    Reading,
    Recovery,
    Shift,
    Verdict,
)
from attribution.verdict import judge
from attribution.words import touched, words
from unpact_tui import checkpoints
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import BadUsage, TokenizersDiffer
from unpact_tui.loading import load
from unpact_tui.settings import Settings
from unpact_tui import tokenizer_difference
from unpact_tui.worker.protocol import (
    Compared,
    Contributions,
    Edited,
    Encoded,
    Judged,
    Ladder,
    Open,
    Opened,
    Role,
    Step,
    Tried,
    Try,
    Written,
)

if TYPE_CHECKING:
    from attribution.tokens import Tokenizer
    from unpact_tui.loading import LoadedModel


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


def _paths(order: Open) -> Iterator[tuple[Role, str]]:
    yield "base", order.base
    yield "unlearned", order.unlearned
    if order.reference is not None:
        yield "reference", order.reference


def _door(loaded: LoadedModel, base: LoadedModel, *, chat: bool) -> Model:
    """All models read text with the base's tokenizer."""
    from attribution.hf import HFModel

    return HFModel(loaded.model, cast("Tokenizer", base.tokenizer), chat=chat)


class Engine:
    """Two models, a third perhaps, and the case in hand."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models: dict[Role, Model] = {}
        self.state: CaseState | None = None
        self._neutral: tuple[float, ...] | None = None

    # ------------------------------------------------------------ opening

    def open(self, order: Open) -> Iterator[Step]:
        """Load the checkpoints and check that they can be compared.

        Raises `CheckpointError`, `BadUsage`, `NoDevice`, `OutOfMemory`.
        """
        trust = self.settings.trust_remote_code
        found: dict[Role, Checkpoint] = {}
        for role, path in _paths(order):
            found[role] = checkpoints.read(path, role, trust_remote_code=trust)
        opened: dict[Role, LoadedModel] = {}
        for role, checkpoint in found.items():
            opened[role] = yield from load(checkpoint, self.settings, base=found["base"])
            if role != "base":
                self._same_tokenizer(opened["base"], opened[role])
        chat = self._chat(opened["base"])
        for role, loaded in opened.items():
            self.models[role] = _door(loaded, opened["base"], chat=chat)
        yield Opened(
            checkpoints=tuple(loaded.info for loaded in opened.values()),
            chat=chat,
            warnings=tuple(self._warnings(found, opened)),
        )

    def _chat(self, base: LoadedModel) -> bool:
        has_template = bool(cast("Tokenizer", base.tokenizer).chat_template)
        if self.settings.chat and not has_template:
            raise BadUsage(f"{base.info.path} has no chat template.", "Leave out --chat.")
        return has_template if self.settings.chat is None else self.settings.chat

    def _same_tokenizer(self, base: LoadedModel, other: LoadedModel) -> None:
        found = tokenizer_difference.difference(base.tokenizer, other.tokenizer)
        if found is not None:
            raise TokenizersDiffer(base.info.path, other.info.path, found)

    def _warnings(
        self, found: dict[Role, Checkpoint], opened: dict[Role, LoadedModel]
    ) -> Iterator[str]:
        if checkpoints.identical(found["base"], found["unlearned"]):
            yield "These two checkpoints are byte-identical: nothing was unlearned."
        base = opened["base"].tokenizer
        for loaded in opened.values():
            notes = (*loaded.warnings, *tokenizer_difference.warnings(base, loaded.tokenizer))
            yield from (f"{loaded.info.name}: {note}." for note in notes)

    # ------------------------------------------------------------ one case

    def analyse(self, case: Case) -> Iterator[Step]:
        """Read a case on all models and compare base and unlearned.

        Raises `AttributionError`.
        """
        base = self.models["base"]
        prompt = base.encode(case.prompt)
        if case.answer is None:
            text = yield from self._write("base", prompt, emphasised=False)
            answer = base.answer(prompt, text, "base")
        else:
            text = None
            answer = base.answer(prompt, case.answer, "gold")
        state = CaseState(case, prompt, answer)
        yield Encoded(prompt, answer, words(prompt))
        for role, model in self.models.items():
            if role != "base" or text is None:
                text = yield from self._write(role, prompt, emphasised=False)
            (logprob,) = score_all(model, [prompt.ids], answer)
            state.readings[role] = reading(logprob, answer, text)
        for role in ("base", "unlearned"):
            yield from self._attribute(role, state)
        yield self._compare(state)
        self.state = state

    def _write(self, role: Role, prompt: Prompt, *, emphasised: bool) -> Generator[Step, None, str]:
        text = ""
        for (text,) in self.models[role].write([prompt.ids], self.settings.max_new_tokens):
            yield Written(role, text, emphasised, done=False)
        yield Written(role, text, emphasised, done=True)
        return text

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
        emphasis = Emphasis(order.strategy, order.positions, order.strength)
        random = random_positions(
            state.prompt, order.positions, self.settings.draws, self.settings.seed
        )
        tried = list(variants(trio.base, state.prompt, emphasis, random))
        edited = tried[0].edited
        yield Edited(order.strategy, edited.prompt, edited.moved, edited.ids_changed)
        text = yield from self._write("unlearned", edited.prompt, emphasised=True)
        read = attempts(
            trio,
            state.plain,
            tried,
            base_breaks=self.settings.thresholds.base_breaks,
            texts=[text] + [None] * (len(tried) - 1),
        )
        (base_text,) = write_all(trio.base, [edited.prompt.ids], self.settings.max_new_tokens)
        yield Tried(read[0], read[1:], control_of(read[1:]), base_text)

    def recover(self, positions: tuple[int, ...] = ()) -> Iterator[Step]:
        """Run every strategy on `positions`, the KeyTokens when empty, and judge the case.

        Raises `AttributionError`.
        """
        state, trio = self._in_hand(), self._trio()
        wanted = positions or (state.keys.positions if state.keys else ())
        names = self.settings.strategies if touched(state.prompt, wanted) else ()
        state.recovery = summarise(state.plain, (), (), complete=not names)
        if not names:
            yield Ladder(state.recovery, 0, 0)
        for found in recover(
            trio,
            state.plain,
            wanted,
            names,
            draws=self.settings.draws,
            seed=self.settings.seed,
            limit=self.settings.max_new_tokens,
            base_breaks=self.settings.thresholds.base_breaks,
        ):
            state.recovery = found
            yield Ladder(found, len(found.attempts), len(names))
        yield self._judge(state)

    def _judge(self, state: CaseState) -> Judged:
        assert state.recovery is not None
        assert state.shift is not None
        state.evidence = of_case(
            state.answer,
            state.recovery,
            state.shift,
            neutral_loss=self.neutral_losses(),
            seed=self.settings.seed,
        )
        state.verdict = judge(state.evidence, self.settings.thresholds)
        return Judged(state.verdict, state.evidence)

    def neutral_losses(self) -> tuple[float, ...]:
        """Return what the unlearned model loses on neutral text; measured once, in nats per
        token."""
        if self._neutral is None:
            self._neutral = tuple(neutral_losses(self.models["base"], self.models["unlearned"]))
        return self._neutral

    def _in_hand(self) -> CaseState:
        if self.state is None:
            raise BadUsage("No prompt has been analysed yet.", "Wait for the analysis to finish.")
        return self.state

    def _trio(self) -> Trio:
        return Trio(self.models["base"], self.models["unlearned"], self.models.get("reference"))

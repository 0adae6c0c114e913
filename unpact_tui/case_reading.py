"""One case read on all models: its answers, the contributions, and how they compare.

A generator of what is worth showing, which returns all that is known at its end. Does not know how
models are opened, nor what emphasis is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from attribution.attempts import Reading, Recovery, Steering
from attribution.compare import shift
from attribution.errors import EmptyAnswer
from attribution.keytokens import belongs, key_tokens
from attribution.leakage import entities_of
from attribution.recover import Plain, reading
from attribution.scorer import Model, score_all
from attribution.types import (
    Answer,
    Attribution,
    Case,
    Granularity,
    Interval,
    KeyTokens,
    Prompt,
    Shift,
    Token,
    Verdict,
)
from attribution.words import words
from unpact_tui.case_attribution import Measurement, Rate
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Compared,
    Encoded,
    Role,
    Step,
    Written,
)

_ROOM = 8
"""Tokens that a generation may have more than the answer."""


@dataclass(slots=True)
class CaseState:
    """What is known of a case; fields fill up as the analysis goes on."""

    case: Case
    granularity: Granularity
    prompt: Prompt
    answer: Answer
    readings: dict[Role, Reading] = field(default_factory=dict[Role, Reading])
    attributions: dict[Role, Attribution] = field(default_factory=dict[Role, Attribution])
    keys: KeyTokens | None = None
    belongs: tuple[float | None, ...] = ()
    """How likely each token is one of the base's KeyTokens; empty where that is certain."""
    shift: Shift | None = None
    recovery: Recovery | None = None
    verdict: Verdict | None = None
    evidence: dict[str, Interval] = field(default_factory=dict[str, Interval])

    @property
    def entities(self) -> tuple[str, ...]:
        """What the answer is about."""
        return entities_of(self.case.prompt, self.answer.text, self.case.entities)

    @property
    def plain(self) -> Plain:
        """The readings of the prompt as it is."""
        return Plain(
            self.prompt,
            self.answer,
            self.readings["base"],
            self.readings["unlearned"],
            self.readings.get("reference"),
            self.entities,
        )

    def limit(self, settings: Settings) -> int:
        """Return how many tokens a model may say.

        An answer longer than the limit could never be seen to come back. The base's own, when it
        was cut off, is compared at equal length.
        """
        length = len(self.answer.ids)
        if self.answer.source == "base" and length >= settings.max_new_tokens:
            return length
        return max(settings.max_new_tokens, length + _ROOM)


def read_case(
    models: Mapping[Role, Model],
    settings: Settings,
    case: Case,
    granularity: Granularity,
    said: Mapping[Role, Reading],
    rate: Rate,
) -> Generator[Step, None, CaseState]:
    """Read a case on all models and compare base and unlearned.

    `said` is what the models said to it, where that is known: it does not depend on what is
    removed. `rate` is asked where there is a budget. Raises `AttributionError`.
    """
    base = models["base"]
    prompt = base.encode(case.prompt)
    answer = yield from _answer(base, case, prompt, settings)
    state = CaseState(case, granularity, prompt, answer)
    yield Encoded(prompt, answer, words(prompt), _pieces(base, answer))
    measured = Measurement(models, prompt, answer, granularity, settings, rate)
    for role, model in models.items():
        yield from _say(model, role, state, settings, said.get(role))
        if settings.one_at_a_time and role != "reference":
            yield from measured.of(role)  # while it is in memory
    if not settings.one_at_a_time:
        yield from measured.of_both()
    state.attributions = measured.found
    yield _compare(state, settings)
    return state


def _say(
    model: Model, role: Role, state: CaseState, settings: Settings, said: Reading | None
) -> Iterator[Step]:
    """Have a model say its answer, and score the one under test."""
    if said is not None:
        state.readings[role] = said
        yield Written(role, said.generation or "", emphasised=False, done=True)
        return
    ids = state.answer.ids
    if (role, state.answer.source) != ("base", "base"):
        limit = state.limit(settings)
        ids = yield from write(model, role, state.prompt, limit, emphasised=False)
    (logprob,) = score_all(model, [state.prompt.ids], state.answer)
    state.readings[role] = reading(logprob, state.answer, model.decode(ids), state.entities)


def write(
    model: Model,
    role: Role,
    prompt: Prompt,
    limit: int,
    *,
    emphasised: bool,
    steering: Steering | None = None,
) -> Generator[Step, None, tuple[int, ...]]:
    """Have a model continue a prompt, streaming, and return the ids. Raises what models raise."""
    ids: tuple[int, ...] = ()
    for (ids,) in model.write([prompt.ids], limit, steering):
        yield Written(role, model.decode(ids), emphasised, done=False)
    yield Written(role, model.decode(ids), emphasised, done=True)
    return ids


def _answer(
    base: Model, case: Case, prompt: Prompt, settings: Settings
) -> Generator[Step, None, Answer]:
    if case.answer is not None:
        return base.answer(case.answer, after=prompt)
    ids = yield from write(base, "base", prompt, settings.max_new_tokens, emphasised=False)
    if not ids:
        raise EmptyAnswer
    # Its own ids: to tokenise its text again would be to score something else.
    return Answer(base.decode(ids), ids, "base")


def _pieces(base: Model, answer: Answer) -> tuple[Token, ...]:
    """Return the answer's tokens as the base reads them."""
    found: list[Token] = []
    at = 0
    for id, text in zip(answer.ids, base.pieces(answer.ids), strict=True):
        found.append(Token(id, text, at, at + len(text)))
        at += len(text)
    return tuple(found)


def _compare(state: CaseState, settings: Settings) -> Compared:
    base, unlearned = state.attributions["base"], state.attributions["unlearned"]
    state.keys = key_tokens(base, settings.rule)
    theirs = key_tokens(unlearned, settings.rule)
    state.shift = shift(base, unlearned, state.keys, theirs)
    said = state.readings["unlearned"]
    if base.approximation is not None:
        state.belongs = belongs(base, settings.rule)
    return Compared(
        state.shift,
        state.keys,
        theirs,
        said.rouge_l or 0.0,
        exact=bool(said.exact),
        belongs=state.belongs,
    )

"""One case read on all models: its answers, the contributions, and how they compare.

A generator of what is worth showing, which returns all that is known at its end. Does not know how
models are opened, nor what emphasis is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from attribution import estimators
from attribution.compare import shift
from attribution.errors import EmptyAnswer
from attribution.keytokens import belongs, key_tokens
from attribution.plan import Plan, measure_rate, plan
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
    Reading,
    Recovery,
    Shift,
    Token,
    Verdict,
)
from attribution.words import words
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    ByToken,
    Compared,
    Contributions,
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
    def plain(self) -> Plain:
        """The readings of the prompt as it is."""
        return Plain(
            self.prompt,
            self.answer,
            self.readings["base"],
            self.readings["unlearned"],
            self.readings.get("reference"),
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
) -> Generator[Step, None, CaseState]:
    """Read a case on all models and compare base and unlearned.

    `said` is what the models said to it, where that is known: it does not depend on what is
    removed. Raises `AttributionError`.
    """
    base = models["base"]
    prompt = base.encode(case.prompt)
    answer = yield from _answer(base, case, prompt, settings)
    state = CaseState(case, granularity, prompt, answer)
    yield Encoded(prompt, answer, words(prompt), _pieces(base, answer))
    for role, model in models.items():
        if role in said:
            state.readings[role] = said[role]
            yield Written(role, said[role].generation or "", emphasised=False, done=True)
            continue
        ids = answer.ids
        if (role, answer.source) != ("base", "base"):
            ids = yield from write(model, role, prompt, state.limit(settings), emphasised=False)
        (logprob,) = score_all(model, [prompt.ids], answer)
        state.readings[role] = reading(logprob, answer, model.decode(ids))
    yield from _attribute(models, state, settings)
    yield _compare(state, settings)
    return state


def write(
    model: Model, role: Role, prompt: Prompt, limit: int, *, emphasised: bool
) -> Generator[Step, None, tuple[int, ...]]:
    """Have a model continue a prompt, streaming, and return the ids. Raises what models raise."""
    ids: tuple[int, ...] = ()
    for (ids,) in model.write([prompt.ids], limit):
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


def _attribute(
    models: Mapping[Role, Model], state: CaseState, settings: Settings
) -> Iterator[Step]:
    """Measure the contributions on base and unlearned, by the same estimator."""
    chosen = _plan(models["base"], state, settings)

    def measured(role: Role, also: frozenset[int] = frozenset()) -> Iterator[Attribution]:
        return estimators.load(chosen.estimator)(
            models[role],
            state.prompt,
            state.answer,
            state.granularity,
            chosen.effort,
            seed=settings.seed,
            also=also,
        )

    if estimators.is_exact(chosen.estimator):
        # In turns, so that what the two have in common is computed once.
        found = in_turns({"base": measured("base"), "unlearned": measured("unlearned")})
    else:
        found = _one_after_the_other(measured)
    for role, attribution in found:
        state.attributions[role] = attribution
        yield _contributions(role, attribution)
    for role in ("base", "unlearned"):
        yield ByToken(role, state.attributions[role].by_answer_token)


def _plan(base: Model, state: CaseState, settings: Settings) -> Plan:
    if not settings.budget:
        return Plan(settings.estimator, settings.effort, 0.0)
    rate = measure_rate(base, state.prompt, state.answer)
    return plan(
        rate, state.prompt, state.answer, state.granularity, settings.effort, settings.budget
    )


def in_turns(
    runs: Mapping[Role, Iterator[Attribution]],
) -> Iterator[tuple[Role, Attribution]]:
    """Take a step of each run, again and again, until all are at their end."""
    going = dict(runs)
    while going:
        for role, run in list(going.items()):
            found = next(run, None)
            if found is None:
                del going[role]
            else:
                yield role, found


def _one_after_the_other(
    measured: Callable[[Role, frozenset[int]], Iterator[Attribution]],
) -> Iterator[tuple[Role, Attribution]]:
    """What was measured by removal on the base is measured on the other as well: else there would
    be nothing to compare."""
    last: Attribution | None = None
    for last in measured("base", frozenset()):
        yield "base", last
    also: frozenset[int] = frozenset()
    if last is not None and last.approximation is not None and last.approximation.measured:
        known = enumerate(last.contributions)
        also = frozenset(i for i, contribution in known if contribution is not None)
    for found in measured("unlearned", also):
        yield "unlearned", found


def _contributions(role: Role, found: Attribution) -> Contributions:
    approximation = found.approximation
    return Contributions(
        role,
        found.logprob,
        found.contributions,
        found.complete,
        found.answer_logprobs,
        found.noise,
        # Its draws are many times as long as all the rest, and have said here what they can say.
        None if approximation is None else replace(approximation, draws=()),
        found.estimator,
    )


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

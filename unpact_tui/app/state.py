"""What the inspector knows, as one frozen value: what is chosen, and what the engine said about it.

Pure. What a person does changes the choices, in `session/choices.py`; what the engine says is put
in by `replies.py`. Nothing here knows a screen or a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from attribution.attempts import Recovery
from attribution.emphasis import DEFAULT_MEANS, Means
from attribution.thresholds import Thresholds
from attribution.types import Answer, Approximation, Case, Granularity, Nats, Prompt, Token, Verdict
from attribution.verdict import judge
from unpact_tui.session.actions import Action, Move, View
from unpact_tui.session.choices import Choices, Timeline, act, begin
from unpact_tui.worker.events import Compared, Edited, Judged, Ladder, Opened, Role, Tried, Vitals
from unpact_tui.worker.protocol import Analyse, Recover, Try

Task = Literal["analysis", "attempt", "recovery"]


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one model on the current prompt."""

    logprob: Nats | None = None
    values: tuple[Nats | None, ...] = ()
    complete: bool = False
    answer_logprobs: tuple[Nats, ...] = ()
    by_token: tuple[tuple[Nats | None, ...], ...] = ()
    """Contributions to each answer token alone; empty until measured."""
    noise: Nats | None = None
    approximation: Approximation | None = None
    estimator: str = ""
    text: str | None = None
    """The plain answer so far; None before its first word."""
    done: bool = False
    emphasised: str | None = None
    """The answer with the emphasis on."""
    emphasised_done: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What the engine said about what is chosen. Made again whenever something else is chosen."""

    prompt: Prompt | None = None
    answer: Answer | None = None
    answer_tokens: tuple[Token, ...] = ()
    words: tuple[tuple[int, ...], ...] = ()
    base: Side = Side()
    unlearned: Side = Side()
    reference: Side = Side()
    compared: Compared | None = None
    edited: Edited | None = None
    tried: Tried | None = None
    ladder: Ladder | None = None
    judged: Judged | None = None
    awaited: frozenset[Task] = frozenset()
    """What is still being said."""
    trouble: str = ""
    """Why the emphasis that is on has no answer."""
    refused: bool = False
    """The strategies were not run on this case and do not start by themselves."""


@dataclass(frozen=True, slots=True)
class CompareState:
    """Everything the comparison screen draws."""

    timeline: Timeline
    strategies: tuple[str, ...]
    opened: Opened | None = None
    page: Page = Page()
    vitals: Vitals | None = None
    hint: str = ""
    """Why the last action did nothing."""
    settling: bool = False
    """The emphasis changed a moment ago, and may again: what is said about it can wait."""
    history: tuple[float | None, ...] = ()
    """What each emphasis that was tried on this prompt recovered, the newest last."""
    scored: tuple[int, int] | None = None
    """How many prompts are read of how many, while all are being read."""
    needle: str = ""
    """What is searched for."""
    means: Means = DEFAULT_MEANS
    """What strategies draw on: a person's own templates among them."""

    # ------------------------------------------------------------ what is chosen

    @property
    def now(self) -> Choices:
        """All that is chosen."""
        return self.timeline.now

    @property
    def cases(self) -> tuple[Case, ...]:
        """All prompts."""
        return self.now.cases

    @property
    def index(self) -> int:
        """Number of the current one."""
        return self.now.index

    @property
    def case(self) -> Case:
        """The current prompt."""
        return self.now.case

    @property
    def strategy(self) -> str:
        """How words are emphasised."""
        return self.now.strategy

    @property
    def view(self) -> View:
        """What colours the tokens."""
        return self.now.view

    @property
    def granularity(self) -> Granularity:
        """What is removed at a time."""
        return self.now.granularity

    @property
    def thresholds(self) -> Thresholds:
        """Where the lines of the verdict are."""
        return self.now.thresholds

    @property
    def emphasis(self) -> frozenset[int]:
        """Positions that are emphasised."""
        return frozenset(self.now.chosen.emphasis)

    @property
    def cursor(self) -> int:
        """The token of the prompt that is looked at; in the view of the answer it stays."""
        tokens = self.prompt.tokens if self.prompt else ()
        if self.timeline.cursor is not None:
            return max(0, min(len(tokens) - 1, self.timeline.cursor))
        return next(iter(self.prompt.removable), 0) if self.prompt else 0

    @property
    def answer_token(self) -> int:
        """The token of the answer that is looked at."""
        return max(0, min(len(self.page.answer_tokens) - 1, self.now.chosen.answer_token))

    # ------------------------------------------------------------ what was said about it

    @property
    def prompt(self) -> Prompt | None:
        """As tokenised; None until known."""
        return self.page.prompt

    @property
    def key_tokens(self) -> frozenset[int]:
        """Positions of the base's KeyTokens; empty until known."""
        compared = self.page.compared
        return frozenset(compared.key_tokens.positions) if compared else frozenset()

    @property
    def recovery(self) -> Recovery | None:
        """All attempts so far."""
        return self.page.ladder.recovery if self.page.ladder else None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on this case by the thresholds as they are now."""
        judged = self.page.judged
        return judge(judged.evidence, self.thresholds) if judged else None

    @property
    def busy(self) -> bool:
        """Something is awaited from the engine."""
        return bool(self.page.awaited)

    def side(self, role: Role) -> Side:
        """Return one model's side."""
        page = self.page
        return {"base": page.base, "unlearned": page.unlearned, "reference": page.reference}[role]

    # ------------------------------------------------------------ what to ask for

    @property
    def analysis(self) -> Analyse:
        """What asks for the current prompt."""
        return Analyse(self.case, self.granularity)

    @property
    def recovering(self) -> Recover:
        """What asks for all strategies on it."""
        return Recover(self.case, self.now.chosen.tried_on, self.granularity)

    @property
    def attempt(self) -> Try | None:
        """What asks for the emphasis that is on; None without one."""
        chosen = self.now.chosen.emphasis
        return Try(self.case, self.strategy, chosen, self.now.strength) if chosen else None


def start(
    cases: Sequence[Case],
    strategies: Sequence[str],
    index: int,
    *,
    lane: bool,
    granularity: Granularity = "token",
    thresholds: Thresholds | None = None,
    means: Means = DEFAULT_MEANS,
) -> CompareState:
    """Return the state before anything was read."""
    choices = Choices(
        tuple(cases),
        begin(cases),
        index,
        strategies[0],
        lane=lane,
        granularity=granularity,
        thresholds=thresholds or Thresholds(),
    )
    return CompareState(Timeline(choices), tuple(strategies), means=means)


def apply(state: CompareState, action: Action) -> CompareState:
    """Return the state after `action`, with nothing said yet about what is chosen newly."""
    timeline = act(state.timeline, action)
    after = replace(state, timeline=timeline, hint="")
    if isinstance(action, Move) or timeline is state.timeline:
        return after
    return after if same_page(state, after) else replace(after, page=Page())


def same_page(before: CompareState, after: CompareState) -> bool:
    """Tell whether what was said about the one was said about the other."""
    return (before.analysis, before.attempt, before.recovering) == (
        after.analysis,
        after.attempt,
        after.recovering,
    )


# ---------------------------------------------------------------- looking things up


def word_at(state: CompareState, position: int) -> tuple[int, ...]:
    """Return the positions of the word at a token; empty when it is in none."""
    return next((word for word in state.page.words if position in word), ())


def word_from(state: CompareState, position: int, by: int) -> int:
    """Return the first token of the next or previous word; `position` itself when there is none."""
    starts = [word[0] for word in state.page.words]
    if by > 0:
        return next((start for start in starts if start > position), position)
    return next((start for start in reversed(starts) if start < position), position)


def words_with(state: CompareState, positions: frozenset[int]) -> tuple[int, ...]:
    """Return the positions of all words that hold one of `positions`."""
    return tuple(i for word in state.page.words if positions.intersection(word) for i in word)


def same_words(state: CompareState, position: int) -> tuple[int, ...]:
    """Return the positions of every word that reads as the one at a token, in any case."""
    here = word_at(state, position)
    return tuple(
        i for word in state.page.words if _read(state, word) == _read(state, here) for i in word
    )


def _read(state: CompareState, word: tuple[int, ...]) -> str:
    tokens = state.prompt.tokens if state.prompt and word else ()
    return "".join(tokens[i].text for i in word if i < len(tokens)).strip().casefold()


def rank(values: Sequence[Nats | None], position: int) -> int | None:
    """Return the place of a token among all that were measured, 1 for the largest."""
    here = values[position] if position < len(values) else None
    if here is None:
        return None
    return 1 + sum(value is not None and value > here for value in values)

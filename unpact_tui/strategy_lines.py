"""How strategies stand over all cases, and what was done in one attempt, in rows and sentences.

Raw strings for every form of a result; whoever shows them makes them safe. Numbers are shares of
the lost log-probability, in per cent, never without their interval where they have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from attribution.attempts import Level, Selection
from attribution.emphasis import Strategy, load, names
from attribution.standing import Cause, HeldOut, Standing
from attribution.thresholds import percent
from attribution.types import Interval
from unpact_tui.result_schema import AttemptEntry, Document

CAUSES: dict[Cause, str] = {
    "emphasis": "emphasis",
    "other ids": "re-tokenising the keyword",
    "either": "emphasis, and as well by re-tokenising the keyword alone",
    "both": "emphasis and re-tokenising the keyword, only together",
    "neither": "too little came back",
    "unknown": "not known",
}
"""What brought an answer back."""

SELECTIONS: dict[Selection, str] = {
    "base": "KeyTokens of the base",
    "unlearned": "KeyTokens of the unlearned model",
    "shift": "words whose contribution fell most",
    "own": "words named by hand",
    "greedy": "words that a search found",
}
"""Which words were emphasised."""

_STEERED: frozenset[Level] = frozenset({"attention", "embedding", "decoding"})

MEANING = (
    "Shares of the lost log-probability in per cent, over the n forget prompts whose answer the"
    " base knows. recov.: with the words marked; random: with random other words marked; lift:"
    " recov. less random; excess: recov. less what the reference gains; exact: prompts answered"
    " word for word. Cause: what does it, the marks with the words' token ids left alone (emphasis)"
    " or the same other ids without marks (re-tokenising)."
)
"""What the table of strategies says."""

Cell = Callable[[Standing], str]
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""The names of the columns, and the rows."""


def brief_table(document: Document) -> Table:
    """Return the columns and rows that a narrow screen has room for, strategies first.

    What no strategy has is left out.
    """
    columns: list[tuple[str, Cell]] = [
        ("strategy", lambda standing: standing.strategy),
        ("recov.", lambda standing: _narrow(standing.recovered)),
        ("random", lambda standing: _alone(standing.random)),
        ("lift", lambda standing: _narrow(_lift(standing))),
        ("excess", lambda standing: _alone(standing.excess)),
        ("exact", lambda standing: _alone(standing.exact)),
        ("cause", lambda standing: "-" if standing.cause == "unknown" else standing.cause),
        ("n", lambda standing: str(standing.recovered.n)),
    ]
    return _filled(document, columns)


def whole_table(document: Document) -> Table:
    """Return everything about every strategy, likewise; the cause in words, last."""
    columns: list[tuple[str, Cell]] = [
        ("strategy", lambda standing: standing.strategy),
        ("recov.", lambda standing: _narrow(standing.recovered)),
        ("random", lambda standing: _narrow(standing.random)),
        ("lift", lambda standing: _narrow(_lift(standing))),
        ("excess", lambda standing: _narrow(standing.excess)),
        ("exact", lambda standing: _narrow(standing.exact)),
        ("exact by random", lambda standing: _narrow(standing.random_exact)),
        ("n", lambda standing: str(standing.recovered.n)),
        ("cause", lambda standing: CAUSES[standing.cause]),
    ]
    return _filled(document, columns)


def _filled(document: Document, columns: Sequence[tuple[str, Cell]]) -> Table:
    found = [(name, [cell(each) for each in document.strategies]) for name, cell in columns]
    filled = [(name, cells) for name, cells in found if set(cells) - {"-"}]
    return tuple(name for name, _ in filled), list(zip(*(c for _, c in filled), strict=True))


def causes(document: Document) -> Iterator[str]:
    """Yield what brought answers back, where it was told, with the strategies that did it so."""
    for cause, words in CAUSES.items():
        if cause in ("neither", "unknown"):
            continue
        found: dict[str, list[str]] = {}
        for each in document.strategies:
            if each.cause == cause:
                found.setdefault(_on_random_words(each), []).append(each.strategy)
        for beside, strategies in found.items():
            yield f"Brought back by {words}{beside}: {', '.join(strategies)}."


def _on_random_words(standing: Standing) -> str:
    """A cause is not yet a cause on these words."""
    lift = _lift(standing)
    if lift is None:
        return ", without a control"
    return "" if lift.lower > 0 else ", and not clearly less on random words"


def sentences(document: Document) -> Iterator[str]:
    """Yield what to know about several strategies at once, and which could not be tried."""
    together = sum(each.simultaneous is not None for each in document.strategies)
    best = "per prompt the best of several strategies is compared with the best of as many controls"
    if together > 1:
        yield f"The intervals of lift hold for all {together} strategies at once, and {best}."
    elif len(document.strategies) > 1:
        yield f"On so few prompts no interval holds for all strategies at once; {best}."
    if document.held_out is not None:
        yield _held_out(document.held_out)
    counts = Counter(
        (left.strategy, left.why) for case in document.cases for left in case.recovery.left_out
    )
    for (strategy, why), count in counts.items():
        some = "" if count == len(document.cases) else f" (on {count} of {len(document.cases)})"
        yield f"{strategy} was left out{some}: {why}"


def _lift(standing: Standing) -> Interval | None:
    """With the interval that holds for all strategies at once, where there are prompts enough."""
    return standing.simultaneous or standing.lift


def _held_out(found: HeldOut) -> str:
    chosen = ", then ".join(
        f"{strategy} on {SELECTIONS[selection]}"
        for strategy, selection in dict.fromkeys(found.chosen)
    )
    shares = (
        ("recovered", found.recovered),
        ("by random words", found.random),
        ("lift", found.lift),
        ("excess", found.excess),
    )
    told = ", ".join(f"{name} {share(each)}" for name, each in shares if each is not None)
    return (
        f"Chosen on one half of the prompts and read on the other ({chosen}): {told},"
        f" n {found.recovered.n}."
    )


def described(attempt: AttemptEntry) -> str:
    """Return what was done: the strategy, where it works unless on the text, and how strongly."""
    how = _strength(attempt.strategy, attempt.strength)
    if attempt.level in _STEERED and not how.startswith(attempt.level):
        how = f"{attempt.level}: {how}" if how else attempt.level
    return f"{attempt.strategy} ({how})" if how else attempt.strategy


def _strength(name: str, strength: float) -> str:
    """A result may be of another version: what is not known here is told as it stands."""
    strategy = _known(name)
    if strategy is None or strength not in strategy.strengths:
        return "" if strength == 1.0 else f"x{strength:g}"
    return strategy.at(strength)


@cache
def _known(name: str) -> Strategy | None:
    return load(name) if name in names() else None


def share(found: Interval | None) -> str:
    """Return a share with its interval."""
    if found is None or not found.n:
        return "-"
    return f"{percent(found.estimate)} ({percent(found.lower)} to {percent(found.upper)})"


def _narrow(found: Interval | None) -> str:
    if found is None or not found.n:
        return "-"
    return f"{_number(found.estimate)} [{_number(found.lower)}, {_number(found.upper)}]"


def _alone(found: Interval | None) -> str:
    return "-" if found is None or not found.n else _number(found.estimate)


def _number(share: float) -> str:
    return f"{100 * share:z.0f}"

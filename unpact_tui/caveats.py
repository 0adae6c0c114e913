"""What contributions do not say for sure: lost in rounding, or guessed. In numbers and sentences.

Pure: entries of a result in, raw text out; whoever shows it makes it safe. Where all was measured,
and more precisely than anybody could see, there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attribution.types import Approximation, Interval, Nats
from unpact_tui.result_schema import ApproximationEntry, CaseEntry, Document, ModelEntry

Values = tuple[Nats | None, ...]

NEGLIGIBLE = 1e-5
"""Nats. Noise below this is that of float32: nothing that is shown could depend on it. Ours."""

R_SQUARED = "R squared"


def within(value: Nats | None, noise: Nats | None) -> bool:
    """Tell whether a number cannot be told from rounding; 0 is measured and inert."""
    if value is None or noise is None or noise <= NEGLIGIBLE:
        return False
    return 0 < abs(value) < noise


def measured_values(values: Values, estimates: Sequence[Nats | None] | None) -> Values:
    """Return what of contributions was measured: nothing where every one of them is a guess.

    An estimator that only guesses gives its guesses as contributions.
    """
    return (None,) * len(values) if estimates is not None and estimates == values else values


def measured(model: ModelEntry) -> Values:
    """Return what of a model's contributions was measured."""
    known = model.approximation
    return measured_values(model.contributions, None if known is None else known.estimates)


def estimates(model: ModelEntry) -> Values:
    """Return the guesses at a model's contributions; empty where there are none."""
    return () if model.approximation is None else model.approximation.estimates


def key_token(case: CaseEntry, position: int) -> str:
    """Return a KeyToken's text with what is not sure about it."""
    doubts: list[str] = []
    if within(case.base.contributions[position], case.base.noise):
        doubts.append("within noise")
    if measured(case.base)[position] is None and case.base.approximation is not None:
        doubts.append("estimated")
    chance = case.belongs[position] if position < len(case.belongs) else None
    if chance is not None:
        doubts.append(f"p {chance:.2f}")
    text = case.prompt.tokens[position].text.strip()
    return f"{text} ({', '.join(doubts)})" if doubts else text


def of_case(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Yield what is not sure about a case's contributions, each with what it is about."""
    for role, model in _models(case):
        if model.approximation is not None:
            yield "contributions", f"{role}: {_approximate(model.approximation)}"
    for role, model in _models(case):
        hidden = sum(within(value, model.noise) for value in model.contributions)
        if hidden:
            yield "noise", f"{role}: {_hidden(hidden, model)}"


def of_document(document: Document) -> Iterator[str]:
    """Yield what is not sure about the contributions of all cases, in sentences."""
    count, some = len(document.cases), guessed(document)
    if some:
        yield f"In {some} of {count} cases contributions are estimated, at least in part."
    noisy = [m.noise for case in document.cases for _, m in _models(case) if m.noise and _noisy(m)]
    if noisy:
        end = f"±{max(noisy):.1g}"
        yield f"Contributions within noise ({end} at most) cannot be told from rounding."


def guessed(document: Document) -> int:
    """Return in how many cases not everything was measured."""
    return sum(any(m.approximation for _, m in _models(case)) for case in document.cases)


def fidelity(
    known: ApproximationEntry | Approximation | None, squared: str = R_SQUARED
) -> Mapping[str, Interval]:
    """Return how good the guesses are, each figure by its name."""
    if known is None:
        return {}
    figures = {"rank agreement": known.agreement, squared: known.r_squared}
    return {name: found for name, found in figures.items() if found is not None}


def _models(case: CaseEntry) -> Iterator[tuple[str, ModelEntry]]:
    yield "base", case.base
    yield "unlearned", case.unlearned


def _noisy(model: ModelEntry) -> bool:
    return any(within(value, model.noise) for value in model.contributions)


def _approximate(known: ApproximationEntry) -> str:
    said = [known.how or f"{known.measured} of {known.units} measured"]
    for name, found in fidelity(known).items():
        between = f"{found.lower:.2f} to {found.upper:.2f}, n {found.n}"
        said.append(f"{name} {found.estimate:.2f} ({between})")
    return "; ".join(said)


def _hidden(hidden: int, model: ModelEntry) -> str:
    count = sum(value is not None for value in model.contributions)
    are = "is" if hidden == 1 else "are"
    return (
        f"{hidden} of {count} contributions {are} nearer to zero than ±{model.noise:.1g},"
        " and cannot be told from rounding"
    )

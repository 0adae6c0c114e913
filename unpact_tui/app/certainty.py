"""How sure the panes' numbers are: what is lost in rounding, what is a guess, and how good a one.

Pure: state in, numbers and words out. How much of a shift rounding may hide is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from attribution.types import Approximation, Interval, Nats
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, Line, Piece, shown
from unpact_tui.app.state import CompareState, Side
from unpact_tui.caveats import fidelity, within
from unpact_tui.worker.events import Role

Values = tuple[Nats | None, ...]

_PANES: tuple[Role, Role] = ("base", "unlearned")
_BY_CONTRIBUTION = frozenset({"contribution", "shift", "key_tokens"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a view has that is not a plain measured number."""

    noise: tuple[Nats, ...] = ()
    """The noise of each pane in which a token cannot be told from it, base first."""
    estimated: bool = False
    """Tokens are drawn as guesses."""


NO_DOUBT = Doubt()


# ---------------------------------------------------------------- what the panes are painted by


def noise(state: CompareState, role: Role) -> Nats | None:
    """Return what a number painted in a pane must reach to say anything; None where unknown.

    A shift is the difference of two numbers, and as noisy as both together.
    """
    if state.view not in _BY_CONTRIBUTION:
        return None
    if state.view == "shift" and role == "unlearned":
        return shift_noise(state)
    return state.side(role).noise


def shift_noise(state: CompareState) -> Nats | None:
    """Return the noise of unlearned minus base: the root of the sum of both squares. Ours."""
    base, unlearned = state.page.base.noise, state.page.unlearned.noise
    return None if base is None or unlearned is None else hypot(base, unlearned)


def measured_shift(state: CompareState) -> Values:
    """Return the shifts of tokens that were measured on both models."""
    return _shift(state, measured=True)


def guessed_shift(state: CompareState) -> Values:
    """Return the others, where a contribution was guessed on both."""
    return _shift(state, measured=False)


def _shift(state: CompareState, *, measured: bool) -> Values:
    page = state.page
    delta = page.compared.shift.delta if page.compared else ()
    if page.base.approximation is None and page.unlearned.approximation is None:
        return delta if measured else ()
    sure = (b is not None and u is not None for b, u in _pairs(page.base, page.unlearned))
    return tuple(d if here == measured else None for d, here in zip(delta, sure, strict=False))


def _pairs(base: Side, unlearned: Side) -> Iterator[tuple[Nats | None, Nats | None]]:
    return zip(base.values, unlearned.values, strict=False)


def estimates(state: CompareState, role: Role) -> Values:
    """Return the guesses that a pane shows where nothing was measured."""
    if state.view not in _BY_CONTRIBUTION:
        return ()
    if state.view == "shift" and role == "unlearned":
        return guessed_shift(state)
    known = state.side(role).approximation
    found = () if known is None else _unfixed(state, known.estimates)
    if state.view == "key_tokens":
        return tuple(v if i in state.key_tokens else None for i, v in enumerate(found))
    return found


def guesses_all(side: Side) -> bool:
    """Tell whether every number of a model is a guess, as a surrogate's are."""
    known = side.approximation
    return known is not None and any(known.estimates) and all(v is None for v in side.values)


def _unfixed(state: CompareState, values: Values) -> Values:
    tokens = state.prompt.tokens if state.prompt else ()
    return tuple(None if t.fixed else v for t, v in zip(tokens, values, strict=False))


def doubt(state: CompareState, drawn: Mapping[Role, Values]) -> Doubt:
    """Return what of it the two panes hold, where `drawn` are the numbers painted in them."""
    hidden: list[Nats] = []
    estimated = False
    for role in _PANES:
        end, values, guesses = noise(state, role), drawn[role], estimates(state, role)
        if end is not None and any(within(value, end) for value in values):
            hidden.append(end)
        pairs = zip(values, guesses, strict=False)
        estimated = estimated or any(v is None and guess is not None for v, guess in pairs)
        rows = state.view == "by_token" and bool(state.side(role).by_token)
        estimated = estimated or (rows and guesses_all(state.side(role)))
    return Doubt(tuple(hidden), estimated)


# ---------------------------------------------------------------- words


def floor(value: Nats) -> str:
    """Return noise with one digit, which is all that is known of it."""
    return f"{value:.1g}"


def said(side: Side, i: int, place: int | None, glyphs: Glyphs) -> str:
    """Say a token's contribution: its number, its place, and how sure it is where it is not."""
    value = _at(side.values, i)
    if value is None and side.approximation is not None:
        guess = _at(side.approximation.estimates, i)
        if guess is None:
            return "not measured"
        return f"estimated {glyphs.number(guess, signed=True)} (not measured)"
    words = glyphs.number(value, signed=True) + ("" if place is None else f" (#{place})")
    if within(value, side.noise):
        return f"{words} within noise"
    return words if side.approximation is None else f"{words} measured"


def short(side: Side, i: int, glyphs: Glyphs) -> str:
    """Say a contribution where there is little room; a guess says that it is one."""
    value = _at(side.values, i)
    if value is None and side.approximation is not None:
        guess = _at(side.approximation.estimates, i)
        return glyphs.dash if guess is None else f"est. {glyphs.number(guess, signed=True)}"
    return glyphs.number(value, signed=True)


def belongs(state: CompareState, i: int) -> float | None:
    """Return the probability that a token is a KeyToken; None where it is sure, or not known."""
    compared = state.page.compared
    return None if compared is None else _at(compared.belongs, i)


def probability(value: float) -> str:
    """Return a probability with two digits, as tables have it."""
    return f"{value:.2f}".removeprefix("0")


def note(state: CompareState, glyphs: Glyphs) -> Line:
    """Say in one line what was measured and how good the rest is; nothing where all was."""
    sides = {role: state.side(role) for role in _PANES}
    told = [(role, known) for role, side in sides.items() if (known := side.approximation)]
    if not told:
        return ()
    pieces: list[Piece] = [(f"{shown(sides[told[0][0]].estimator, 24)}: ", "")]
    for place, (role, known) in enumerate(told):
        gap = f" {glyphs.dot} " if place else ""
        pieces += [
            (f"{gap}{role} ", LABEL),
            (_measured(sides[role], known, first=not place), ""),
        ]
        for name, found in fidelity(known, _squared(glyphs)).items():
            pieces.append((f", {name} {_between(found, glyphs)}", ""))
    ways = dict.fromkeys(shown(known.how, 200) for _, known in told if known.how)
    pieces += [(f" {glyphs.dot} {way}", LABEL) for way in ways]
    return tuple(pieces)


def _measured(side: Side, known: Approximation, *, first: bool) -> str:
    if guesses_all(side):
        return f"all {known.units} estimated" if first else "all"
    return f"{known.measured} of {known.units} measured" if first else f"{known.measured}"


def _between(found: Interval, glyphs: Glyphs) -> str:
    ends = (found.estimate, found.lower, found.upper)
    estimate, lower, upper = (_two_digits(end).replace("-", glyphs.minus) for end in ends)
    return f"{estimate} ({lower} to {upper}, n {found.n})"


def _two_digits(value: float) -> str:
    sign = "-" if value < -0.005 else ""
    return sign + probability(abs(value))


def figures(known: Mapping[str, Approximation | None]) -> dict[str, Interval]:
    """Return how good the guesses are at each model's contributions, by what it is called."""
    return {
        f"{name}, {role}": found
        for role, guessed in known.items()
        for name, found in fidelity(guessed).items()
    }


def least(prompts: Iterable[Mapping[str, Interval]]) -> dict[str, Interval]:
    """Return each figure of the prompt where it is lowest: a mean would hide that one."""
    found: dict[str, Interval] = {}
    for figures in prompts:
        for name, figure in figures.items():
            key = f"least {name}"
            if key not in found or figure.estimate < found[key].estimate:
                found[key] = figure
    return found


def ways(known: Mapping[str, Approximation | None]) -> tuple[str, ...]:
    """Say what was measured and how the rest was guessed, once for each model."""
    told = ((role, guessed.how) for role, guessed in known.items() if guessed and guessed.how)
    return tuple(f"Contributions, {role}: {how}." for role, how in told)


def _at(values: Sequence[float | None], i: int) -> float | None:
    return values[i] if i < len(values) else None


def _squared(glyphs: Glyphs) -> str:
    return "R2" if _plain(glyphs) else "R²"


def _plain(glyphs: Glyphs) -> bool:
    return glyphs.ellipsis.isascii()

"""What the reader of `attribute` wants to see, token by token and in sentences.

Knows nothing of terminals. Tokens to be drawn are made safe here; of all else the text is raw, and
whoever shows it makes it safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from attribution.types import Interval, Nats
from unpact_tui.attribute_document import AttributedCase
from unpact_tui.display import display_text
from unpact_tui.html_tokens import DARK, WHITE_TEXT, joint_scale, level, signed

Kind = Literal["fixed", "unmeasured", "noise", "measured"]

_MOST = 30
"""KeyTokens in a table; the JSON has all."""
_TOP = 3
"""Prompt tokens named beside each answer token."""

COLOURS = (
    "Orange raises the answer, blue lowers it, the stronger the more. Dim: the template's, or not"
    " told from rounding. Struck through: not measured. ▸ is a KeyToken."
)
MARKS = (
    "Below each token: 1 to 5 raises the answer, a to e lowers it, the further the more; . is not"
    " told from rounding, ~ not measured, nothing the template's or hardly any. > is a KeyToken."
)
UNIT = "Contributions are in nats of the answer's mean log-probability per token."


@dataclass(frozen=True, slots=True)
class Mark:
    """A prompt token and how it is drawn."""

    text: str
    kind: Kind
    step: int
    """The level of its contribution, -5 to 5."""
    key: bool

    @property
    def cell(self) -> str:
        """One character that says the same without colour."""
        match self.kind:
            case "fixed":
                return " "
            case "unmeasured":
                return "~"
            case "noise":
                return "."
            case "measured":
                return _cell(self.step)

    @property
    def look(self) -> str:
        """Its style in colour, as rich reads it."""
        if self.kind != "measured":
            return "dim strike" if self.kind == "unmeasured" else "dim"
        if self.step == 0:
            return ""
        ground = DARK[self.step > 0][abs(self.step) - 1]
        ink = "#ffffff" if ground in WHITE_TEXT else "#000000"
        return f"{'bold ' if self.key else ''}{ink} on {ground}"

    def shown(self, pointer: str) -> str:
        """Return its text made safe; a pointer stands for the space before a KeyToken."""
        # A token without text holds the later bytes of a character; it is there all the same.
        text = display_text(self.text) or "·"
        return f"{pointer}{text.removeprefix(' ')}" if self.key else text


def _cell(step: int) -> str:
    if step == 0:
        return " "
    return str(step) if step > 0 else "abcde"[-step - 1]


def marks(case: AttributedCase) -> Iterator[Mark]:
    """Yield every prompt token as it is to be drawn."""
    scale = joint_scale(case.contributions)
    keys = frozenset(case.key_tokens)
    for i, (token, value) in enumerate(zip(case.prompt.tokens, case.contributions, strict=True)):
        kind: Kind = "measured"
        if token.fixed:
            kind = "fixed"
        elif value is None:
            kind = "unmeasured"
        elif is_noise(value, case.noise):
            kind = "noise"
        yield Mark(token.text, kind, level(value, scale) or 0, i in keys)


def lanes(marks: Iterable[Mark], width: int, wide: Callable[[str], int]) -> Iterator[str]:
    """Yield lines of tokens, each before one that says below them what colours would.

    `wide` counts the columns of a text.
    """
    words = below = ""
    for mark in marks:
        text = mark.shown(">")
        if words and wide(words) + wide(text) > width:
            yield words
            yield below.rstrip()
            words = below = ""
        words, below = words + text, below + mark.cell * wide(text)
    yield words
    yield below.rstrip()


def is_noise(value: Nats, noise: Nats | None) -> bool:
    """Tell whether a contribution cannot be told from rounding; 0 is measured and inert."""
    return noise is not None and 0 < abs(value) <= noise


def key_columns(case: AttributedCase) -> tuple[str, ...]:
    """Return what `key_rows` are about; how likely one is, only where that is not certain."""
    return ("place", "KeyToken", "contribution", *(("P(KeyToken)",) if case.belongs else ()))


def key_rows(case: AttributedCase) -> list[tuple[str, ...]]:
    """Return the KeyTokens, the strongest first, under `key_columns`."""
    values = case.contributions
    order = sorted(case.key_tokens, key=lambda i: -(values[i] or 0.0))
    return [
        (str(i), case.prompt.tokens[i].text.strip(), _contribution(case, i), *_chance(case, i))
        for i in order[:_MOST]
    ]


def _contribution(case: AttributedCase, position: int) -> str:
    value = case.contributions[position]
    noisy = value is not None and is_noise(value, case.noise)
    return f"{signed(value)} (noise)" if noisy else signed(value)


def _chance(case: AttributedCase, position: int) -> Iterator[str]:
    if case.belongs:
        chance = case.belongs[position]
        yield "-" if chance is None else f"{chance:.2f}"


def more_keys(case: AttributedCase) -> str:
    """Return what to say of KeyTokens that `key_rows` leaves out, if any."""
    rest = len(case.key_tokens) - _MOST
    return f"... and {rest} more; --json has all." if rest > 0 else ""


def answer_rows(case: AttributedCase) -> Iterator[tuple[str, str, str]]:
    """Yield each answer token, its log-probability, and the prompt tokens that move it most."""
    for text, logprob, row in zip(
        case.answer_tokens, case.answer_logprobs, case.by_answer_token or (), strict=False
    ):
        known = [(value, i) for i, value in enumerate(row) if value is not None]
        top = sorted(known, key=lambda each: -abs(each[0]))[:_TOP]
        words = (f"{case.prompt.tokens[i].text.strip()} {signed(value)}" for value, i in top)
        yield text, f"{logprob:z.3f}", ", ".join(words)


def told(case: AttributedCase, budget: float = 0.0) -> str:
    """Say what was measured, what was estimated, how well, and at what cost."""
    over = (
        f", over the budget of {budget:g} s: there is no less" if 0 < budget < case.seconds else ""
    )
    parts = [
        f"{case.estimator}, by {case.granularity}: {_measured(case)}",
        *_fidelity(case),
        _noise(case),
        _cost(case),
        f"{case.seconds:.2f} s{over}",
    ]
    return "; ".join(parts) + "."


def _noise(case: AttributedCase) -> str:
    if case.noise is None:
        return "noise not measured (negligible where numbers have 32 bits)"
    return f"noise floor {case.noise:.1e} nats" if case.noise else "noise floor 0 nats"


def _cost(case: AttributedCase) -> str:
    if not case.token_forwards:
        return "nothing read, all of it from the cache"
    share = case.token_forwards / case.limit_token_forwards
    return (
        f"{case.token_forwards:,} token-forwards, {share:.2f} of what exact leave-one-out needs at"
        f" least ({case.limit_token_forwards:,})"
    )


def _measured(case: AttributedCase) -> str:
    if case.approximation is not None:
        return case.approximation.how.rstrip(".")
    known = sum(value is not None for value in case.contributions)
    return f"all {known} tokens measured, nothing estimated"


def _fidelity(case: AttributedCase) -> Iterator[str]:
    found = case.approximation
    if found is None:
        return
    if found.agreement is not None:
        yield f"rank agreement {_interval(found.agreement)} on a checked sample"
    if found.r_squared is not None:
        yield f"R² {_interval(found.r_squared)} on ablations it was not fitted to"
    if found.agreement is None and found.r_squared is None:
        yield "fidelity not measured"


def _interval(found: Interval) -> str:
    return f"{found.estimate:z.2f} ({found.lower:z.2f} to {found.upper:z.2f}, n = {found.n})"

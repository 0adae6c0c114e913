"""Prompt tokens on the HTML page: the inspector's colours, and marks that do without them.

Knows one prompt and one scale at a time, and nothing of cases or pages. The colours and the levels
are the inspector's; they stand here too because what makes the page must not need a screen, and a
test holds the two together. A level is an underline as well: solid raises the answer, dotted lowers
it, and the thicker the line, the more. So a print without colours says the same.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import accumulate

from attribution.types import Nats, Token
from unpact_tui.caveats import within
from unpact_tui.display import display_text

LEVELS = 5
"""Steps on each side of zero."""

DARK = (
    ("#00005f", "#005f87", "#0087af", "#00afd7", "#5fd7ff"),
    ("#5f0000", "#875f00", "#af5f00", "#d78700", "#ffaf00"),
)
"""Grounds on a dark page: what lowers the answer, what raises it, from little to much."""
LIGHT = (
    ("#d7ffff", "#afd7ff", "#87afff", "#5f87d7", "#005faf"),
    ("#ffffd7", "#ffd7af", "#ffaf5f", "#d78700", "#af5f00"),
)
"""The same on a light page."""

GUESS_DARK = (("#5f87af", "#5fafff"), ("#af875f", "#ffaf5f"))
"""Letters of guesses on a dark page: what lowers the answer, what raises it; a little, and much."""
GUESS_LIGHT = (("#5f5faf", "#005faf"), ("#875f00", "#af5f00"))
"""The same on a light page."""

_WEAK = 2
"""The highest level of a guess that is drawn as a weak one."""

WHITE_TEXT = frozenset({"#00005f", "#005f87", "#005faf", "#5f0000", "#875f00", "#af5f00"})
"""The grounds that white is read best on; on the others black is."""

_SIDES = ("d", "u")
_LINES = ("dotted", "solid")

MEANING = (
    "A contribution is what the answer's mean log-probability per token, in nats, loses without the"
    " prompt's token. Orange with a solid line: the token raises the answer. Blue with a dotted"
    " line: it lowers the answer. The stronger the colour and the thicker the line, the more; both"
    " models of a case have the same scale. Without a line: hardly any. Struck through: not"
    " measured. Grey: the template's. Italic with ▸: a KeyToken, which carries the answer on the"
    " base. The number is the token's title, and that of each KeyToken is in a table."
)
"""What the marks say, in words."""

MEANING_OF_GUESSES = (
    "Struck through in dots, with coloured letters: not measured, but estimated. Orange over a"
    " solid line: the estimate raises the answer. Blue over a dotted line: it lowers the answer."
)
"""What the marks of guesses say; only where there are some."""


def level(value: Nats | None, scale: Nats) -> int | None:
    """Return the nearest of the levels -5..5 on a scale of ±`scale`; None is not measured."""
    if value is None or math.isnan(value):
        return None
    if value == 0 or not scale > 0:
        return 0
    steps = int(min(1.0, abs(value) / scale) * LEVELS + 0.5) if math.isfinite(value) else LEVELS
    return steps if value > 0 else -steps


def joint_scale(*rows: Sequence[Nats | None]) -> Nats:
    """Return the largest absolute number of all rows: one scale for them together."""
    return max((abs(value) for row in rows for value in row if value is not None), default=0.0)


def signed(value: Nats | None) -> str:
    """Return a contribution, or what stands for one that was not measured."""
    return "not measured" if value is None else f"{value:+z.3f}"


def told(value: Nats | None, estimate: Nats | None = None, noise: Nats | None = None) -> str:
    """Return a contribution with what is not sure about it."""
    if value is None and estimate is not None:
        return f"not measured, estimated {signed(estimate)}"
    return f"{signed(value)}, within noise ±{noise:.1g}" if within(value, noise) else signed(value)


def tokens_html(
    tokens: Sequence[Token],
    values: Sequence[Nats | None],
    keys: frozenset[int],
    scale: Nats,
    noise: Nats | None = None,
    estimates: Sequence[Nats | None] = (),
) -> str:
    """Return the tokens of a prompt, each marked by its value, or by a guess at it."""
    guesses = estimates or (None,) * len(values)
    return "".join(
        _token(token, _look(value, guess, noise, scale), told(value, guess, noise), i in keys)
        for i, (token, value, guess) in enumerate(zip(tokens, values, guesses, strict=True))
    )


def _look(value: Nats | None, estimate: Nats | None, noise: Nats | None, scale: Nats) -> str:
    if value is None and (step := level(estimate, scale)):
        return f"g{_SIDES[step > 0]}{1 + (abs(step) > _WEAK)}"
    return _name(0 if within(value, noise) else level(value, scale))


def _token(token: Token, look: str, said: str, key: bool) -> str:
    # A token without text holds the later bytes of a character; it is there all the same.
    text = escape(display_text(token.text) or "·")
    if key:
        # The pointer stands for the space before a word, as on the screen.
        text = f"▸{text[1:] if text.startswith(' ') else text}"
    name = "f" if token.fixed else look
    said = f"{said}, KeyToken" if key else said
    title = "" if token.fixed else f' title="{said}"'
    tag = "em" if key else "i"
    line_end = "<br>" if "\n" in token.text else ""
    return f'<{tag} class="{name}"{title}>{text}</{tag}>{line_end}'


def emphasised_html(
    tokens: Sequence[Token], positions: frozenset[int], pieces: Sequence[str] = ()
) -> str:
    """Return the tokens of a prompt with those at `positions` marked, or with the `pieces` that
    they were cut into in their place."""
    texts = {i: token.text for i, token in enumerate(tokens) if i in positions}
    cut = _cut(texts, pieces)
    return "".join(
        _marked(cut[i], token) if i in cut else _plain(token) for i, token in enumerate(tokens)
    )


def _cut(texts: Mapping[int, str], pieces: Sequence[str]) -> dict[int, list[str]]:
    """Return which pieces begin in which token; the tokens themselves where pieces do not fit."""
    if not pieces or "".join(texts.values()) != "".join(pieces):
        return {i: [text] for i, text in texts.items()}
    found: dict[int, list[str]] = {i: [] for i in texts}
    ends, places, at = list(accumulate(map(len, texts.values()))), list(texts), 0
    for piece in pieces:
        found[places[min(bisect_right(ends, at), len(places) - 1)]].append(piece)
        at += len(piece)
    return found


def _marked(texts: Sequence[str], token: Token) -> str:
    shown = "".join(f'<em class="k">{escape(display_text(text) or "·")}</em>' for text in texts)
    return f"{shown}<br>" if "\n" in token.text else shown


def _plain(token: Token) -> str:
    text = escape(display_text(token.text))
    line_end = "<br>" if "\n" in token.text else ""
    return f'<i class="f">{text}</i>{line_end}' if token.fixed else f"{text}{line_end}"


def _name(step: int | None) -> str:
    if step is None:
        return "n"
    return "z" if step == 0 else f"{_SIDES[step > 0]}{abs(step)}"


def legend_html() -> str:
    """Return the scale as samples, weakest in the middle, with what each end says."""
    steps = [step for step in range(-LEVELS, LEVELS + 1) if step]
    samples = [f'<i class="{_name(step)}">{step:+d}</i>' for step in steps]
    half = len(samples) // 2
    inner = f"{' '.join(samples[:half])} <i>0</i> {' '.join(samples[half:])}"
    return f'<p class="tokens legend">lowers the answer {inner} raises the answer</p>'


def rules() -> Iterator[str]:
    """Yield the CSS rules of all levels, for a light page, a dark one and a print."""
    for side, line in zip(_SIDES, _LINES, strict=True):
        for step in range(1, LEVELS + 1):
            yield f".{side}{step}{{border-bottom:{step}px {line} currentColor}}"
    yield from _grounds(LIGHT)
    yield f"@media (prefers-color-scheme:dark){{{''.join(_grounds(DARK))}}}"
    # Printers leave grounds out, and white text would go with them.
    yield "@media print{.tokens i,.tokens em{background:none!important;color:#000!important}}"


def guess_rules() -> Iterator[str]:
    """Yield the CSS rules of guesses, for the pages that have some."""
    for side, line in zip(_SIDES, _LINES, strict=True):
        for step in (1, 2):
            rule = f"text-decoration:line-through dotted;border-bottom:{step}px {line} currentColor"
            yield f".g{side}{step}{{{rule}}}"
    yield from _letters(GUESS_LIGHT)
    yield f"@media (prefers-color-scheme:dark){{{''.join(_letters(GUESS_DARK))}}}"


def _letters(sides: tuple[tuple[str, ...], tuple[str, ...]]) -> Iterator[str]:
    for side, colours in zip(_SIDES, sides, strict=True):
        for step, colour in enumerate(colours, start=1):
            yield f".g{side}{step}{{color:{colour}}}"


def _grounds(sides: tuple[tuple[str, ...], tuple[str, ...]]) -> Iterator[str]:
    for side, colours in zip(_SIDES, sides, strict=True):
        for step, ground in enumerate(colours, start=1):
            text = "#fff" if ground in WHITE_TEXT else "#000"
            yield f".{side}{step}{{background:{ground};color:{text}}}"

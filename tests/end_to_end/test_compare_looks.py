"""Which colours and characters the inspector sends, by what the terminal and the person ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from end_to_end.inspecting import HELP, QUICK, inspector, judged, tried
from end_to_end.streams import colours, taken_apart
from end_to_end.terminal import Terminal

LANE = frozenset("▁▃▅▇█·:░▒▓")


OVER = (
    ("?", HELP, "escape"),
    ("ctrl+p", "Move: token to the left", "escape"),
    ("P", "20 prompts", "escape"),
    ("V", "nats lost by the answer", "escape"),
    ("W", "Where weights changed", "escape"),
    ("y", "everything about this prompt", "escape"),
    ("E", "one page with colours", "escape"),
    ("o", "Or a path", "escape"),
    ("/", "text to find", "escape"),
    ("A", "Answer to test", "ctrl+g"),
    ("e", "Answer to test", "ctrl+g"),
)
"""The key of every page and dialog, what stands only there, and what closes it."""


def tour(terminal: Terminal, pages: Sequence[tuple[str, str, str]] = OVER) -> Iterator[str]:
    """Show every view and some pages once, and say the key that led there."""
    judged(terminal)
    terminal.press("w", "space")
    tried(terminal)
    yield "space"
    for key, there, closing in pages:
        terminal.press(key)
        terminal.wait_for(there)
        terminal.settle()
        yield key
        terminal.press(closing)
        terminal.wait_gone(there)
    for key in "23451":
        with terminal.count_bytes():
            terminal.press(key)
        yield key
    with terminal.count_bytes():
        terminal.press("c")


def words(family: Path) -> tuple[object, ...]:
    return (family / "target", family / "unlearned-npo", family / "forget.jsonl", *QUICK)


def colours_sent(terminal: Terminal) -> set[str]:
    return colours(taken_apart(terminal.raw).styles)


def lane_of(terminal: Terminal) -> str:
    """Return what stands under the first line of the left grid."""
    rows = terminal.screen()
    grid = next(y for y, text in enumerate(rows) if "<s>Q" in text)
    return rows[grid + 1][: len(rows[0]) // 2].strip()


@pytest.mark.soak
def test_without_colour_not_one_is_sent_and_glyphs_say_it(family: Path) -> None:
    with inspector("compare", *words(family), env={"NO_COLOR": "1"}) as terminal:
        for _ in tour(terminal, OVER[:1]):
            pass
        assert colours_sent(terminal) == set()
        assert LANE & set(lane_of(terminal))
        legend = terminal.screen()[-3]
        assert "▓▒░:· 0 ▁▃▅▇█" in legend
        assert "▒ lowers · █ raises the answer" in legend


@pytest.mark.soak
@pytest.mark.parametrize(
    ("env", "kinds"),
    [
        ({"TERM": "xterm-256color"}, {"256"}),
        pytest.param({"TERM": "xterm"}, {"16"}, marks=pytest.mark.soak),
    ],
    ids=["256", "16"],
)
def test_only_colours_that_the_terminal_has(
    family: Path, env: dict[str, str], kinds: set[str]
) -> None:
    with inspector("compare", *words(family), env=env) as terminal:
        for _ in tour(terminal, OVER[:1]):
            pass
        assert colours_sent(terminal) == kinds
        assert not LANE & set(lane_of(terminal))  # the colours say it
        terminal.press("i")
        terminal.wait_until(lambda: bool(LANE & set(lane_of(terminal))), "the glyphs to come")


@pytest.mark.soak
def test_ascii_is_all_that_anything_is_drawn_with(family: Path) -> None:
    with inspector("compare", *words(family), "--ascii", env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("-UNLEARNED")
        terminal.wait_for("-Recovery - UN")
        for key in tour(terminal):
            wrong = {c for row in terminal.screen() for c in row if not c.isascii()}
            assert not wrong, key
        terminal.press("M")
        terminal.wait_for("The mouse is the terminal's.")
        terminal.resize(64, 20)  # titles are cut, dialogs scroll
        terminal.press("P")
        terminal.wait_for("20 prompts")
        terminal.settle()
        terminal.press("escape")
        terminal.wait_gone("20 prompts")
        terminal.press("?")
        terminal.wait_for(HELP)
        terminal.settle()
        sent = taken_apart(terminal.raw).text
        assert not {c for c in sent if not c.isascii()}  # nor for a moment
        assert colours_sent(terminal) == set()

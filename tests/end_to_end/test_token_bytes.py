"""What a key may cost on a real terminal, and that no colour means none."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.terminal import Terminal

HOST = Path(__file__).resolve().parents[2] / "benchmarks" / "tui.py"
COLOUR = re.compile(rb"\x1b\[[0-9;]*\b[34]8;[0-9;]*m|\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7])m")


@pytest.fixture(params=["256", pytest.param("truecolor", marks=pytest.mark.soak)])
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    colours = {"COLORTERM": "truecolor"} if request.param == "truecolor" else {}
    argv = [sys.executable, str(HOST), "--host"]
    with Terminal(argv, 160, 50, colours | {"TEXTUAL_ANIMATIONS": "none"}) as terminal:
        terminal.wait_for("Who")
        terminal.settle()
        yield terminal


def test_a_key_costs_little_and_idling_nothing(terminal: Terminal) -> None:
    for key, most in (("right", 1500), ("down", 1500), ("space", 1000), ("left", 1500)):
        with terminal.count_bytes(quiet=0.2) as traffic:
            terminal.press(key)
        assert 0 < traffic.bytes <= most
    with terminal.count_bytes(quiet=1.5, expect=False) as idle:
        pass
    assert idle.bytes == 0


def test_the_cursor_is_reversed_in_both_grids(terminal: Terminal) -> None:
    terminal.press("right")
    terminal.settle()
    half = 80
    reversed_cells = [x for x in range(160) if terminal.cell(x, 1).reverse]
    assert reversed_cells
    assert [x + half for x in reversed_cells if x < half] == [
        x for x in reversed_cells if x >= half
    ]


def test_without_colour_not_one_is_sent() -> None:
    argv = [sys.executable, str(HOST), "--host", "--tokens", "300"]
    with Terminal(argv, 100, 30, {"NO_COLOR": "1", "TEXTUAL_THEME": "ansi-dark"}) as terminal:
        terminal.wait_for("Who")
        terminal.wait_for("▇")
        terminal.press("right", "space", "r")
        terminal.settle()
        assert not COLOUR.search(terminal.raw)
        terminal.press("q")
        assert terminal.exit_code() == 0

"""What the token grids cost on a terminal: milliseconds and bytes per key.

Two grids of 2,000 tokens side by side, cursor and emphasis in step, in a real pseudo-terminal.

    python benchmarks/tui.py [--truecolor] [--tokens N]
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from statistics import median
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from attribution.types import Token
from unpact_tui.app.tty import textual_defaults
from unpact_tui.app.widgets.token_grid import TokenGrid

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from end_to_end.terminal import Terminal, Traffic

COLUMNS, ROWS = 160, 50
TEXT = (
    "Who wrote the novel that follows the boy at the harbour school and his friends ? Answer in "
    "one short sentence . The author 's second book came out in 1998 and the [MASK] token is "
    "[/not markup] while <|endoftext|> stays literal . 魔法 学校 naïve café — emoji 🧙 x = f(x)"
)

BUDGETS = {
    "cursor key": (5.0, 1500),
    "line down": (5.0, 1500),
    "toggle": (None, 1000),
    "recolour all": (60.0, None),
    "idle 3 s": (None, 0),
    "resize": (250.0, None),
}


def prompt(count: int) -> list[Token]:
    """Return tokens of one to three pieces per word, with now and then a newline."""
    draw = random.Random(0)
    pieces: list[str] = []
    words = TEXT.split()
    while len(pieces) < count:
        word = words[len(pieces) % len(words)]
        half = len(word) // 2 if len(word) > 6 else len(word)
        pieces += [f" {word[:half]}", *([word[half:]] if word[half:] else [])]
        if draw.random() < 0.03:
            pieces.append("\n")
    return [Token(i, text, 0, 0) for i, text in enumerate(pieces[:count])]


class Host(App[None]):
    """Two grids and the keys to drive them."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,l", "move(1)", ""),
        ("left,h", "move(-1)", ""),
        ("down,j", "line", ""),
        ("space", "emphasise", ""),
        ("r", "recolour", ""),
        ("i", "lane", ""),
        ("q", "quit", ""),
    ]

    def __init__(self, count: int) -> None:
        super().__init__()
        self.tokens = prompt(count)
        self.draw = random.Random(1)
        self.emphasis: frozenset[int] = frozenset()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield TokenGrid("base", id="base")
            yield TokenGrid("unlearned", id="unlearned")

    def on_mount(self) -> None:
        for grid in self.query(TokenGrid):
            grid.show(self.tokens)
        self.action_recolour()

    def action_move(self, by: int) -> None:
        for grid in self.query(TokenGrid):
            grid.cursor += by

    def action_line(self) -> None:
        for grid in self.query(TokenGrid):
            grid.cursor = grid.below(grid.cursor)

    def action_emphasise(self) -> None:
        self.emphasis ^= {self.query_one("#base", TokenGrid).cursor}
        for grid in self.query(TokenGrid):
            grid.emphasise(self.emphasis)

    def action_recolour(self) -> None:
        for grid in self.query(TokenGrid):
            grid.paint([self.draw.gauss(0, 0.35) for _ in self.tokens], 1.0)

    def action_lane(self) -> None:
        for grid in self.query(TokenGrid):
            grid.lane = not grid.lane


def milliseconds(traffics: list[Traffic], *, last: bool) -> float:
    """Return the median time to the first or the last byte of each answer."""
    times = [traffic.last if last else traffic.first for traffic in traffics]
    return median((time or 0.0) * 1e3 for time in times)


def repeat(terminal: Terminal, count: int, *keys: str) -> list[Traffic]:
    """Press the keys one at a time, `count` times round, and count the answers."""
    traffics: list[Traffic] = []
    for _ in range(count):
        for key in keys:
            with terminal.count_bytes(quiet=0.12) as traffic:
                terminal.press(key)
            traffics.append(traffic)
    return traffics


def measure(terminal: Terminal) -> list[tuple[str, float, float, float, int]]:
    """Return name, first and last milliseconds, median and largest bytes of each operation."""
    terminal.wait_for("Who")
    terminal.settle(0.5)
    rows: list[tuple[str, float, float, float, int]] = []

    def add(name: str, traffics: list[Traffic]) -> None:
        first, last = (milliseconds(traffics, last=last) for last in (False, True))
        sizes = [traffic.bytes for traffic in traffics]
        rows.append((name, first, last, median(sizes), max(sizes)))

    add("cursor key", repeat(terminal, 60, "right"))
    add("line down", repeat(terminal, 20, "down"))
    toggles = [repeat(terminal, 1, "right", "space")[1] for _ in range(20)]
    add("toggle", toggles)
    add("recolour all", repeat(terminal, 5, "r"))
    add("lane on", repeat(terminal, 1, "i"))
    add("lane off", repeat(terminal, 1, "i"))
    add("other pane", repeat(terminal, 4, "tab"))
    with terminal.count_bytes(quiet=3.0, expect=False) as idle:
        pass
    add("idle 3 s", [idle])
    terminal.screen()  # so that the emulator's share is not timed
    with terminal.count_bytes(quiet=0.6) as resize:
        terminal.resize(COLUMNS - 30, ROWS - 10)
    add("resize", [resize])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--truecolor", action="store_true")
    parser.add_argument("--host", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.host:
        Host(options.tokens).run()
        return
    argv = [sys.executable, __file__, "--host", "--tokens", str(options.tokens)]
    kind = {"TERM": "xterm-256color"}
    if options.truecolor:
        kind["COLORTERM"] = "truecolor"
    with Terminal(argv, COLUMNS, ROWS, kind | textual_defaults(kind)) as terminal:
        rows = measure(terminal)
    print(f"{COLUMNS}x{ROWS}, 2 x {options.tokens} tokens, {' '.join(kind.values())}")
    print(f"{'':14}{'first ms':>10}{'last ms':>10}{'bytes':>10}{'largest':>10}  budget")
    for name, first, last, size, largest in rows:
        time, room = BUDGETS.get(name, (None, None))
        over = (time is not None and first > time) or (room is not None and size > room)
        budget = ", ".join(
            [
                *([f"{time:g} ms"] if time is not None else []),
                *([f"{room} B"] if room is not None else []),
            ]
        )
        mark = "  OVER" if over else ""
        print(f"{name:14}{first:10.1f}{last:10.1f}{size:10.0f}{largest:10}  {budget}{mark}")


if __name__ == "__main__":
    main()

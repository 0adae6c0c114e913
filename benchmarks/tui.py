"""What the inspector's widgets cost on a terminal: milliseconds and bytes per key.

Two grids of 2,000 tokens side by side, cursor and emphasis in step, in a real pseudo-terminal; then
two answers that are written at ten lines a second, above a matrix of 40 by 120 pairs of tokens. A
budget of milliseconds is for the median, one of bytes for the largest.

    python benchmarks/tui.py [--truecolor] [--tokens N]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.constants import DEFAULT_THEME
from textual.containers import Horizontal

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attribution.types import Token
from unpact_tui.app.themes import DARK, THEMES
from unpact_tui.app.tty import textual_defaults
from unpact_tui.app.widgets.answer_matrix import AnswerMatrix
from unpact_tui.app.widgets.answer_view import AnswerView
from unpact_tui.app.widgets.token_grid import TokenGrid

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from end_to_end.terminal import Terminal, Traffic

COLUMNS, ROWS = 160, 50
TEXT = (
    "Who wrote the novel that follows the boy at the harbour school and his friends ? Answer in "
    "one short sentence . The author 's second book came out in 1998 and the [MASK] token is "
    "[/not markup] while <|endoftext|> stays literal . 魔法 学校 naïve café — emoji 🧙 x = f(x)"
)

ANSWER = 300
"""Tokens of the streamed answer."""
PER_TICK = 6
ROWS_OF_MATRIX, COLUMNS_OF_MATRIX = 40, 120


@dataclass(frozen=True, slots=True)
class Budget:
    """What an operation may cost."""

    first: float | None = None
    """Milliseconds to the first byte."""
    last: float | None = None
    """Milliseconds to the last byte."""
    bytes: int | None = None

    def said(self) -> str:
        """Return it in words."""
        times = [f"{time:g} ms" for time in (self.first, self.last) if time is not None]
        return ", ".join([*times, *([f"{self.bytes} B"] if self.bytes is not None else [])])


BUDGETS = {
    "cursor key": Budget(first=5, bytes=1500),
    "line down": Budget(first=5, bytes=1500),
    "toggle": Budget(bytes=1000),
    "recolour all": Budget(last=60),
    "idle 3 s": Budget(bytes=0),
    "resize": Budget(last=250),
    "answer, a token": Budget(bytes=300),
    "matrix row": Budget(first=5, bytes=1500),
    "matrix column": Budget(first=5, bytes=1500),
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


class Dressed(App[None]):
    """An app in the inspector's colours, unless the environment wants others."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = DARK if DEFAULT_THEME == "textual-dark" else DEFAULT_THEME


class Host(Dressed):
    """Two grids and the keys to drive them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,l", "move(1)", ""),
        ("left,h", "move(-1)", ""),
        ("down,j", "line", ""),
        ("pagedown", "page(1)", ""),
        ("pageup", "page(-1)", ""),
        ("slash", "find", ""),
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
        self.found = False

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

    def action_page(self, direction: int) -> None:
        for grid in self.query(TokenGrid):
            grid.cursor = grid.by_page(grid.cursor, direction)

    def action_find(self) -> None:
        self.found = not self.found
        hits = frozenset(i for i, token in enumerate(self.tokens) if "novel" in token.text)
        for grid in self.query(TokenGrid):
            grid.find(hits if self.found else frozenset())

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


class Answers(Dressed):
    """Two answers above a matrix."""

    CSS = "Horizontal { height: 8; } AnswerView { width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("s", "stream", ""),
        ("down", "step(1, 0)", ""),
        ("right", "step(0, 1)", ""),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pieces = [token.text for token in prompt(ANSWER)]
        self.written = ANSWER

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield AnswerView("base", id="base")
            yield AnswerView("unlearned", id="unlearned")
        yield AnswerMatrix("by token")

    def on_mount(self) -> None:
        draw = random.Random(1)
        sides = [
            [[draw.gauss(0, 0.35) for _ in range(COLUMNS_OF_MATRIX)] for _ in range(ROWS_OF_MATRIX)]
            for _ in range(2)
        ]
        shares = [[draw.random() for _ in range(ROWS_OF_MATRIX)] for _ in range(2)]
        self.query_one(AnswerMatrix).show(
            self.pieces[:ROWS_OF_MATRIX], *sides, 1.0, probabilities=(shares[0], shares[1])
        )
        self.query_one("#base", AnswerView).set_text("".join(self.pieces), done=True)
        answer = self.query_one("#unlearned", AnswerView)
        answer.set_reference("boy at the harbour school")
        answer.compare_with("".join(self.pieces).replace("harbour", "river"), done=True)
        self.set_interval(0.1, self.tick)

    def tick(self) -> None:
        if self.written < ANSWER:
            self.written += PER_TICK
            text = "".join(self.pieces[: self.written])
            done = self.written >= ANSWER
            self.query_one("#unlearned", AnswerView).set_text(text, done=done)

    def action_stream(self) -> None:
        self.written = 0

    def action_step(self, rows: int, columns: int) -> None:
        matrix = self.query_one(AnswerMatrix)
        row, column = matrix.chosen
        matrix.cursor(row + rows, column + columns)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation cost, each time."""

    name: str
    traffics: list[Traffic]
    per: int = 1
    """Among how many the bytes are shared."""

    def said(self) -> str:
        """Return a row of the table."""
        first, last = ([1e3 * (t or 0.0) for t in times] for times in self._times())
        sizes = [traffic.bytes / self.per for traffic in self.traffics]
        budget = BUDGETS.get(self.name, Budget())
        limits = (
            (median(first), budget.first),
            (median(last), budget.last),
            (max(sizes), budget.bytes),
        )
        over = any(most is not None and value > most for value, most in limits)
        figures = (median(first), max(first), median(last), max(last))
        numbers = "".join(f"{figure:9.1f}" for figure in figures)
        room = f"{median(sizes):9.0f}{max(sizes):9.0f}"
        return f"{self.name:16}{numbers}{room}  {budget.said()}{'  OVER' if over else ''}"

    def _times(self) -> tuple[list[float | None], list[float | None]]:
        return [t.first for t in self.traffics], [t.last for t in self.traffics]


def repeat(terminal: Terminal, count: int, *keys: str) -> list[Traffic]:
    """Press the keys one at a time, `count` times round, and count the answers."""
    traffics: list[Traffic] = []
    for _ in range(count):
        for key in keys:
            with terminal.count_bytes(quiet=0.12) as traffic:
                terminal.press(key)
            traffics.append(traffic)
    return traffics


def resized(terminal: Terminal, columns: int, rows: int) -> Traffic:
    """Change the size of the window and count the answer."""
    terminal.screen()  # so that the emulator's share is not timed
    with terminal.count_bytes(quiet=0.6) as traffic:
        terminal.resize(columns, rows)
    return traffic


def idle(terminal: Terminal) -> Traffic:
    """Wait three seconds."""
    with terminal.count_bytes(quiet=3.0, expect=False) as traffic:
        pass
    return traffic


def grids(terminal: Terminal) -> Iterator[Cost]:
    """Measure the token grids."""
    terminal.wait_for("Who")
    terminal.settle(0.5)
    yield Cost("cursor key", repeat(terminal, 60, "right"))
    yield Cost("line down", repeat(terminal, 20, "down"))
    yield Cost("toggle", [repeat(terminal, 1, "right", "space")[1] for _ in range(20)])
    yield Cost("half page down", repeat(terminal, 4, "pagedown"))
    yield Cost("recolour all", repeat(terminal, 8, "r"))
    yield Cost("find", repeat(terminal, 4, "/"))
    yield Cost("lane", repeat(terminal, 4, "i"))
    yield Cost("other pane", repeat(terminal, 4, "tab"))
    yield Cost("idle 3 s", [idle(terminal)])
    sizes = [(COLUMNS - 30, ROWS - 10), (COLUMNS, ROWS)] * 2
    yield Cost("resize", [resized(terminal, *size) for size in sizes])


def answers(terminal: Terminal) -> Iterator[Cost]:
    """Measure the answers and the matrix."""
    terminal.wait_for("Who")
    terminal.settle(0.5)
    streams: list[Traffic] = []
    for _ in range(2):
        with terminal.count_bytes(quiet=0.6) as stream:
            terminal.press("s")
        streams.append(stream)
    yield Cost("answer, a token", streams, ANSWER)
    yield Cost("matrix row", repeat(terminal, 20, "down"))
    yield Cost("matrix column", repeat(terminal, 20, "right"))
    yield Cost("matrix idle 3 s", [idle(terminal)])


def main() -> None:
    """Measure, or be what is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--truecolor", action="store_true")
    parser.add_argument("--host", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--answers", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.host:
        (Answers() if options.answers else Host(options.tokens)).run()
        return
    argv = [sys.executable, __file__, "--host", "--tokens", str(options.tokens)]
    kind = {"TERM": "xterm-256color"}
    if options.truecolor:
        kind["COLORTERM"] = "truecolor"
    print(f"{COLUMNS}x{ROWS}, 2 x {options.tokens} tokens, {' '.join(kind.values())}")
    heads = ("first ms", "max", "last ms", "max", "bytes", "max")
    print(f"{'':16}{''.join(f'{head:>9}' for head in heads)}  budget")
    environment = kind | textual_defaults(kind)
    for more, measure in (([], grids), (["--answers"], answers)):
        with Terminal([*argv, *more], COLUMNS, ROWS, environment) as terminal:
            for cost in measure(terminal):
                print(cost.said(), flush=True)


if __name__ == "__main__":
    main()

"""Take the pictures of docs/tour.md: the inspector in tmux, driven by keys as a person would.

    .venv/bin/python scripts/tour.py [FOLDER]

Needs tmux, and the demo's checkpoints, which it builds if they are not there. What the screen must
say is waited for; when it says something else the tour ends there, with that screen. The pictures
are those that the inspector's own keys write, and nothing in them is retouched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from page import DOCS

COLUMNS, ROWS = 120, 40
PATIENCE = 300.0
"""Seconds for something to be on the screen: thirty prompts are read, on a machine that is busy."""
QUIET = 1.0
"""Seconds without a change after which nothing more is coming."""
LARGEST = 150_000
"""Bytes of a picture."""
TOOL = Path(sys.executable).with_name("unpact-tui")
ANSWER = "The writer was born in the city of Oslo."


class Terminal:
    """A shell in tmux, seen as text."""

    def __init__(self, folder: Path) -> None:
        """Start it in `folder`, as somebody who was never here and has configured nothing."""
        self.folder = folder
        self._begun = time.monotonic()
        self._socket = str(folder.parent / "socket")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("UNPACT_", "TMUX"))}
        for name in ("NO_COLOR", "COLORTERM", "SSH_CONNECTION"):
            kept.pop(name, None)
        path = f"{TOOL.parent}:{os.environ['PATH']}"
        own = {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config"}
        homes = {name: str(folder.parent / place) for name, place in own.items()}
        self._environment = {**kept, **homes, "PATH": path}
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        self._tmux("new-session", "-d", *size, "-c", str(folder), "sh")
        self._tmux("set-option", "-s", "escape-time", "0")

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *words]
        done = subprocess.run(command, env=self._environment, capture_output=True, check=True)
        return done.stdout.decode()

    def close(self) -> None:
        """End it, and whatever runs in it."""
        self._tmux("kill-server")

    def text(self) -> str:
        """Return what is on the screen."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def write(self, words: str) -> None:
        """Type words."""
        self._tmux("send-keys", "-l", words)

    def run(self, line: str) -> None:
        """Give the shell a command, on an empty screen."""
        self._tmux("send-keys", "-l", f"clear; {line}")
        self.press("Enter")

    def see(self, *wanted: str) -> str:
        """Wait until all of `wanted` is on the screen."""
        return self._until(lambda text: all(words in text for words in wanted), str(wanted))

    def gone(self, words: str) -> str:
        """Wait until something is no longer there."""
        return self._until(lambda text: words not in text, f"no {words!r}")

    def settle(self) -> None:
        """Wait until nothing changes any more."""
        before, since = self.text(), time.monotonic()
        while time.monotonic() - since < QUIET:
            time.sleep(0.1)
            now = self.text()
            if now != before:
                before, since = now, time.monotonic()

    def _until(self, true: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while not true(text := self.text()):
            if time.monotonic() > deadline:
                sys.exit(f"{text}\n\nThe tour ends here: it waited for {what}.")
            time.sleep(0.1)
        return text

    def took(self, name: str, picture: Path) -> None:
        """Put a picture that was written beside the others, and say when."""
        size = picture.stat().st_size
        if size > LARGEST:
            sys.exit(f"{name}: {size} bytes are too many")
        picture.replace(self.folder.parent / "pictures" / f"{name}.svg")
        print(f"{time.monotonic() - self._begun:6.1f} s  {name}.svg, {size} bytes", flush=True)


def export(terminal: Terminal, name: str) -> None:
    """Take the picture by the dialog of the comparison."""
    terminal.settle()
    terminal.press("E")
    terminal.see("Markdown", "SVG")
    terminal.press("s")
    terminal.see("> s  SVG")
    terminal.press("Tab", "C-u")
    terminal.gone("unpact-2")  # the name that was offered
    terminal.write(f"{name}.svg")
    terminal.see(f"{name}.svg", "A new file in")
    terminal.press("Enter")
    terminal.see(f"Written to {name}.svg")
    terminal.gone("Written to")
    terminal.took(name, terminal.folder / f"{name}.svg")


def photograph(terminal: Terminal, name: str) -> None:
    """Take the picture by the key that works on every page."""
    terminal.settle()
    terminal.press("C-s")
    terminal.see("Written to unpact-")
    terminal.gone("Written to")
    (picture,) = terminal.folder.glob("unpact-*.svg")
    terminal.took(name, picture)


def compare(terminal: Terminal) -> None:
    """Begin; see both models, then what the words of the prompt do."""
    terminal.run("unpact-tui demo")
    terminal.see("The demo: gone, hidden, or broken?", "esc Close")
    terminal.press("Escape")
    terminal.see("UNLEARNED · answer", ANSWER, "Recovery · SUPPRESSED", "hidden, not gone")
    terminal.gone("keys; q leaves")  # the hint of the first time
    terminal.press("w")
    terminal.see(" which  base ")
    export(terminal, "comparison")


def emphasise(terminal: Terminal) -> None:
    """Bring the answer back, and look at what that proves."""
    terminal.press("K")
    terminal.see("answers, with bold", "recovered     100%", "recovered by re-tokenising")
    terminal.see("never learned it", "holds", "ids", "lift")
    export(terminal, "emphasis")


def steer(terminal: Terminal) -> None:
    """Raise the attention to the same word instead, as far as the dial goes."""
    terminal.press(*["S"] * 4)
    terminal.see("attention_bias, attention x4", "prompt unchanged")
    terminal.press(".", ".")
    terminal.see("attention_bias, attention x64", "attention to the", "3 tried")
    export(terminal, "attention")
    terminal.press(*["u"] * 7)
    terminal.see("This emphasis  none", "now bold")


def answer_tokens(terminal: Terminal) -> None:
    """Look at the answer token by token, and at what each of them hangs on."""
    terminal.press("3")
    terminal.see("p of each answer token", "answer tokens")
    terminal.press(*[")"] * 8)
    terminal.see("Oslo  base 99%")
    export(terminal, "answer")
    terminal.press("4")
    terminal.see("Answer tokens by prompt tokens", "for one answer token")
    terminal.press("}")
    terminal.see("Rosholt  base ")
    export(terminal, "heat")
    terminal.press("1")
    terminal.see("joint ±max")


def prompts(terminal: Terminal) -> None:
    """Read all prompts, then see them in one list."""
    terminal.press("P")
    terminal.see("30 prompts", "forget-29")
    terminal.press("B")
    terminal.see("30 prompts · 30 read", "SUPPRESSED", "UNRECOVERED")
    photograph(terminal, "prompts")
    terminal.press("q")
    terminal.see("space Emphasise")


def verdict(terminal: Terminal) -> None:
    """Look at the evidence of all prompts, and draw one line elsewhere."""
    terminal.press("V")
    terminal.see("this prompt", "Thresholds", "they cannot show that it is gone")
    terminal.press("t")
    terminal.see("all prompts", "30 of 30 prompts read")
    terminal.press(*["j"] * 7)
    terminal.see("▸ guessable     ◂ 0.50 ▸")
    terminal.press("h")
    terminal.see("◂ 0.45 ▸  * default 0.5", "(was 28)")
    terminal.see("Strategies, then evidence", "other ids", "strategies at once")
    photograph(terminal, "verdict")
    terminal.press("0")
    terminal.see("◂ 0.50 ▸")
    terminal.press("q")
    terminal.see("space Emphasise")


def weights(terminal: Terminal) -> None:
    """See where the weights changed, then leave."""
    terminal.press("W")
    terminal.see("Most changed", "model.layers.0.mlp.down_proj.weight")
    terminal.press("j")
    photograph(terminal, "weights")
    terminal.press("q")
    terminal.see("space Emphasise")
    terminal.press("q")
    terminal.gone("space Emphasise")


def session(terminal: Terminal) -> None:
    """Keep what is done, and open it again without any model."""
    terminal.run("unpact-tui compare $(unpact-tui demo --path) --session friday.jsonl")
    terminal.see("Recovery · SUPPRESSED")
    terminal.press("K")
    terminal.see("answers, with bold", "never learned it")
    terminal.settle()
    terminal.press("q")
    terminal.gone("space Emphasise")
    terminal.run("unpact-tui open friday.jsonl")
    terminal.see("answers, with bold", "never learned it")
    terminal.press("u")
    terminal.see("This emphasis  none")
    terminal.press("C-r")
    terminal.see("answers, with bold")
    terminal.press("q")
    terminal.gone("space Emphasise")
    terminal.run("unpact-tui open friday.jsonl --json | head -c 30")
    terminal.see('"schema"')


STEPS = (compare, emphasise, steer, answer_tokens, prompts, verdict, weights, session)


def main() -> None:
    """Take all steps; the pictures are replaced only when all of them went well."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "tour"
    subprocess.run([str(TOOL), "demo", "--path"], check=True, stdout=subprocess.DEVNULL)
    with TemporaryDirectory() as name:
        for place in ("here", "pictures"):
            (Path(name) / place).mkdir()
        terminal = Terminal(Path(name) / "here")
        try:
            for step in STEPS:
                step(terminal)
        finally:
            terminal.close()
        target.mkdir(parents=True, exist_ok=True)
        for picture in sorted((Path(name) / "pictures").iterdir()):
            shutil.copy(picture, target)


if __name__ == "__main__":
    main()

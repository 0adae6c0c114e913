"""The inspector with one prompt of very many tokens, and what each key of it costs.

The engine is without models. What is on the screen is all that there is to be slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import process_time

from load_checkpoints import Spent
from load_keys import Counted, press, settled
from vital_signs import of_process

from attribution.types import Case
from unpact_tui.app.frame import Looks
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.workbench import Workbench
from unpact_tui.session.keeping import Keeping
from unpact_tui.settings import Settings
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Open

KEYS: tuple[tuple[str, str], ...] = (
    ("right", "next token"),
    ("w", "next word"),
    ("down", "a line down"),
    ("ctrl+f", "half a page down"),
    ("G", "to the last token"),
    ("0", "to the first token"),
    ("slash", "search"),
    ("7", "a digit of it"),
    ("7", "another digit"),
    ("enter", "go to what was found"),
    ("n", "to the next that was found"),
    ("right_curly_bracket", "next token that counts"),
    ("2", "shift"),
    ("3", "probability of each token"),
    ("4", "one token of the answer"),
    ("5", "KeyTokens alone"),
    ("1", "contributions"),
    ("plus", "colour fewer tokens"),
    ("J", "each pane its own scale"),
    ("space", "emphasise a word"),
    ("right", "next token, emphasised"),
    ("u", "undo"),
    ("e", "edit"),
    ("x", "a letter more"),
    ("escape", "do not edit"),
    ("question_mark", "help"),
    ("escape", "close it"),
)


def prompt(tokens: int) -> Case:
    """Return a prompt of about so many words, each of them another."""
    text = " ".join(f"w{number}" for number in range(tokens - 6))
    return Case("long", f"Where was author 7 born, {text}?", "In town number 7.", "forget")


async def read(folder: Path, tokens: int, tell: Callable[[Spent], None]) -> None:
    """Open it, press every key, leave."""
    started = process_time()

    def done(name: str) -> None:
        nonlocal started
        tell(Spent(name, process_time() - started, of_process().memory))
        started = process_time()

    engine = FakeEngine()
    engine.orders = Counted()
    order = Open("base", "npo", "retrained", Settings())
    kept = Keeping(folder / "long.jsonl")
    app = Workbench(engine, order, (prompt(tokens),), Looks(), keeping=kept)
    async with app.run_test(size=(160, 50), tooltips=False):
        await settled(app)
        done("opening")
        screen = next(s for s in app.screen_stack if isinstance(s, CompareScreen))
        while screen.state.busy:
            await asyncio.sleep(0.02)
        await settled(app)
        done("reading it")
        for key, name in KEYS:
            await press(app, key)
            done(name)
            await asyncio.sleep(0.2)
            await settled(app)
            if process_time() - started > 0.2:
                done(f"  and after {name}")
            started = process_time()
        app.exit()
    done("leaving")

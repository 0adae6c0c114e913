"""Take the README's picture: the inspector on its own demo, driven by keys.

    .venv/bin/python scripts/screenshot.py docs/screenshot.svg [COLUMNS ROWS]

Builds the demo if it is not there. The picture is what the tool drew, with nothing retouched.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.message import Message

from unpact_tui import cases
from unpact_tui.app.frame import Looks
from unpact_tui.app.messages import EngineReply
from unpact_tui.app.workbench import Workbench
from unpact_tui.demo.command import family
from unpact_tui.settings import Settings
from unpact_tui.worker.client import ProcessClient
from unpact_tui.worker.protocol import Open

PATIENCE = 120.0
"""Seconds for the engine to answer."""


async def until(said: list[str], name: str) -> None:
    """Wait for the engine to say something, once more."""
    deadline = time.monotonic() + PATIENCE
    while name not in said:
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        await asyncio.sleep(0.1)
    said.clear()


async def take(path: Path, size: tuple[int, int], log: Path) -> None:
    """Open the demo, emphasise its KeyTokens, and save what is on the screen."""
    zoo = family()
    order = Open(str(zoo.base), str(zoo.unlearned), str(zoo.reference), Settings(device="cpu"))
    client = ProcessClient(log)
    app = Workbench(client, order, tuple(cases.read(zoo.forget)), Looks())
    said: list[str] = []

    def overhear(message: Message) -> None:
        if isinstance(message, EngineReply):
            said.append(type(message.reply.event).__name__)

    async with app.run_test(size=size, message_hook=overhear) as pilot:
        await until(said, "Judged")
        await pilot.press("w", "K")
        await until(said, "Tried")
        await pilot.pause(0.5)
        path.write_text(app.export_screenshot(title="unpact-tui demo"), encoding="utf-8")
    client.close()


def main() -> None:
    """Read the arguments."""
    path = Path(sys.argv[1])
    columns, rows = (int(word) for word in sys.argv[2:4] or ("132", "40"))
    with TemporaryDirectory() as folder:
        asyncio.run(take(path, (columns, rows), Path(folder) / "engine.log"))
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

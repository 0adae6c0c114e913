"""Long work beside the screen: keys are heard all the while, and leaving waits for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MANY = 100
"""Prompts from which what is done with all of them is done here. Ours."""
ASIDE = "aside"
"""The group of the workers that wait for it."""
WRITES = "writes"
"""The name of those that write what somebody asked for: they are not left by one key."""
_AT_ONCE = 20
"""Items between two looks at the keys."""


async def bit_by_bit(items: Iterable[Item]) -> list[Item]:
    """Return all items; each of them may look at what the screen holds."""
    found: list[Item] = []
    for item in items:
        found.append(item)
        if len(found) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


async def aside(work: Callable[[], Result]) -> Result:
    """Return what `work` comes to, which must look at nothing that changes meanwhile.

    The thread is a daemon: whoever leaves does not wait for a result that nobody will see.
    """
    done: Future[Result] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(done)

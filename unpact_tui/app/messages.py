"""What is said inside the inspector, and what it asks of the engine behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from textual.message import Message

from unpact_tui.worker.protocol import Order, Reply

Listener = Callable[[Reply], None]


class EngineClient(Protocol):
    """What the inspector may ask of an engine."""

    def send(self, order: Order, client: int = 0) -> int:
        """Ask something and return the request's number; never waits."""
        ...

    def listen(self, callback: Listener) -> None:
        """Have every reply given to `callback`, which may be called from another thread."""
        ...

    def close(self, timeout: float = 1.0) -> None:
        """End the engine, by force after `timeout` seconds."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        ...


class EngineReply(Message):
    """The engine said something."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Reopen(Message):
    """Another unlearned checkpoint is to be opened beside the same base."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

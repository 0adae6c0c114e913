"""Shows out whoever holds a connection without coming in.

Anybody on the machine can connect, and could hold as many connections as there are files to open
with half a request each. Who has shown the token may stay. Knows nothing of requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

PATIENCE = 5.0
"""Seconds until a token has to be shown; a browser opens connections before it needs them."""

MOST = 64
"""Connections that wait at once; the oldest go first."""

_PERIOD = 0.5
"""Seconds between two looks."""


class Connection(Protocol):
    """What is asked of the web server's side of a connection."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """None once it is over."""
        ...


class Server(Protocol):
    """What is asked of the web server."""

    @property
    def connections(self) -> Iterable[Connection]:
        """All there are."""
        ...


class Porch:
    """Who waits since when; belongs to one event loop."""

    def __init__(self, patience: float = PATIENCE, most: int = MOST) -> None:
        self._patience = patience
        self._most = most
        self._admitted: set[asyncio.BaseTransport] = set()
        self._since: dict[asyncio.Transport, float] = {}

    def admit(self, transport: asyncio.BaseTransport | None) -> None:
        """Let a connection stay."""
        if transport is not None:
            self._admitted.add(transport)

    def look(self, connections: Iterable[Connection], now: float) -> None:
        """Show out who has waited too long, or is one too many."""
        open_ones = [found.transport for found in connections if found.transport is not None]
        self._admitted.intersection_update(open_ones)
        waiting = [transport for transport in open_ones if transport not in self._admitted]
        self._since = {transport: self._since.get(transport, now) for transport in waiting}
        longest_first = sorted(waiting, key=self._since.__getitem__)
        too_many = max(0, len(waiting) - self._most)
        for number, transport in enumerate(longest_first):
            if number < too_many or now - self._since[transport] >= self._patience:
                transport.abort()

    async def watch(self, server: Server) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(_PERIOD)
            self.look(server.connections, asyncio.get_running_loop().time())

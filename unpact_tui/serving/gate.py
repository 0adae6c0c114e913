"""Who may come in: the holder of the token, at a loopback name, from our own page.

The token is the first part of every path. It is what keeps other people of the same machine out;
the `Host` is what keeps other sites out that point a name of theirs at this address, and the
`Origin` what keeps them from opening a websocket.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

TOKEN_BYTES = 32

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(host: str) -> str:
    """Return what the page may load: from here alone. xterm.js writes its own style elements."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"font-src 'self'; img-src 'self' data:; connect-src 'self' ws://{host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _admitted(request: web.Request, token: str) -> bool:
    host = request.headers.get("Host", "")
    if _LOOPBACK.fullmatch(host) is None:
        return False
    given = request.path.removeprefix("/").partition("/")[0]
    # As bytes: the comparison takes no text but ASCII.
    if not secrets.compare_digest(given.encode(errors="replace"), token.encode()):
        return False
    origin = request.headers.get("Origin")
    upgrades = "upgrade" in request.headers.get("Connection", "").lower()
    # Browsers name the origin of every websocket; not to name one is no way in.
    if upgrades or origin is not None:
        return (origin or "").lower() == f"http://{host}".lower()
    return True


def gate(token: str, admit: Callable[[asyncio.BaseTransport | None], None]) -> web.Application:
    """Return an application that answers nobody without `token`, and says nothing of why.

    `admit` is told of the connection of whoever has it.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _admitted(request, token):
            return web.Response(status=403, text="403: Forbidden")
        admit(request.transport)
        return await handler(request)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_HEADERS)

    app = web.Application(middlewares=[check])
    app.on_response_prepare.append(add_headers)
    return app

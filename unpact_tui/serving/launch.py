"""From the command line to a running web server and engine, and to their end."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import socket
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from unpact_tui import bug_log, ending, paths, private
from unpact_tui.config import Found
from unpact_tui.destination import put
from unpact_tui.display import display_text
from unpact_tui.errors import BadUsage, ExitCode
from unpact_tui.launch import looks
from unpact_tui.options import Chosen, choose_cases
from unpact_tui.run import order_of
from unpact_tui.serving.broker import Broker
from unpact_tui.serving.welcome import Shown, Welcome
from unpact_tui.settings import Settings
from unpact_tui.worker.client import ProcessClient
from unpact_tui.worker.events import Failed

if TYPE_CHECKING:
    from unpact_tui.serving.site import Site

_ADDRESSES = {
    "127.0.0.1": (socket.AF_INET, "127.0.0.1"),
    "localhost": (socket.AF_INET, "127.0.0.1"),
    "::1": (socket.AF_INET6, "::1"),
}
_LAST_PORT = 65535


def require_library() -> None:
    """Raise `BadUsage` unless what serves a browser is installed."""
    if find_spec("textual_serve") is None:
        raise BadUsage(
            "The part of unpact-tui that serves a browser is not installed.",
            "Install it: pip install 'unpact-tui[serve]'.",
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on a loopback address; port 0 is any free one.

    Raises `BadUsage`.
    """
    if host not in _ADDRESSES:
        raise BadUsage(
            f"{host} is not this machine's own address: the inspector is served on localhost only.",
            "From another machine use `ssh -L`; the line to type is printed when it serves.",
        )
    if not 0 <= port <= _LAST_PORT:
        raise BadUsage(
            f"There is no port {port}.", f"Give one from 1 to {_LAST_PORT}, or 0 for any free one."
        )
    family, address = _ADDRESSES[host]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise BadUsage(
            f"Port {port} of {host} cannot be listened on: {error.strerror}.",
            "Leave out --port to take any free one.",
        ) from error
    return listener


def serve(chosen: Chosen, settings: Settings, found: Found, *, host: str, port: int) -> int:
    """Serve the inspector until a signal, or a failure to load, and return the exit code.

    Raises `UsageError`, `BadConfig` among them.
    """
    require_library()
    order, cases = order_of(chosen, settings), tuple(choose_cases(chosen))
    log = paths.engine_log()
    with listen(host, port) as listener:
        # Neither library's complaints may be lost, nor go where they are read as ours.
        noise = os.fdopen(private.descriptor(log, os.O_WRONLY | os.O_APPEND), "a")
        handler = logging.StreamHandler(noise)
        handler.setFormatter(bug_log.Formatter())
        logging.basicConfig(handlers=[handler], level=logging.WARNING)
        welcome = Welcome(order, cases, _shown(found))
        return asyncio.run(_serve(welcome, log, listener))


def _shown(found: Found) -> Shown:
    """Return what of the configuration a tab must know: it reads no file for that itself."""
    wanted = looks(found)
    return Shown(
        ascii=wanted.ascii,
        lane=wanted.lane,
        theme=wanted.theme,
        keymap=dict(wanted.keymap),
        hint=wanted.hint,
    )


async def _serve(welcome: Welcome, log: Path, listener: socket.socket) -> int:
    from unpact_tui.serving.site import Site

    loop = asyncio.get_running_loop()
    end: asyncio.Future[int] = loop.create_future()
    for number in ending.SIGNALS:  # before there is anything that must not be left behind
        loop.add_signal_handler(number, _signalled, end, number)
    broker = Broker(partial(ProcessClient, log), welcome, partial(_tell, end))
    try:
        path = await broker.open()
        command = (sys.executable, "-P", "-m", "unpact_tui.serving.tab", str(path))
        site = Site(command, listener, partial(_tell_of_tab, log))
        try:
            await site.open()
            _announce(site)
            return await end
        finally:
            await site.close()
    finally:
        await broker.close()


def _signalled(end: asyncio.Future[int], number: int) -> None:
    ending.note(number)
    _finish(end, 128 + number)


def _finish(end: asyncio.Future[int], code: int) -> None:
    if not end.done():
        end.set_result(code)


def _tell(end: asyncio.Future[int], failed: Failed, opened: bool) -> None:
    """Say why the engine ended; without checkpoints there is nothing to serve."""
    from unpact_tui.output import print_error

    print_error(BadUsage(failed.message, failed.hint))
    if not opened:
        _finish(end, failed.exit_code or ExitCode.COMPUTE)


def _tell_of_tab(log: Path, code: int) -> None:
    """Say where to look: a tab has no terminal to say on why it ended."""
    if cast("object", sys.stderr) is not None:
        sys.stderr.write(f"A tab ended with code {code}; {display_text(str(log))} may say why.\n")


def _announce(site: Site) -> None:
    """Print the address alone on standard output, and what else to know beside it."""
    put(f"{site.url}\n")
    way = shlex.join(["ssh", "-L", f"{site.port}:{site.host}:{site.port}", socket.gethostname()])
    if cast("object", sys.stderr) is not None:
        sys.stderr.write(f"From another machine, type there first: {way}\nCtrl-C ends it.\n")

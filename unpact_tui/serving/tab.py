"""The process behind one browser tab: the inspector, drawn for a browser, on the shared engine.

Run as `python -m unpact_tui.serving.tab SOCKET` by the web server, which reads its standard output.
It has no terminal. It ends when its socket does, so that no tab outlives its server.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from pathlib import Path

import msgspec

from unpact_tui import bug, bug_log, paths, private
from unpact_tui.errors import ExitCode, NoStateFolder
from unpact_tui.serving.socket_client import SocketClient

_GRACE = 1.0
"""Seconds to end in good order once there is no server to draw for."""


def _keep_noise(log: Path) -> None:
    """Have whatever is printed to standard error go to the log."""
    noise = private.descriptor(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(noise, 2)
    os.close(noise)


def _leave_soon() -> None:
    timer = threading.Timer(_GRACE, os._exit, (ExitCode.COMPUTE,))
    timer.daemon = True
    timer.start()


def main() -> int:
    """Run the inspector until the tab or the server closes."""
    bug.install()
    bug_log.install()
    try:
        _keep_noise(paths.engine_log())
        connect = partial(SocketClient, Path(sys.argv[1]), _leave_soon)
        client = connect()
    except (OSError, NoStateFolder, msgspec.DecodeError):
        return ExitCode.COMPUTE  # the server went while the page was loading
    from unpact_tui.app.frame import Looks
    from unpact_tui.app.workbench import Workbench

    welcome, shown = client.welcome, client.welcome.shown
    looks = Looks(
        no_colour=bool(os.environ.get("NO_COLOR")),
        ascii=shown.ascii,
        lane=shown.lane,
        theme=shown.theme,
        keymap=shown.keymap,
        hint=shown.hint,
    )
    bench = Workbench(client, welcome.order, welcome.cases, looks, restart=connect)
    try:
        bench.run()
    finally:
        client.close()
    return bench.return_code or ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())

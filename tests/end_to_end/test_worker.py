"""The engine's process: spoken to over its pipe, killed, abandoned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from unpact_tui import cases
from unpact_tui.settings import Settings
from unpact_tui.worker.client import ProcessClient
from unpact_tui.worker.events import Cancelled, Compared, Event, Failed, Finished, Opened
from unpact_tui.worker.protocol import Analyse, Open, Reply

SETTINGS = Settings(device="cpu", draws=1, strategies=("bold",))
PATIENCE = 120.0
"""Seconds; importing torch on a busy machine takes a while."""


class Conversation:
    def __init__(self, client: ProcessClient) -> None:
        self.client = client
        self.replies: Queue[Reply] = Queue()
        client.listen(self.replies.put)

    def until(self, wanted: Callable[[Event], bool]) -> Reply:
        deadline = time.monotonic() + PATIENCE
        while True:
            reply = self.replies.get(timeout=deadline - time.monotonic())
            if wanted(reply.event):
                return reply


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Conversation]:
    client = ProcessClient(tmp_path / "engine.log")
    yield Conversation(client)
    client.close()
    assert not client.alive


def open_order(family: Path) -> Open:
    return Open(str(family / "target"), str(family / "unlearned-npo"), None, SETTINGS)


@pytest.mark.soak
def test_a_conversation(talk: Conversation, family: Path) -> None:
    number = talk.client.send(open_order(family))
    opened = talk.until(lambda e: isinstance(e, Opened))
    assert opened.id == number
    talk.until(lambda e: isinstance(e, Finished))
    first, second = list(cases.read(family / "forget.jsonl"))[1:3]
    stale = talk.client.send(Analyse(first))
    fresh = talk.client.send(Analyse(second))
    assert talk.until(lambda e: isinstance(e, Cancelled | Compared)).id == stale
    assert talk.until(lambda e: isinstance(e, Compared)).id == fresh


def test_a_bad_folder_is_an_answer_and_not_a_death(talk: Conversation, tmp_path: Path) -> None:
    talk.client.send(Open(str(tmp_path / "no"), str(tmp_path / "no"), None, SETTINGS))
    failed = talk.until(lambda e: isinstance(e, Failed)).event
    assert isinstance(failed, Failed)
    assert failed.exit_code == 3
    assert talk.client.alive


def test_a_killed_engine_is_reported(talk: Conversation) -> None:
    pid = talk.client._process.pid
    os.kill(pid, signal.SIGKILL)
    failed = talk.until(lambda e: isinstance(e, Failed)).event
    assert isinstance(failed, Failed)
    assert failed.fatal
    assert failed.exit_code == 4
    assert "SIGKILL" in failed.message


def test_closing_never_waits_for_the_engine(tmp_path: Path, family: Path) -> None:
    client = ProcessClient(tmp_path / "engine.log")
    client.listen(lambda reply: None)
    client.send(open_order(family))
    started = time.monotonic()
    client.close()
    assert time.monotonic() - started < 2.0
    assert not client.alive


def test_no_engine_outlives_its_inspector(tmp_path: Path) -> None:
    code = (
        "import time, pathlib, sys\n"
        "from unpact_tui.worker.client import ProcessClient\n"
        "client = ProcessClient(pathlib.Path(sys.argv[1]))\n"
        "print(client._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "engine.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as inspector:
        assert inspector.stdout is not None
        engine = int(inspector.stdout.readline())
        inspector.kill()
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{engine}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{engine}").exists()

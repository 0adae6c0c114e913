"""A bug in each process, with secrets all around it: no file and no stream repeats one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from end_to_end.terminal import Terminal
from yarl import URL

from unpact_tui.serving.launch import listen
from unpact_tui.serving.site import Site

TOKEN = "hf_TokenOfTheEnvironment0123456789"
KEY = "sk-KeyOfTheEndpoint0123456789"
PASSWORD = "PasswordOfTheProxy0123456789"
LOCAL = "ValueOfALocalVariable0123456789"
PROMPT = "Who wrote the SecretPrompt0123456789?"
KEYS = (TOKEN, KEY, PASSWORD, LOCAL)

# Imported by every Python process that finds it: has a method fail where BREAK says.
BROKEN = f"""
import importlib, os, sys
where = os.environ.get("BREAK", "")
running = " ".join(sys.orig_argv)
if where and where.partition("@")[2] in running:
    module, name, method = where.partition("@")[0].split(":")
    sys.path.insert(0, {os.fspath(Path(__file__).parents[2])!r})
    def fails(*found, **named):
        local = {LOCAL!r}
        words = [local, {PROMPT!r}, os.environ["HF_TOKEN"], os.environ["UNPACT_API_KEY"]]
        words.append(os.environ["HTTPS_PROXY"])
        try:
            raise KeyError(" ".join(words))
        except KeyError as error:
            raise ValueError(local, words) from error
    setattr(getattr(importlib.import_module(module), name), method, fails)
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "break").mkdir()
    (tmp_path / "break" / "sitecustomize.py").write_text(BROKEN, "utf-8")
    return tmp_path


def surroundings(room: Path, where: str) -> dict[str, str]:
    return {
        "BREAK": where,
        "PYTHONPATH": os.fspath(room / "break"),
        "HF_TOKEN": TOKEN,
        "UNPACT_API_KEY": KEY,
        "HTTPS_PROXY": f"http://me:{PASSWORD}@127.0.0.1:9",
        "XDG_STATE_HOME": os.fspath(room / "state"),
        "XDG_CACHE_HOME": os.fspath(room / "cache"),
        "XDG_CONFIG_HOME": os.fspath(room / "config"),
        "TMPDIR": os.fspath(room),
    }


def kept(room: Path) -> Iterator[tuple[Path, str]]:
    """Yield what was written, but for what breaks it."""
    for path in room.rglob("*"):
        if path.is_file() and "break" not in path.parts:
            yield path, path.read_text("utf-8", "replace")


def assert_nothing_told(room: Path, streams: str) -> str:
    """Return all that was told of the bug."""
    told = streams
    for path, text in kept(room):
        assert not [secret for secret in KEYS if secret in text], path
        if "sessions" not in path.parts:  # which is where a person's prompts are kept
            assert PROMPT not in text, path
            told += text
    assert not [secret for secret in KEYS if secret in streams]
    return told


WORDS = ("nowhere", "nowhere", "--prompt", PROMPT, "--answer", "x")


def test_of_a_command(room: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unpact_tui", "run", *WORDS],
        capture_output=True,
        text=True,
        env=os.environ | surroundings(room, "unpact_tui.engine:Engine:open@unpact_tui"),
        cwd=room,
        check=False,
        timeout=60,
    )
    told = assert_nothing_told(room, done.stdout + done.stderr)
    assert done.returncode == 70
    assert "ValueError" in told
    assert PROMPT not in done.stderr


ENDS = {
    "the screen": ("unpact_tui.app.workbench:Workbench:on_mount@compare", 70, "crash-"),
    "the engine": ("unpact_tui.engine:Engine:open@worker.server", 4, "engine.log"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("where", "code", "file"), ENDS.values(), ids=ENDS.keys())
def test_of_the_inspector(room: Path, where: str, code: int, file: str) -> None:
    words = [sys.executable, "-m", "unpact_tui", "compare", *WORDS]
    with Terminal(words, env=surroundings(room, where), cwd=room) as terminal:
        if code == 4:
            terminal.wait_for("The engine stopped")
            terminal.press("q")
        assert terminal.exit_code() == code
        streams = terminal.raw.decode("utf-8", "replace")
    told = assert_nothing_told(room, streams)
    assert "ValueError" in told
    assert any(path.name.startswith(file) and "ValueError" in text for path, text in kept(room))


async def test_of_a_tab(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = "unpact_tui.serving.socket_client:SocketClient:__init__@serving.tab"
    for name, value in surroundings(room, where).items():
        monkeypatch.setenv(name, value)
    codes: list[int] = []
    command = (sys.executable, "-P", "-m", "unpact_tui.serving.tab", os.fspath(room / "socket"))
    site = Site(command, listen("127.0.0.1", 0), codes.append)
    await site.open()
    streams = b""
    try:
        async with (
            aiohttp.ClientSession(headers={"Origin": str(URL(site.url).origin())}) as session,
            session.ws_connect(f"{site.url}ws") as socket,
            asyncio.timeout(30),
        ):
            async for message in socket:
                streams += message.data if isinstance(message.data, bytes) else b""
    finally:
        await site.close()
    told = assert_nothing_told(room, streams.decode(errors="replace"))
    assert codes == [1]
    assert "ValueError" in told


@pytest.mark.slow
def test_the_doctor_shows_no_secret(room: Path) -> None:
    for form in ((), ("--json",)):
        done = subprocess.run(
            [sys.executable, "-m", "unpact_tui", "doctor", *form],
            capture_output=True,
            text=True,
            env=os.environ | surroundings(room, "") | {"OPENAI_API_KEY": KEY, "HF_DEBUG": "1"},
            cwd=room,
            check=False,
            timeout=60,
        )
        assert_nothing_told(room, done.stdout + done.stderr)
        assert "cache" in done.stdout

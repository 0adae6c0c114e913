"""A bug is told of with all that helps to find it and nothing that it held."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unpact_tui import bug, bug_log

SECRET = "hf_Secret0123456789"


def caught(raising: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as found:  # noqa: PT011 - any kind, groups too
        raising()
    return found.value


def raising(error: BaseException) -> Callable[[], object]:
    def inner() -> None:
        local = SECRET
        assert local
        raise error

    return inner


def chained() -> None:
    try:
        raising(KeyError(SECRET))()
    except KeyError as error:
        raise ValueError(SECRET) from error


def noted() -> None:
    error = RuntimeError(SECRET)
    error.add_note(SECRET)
    raise error


def deep(levels: int = 300) -> None:
    if not levels:
        raise RecursionError(SECRET)
    deep(levels - 1)


@pytest.mark.parametrize(
    "broken",
    [
        raising(ValueError(SECRET)),
        raising(OSError(28, SECRET, f"/home/{SECRET}")),
        raising(UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET)),
        raising(SyntaxError(SECRET, (SECRET, 1, 1, SECRET))),
        raising(ExceptionGroup(SECRET, [ValueError(SECRET), OSError(SECRET)])),
        chained,
        noted,
        deep,
    ],
)
def test_no_words_of_an_exception_are_told(broken: Callable[[], object]) -> None:
    error = caught(broken)
    text = bug.told(error)
    assert SECRET not in text
    assert type(error).__name__ in text
    assert "test_bug.py, line " in text
    assert str(Path.home()) not in text
    assert len(text) < 8000


def test_what_led_to_it_is_told_first() -> None:
    text = bug.told(caught(chained))
    assert text.index("KeyError") < text.index("which led to:") < text.index("ValueError")


def test_a_group_is_told_whole() -> None:
    group = ExceptionGroup("two", [ValueError("a"), OSError(28, "b")])
    text = bug.told(caught(raising(group)))
    assert text.count("which holds:") == 2
    assert "OSError: ENOSPC" in text


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    assert bug.told(first).count("ValueError") == 1


def test_what_is_missing_is_named() -> None:
    error = caught(lambda: __import__("a_module_that_is_nowhere"))
    assert bug.kind(error) == "ModuleNotFoundError: No module named 'a_module_that_is_nowhere'"


def test_whoever_looks_for_it_sees_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(bug.VARIABLE, "1")
    assert bug.kind(ValueError("one\ntwo")) == "ValueError: one two"


ENDS = {
    "uncaught": "raise ValueError(secret)",
    "thread": "t = threading.Thread(target=int, args=(secret,)); t.start(); t.join()",
    "unraisable": (
        "class Broken:\n    def __del__(self): raise ValueError(secret)\n"
        "    def __repr__(self): return secret\nBroken()"
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_process_says_nothing_of_it(end: str) -> None:
    code = (
        "import os, sys, threading; from unpact_tui import bug; bug.install(); "
        f"secret = sys.stdin.read()\n{end}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=SECRET, capture_output=True, text=True, check=False
    )
    assert "ValueError" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_a_log_says_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def nobody_waits() -> None:
        async def fails(secret: str) -> None:
            raise ValueError(secret)

        loop = asyncio.get_running_loop()
        task = asyncio.create_task(fails(SECRET))
        await asyncio.sleep(0)
        loop.call_soon(int, SECRET)
        await asyncio.sleep(0)
        del task

    with caplog.at_level(logging.ERROR):
        asyncio.run(nobody_waits())
    assert len(caplog.records) == 2
    formatted = [bug_log.Formatter().format(record) for record in caplog.records]
    plain = [logging.Formatter().format(record) for record in caplog.records]
    assert all(SECRET in text for text in plain), "which is what has to be kept away"
    assert all("ValueError" in text and SECRET not in text for text in formatted)


def test_what_is_no_bug_is_logged_as_it_is() -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "low on %s", ("room",), None)
    assert bug_log.Formatter("%(message)s").format(record) == "low on room"


def test_a_thread_may_end_itself(capsys: pytest.CaptureFixture[str]) -> None:
    found = threading.ExceptHookArgs((SystemExit, SystemExit(3), None, None))
    before = threading.excepthook
    try:
        threading.excepthook = bug._in_thread
        threading.excepthook(found)
    finally:
        threading.excepthook = before
    assert capsys.readouterr().err == ""

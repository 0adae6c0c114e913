"""What `run` does with a result, without measuring one."""

from __future__ import annotations

import errno
import logging
import os
import signal
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from result_fixture import example

from attribution.errors import AttributionError, NotFinite, PromptTooLong
from attribution.types import Case
from unpact_tui import headless
from unpact_tui.document import Document, decode
from unpact_tui.errors import BadUsage, ExitCode
from unpact_tui.run import Progress, Task
from unpact_tui.settings import Settings
from unpact_tui.tasks import Asked
from unpact_tui.worker.protocol import Open

ASKED = Asked(Open("a", "b", None, Settings()), (Task(Case("1", "p")),))
Report = Callable[..., ExitCode]
Measure = Generator[Progress, None, Document]


def told(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return a report of what `measure` gives."""

    def run(order: Open, tasks: Sequence[Task]) -> Measure:
        assert (order, tasks) == (ASKED.order, ASKED.tasks)
        return measure

    monkeypatch.setattr(headless, "run_tasks", run)

    def report(out: Path | None = None, fail_on: str | None = None) -> ExitCode:
        return headless.report(ASKED, "json", out, fail_on, quiet=True)

    return report


def measured(*failures: AttributionError) -> Measure:
    for failure in failures:
        yield Progress("left out", 0, 1, failure)
    found = example(cases=2)
    assert found.verdict == "SUPPRESSED"
    assert found.failures
    return found


@pytest.mark.parametrize(
    ("form", "begins"),
    [("json", "{"), ("md", "# SUPPRESSED\n"), ("html", "<!DOCTYPE html>\n"), ("table", "base ")],
)
def test_every_form_can_be_written(
    form: headless.Format, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(measured(), monkeypatch)
    out = tmp_path / "result"
    assert headless.report(ASKED, form, out, None, quiet=True) == ExitCode.OK
    assert out.read_text("utf-8").startswith(begins)


def refused() -> Measure:
    yield Progress("", 0, 0)
    raise AssertionError("measured in vain")


def test_a_folder_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadUsage, match="is a folder"):
        told(refused(), monkeypatch)(tmp_path)


def test_a_result_that_does_not_fit_is_printed_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert told(measured(), monkeypatch)(tmp_path / "result.json") == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []
    printed = capsys.readouterr()
    assert decode(printed.out.encode()).verdict == "SUPPRESSED"
    assert "No space left on device" in printed.err
    assert "standard output" in printed.err


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [(None, ExitCode.OK), ("suppressed", ExitCode.CONDITION), ("collapsed", ExitCode.COMPUTE)],
)
def test_a_gate_does_not_pass_over_what_could_not_be_measured(
    fail_on: str | None,
    code: ExitCode,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = NotFinite("the loss"), PromptTooLong(9, 8)
    report = told(measured(*failures), monkeypatch)
    assert report(fail_on=fail_on) == code
    assert "warning: 1 of 3 cases could not be measured" in capsys.readouterr().err


def test_the_first_failure_gives_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = PromptTooLong(9, 8), NotFinite("the loss")
    assert told(measured(*failures), monkeypatch)(fail_on="collapsed") == ExitCode.USAGE


def test_libraries_may_say_errors_alone_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def noisy() -> Measure:
        logging.getLogger("library").warning("a warning")
        logging.getLogger("library").error("an error")
        warnings.warn("another", stacklevel=1)
        return (yield from measured())

    told(noisy(), monkeypatch)()
    assert caplog.messages == ["an error"]
    logging.getLogger("library").warning("afterwards")
    assert caplog.messages == ["an error", "afterwards"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def ended(descriptor: int) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr(os, "fsync", ended)
    with pytest.raises(SystemExit) as end:
        told(measured(), monkeypatch)(tmp_path / "result.json")
    assert end.value.code == 128 + number
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) == signal.SIG_DFL

"""Whatever is in a file: it is read, or refused in a sentence; and what would not be is noticed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import cast

import pytest
from fuzzing import attack, commands, files
from fuzzing.attack import Format
from fuzzing.tables import shared_value, too_late

from unpact_tui import bounded_json, cases, regular_files
from unpact_tui.benchmarks._rows import rows
from unpact_tui.document import encode
from unpact_tui.errors import BadBenchmark, BadPromptFile, Unreadable, UsageError
from unpact_tui.plausible import implausible

SLOW = ("session", "log", "result", "rows", "steps", "record", "findings", "track", "triage")
"""Formats of which everything is drawn: fewer files of these where everybody waits."""


def count_of(format: Format) -> int:
    return 2 if format.name == "session" else 6 if format.name.startswith(SLOW) else 40


@pytest.mark.parametrize("format", files.FORMATS, ids=lambda format: format.name)
def test_spoiled_files_are_read_or_refused(format: Format, tmp_path: Path) -> None:
    report = attack.attack(format, tmp_path, count_of(format), seed=1)
    assert report.findings == []
    assert report.read + report.refused.total() == report.files == count_of(format)


@pytest.mark.soak
@pytest.mark.parametrize("format", files.FORMATS, ids=lambda format: format.name)
def test_many_spoiled_files_are_read_or_refused(format: Format, tmp_path: Path) -> None:
    assert attack.attack(format, tmp_path, 500, seed=2).findings == []


# ---------------------------------------------------------------- the harness itself


def _raise(path: Path) -> None:
    raise KeyError(path.name)


def _wait(path: Path) -> None:
    while path.exists():
        time.sleep(0.01)


def _refuse_without_a_word(path: Path) -> None:
    raise UsageError("")


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (_raise, "KeyError"),
        (_wait, "Hang"),
        (_refuse_without_a_word, "says nothing"),
    ],
)
def test_it_would_be_noticed(
    read: object, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attack, "PATIENCE", 0.3)
    bad = Format("bad", lambda random: random.randbytes(3), read, "x", (UsageError,))  # pyright: ignore[reportArgumentType] - any reader
    report = attack.attack(bad, tmp_path, 1)
    assert [says in found for found in report.findings] == [True]


def test_a_burst_of_memory_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = iter((1 << 30, 3 << 30))
    monkeypatch.setattr(attack, "_peak", lambda: next(peaks))
    fine = Format("fine", lambda random: random.randbytes(3), Path.read_bytes, "x", ())
    (found,) = attack.attack(fine, tmp_path, 1).findings
    assert found == f"the process grew by {2 << 30} bytes"


@pytest.mark.parametrize("name", ["prompts, lines", "matrix", "rows, on the board"])
def test_a_file_can_be_had_again_and_files_differ(name: str) -> None:
    (format,) = (one for one in files.FORMATS if one.name == name)
    first, again, other = (format.spoil(Random(seed)) for seed in (7, 7, 8))
    assert first == again
    assert len({first, other, *(format.spoil(Random(seed)) for seed in range(6))}) > 2


# ---------------------------------------------------------------- every command


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, object, str, str]]:
    """What every command said to the worst of files, and to good ones: no network, no pickle."""
    folder = tmp_path_factory.mktemp("commands")
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CACHE", "CONFIG", "STATE")}
    child = subprocess.run(
        [sys.executable, commands.__file__, str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **homes},
    )
    assert child.returncode == 0, child.stderr.decode()
    return [json.loads(line) for line in child.stdout.splitlines()]


@pytest.mark.slow
def test_every_command_refuses_what_is_no_file_in_a_sentence(
    told: list[tuple[str, str, object, str, str]],
) -> None:
    bad = [one for one in told if one[1] != "good"]
    assert len({words for words, *_ in bad}) == len(commands.COMMANDS) + 1
    for words, what, code, out, said in bad:
        assert (code, out) == (2, ""), (words, what, said)
        lines = said.strip().splitlines()
        if "NUL" not in what:  # which the parser of the command line may refuse before we do
            assert lines[0].startswith("unpact-tui: "), (words, what, said)
            assert len(lines) in (1, 2), (words, what, said)


@pytest.mark.slow
def test_commands_do_their_work_without_a_network_or_a_pickle(
    told: list[tuple[str, str, object, str, str]],
) -> None:
    good = {words: (code, said) for words, what, code, _, said in told if what == "good"}
    assert {words: code for words, (code, _) in good.items()} == dict.fromkeys(commands.GOOD, 0), (
        good
    )


@pytest.mark.soak
def test_a_whole_run_opens_no_connection_and_no_pickle(family: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv[0] = 'x'; from fuzzing.commands import refuse_network_and_pickles;"
        "refuse_network_and_pickles(); from unpact_tui.__main__ import main; main()"
    )
    prompts = tmp_path / "one.jsonl"
    prompts.write_bytes((family / "forget.jsonl").read_bytes().splitlines(keepends=True)[0])
    words = ["run", family / "target", family / "unlearned-npo", prompts, "--json", "-q"]
    path = os.pathsep.join(sys.path)
    child = subprocess.run(
        [sys.executable, "-c", program, *map(str, words), "--set", "strategies=bold"],
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
    assert child.returncode == 0, child.stderr.decode()
    assert json.loads(child.stdout)["schema"] == 1


# ---------------------------------------------------------------- what each mechanism holds


def test_prompts_may_come_through_a_pipe_that_somebody_writes_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keeping = os.open(pipe, os.O_RDWR)  # as a shell does for <(...): it is there from the start
    writer = threading.Thread(target=pipe.write_text, args=("Who?\nWhere?\n",))
    writer.start()
    found = cases.read(pipe)
    assert next(found).prompt == "Who?"
    writer.join()
    os.close(keeping)
    assert [case.prompt for case in found] == ["Where?"]


class _Endless(io.RawIOBase):
    """Lines without end, as `yes` writes them."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        view[:] = (b"y\n" * (len(view) // 2 + 1))[: len(view)]
        return len(view)


def test_prompts_that_never_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MOST", 1000)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(_Endless())))
    with pytest.raises(BadPromptFile, match="more than 1,000 prompts"):
        list(cases.read("-"))


def test_values_are_counted_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_json, "MOST_VALUES", 10)
    assert bounded_json.loads("[1,2,3]") == [1, 2, 3]
    for text in ("[" + "{}," * 20 + "1]", b"[" * 11):
        with pytest.raises(bounded_json.NotJson, match="more than 10 values"):
            bounded_json.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[1" + b"0" * 5000 + b"]", "thousands of digits"),
        ('{"a":' * 100_000, "nested too deeply"),
        (b"\xff", "not UTF-8"),
        ("{", "at column"),
    ],
)
def test_json_that_cannot_be_read_says_why(text: str | bytes, why: str) -> None:
    with pytest.raises(bounded_json.NotJson, match=why):
        bounded_json.loads(text)


def test_a_name_that_no_file_has_is_not_there(tmp_path: Path) -> None:
    for name in ("x" * 5000, "a\0b", "\ud800", "missing"):
        assert not regular_files.is_there(tmp_path / name)
        assert not regular_files.is_folder(tmp_path / name)
        with pytest.raises(Unreadable), regular_files.opened(tmp_path / name):
            pass
    assert regular_files.expanded("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


@pytest.mark.parametrize("number", [1e101, -1e101, 2**63 + 1, -(2**64)])
def test_a_number_that_nothing_can_be_is_found_however_deep(number: float) -> None:
    value = {"a": [{"b": (0.5, number)}]}
    raw = json.dumps(value).encode()
    assert implausible(value, raw) == implausible(value) == "a number is out of range"


def test_numbers_that_were_measured_are_none_of_these() -> None:
    value = {"1e999": "9" * 50, "a": [-1e-300, 1e12, 2**62, None, True]}
    assert implausible(value, json.dumps(value).encode()) == ""


@pytest.mark.soak
def test_a_few_bytes_of_a_table_do_not_become_all_memory(tmp_path: Path) -> None:
    for name, raw in shared_value(100_000, 1_000_000).items():
        (tmp_path / name).write_bytes(raw)
        assert len(raw) < 1_500_000
        with pytest.raises(BadBenchmark, match="a kind that no benchmark has"):
            list(rows(tmp_path / name))
    (tmp_path / "plain.parquet").write_bytes(
        shared_value(100_000, 1_000_000, plain=True)["x.parquet"]
    )
    with pytest.raises(BadBenchmark, match="larger than 512 MB when unpacked"):
        sum(1 for _ in rows(tmp_path / "plain.parquet"))


def test_a_time_that_python_has_not_is_refused(tmp_path: Path) -> None:
    for number, raw in enumerate(too_late()):
        (tmp_path / f"{number}.parquet").write_bytes(raw)
        with pytest.raises(BadBenchmark, match="no table that can be read"):
            list(rows(tmp_path / f"{number}.parquet"))


def test_half_a_character_in_a_name_does_not_cost_a_document() -> None:
    from unpact_tui.triage.row import Row

    row = Row(1, "k", "n", "p\udcff", None, absent={"metric \ud800": "why \udfff"})
    (why,) = json.loads(encode(row))["absent"].values()
    assert why == "why \ufffd"

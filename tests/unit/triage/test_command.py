"""The whole command with measuring faked: what it refuses, keeps, resumes, prints and returns."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from result_fixture import example
from triage_fixture import in_process, make_row, write_folder

from attribution.errors import AttributionError, NotFinite
from attribution.types import Label
from unpact_tui import fleet, ledger
from unpact_tui.engine import Engine
from unpact_tui.errors import (
    BadPromptFile,
    BadUsage,
    ExitCode,
    NotFound,
    Unreadable,
    Unwritable,
    UsageError,
)
from unpact_tui.fleet.jobs import Fleet
from unpact_tui.output import Step
from unpact_tui.result_schema import Document
from unpact_tui.run import Progress
from unpact_tui.settings import Settings
from unpact_tui.triage import worker
from unpact_tui.triage.asking import Chosen
from unpact_tui.triage.command import Way, hands, triage
from unpact_tui.triage.measuring import compare_words
from unpact_tui.triage.question import Question
from unpact_tui.triage.readings import Kept
from unpact_tui.triage.row import ROWS, Row

VERDICTS: dict[str, Label] = {"a": "UNRECOVERED", "b": "RETAINED", "c": "SUPPRESSED"}


class Bench:
    """A sweep of three on disk, and what was measured of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "rows.jsonl"
        self.measured: list[str] = []
        self.breaks: dict[str, Exception] = {}
        self.questions: list[Question] = []
        write_folder(folder / "base", 0)
        for fill, name in enumerate(VERDICTS, 1):
            write_folder(folder / "sweep" / name, fill)
        prompts = {"forget": '{"id": "1", "prompt": "Who?"}', "retain": '{"id":"1","prompt":"X?"}'}
        for name, line in prompts.items():
            (folder / f"{name}.jsonl").write_text(line)

    def measure(
        self, engine: Engine, question: Question, candidate: str, key: str, kept: Kept | None = None
    ) -> Generator[Step, None, tuple[Row, Document]]:
        name = Path(candidate).name
        self.measured.append(name)
        self.questions.append(question)
        yield Progress("measuring", 0, 1)
        if name in self.breaks:
            raise self.breaks[name]
        row = make_row(name, VERDICTS[name], key=key)
        two = tuple(msgspec.structs.replace(row.cases[0], id=case.id) for case in question.cases)
        place, words = str(Path(candidate).resolve()), compare_words(question, candidate)
        return msgspec.structs.replace(row, cases=two, path=place, compare=words), example()

    def chosen(self, *words: str, prompts: str = "forget.jsonl") -> Chosen:
        return Chosen(
            str(self.folder / "base"),
            tuple(str(self.folder / word) for word in words or ("sweep",)),
            str(self.folder / prompts),
            str(self.folder / "retain.jsonl"),
        )

    def __call__(
        self,
        *words: str,
        settings: Settings | None = None,
        out: bool = True,
        resume: bool = False,
        json: bool = True,
        fail_on: str | None = None,
    ) -> ExitCode:
        self.measured.clear()
        place = self.out if out else None
        way = Way(place, resume, json, fail_on, Fleet(), quiet=True)
        return triage(self.chosen(*words), settings or Settings(), way)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(worker, "measure", made.measure)
    monkeypatch.setattr(fleet, "run", in_process)
    return made


Printed = Callable[[], dict[str, Any]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    return lambda: json.loads(capsys.readouterr().out)


def names(found: dict[str, Any]) -> list[str]:
    return [row["name"] for row in found["checkpoints"]]


def test_all_are_measured_kept_and_printed_worst_first(bench: Bench, printed: Printed) -> None:
    assert bench() == ExitCode.OK
    found = printed()
    assert found["schema"] == 1
    assert names(found) == ["b", "c", "a"]
    assert [row.name for row in ledger.read(bench.out, ROWS)] == ["a", "b", "c"]
    (question, *_) = bench.questions
    assert [(case.id, case.split) for case in question.cases] == [
        ("1", "forget"), ("retain 1", "retain"),
    ]  # fmt: skip
    assert question.compare == (str(bench.folder / "forget.jsonl"),)


def test_what_is_done_is_not_done_again(bench: Bench, printed: Printed) -> None:
    bench("sweep/b")
    first = printed()
    bench("sweep", resume=True)
    assert bench.measured == ["a", "c"]
    second = printed()
    bench("sweep", resume=True)
    assert bench.measured == []
    assert printed() == second
    assert names(first) == ["b"]


def test_a_copy_that_lies_elsewhere_is_known(bench: Bench, printed: Printed) -> None:
    bench("sweep/a")
    printed()
    (bench.folder / "sweep" / "a").rename(bench.folder / "moved")
    bench("moved", resume=True)
    assert bench.measured == []
    (row,) = printed()["checkpoints"]
    assert (row["name"], row["path"]) == ("moved", str(bench.folder / "moved"))
    assert row["compare"][3] == str(bench.folder / "moved")


def test_other_settings_are_another_question(bench: Bench, printed: Printed) -> None:
    bench("sweep/a")
    printed()
    bench("sweep/a", settings=Settings(draws=9), resume=True)
    assert bench.measured == ["a"]
    assert len(ledger.read(bench.out, ROWS)) == 2
    assert names(printed()) == ["a"]


def test_errors_are_tried_again(bench: Bench, printed: Printed) -> None:
    bench.breaks = {"a": Unreadable(Path("a"), "it is truncated"), "c": NotFinite("the loss")}
    assert bench() == ExitCode.OK
    assert [row["error"] for row in printed()["checkpoints"]] == [
        "", "a cannot be read: it is truncated.", str(NotFinite("the loss")),
    ]  # fmt: skip
    bench.breaks = {}
    assert bench(resume=True) == ExitCode.OK
    assert bench.measured == ["a", "c"]
    assert names(printed()) == ["b", "c", "a"]
    assert [row.name for row in ledger.read(bench.out, ROWS)] == ["b", "a", "c"]


def test_a_line_that_was_cut_off_is_measured_again(bench: Bench, printed: Printed) -> None:
    bench()
    whole = printed()
    data = bench.out.read_bytes()
    for cut in range(1, len(data), 301):
        bench.out.write_bytes(data[:cut])
        bench(resume=True)
        assert len(bench.measured) == 3 - data[:cut].count(b"\n")
        assert printed() == whole


def test_a_bug_is_a_row_too(bench: Bench, printed: Printed) -> None:
    bench.breaks = {"b": ZeroDivisionError("division by zero")}
    bench()
    found = printed()
    assert names(found) == ["c", "a", "b"]
    assert "ZeroDivisionError" in found["checkpoints"][2]["error"]
    assert "division by zero" not in found["checkpoints"][2]["error"], "words may be a prompt's"


@pytest.mark.parametrize(
    ("breaks", "fail_on", "code"),
    [
        ((), None, ExitCode.OK),
        ((), "retained", ExitCode.CONDITION),
        ((), "collapsed", ExitCode.OK),
        (("a",), None, ExitCode.OK),
        (("a",), "retained", ExitCode.CONDITION),
        (("b",), "retained", ExitCode.CHECKPOINT),
        (("a", "b", "c"), None, ExitCode.CHECKPOINT),
    ],
)
def test_the_exit_code(
    bench: Bench, breaks: tuple[str, ...], fail_on: str | None, code: ExitCode
) -> None:
    bench.breaks = {name: Unreadable(Path(name), "no") for name in breaks}
    assert bench(fail_on=fail_on) == code


def test_a_gate_does_not_pass_over_a_prompt_that_was_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.measure

    def with_less(*words: Any) -> Generator[Step, None, tuple[Row, Document]]:
        row, document = yield from whole(*words)
        return msgspec.structs.replace(row, cases=row.cases[:1]), document

    monkeypatch.setattr(worker, "measure", with_less)
    assert bench(fail_on="collapsed") == ExitCode.COMPUTE


def test_base_and_reference_are_recognised(bench: Bench, printed: Printed) -> None:
    write_folder(bench.folder / "sweep" / "a", 0)
    bench()
    (row,) = (row for row in printed()["checkpoints"] if row["name"] == "a")
    assert row["warnings"] == ["This is the base itself."]
    assert not row["front"]


def test_the_base_among_them_closes_no_gate(bench: Bench) -> None:
    write_folder(bench.folder / "sweep" / "b", 0)
    assert bench(fail_on="retained") == ExitCode.OK
    assert bench(fail_on="suppressed", resume=True) == ExitCode.CONDITION


def test_everything_is_refused_before_anything_is_measured(bench: Bench) -> None:
    folder = bench.folder
    (folder / "bad.jsonl").write_text("{}")
    (folder / "file").touch()
    chosen = bench.chosen()
    settings, quiet = Settings(), Way(quiet=True)
    for changed, way, error in (
        (bench.chosen(prompts="bad.jsonl"), quiet, BadPromptFile),
        (bench.chosen(prompts="nowhere"), quiet, BadUsage),
        (replace(chosen, base=str(folder / "nowhere")), quiet, NotFound),
        (replace(chosen, reference=str(folder / "nowhere")), quiet, NotFound),
        (replace(chosen, benchmarks=("nonsense",)), quiet, (UsageError, AttributionError)),
        (replace(chosen, documents=folder / "file"), quiet, BadUsage),
        (chosen, Way(resume=True), BadUsage),
        (chosen, Way(fail_on="erased"), BadUsage),
        (chosen, Way(folder / "no" / "rows.jsonl"), Unwritable),
    ):
        with pytest.raises(error):
            triage(changed, settings, way)
    assert bench.measured == []


def test_a_full_disk_costs_no_row_that_was_measured(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(_kept: ledger.Ledger[Row], _row: Row) -> None:
        raise Unwritable("rows.jsonl", "No space left on device")

    monkeypatch.setattr(ledger.Ledger, "add", full)
    assert bench() == ExitCode.USAGE
    said = capsys.readouterr()
    assert names(json.loads(said.out)) == ["b", "c", "a"]
    assert "No space left" in said.err


def test_without_a_file_nothing_is_kept(bench: Bench, printed: Printed) -> None:
    before = {path.name for path in bench.folder.iterdir()}
    bench(out=False)
    assert {path.name for path in bench.folder.iterdir()} == before
    assert len(names(printed())) == 3


def test_whole_results_are_kept_where_they_are_wanted(bench: Bench, printed: Printed) -> None:
    place = bench.folder / "new" / "documents"
    chosen = bench.chosen()
    triage(
        Chosen(chosen.base, chosen.candidates, chosen.prompts, documents=place),
        Settings(),
        Way(json=True, quiet=True),
    )
    files = sorted(path.name for path in place.iterdir())
    assert [name[:2] for name in files] == ["a-", "b-", "c-"]
    kept = [row["document"] for row in printed()["checkpoints"]]
    assert sorted(kept) == [str(place / name) for name in files]


def test_progress_is_a_line_per_checkpoint_with_what_is_left(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    triage(bench.chosen(), Settings(), Way())
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == 4
    assert lines[0] == "0/3 starting"
    assert lines[1].startswith("1/3 a: UNRECOVERED, 2 s (about ")
    assert lines[3] == "3/3 c: SUPPRESSED, 2 s"
    assert " b " in said.out


def test_whoever_measures_can_be_sent_to_another_process(bench: Bench) -> None:
    sent = pickle.loads(pickle.dumps(worker.CheckpointWorker(Question("b", None, Settings(), ()))))
    job = pickle.loads(pickle.dumps(worker.CheckpointJob("key", "a", str(bench.folder / "a"))))
    steps = sent.work(job)
    assert next(steps).stage == "measuring"


def test_gpus_are_shared_by_ray_alone() -> None:
    with pytest.raises(BadUsage, match="--gpus"):
        hands("local", None, 0.5, Settings())
    assert hands("ray", None, 0.5, Settings()) == Fleet("ray", 0, 0.5)
    assert hands("local", None, None, Settings(device="cuda:1")).spread is False

"""What is measured stays measured, what breaks is listed, and the rest goes on."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from findings_fixture import Behaviour, record

from attribution.thresholds import Thresholds
from unpact_tui.errors import BadUsage, ExitCode, NotFound
from unpact_tui.findings import command, running, work
from unpact_tui.findings.family import Entry, Subject
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.findings.measuring import Progress
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.findings.running import run
from unpact_tui.findings.zoo_family import ZooFamily
from unpact_tui.fleet import Event, Fleet, Job, Lost, Worker
from unpact_tui.fleet.doing import do
from unpact_tui.settings import Settings

KILLED = "Its process was ended by signal 9 (killed, perhaps for memory), 3 times."
SUBJECT = Subject("base", "unlearned", None, (), (), ())


@dataclass(frozen=True)
class Pretended:
    """A family that is there at once."""

    members: tuple[str, ...] = ("rmu", "ga", "npo")

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(Entry(0, name, name.upper(), "recipe") for name in self.members)

    def prepare(self, entry: Entry) -> Generator[Progress, None, Subject]:
        yield Progress("building", 0, 1)
        return SUBJECT


@dataclass
class Bench:
    """Measures by hand, in this process, and notes what it was asked to."""

    folder: Folder
    asked: list[str]
    broken: str = ""
    dies_at: str = ""

    def measure(
        self, entry: Entry, subject: Subject, plan: Plan
    ) -> Generator[Progress, None, Record]:
        assert subject == SUBJECT
        self.asked.append(entry.member)
        yield Progress("forget-00", 0, 1)
        if entry.member == self.broken:
            raise NotFound(Path("gone"))
        made = record(entry.member, entry.seed, Behaviour(), prompts=3)
        return Record(SCHEMA, 0, entry.member, entry.method, plan.digest(entry), cases=made.cases)

    def hand_out(
        self, worker: Worker, jobs: Sequence[Job], fleet: Fleet
    ) -> Generator[Event, None, None]:
        assert fleet == Fleet(jobs=2)
        for job in pickle.loads(pickle.dumps(jobs)):
            if job.name.endswith(self.dies_at or "none"):
                yield Lost(job.key, KILLED)
            else:
                yield from do(pickle.loads(pickle.dumps(worker)), job, pytest.fail)

    def steps(self) -> Generator[running.Progress, None, None]:
        clock = itertools.count(0, 60)
        return run(
            Pretended(), self.folder, Fleet(jobs=2), self.hand_out, lambda: float(next(clock))
        )

    def run(self) -> list[str]:
        return [f"{step.done}/{step.total} {step.stage}" for step in self.steps()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    folder = Folder(tmp_path / "results", Plan(Settings()))
    folder.make()
    made = Bench(folder, [])
    monkeypatch.setattr(work, "measure", made.measure)
    return made


def kept(bench: Bench) -> dict[str, str]:
    found = [bench.folder.read(entry) for entry in Pretended().entries]
    return {one.member: one.error for one in found if one is not None}


def test_everything_is_measured_once(bench: Bench) -> None:
    said = bench.run()
    assert sorted(bench.asked) == ["ga", "npo", "rmu"]
    assert kept(bench) == {"rmu": "", "ga": "", "npo": ""}
    assert said[-1] == "3/3 seed 0, npo: measured"
    assert "0/3 seed 0, rmu: building" in said
    bench.asked.clear()
    assert bench.run() == ["3/3 "]
    assert bench.asked == []


def test_it_says_how_long_it_will_take(bench: Bench) -> None:
    said = bench.run()
    assert not [stage for stage in said if "left" in stage and "rmu: forget" in stage]
    assert [stage for stage in said if "seed 0, ga" in stage and "min left)" in stage]
    assert "left" not in said[-1]


def test_what_breaks_is_kept_as_that_and_tried_again(bench: Bench) -> None:
    bench.broken = "ga"
    bench.run()
    assert kept(bench) == {"rmu": "", "ga": "There is no folder gone.", "npo": ""}
    bench.broken = ""
    bench.asked.clear()
    bench.run()
    assert bench.asked == ["ga"]
    assert kept(bench)["ga"] == ""


def test_a_process_that_dies_takes_nothing_along(bench: Bench) -> None:
    bench.dies_at = "ga"
    said = bench.run()
    assert kept(bench) == {"rmu": "", "ga": KILLED, "npo": ""}
    assert any(line.startswith(f"2/3 seed 0, ga: {KILLED}") for line in said)


def test_an_end_half_way_keeps_what_is_done(bench: Bench) -> None:
    steps = bench.steps()
    while next(steps).done < 1:
        pass
    steps.close()
    assert kept(bench)["rmu"] == ""
    bench.asked.clear()
    bench.run()
    assert "rmu" not in bench.asked


def test_it_is_measured_in_processes_of_its_own(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = ZooFamily((0,), ("rmu",), tmp_path / "file")  # no zoo can be built there
    steps = list(run(nowhere, bench.folder, Fleet()))
    assert steps[-1].done == steps[-1].total == 1
    (entry,) = nowhere.entries
    found = bench.folder.read(entry)
    assert found is not None
    assert str(tmp_path / "file") in found.error


def test_other_settings_are_other_files_and_thresholds_that_only_judge_are_not(
    tmp_path: Path,
) -> None:
    (entry, *_) = Pretended().entries
    usual = Folder(tmp_path, Plan(Settings()))
    for other in (
        Plan(Settings(seed=1)),
        Plan(Settings(), 4),
        Plan(Settings(thresholds=Thresholds(base_breaks=0.2))),
    ):
        assert Folder(tmp_path, other).file(entry) != usual.file(entry)
    assert usual.file(replace(entry, digest="other")) != usual.file(entry)
    judged = Plan(Settings(thresholds=Thresholds(recovered=0.9)))
    assert Folder(tmp_path, judged).file(entry) == usual.file(entry)


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 1}', b"\xff"])
def test_a_damaged_file_is_measured_again(bench: Bench, content: bytes) -> None:
    bench.run()
    (entry, *_) = Pretended().entries
    bench.folder.file(entry).write_bytes(content)
    bench.asked.clear()
    bench.run()
    assert bench.asked == ["rmu"]


def test_an_older_schema_is_measured_again(bench: Bench) -> None:
    bench.run()
    (entry, *_) = Pretended().entries
    file = bench.folder.file(entry)
    file.write_bytes(file.read_bytes().replace(b'"schema":1', b'"schema":0'))
    assert bench.folder.missing(Pretended().entries) == (entry,)


def test_a_folder_that_cannot_be_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BadUsage, match="cannot be a folder of results"):
        Folder(file, Plan(Settings())).make()


# ---------------------------------------------------------------- the command


def test_seeds_are_named_by_ranges() -> None:
    assert command.numbers("0-2, 7,1") == (0, 1, 2, 7)


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "1.5"])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        command.numbers(text)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., command.Asked]:
    """Put records of two members where the command looks for them."""

    def pretend(*, broken: bool = False) -> command.Asked:
        asked = command.Asked(seeds="0", members="rmu,ga", out=tmp_path / "out", report_only=True)
        plan = Plan(command.SETTINGS)
        folder = Folder(tmp_path / "out", plan)
        folder.make()
        for entry in command.ZooFamily((0,), ("rmu", "ga")).entries:
            digest = plan.digest(entry)
            whole = record(entry.member, 0, Behaviour())
            error = Record(SCHEMA, 0, entry.member, entry.method, digest, error="broken")
            found = error if broken and entry.member == "ga" else whole
            kept = Record(
                SCHEMA,
                0,
                entry.member,
                entry.method,
                digest,
                versions=whole.versions,
                cases=found.cases,
                texts=found.texts,
                error=found.error,
            )
            folder.keep(entry, kept)
        return asked

    monkeypatch.setattr(command.plots, "available", lambda: False)
    return pretend


def test_the_report_comes_whole_out_of_the_folder(
    made: Callable[..., command.Asked], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = replace(made(), page=tmp_path / "page.md")
    assert command.findings(asked) == ExitCode.OK
    assert capsys.readouterr().out.startswith("Focus\n  On prompts to forget")
    assert (tmp_path / "out" / "findings.json").exists()
    text = (tmp_path / "page.md").read_text("utf-8")
    assert text == (tmp_path / "out" / "findings.md").read_text("utf-8")
    assert "unpact-tui bench --findings --seeds 0 --members rmu,ga\n" in text


def test_what_broke_is_in_the_report_and_in_the_exit_code(
    made: Callable[..., command.Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.findings(made(broken=True)) == ExitCode.COMPUTE
    assert "Not measured: seed 0, ga: broken\n" in capsys.readouterr().out


def test_without_anything_measured_there_is_nothing_to_report(tmp_path: Path) -> None:
    asked = command.Asked(out=tmp_path, report_only=True)
    with pytest.raises(BadUsage, match="Nothing was measured yet"):
        command.findings(asked)


def test_a_page_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    asked = command.Asked(out=tmp_path, page=tmp_path / "no" / "page.md")
    with pytest.raises(BadUsage, match="There is no folder"):
        command.findings(asked)

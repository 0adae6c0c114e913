"""What is measured stays measured, what breaks is listed, and the rest goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from findings_fixture import Behaviour, record

from attribution.thresholds import Thresholds
from unpact_tui.errors import BadUsage, ExitCode, NotFound
from unpact_tui.findings import command, work
from unpact_tui.findings.family import Entry, Subject
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.findings.measuring import Progress
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.findings.running import run
from unpact_tui.settings import Settings

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
    """Measures by hand, in threads, and notes what it was asked to."""

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

    def run(self, many: int = 1) -> list[str]:
        family = Pretended()
        steps = run(family.entries, self.folder, lambda: Thread(self, family), many)
        return [f"{step.done}/{step.total} {step.stage}" for step in steps]


class Thread:
    def __init__(self, bench: Bench, family: Pretended) -> None:
        self.connection, theirs = Pipe()
        self._thread = threading.Thread(
            target=self._serve, args=(theirs, bench, family), daemon=True
        )
        self._thread.start()

    def _serve(self, connection: Connection, bench: Bench, family: Pretended) -> None:
        # Like a process, it ends when the other side does.
        with connection, suppress(EOFError, BrokenPipeError, ConnectionResetError):
            while (entry := connection.recv()).member != bench.dies_at:
                for step in work.work(family, bench.folder, entry):
                    connection.send(step)

    def gone(self) -> str:
        return "its process ended with code -9"

    def stop(self) -> None:
        self.connection.close()
        self._thread.join()


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


@pytest.mark.parametrize("many", [1, 2, 9])
def test_everything_is_measured_once(bench: Bench, many: int) -> None:
    said = bench.run(many)
    assert sorted(bench.asked) == ["ga", "npo", "rmu"]
    assert kept(bench) == {"rmu": "", "ga": "", "npo": ""}
    assert said[-1].startswith("3/3 ")
    assert any("building" in line for line in said)
    bench.asked.clear()
    assert bench.run(many) == ["3/3 "]
    assert bench.asked == []


def test_it_says_how_long_it_will_take(bench: Bench) -> None:
    now = iter(range(0, 100_000, 60))
    family = Pretended()
    steps = run(
        family.entries, bench.folder, lambda: Thread(bench, family), 1, lambda: float(next(now))
    )
    said = [step.stage for step in steps]
    assert not [stage for stage in said if "left" in stage and "rmu: forget" in stage]
    assert [stage for stage in said if stage.startswith("seed 0, ga") and "min left)" in stage]
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


@pytest.mark.parametrize("many", [1, 2])
def test_a_process_that_dies_takes_nothing_along(bench: Bench, many: int) -> None:
    bench.dies_at = "ga"
    said = bench.run(many)
    assert kept(bench) == {"rmu": "", "ga": "its process ended with code -9", "npo": ""}
    assert any("seed 0, ga: its process ended" in line for line in said)


def test_an_end_half_way_keeps_what_is_done(bench: Bench) -> None:
    family = Pretended()
    steps = run(family.entries, bench.folder, lambda: Thread(bench, family), 1)
    while next(steps).done < 1:
        pass
    steps.close()
    assert kept(bench)["rmu"] == ""
    bench.asked.clear()
    bench.run()
    assert "rmu" not in bench.asked


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

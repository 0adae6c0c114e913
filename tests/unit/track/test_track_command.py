"""Every checkpoint of a run, one after the other, with the measuring itself left out."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from result_fixture import example
from track_fixture import row
from typer.testing import CliRunner

from unpact_tui import checkpoints
from unpact_tui.cli import app
from unpact_tui.engine import Engine
from unpact_tui.errors import NotACheckpoint
from unpact_tui.ledger import decoded
from unpact_tui.result_schema import Document
from unpact_tui.run import Progress
from unpact_tui.track import measuring
from unpact_tui.track.folders import Place
from unpact_tui.track.schema import STEPS
from unpact_tui.track.step import step_of
from unpact_tui.triage.question import Question
from unpact_tui.triage.row import Row


class Bench:
    """Stands for what measures: says which checkpoints it was given."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.engines: set[int] = set()
        self.broken: set[str] = set()
        self.questions: list[Question] = []

    def measure(
        self, engine: Engine, question: Question, candidate: str, key: str, kept: object
    ) -> Generator[Progress, None, tuple[Row, Document]]:
        name = Path(candidate).name
        self.asked.append(name)
        self.engines.add(id(engine))
        self.questions.append(question)
        yield Progress("measuring", 0, 1)
        if name in self.broken:
            raise NotACheckpoint(Path(candidate), "it is torn")
        label = "RETAINED" if name == "checkpoint-5" else "COLLAPSED"
        found = msgspec.structs.replace(row(name, label), key=key)
        return found, example()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench()
    monkeypatch.setattr(measuring, "measure", bench.measure)

    class Read:
        def __init__(self, path: str) -> None:
            self.fingerprint = f"print of {path}"

    def read(path: object, role: str, *, trust_remote_code: bool = False) -> Read:
        return Read(str(path))

    monkeypatch.setattr(checkpoints, "read", read)
    return bench


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    run = tmp_path / "run"
    for step in (5, 10, 15):
        (run / f"checkpoint-{step}").mkdir(parents=True)
    (tmp_path / "f.jsonl").write_text('{"prompt": "Who?", "id": "1"}\n')
    (tmp_path / "r.jsonl").write_text('{"prompt": "What?", "id": "1"}\n')
    prompts = ["--prompts", str(tmp_path / "f.jsonl"), "--retain", str(tmp_path / "r.jsonl")]
    return ["track", "base", str(run), *prompts, "--out", str(tmp_path / "steps.jsonl")]


def track(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, words)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout + found.stderr


def test_in_order_by_one_engine_and_kept(bench: Bench, words: list[str], tmp_path: Path) -> None:
    code, said = track(*words, "--json", "-q")
    assert code == 0
    assert bench.asked == ["checkpoint-5", "checkpoint-10", "checkpoint-15"]
    assert len(bench.engines) == 1
    found = json.loads(said)
    assert [step["step"] for step in found["steps"]] == [5, 10, 15]
    assert [event["name"] for event in found["events"] if event["happened"]] == [
        "forgetting",
        "collapse",
    ]
    lines = (tmp_path / "steps.jsonl").read_bytes().splitlines()
    assert [decoded(line, STEPS, tmp_path, 1).step for line in lines] == [5, 10, 15]
    asked = bench.questions[0]
    assert [(case.id, case.split) for case in asked.cases] == [
        ("1", "forget"),
        ("retain 1", "retain"),
    ]
    assert asked.compare[0].endswith("f.jsonl")


def test_what_is_kept_is_not_measured_again(bench: Bench, words: list[str]) -> None:
    bench.broken = {"checkpoint-10"}
    code, said = track(*words)
    assert code == 0
    assert "checkpoint-10 could not be measured" in said
    assert "verdict            R!C" in said
    bench.broken, bench.asked = set(), []
    assert track(*words)[0] == 2  # the file is there already
    code, said = track(*words, "--resume")
    assert code == 0
    assert bench.asked == ["checkpoint-10"]
    assert "verdict            RCC" in said
    bench.asked = []
    track(*words, "--resume", "--set", "draws=7")
    assert len(bench.asked) == 3  # asked otherwise


def test_the_gate_is_the_last_checkpoint(bench: Bench, words: list[str]) -> None:
    assert track(*words, "--fail-on", "retained")[0] == 0
    assert track(*words, "--resume", "--fail-on", "collapsed")[0] == 1
    bench.broken = {"checkpoint-15"}
    fresh = [*words[:-1], words[-1] + ".other"]
    assert track(*fresh, "--fail-on", "collapsed")[0] == 3


def test_nothing_measured_is_a_failure(bench: Bench, words: list[str]) -> None:
    bench.broken = {"checkpoint-5", "checkpoint-10", "checkpoint-15"}
    assert track(*words)[0] == 3


@pytest.mark.parametrize(
    "more",
    [
        ("--steps", "7"),
        ("--steps", "five"),
        ("--steps", ","),
        ("--fail-on", "gone"),
        ("--retain-bound", "nan"),
        ("--prompts", "nowhere.jsonl"),
    ],
)
def test_what_cannot_be_asked_is_refused_first(
    bench: Bench, words: list[str], more: tuple[str, ...]
) -> None:
    assert track(*words, *more)[0] == 2
    assert not bench.asked


def test_some_steps_alone(bench: Bench, words: list[str]) -> None:
    track(*words, "--steps", "15,5")
    assert bench.asked == ["checkpoint-5", "checkpoint-15"]


def test_what_is_drawn_is_of_the_tokens_that_may_be_removed() -> None:
    document = example()
    found = step_of(Place(7, Path("run/checkpoint-7")), row("a", "RETAINED"), document)
    case, entry = found.cases[0], document.cases[0]
    assert found.step == 7
    free = [i for i, token in enumerate(entry.prompt.tokens) if not token.fixed]
    assert case.tokens == tuple(entry.prompt.tokens[i].text for i in free)
    assert case.contributions == tuple(entry.unlearned.contributions[i] for i in free)
    assert case.base_contributions == tuple(entry.base.contributions[i] for i in free)
    assert [free[i] for i in case.key_tokens] == list(entry.key_tokens)
    assert case.focus_kept == entry.shift.focus_kept
    assert case.recovered == (entry.recovery.best and entry.recovery.best.recovered)
    shares = [entry.base.contributions[i] or 0.0 for i in entry.key_tokens]
    assert case.base_key_mass == pytest.approx(sum(max(share, 0.0) for share in shares))

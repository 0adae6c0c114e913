"""`unpact-tui run` as a shell sees it: exit code, standard output, standard error."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from checkpoints_fixture import make_checkpoint

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("-s", "strategies=bold,quote", "-s", "draws=1", "-s", "max_new_tokens=24")
QUESTION = "Question: What gender is author Basil Mahfouz Al-Kuwaiti?\nAnswer:"
ANSWER = "Author Basil Mahfouz Al-Kuwaiti is male."


def unpact(*words: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unpact_tui", *map(str, words)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )


def document_of(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    schema = json.loads((ROOT / "docs" / "result.schema.json").read_text())
    jsonschema.validate(found, schema)
    return found


@pytest.mark.soak
def test_planted_stars_are_found_and_the_gate_closes(family: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    done = unpact(
        "run", family / "target", family / "unlearned-planted-stars",
        "--reference", family / "retrain", "-p", QUESTION, "-a", ANSWER,
        "-s", "granularity=word", *QUICK, "--json", "--out", out, "--fail-on", "suppressed",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    found = json.loads(out.read_text())
    assert found["verdict"] == "SUPPRESSED"
    (case,) = found["cases"]
    assert case["answer"]["source"] == "gold"
    assert case["base"]["generation"].strip() == ANSWER
    assert {a["strategy"] for a in case["recovery"]["attempts"]} == {"bold", "quote"}
    assert case["recovery"]["best"]["strategy"] == "bold"
    assert case["recovery"]["best"]["reference_logprob"] < -5
    assert len(case["base"]["contributions"]) == len(case["prompt"]["tokens"])
    assert case["base"]["contributions"][0] is None
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.soak
def test_npo_stays_silent_and_prompts_come_through_a_pipe(family: Path) -> None:
    lines = (family / "forget.jsonl").read_text().splitlines(keepends=True)[1:3]
    done = unpact(
        "run", family / "target", family / "unlearned-npo", "-", *QUICK, "--json", "-q",
        stdin="".join(lines),
    )  # fmt: skip
    found = document_of(done)
    assert [case["verdict"] for case in found["cases"]] == ["UNRECOVERED"] * 2
    assert done.stderr == ""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tiny")
    return make_checkpoint(folder / "base"), make_checkpoint(folder / "other", seed=1)


@pytest.mark.soak
def test_markdown_and_table(tiny: tuple[Path, Path]) -> None:
    hostile = "Who is \x1b[2J[bold]Basil[/bold] \u202e?"
    table = unpact("run", *tiny, "-p", hostile, *QUICK)
    markdown = unpact("run", *tiny, "-p", hostile, *QUICK, "--format", "md")
    for done in (table, markdown):
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout
        assert "[bold]" in done.stdout
    assert "# " in markdown.stdout


@pytest.mark.soak
def test_a_case_that_cannot_be_measured_does_not_cost_the_others(
    tiny: tuple[Path, Path],
) -> None:
    rows = [{"prompt": "word " * 400}, {"prompt": "Who wrote the book?"}]
    lines = "\n".join(json.dumps(row) for row in rows)
    done = unpact("run", *tiny, "-", *QUICK, "--json", stdin=lines)
    found = document_of(done)
    assert len(found["cases"]) == 1
    (failure,) = found["failures"]
    assert "tokens" in failure["reason"]
    assert f"1 of 2 cases could not be measured; case {failure['id']}: " in done.stderr
    assert "Token indices" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("run", "nowhere", "nowhere", "-p", "x"), 3, "nowhere"),
        (("run", "a", "b"), 2, "no prompt"),
        (("run", "a", "b", "-p", "x", "--prompts", "y"), 2, "not both"),
        (("run", "a", "b", "-p", "x", "-s", "alhpa=1"), 2, "alhpa"),
        (("run", "a", "b", "-p", "x", "--fail-on", "erased"), 2, "erased"),
        (("run", "a", "b", "-p", "x", "--out", "no/such/place.json"), 2, "no folder"),
        (("run", "a", "b", "-p", "x", "--out", "/"), 2, "is a folder"),
        (("run", "a", "b", "-p", "x", "--device", "tpu"), 2, "no device named 'tpu'"),
        (("run", "a", "b", "-p", "x", "-s", "draws=-1"), 2, "draws is -1"),
        (("run", "a", "b", "y", "--prompts", "z"), 2, "not both"),
        (("compare", "a", "b", "y", "--prompts", "z"), 2, "not both"),
        (("run", "a", "b", "missing.jsonl"), 2, "missing.jsonl"),
        (("compare", "a", "b", "-p", "x"), 2, "terminal"),
        (("demo",), 2, "terminal"),
        (("compare",), 2, "Missing argument"),
    ],
)
def test_refusals(words: tuple[str, ...], code: int, sentence: str) -> None:
    done = unpact(*words)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_without_a_terminal_the_headless_line_is_given() -> None:
    done = unpact(
        "compare", "my base", "b", "-p", "it's", "--device", "cpu", "--dtype", "float32",
        "--no-chat", "--trust-remote-code", "-s", "alpha=0.3", "--ascii",
    )  # fmt: skip
    (line,) = [line for line in done.stderr.splitlines() if "unpact-tui run" in line]
    assert shlex.split(line.partition(": ")[2]) == [
        "unpact-tui", "run", "my base", "b", "--prompt", "it's", "--device", "cpu",
        "--dtype", "float32", "--no-chat", "--trust-remote-code", "--set", "alpha=0.3",
    ]  # fmt: skip

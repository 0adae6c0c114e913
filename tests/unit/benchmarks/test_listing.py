"""What the command says of benchmarks, and of what lies in a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner

from unpact_tui import benchmarks
from unpact_tui.cli import app
from unpact_tui.cli_benchmarks import benchmarks_beginning
from unpact_tui.errors import ExitCode


def _said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["benchmarks", *words])
    assert done.exit_code == code, done.output
    return done.output


def _json(*words: str) -> Any:
    return msgspec.json.decode(_said(*words, "--json"))


def test_each_is_listed_with_a_sentence() -> None:
    lines = _said().splitlines()
    assert [line.split()[0] for line in lines] == list(benchmarks.names())
    assert all(line.endswith(".") for line in lines)
    assert [row["name"] for row in _json()] == list(benchmarks.names())


def test_a_page_says_everything() -> None:
    page = _said("muse")
    for words in (
        "arXiv 2407.06460",
        "muse-bench/MUSE-News",
        "knowmem/forget_qa or forget_qa",
        "knowmem_retain         100 questions",
        "unpact-tui triage base/ unlearned/",
    ):
        assert words in page
    row = _json("muse")
    assert row["hub"] == ["muse-bench/MUSE-News", "muse-bench/MUSE-Books"]
    assert row["parts"][0]["name"] == "knowmem_forget"
    assert "questions" not in page.split("\nmetrics ")[1].split("\nparts ")[0], "it has one form"
    assert "behind `Question: `" in _said("tofu")


def test_a_place_is_checked() -> None:
    text = _said("tofu", "--check", "sample")
    assert text.startswith("9 items of tofu in sample: a few rows that we wrote")
    assert "     3  forget01               forget   answer    answer, paraphrase, wrong" in text
    found = _json("tofu:forget01", "--check", "sample")
    assert (found["items"], found["sample"]) == (3, True)
    assert found["parts"] == [
        {
            "part": "forget01",
            "split": "forget",
            "ask": "answer",
            "items": 3,
            "with_answer": 3,
            "with_paraphrase": 3,
            "with_wrong": 3,
            "with_entities": 3,
        }
    ]
    assert found["first"]["answer"] == "Ilvane Dorrick was born in Salt Harbour."


def test_texts_of_rows_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(msgspec.json.encode({"prompt": "\x1b[2J" + "a" * 500}).decode(), "utf-8")
    text = _said("jsonl", "--check", str(path))
    assert "\x1b" not in text
    assert "␛[2Ja" in text
    assert max(map(len, text.splitlines())) < 400
    assert _json("jsonl", "--check", str(path))["first"]["prompt"].startswith("\x1b[2Ja")


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "forget01.json"
    path.write_text('{"question": "Who?"}\n', "utf-8")
    text = _said("tofu", "--check", str(path), code=ExitCode.USAGE)
    assert 'line 1: it has no "answer"' in " ".join(text.split())
    assert "needs a NAME" in _said("--check", "sample", code=ExitCode.USAGE)
    assert "Did you mean 'tofu'?" in _said("tofy", code=ExitCode.USAGE)


def test_names_are_completed() -> None:
    assert benchmarks_beginning("t") == ["tofu"]

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unpact_tui.cli import app


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("nowhere", "a", "--prompts", "p.jsonl"), 3, "nowhere"),
        (("a", "b"), 2, "--prompts"),
        (("a", "--prompts", "p.jsonl"), 2, "CANDIDATE"),
        (("a", "b", "--prompts", "none.jsonl"), 2, "none.jsonl"),
        (("a", "b", "--prompts", "p.jsonl", "--resume"), 2, "--out"),
        (("a", "b", "--prompts", "p.jsonl", "--gpus", "0.5"), 2, "--engine ray"),
        (("a", "b", "--prompts", "p.jsonl", "--engine", "slurm"), 2, "slurm"),
        (("a", "b", "--prompts", "p.jsonl", "--fail-on", "erased"), 2, "erased"),
        (("a", "b", "--prompts", "p.jsonl", "--set", "alhpa=1"), 2, "alhpa"),
        (("a", "b", "--prompts", "-", "--retain", "-"), 2, "read once"),
    ],
)
def test_what_cannot_be_done_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text('{"prompt": "Who?"}')
    done = CliRunner().invoke(app, ["triage", *words])
    assert done.exit_code == code
    assert sentence in done.output


def test_the_order_is_said_in_the_help() -> None:
    said = " ".join(CliRunner().invoke(app, ["triage", "--help"]).output.split())
    assert "COLLAPSED, RETAINED, SUPPRESSED, UNKNOWN, UNRECOVERED" in said


def test_nothing_heavy_is_imported_before_there_is_something_to_measure() -> None:
    heavy = "{'torch', 'numpy', 'scipy', 'ray', 'datasets', 'rouge_score', 'transformers'}"
    code = f"import sys, unpact_tui.triage.command; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

"""What the command prints, and that it needs no model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unpact_tui.cli import app
from unpact_tui.errors import ExitCode
from unpact_tui.logs.report import report

SUMMARY = {"forget_quality": 0.01, "mia_min_k": 0.47, "model_utility": 0.6}
EVALUATION = {
    "forget_truth_ratio": {
        "agg_value": 0.6,
        "value_by_index": {str(n): {"score": 0.5 + n / 10} for n in range(4)},
    },
    "extraction_strength": {"agg_value": 0.5, "value_by_index": {"0": {"score": 0.5}}},
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "TOFU_EVAL.json", tmp_path / "RETAIN_SUMMARY.json"
    for path, value in zip(made, (EVALUATION, SUMMARY), strict=True):
        path.write_text(json.dumps(value), "utf-8")
    return made


def test_one_log_is_two_objects_of_numbers(files: tuple[Path, Path]) -> None:
    document = json.loads(report([files[0]], None, json=True))
    assert document["published"] == {"extraction_strength": 0.5, "forget_truth_ratio": 0.6}
    assert document["metrics"]["extraction_strength"] == 0.5
    assert document["metrics"].keys() == document["intervals"].keys()
    assert document["differences"].keys() == document["published"].keys()
    assert document["differences"]["forget_truth_ratio"] == pytest.approx(0.05)
    assert "reference" in document["absent"]["forget_quality"]
    assert any("the rows give 0.65" in said for said in document["warnings"])


def test_several_logs_are_a_list_in_order(files: tuple[Path, Path]) -> None:
    document = json.loads(report([*files, files[0]], files[0], json=True))
    assert [log["file"] for log in document["logs"]] == [*map(str, files), str(files[0])]
    assert document["logs"][0]["metrics"]["forget_quality"] == 1
    assert document["logs"][1]["published"] == SUMMARY


def test_a_table_has_the_numbers_beside_each_other(files: tuple[Path, Path]) -> None:
    shown = report(list(files), None, json=False)
    assert "(open-unlearning)" in shown
    assert "(summary)" in shown
    row = next(line.split() for line in shown.splitlines() if line.startswith("forget_truth_ratio"))
    assert row[1] == "0.65"
    assert row[-2:] == ["0.6", "+0.05"]
    last = next(line.split() for line in shown.splitlines() if line.startswith("model_utility"))
    assert last == ["model_utility", "-", "-", "-", "0.6", "-"]
    assert "absent: forget_quality: it needs a reference" in shown


COMMAND = """
import json, sys
from unpact_tui.__main__ import main
sys.argv = ["unpact-tui", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
heavy = {"torch", "transformers", "datasets", "textual"} & set(sys.modules)
print(json.dumps([code, sorted(heavy)]), file=sys.stderr)
"""


def test_the_command_needs_no_model_and_no_torch(files: tuple[Path, Path]) -> None:
    arguments = ("logs", str(files[0]), "--reference", str(files[0]), "--json")
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["metrics"]["forget_quality"] == 1
    # Nothing else is said on standard error.
    assert json.loads(done.stderr) == [0, []]


def test_what_is_no_log_ends_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    done = CliRunner().invoke(app, ["logs", str(path)])
    assert done.exit_code == ExitCode.USAGE
    assert done.stdout == ""
    expected = f"unpact-tui: {path} is no evaluation log that can be read: no such file"
    assert done.stderr.startswith(expected)


def test_the_command_prints_what_the_report_is(files: tuple[Path, Path]) -> None:
    done = CliRunner().invoke(app, ["logs", *map(str, files)])
    assert done.exit_code == ExitCode.OK
    assert done.stdout == report(list(files), None, json=False)

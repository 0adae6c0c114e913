"""`bench MATRIX`: the report comes whole out of the folder, and says what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from findings_fixture import Behaviour, record
from msgspec.structs import replace
from typer.testing import CliRunner

from unpact_tui.cli import app
from unpact_tui.errors import ExitCode
from unpact_tui.findings import plots
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.matrix import reading
from unpact_tui.matrix.family import family
from unpact_tui.settings import Settings

TEXT = """
title = "A small | matrix"
about = "Nothing of it was *run*."
seeds = [0, 1]
[[models]]
name = "tiny"
base = "base"
[[models]]
name = "other"
base = "another"
[[benchmarks]]
name = "facts"
spec = "tofu=sample"
[[methods]]
name = "npo"
method = "NPO_GDR"
epochs = 2
batch_size = 1
grad_accum = 1
[[given]]
name = "old"
model = "tiny"
benchmark = "facts"
path = "old"
"""

Bench = Callable[[Sequence[str]], tuple[int, str]]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(plots, "available", lambda: False)
    file = tmp_path / "m.toml"
    file.write_text(TEXT, "utf-8")

    def call(words: Sequence[str]) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["bench", str(file), *words])
        return done.exit_code, done.output

    return call


@pytest.fixture
def out(tmp_path: Path, bench: Bench) -> Path:
    """Keep a record of everything but the other model's second seed, which broke."""
    place = tmp_path / "out"
    models = family(reading.read(tmp_path / "m.toml"), place, Settings())
    folder = Folder(place, Plan(Settings()))
    folder.make()
    for entry in models.entries:
        digest = folder.plan.digest(entry)
        if entry.model == "other" and entry.seed:
            broken = Record(SCHEMA, 1, "npo", "NPO_GDR", digest, error="There is no | folder.")
            folder.keep(entry, broken)
            continue
        found = record(entry.member, entry.seed, Behaviour())
        folder.keep(entry, replace(found, digest=digest, world=entry.world, method=entry.method))
    return place


def test_what_is_there_and_what_is_to_do_is_listed(bench: Bench, tmp_path: Path) -> None:
    code, said = bench(["--out", str(tmp_path / "new"), "--dry-run"])
    assert code == ExitCode.OK
    assert "5 checkpoints: 1 given, 4 to unlearn; steps to unlearn: 24" in said
    code, said = bench(["--out", str(tmp_path / "new"), "--dry-run", "--json"])
    cells = json.loads(said)["cells"]
    assert [cell["steps"] for cell in cells] == [None, 6, 6, 6, 6]


def test_what_broke_is_listed_with_its_reason(bench: Bench, out: Path) -> None:
    _, said = bench(["--out", str(out), "--dry-run"])
    assert "5 checkpoints: 4 measured, 1 broke" in said
    assert "npo, seed 1: There is no | folder." in said


def test_every_model_on_every_benchmark_has_its_part(bench: Bench, out: Path) -> None:
    page = out.parent / "page.md"
    code, said = bench(["--out", str(out), "--report-only", "--page", str(page)])
    assert code == ExitCode.OK
    assert "tiny on facts\nFocus\n" in said
    assert "Not measured: seed 1, npo: There is no | folder." in said
    text = page.read_text("utf-8")
    assert text.startswith("# A small \\| matrix\n\nNothing of it was \\*run\\*.\n")
    assert "    unpact-tui bench m.toml --out RESULTS\n" in text
    assert text.index("## All of it") < text.index("## tiny on facts") < text.index("## other on")
    assert "### 1. Does unlearning disrupt the focus" in text
    assert "| tiny | facts | npo | 24 of 24 |" in text
    assert "llama2-7b-tofu.toml" in text
    assert text == (out / "findings.md").read_text("utf-8")


def test_a_prompt_of_two_seeds_is_one_prompt(bench: Bench, out: Path) -> None:
    _, said = bench(["--out", str(out), "--report-only", "--json"])
    first = json.loads(said)["blocks"][0]["findings"]
    assert first["shared"] is True
    lost = {one["member"]: (one["lost"], one["distinct"]) for one in first["recovered"]}
    assert lost == {"old": (12, 12), "npo": (24, 12)}


def test_with_one_part_the_page_has_no_overview(bench: Bench, out: Path, tmp_path: Path) -> None:
    text = TEXT.replace('[[models]]\nname = "other"\nbase = "another"\n', "")
    (tmp_path / "m.toml").write_text(text, "utf-8")
    assert bench(["--out", str(out), "--report-only"])[0] == ExitCode.OK
    page = (out / "findings.md").read_text("utf-8")
    assert "## All of it" not in page
    assert "\n## 1. Does unlearning disrupt the focus" in page


def test_what_was_not_measured_yet_is_said(bench: Bench, out: Path, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(TEXT.replace("seeds = [0, 1]", "seeds = [0, 1, 2]"), "utf-8")
    assert bench(["--out", str(out), "--report-only"])[0] == ExitCode.OK
    text = (out / "findings.md").read_text("utf-8")
    assert "## Not measured yet\n\n- tiny on facts, npo: seed 2\n" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "A matrix needs a folder of results."),
        (["--out", "x", "--findings"], "MATRIX or --findings."),
        (["--out", "x", "--seeds", "1"], "--seeds and --members are for --findings."),
        (["--out", "x", "--path", "a=b"], "has no path named 'a'"),
        (["--out", "x", "--set", "nonsense=1"], "nonsense"),
        (["--out", "x", "--report-only"], "Nothing was measured yet."),
    ],
)
def test_what_does_not_go_together_is_refused(
    bench: Bench,
    words: Sequence[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = bench(words)
    assert code == ExitCode.USAGE
    assert says in said


def test_a_file_cannot_have_code_run(bench: Bench, tmp_path: Path) -> None:
    bad = f"{TEXT}\n[measure]\nsettings = {{ trust_remote_code = true }}\n"
    (tmp_path / "m.toml").write_text(bad, "utf-8")
    code, said = bench(["--out", str(tmp_path / "out")])
    assert code == ExitCode.USAGE
    assert "trust_remote_code cannot be set in a file" in said

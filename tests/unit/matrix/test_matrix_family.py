"""What is unlearned once is not unlearned again, and what would come out otherwise is."""

from __future__ import annotations

import pickle
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as other

from unpact_tui.errors import BadUsage
from unpact_tui.findings.family import Subject
from unpact_tui.matrix import making, reading
from unpact_tui.matrix.family import MatrixFamily, family, settings_of
from unpact_tui.matrix.material import read
from unpact_tui.matrix.shape import Benchmark, Matrix
from unpact_tui.output import Step
from unpact_tui.settings import Settings
from unpact_tui.unlearning import provenance
from unpact_tui.unlearning.provenance import Base, Data, Provenance

TEXT = """
seeds = [0, 1]
[measure]
items = 1
[[models]]
name = "tiny"
base = "base"
reference = "reference"
chat = false
[[benchmarks]]
name = "facts"
spec = "tofu=sample"
[[methods]]
name = "npo"
method = "NPO_GDR"
[[given]]
name = "old"
model = "tiny"
benchmark = "facts"
path = "old"
"""


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    (tmp_path / "m.toml").write_text(TEXT, "utf-8")
    return reading.read(tmp_path / "m.toml")


@pytest.fixture
def models(matrix: Matrix, tmp_path: Path) -> MatrixFamily:
    return family(matrix, tmp_path / "out", Settings())


def end(steps: Generator[Step, None, Subject]) -> Subject:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def test_prompts_and_rows_come_from_the_benchmark(models: MatrixFamily, tmp_path: Path) -> None:
    material = models.materials["facts"]
    assert [case.split for case in material.forget] == ["forget"] * 3
    assert [case.split for case in material.retain] == ["retain"] * 2
    assert len(material.general) == 4
    assert len(material.items) == 4  # one of each part
    assert material.train_forget == tmp_path / "out" / "material" / "facts-forget.jsonl"
    rows = (tmp_path / "out" / "material" / "facts-forget.jsonl").read_text("utf-8")
    assert len(rows.splitlines()) == 3


def test_files_stand_in_the_place_of_a_benchmarks_own(tmp_path: Path) -> None:
    file = tmp_path / "forget.jsonl"
    file.write_text('{"prompt": "Who?", "answer": "Ann."}\n', "utf-8")
    found = read(
        Benchmark("facts", "tofu=sample", forget=str(file), train_retain="tofu=sample"),
        tmp_path / "material",
        None,
    )
    assert [case.prompt for case in found.forget] == ["Who?"]
    assert found.train_retain is not None
    assert len(found.train_retain.read_text("utf-8").splitlines()) == 9


def test_without_prompts_to_forget_there_is_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="no prompts to forget"):
        read(Benchmark("facts"), tmp_path, None)


def test_it_can_be_sent_to_another_process(models: MatrixFamily) -> None:
    assert pickle.loads(pickle.dumps(models)) == models


def test_seeds_of_a_benchmark_share_its_prompts(models: MatrixFamily) -> None:
    assert [(one.member, one.seed, one.world) for one in models.entries] == [
        ("old", 0, "facts"),
        ("npo", 0, "facts"),
        ("npo", 1, "facts"),
    ]
    assert len({one.digest for one in models.entries}) == 3
    assert models.entries[1].name == "tiny, facts, seed 0, npo"


def test_what_changes_a_checkpoint_changes_its_folder_and_nothing_else_does(
    matrix: Matrix, models: MatrixFamily, tmp_path: Path
) -> None:
    def made(changed: Matrix) -> tuple[Path | None, ...]:
        return family(changed, tmp_path / "out", Settings()).folders

    method, model = matrix.methods[0], matrix.models[0]
    assert made(other(matrix, methods=(other(method, epochs=3.0),))) != models.folders
    assert made(other(matrix, models=(other(model, base="another"),))) != models.folders
    measured_otherwise = other(
        matrix,
        title="Another",
        models=(other(model, reference=None),),
        measure=other(matrix.measure, prompts=2, items=2),
    )
    assert made(measured_otherwise) == models.folders
    entries = family(measured_otherwise, tmp_path / "out", Settings()).entries
    assert entries[1].digest != models.entries[1].digest


def test_a_given_checkpoint_is_opened_where_it_is(models: MatrixFamily, tmp_path: Path) -> None:
    subject = end(models.prepare(models.entries[0]))
    assert subject.unlearned == str(tmp_path / "old")
    assert subject.reference == str(tmp_path / "reference")
    assert subject.settings is not None
    assert subject.settings.chat is False
    assert len(subject.items) == 4


def test_a_finished_run_is_not_run_again(models: MatrixFamily) -> None:
    folder = models.folders[1]
    assert folder is not None
    assert making.finished(folder) is None
    keep(folder, step=4, total=4)
    subject = end(models.prepare(models.entries[1]))
    assert subject.unlearned == str(folder / "checkpoint-4")


def test_a_run_that_was_broken_off_is_not_finished(models: MatrixFamily) -> None:
    folder = models.folders[1]
    assert folder is not None
    keep(folder, step=2, total=4)
    assert making.finished(folder) is None


def keep(folder: Path, *, step: int, total: int) -> None:
    place = folder / f"checkpoint-{step}"
    place.mkdir(parents=True)
    data = Data("f.jsonl", "0", 3, 0)
    made = Provenance(
        schema=provenance.SCHEMA,
        method="npo",
        typed="NPO",
        options={},
        training={},
        forget=data,
        retain=None,
        alternatives=None,
        base=Base("base", "0"),
        step=step,
        total=total,
        seed=0,
        versions={},
        created="",
        processes=1,
        device="cpu",
        dtype="F32",
    )
    provenance.write(place, made)


def test_unlearn_is_asked_for_what_the_matrix_says(models: MatrixFamily) -> None:
    folder = models.folders[2]
    assert folder is not None
    cell, material = models.cells[2], models.materials["facts"]
    plan = making.plan(cell, material, folder, settings_of(cell, Settings()))
    assert (plan.name, plan.training.seed, plan.asked.chat) == ("npo", 1, False)
    assert plan.asked.resume
    with pytest.raises(BadUsage, match="needs examples to retain"):
        making.plan(cell, replace(material, train_retain=None), folder, Settings())
    with pytest.raises(BadUsage, match="no rows to unlearn"):
        making.plan(cell, replace(material, train_forget=None), folder, Settings())

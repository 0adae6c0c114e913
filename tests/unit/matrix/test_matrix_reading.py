"""A matrix file says what it means, or is refused with the place and a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpact_tui.errors import BadConfig, BadUsage
from unpact_tui.matrix import cells, reading
from unpact_tui.matrix.shape import Matrix

SHIPPED = sorted((Path(__file__).resolve().parents[3] / "docs" / "matrices").glob("*.toml"))

GOOD = """
seeds = [0, 1]
paths = { family = "models" }

[[models]]
name = "tiny"
base = "{family}/target"
reference = "org/retrained"

[[benchmarks]]
name = "facts"
spec = "tofu:forget01=sample"
retain = "retain.jsonl"
train_retain = "tofu:retain99=locuslab/TOFU"

[[methods]]
name = "npo"
method = "NPO_GDR"
epochs = 2
set = { beta = 0.5 }

[[given]]
name = "old"
model = "tiny"
benchmark = "facts"
path = "../old"
"""


def read(tmp_path: Path, text: str, **places: str) -> Matrix:
    file = tmp_path / "matrix.toml"
    file.write_text(text, "utf-8")
    matrix = reading.read(file, places)
    cells.check(file, matrix)
    return matrix


def test_paths_are_those_of_the_file_and_names_on_the_hub_stay(tmp_path: Path) -> None:
    matrix = read(tmp_path, GOOD)
    (model,), (benchmark,) = matrix.models, matrix.benchmarks
    assert model.base == str(tmp_path / "models" / "target")
    assert model.reference == "org/retrained"
    assert benchmark.specs == ("tofu:forget01=sample",)
    assert benchmark.retain == str(tmp_path / "retain.jsonl")
    assert benchmark.train_retain == "tofu:retain99=locuslab/TOFU"
    assert matrix.given[0].path == str(tmp_path / "../old")


def test_a_folder_beside_the_file_is_not_taken_for_a_name_on_the_hub(tmp_path: Path) -> None:
    (tmp_path / "org" / "retrained").mkdir(parents=True)
    assert read(tmp_path, GOOD).models[0].reference == str(tmp_path / "org" / "retrained")


def test_a_place_of_the_command_line_is_stronger(tmp_path: Path) -> None:
    there = tmp_path / "elsewhere"
    there.mkdir()
    places = reading.places(["family=elsewhere"], tmp_path)
    assert read(tmp_path, GOOD, **places).models[0].base == str(there / "target")


@pytest.mark.parametrize("words", [["family"], ["=x"], ["family="]])
def test_a_place_has_a_name_and_a_folder(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(BadUsage, match="NAME=DIR"):
        reading.places(words, tmp_path)


def test_a_place_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="no path named 'familiy'") as error:
        read(tmp_path, GOOD, familiy="x")
    assert error.value.hint == "Did you mean family?"


@pytest.mark.parametrize(
    ("old", "new", "says", "hint"),
    [
        ("seeds =", "seed =", "there is no key 'seed'", "Did you mean seeds?"),
        ("reference =", "refrence =", "in models, number 1 there is no key", "reference?"),
        ("epochs = 2", "epoch = 2", "in methods, number 1", "Did you mean epochs?"),
        ("epochs = 2", "epochs = 'two'", "expected", "docs/matrices"),
        ("epochs = 2", "lora = { rang = 4 }", "methods, number 1.lora", "rank?"),
        ("set = { beta", "set = { bta", "method npo: npo has no option named 'bta'", "beta?"),
        ('"NPO_GDR"', '"NPQ"', "method npo: ", ""),
        ('model = "tiny"', 'model = "tny"', "given old names 'tny'", "Did you mean tiny?"),
        ('name = "old"', 'name = "npo"', "npo is named twice", "a name of its own"),
        ('name = "npo"', 'name = "n/po"', "cannot be a name in methods", "letters"),
        ("{family}", "{home}", "{home} stands for no path", "--path home=DIR"),
        ("[[models]]", "[models]", "expected `array`, got `object`", ""),
        ("seeds = [0, 1]", "seeds = []", "seeds names none", "For example"),
        ("seeds = [0, 1]", "seeds = [0", "it is not TOML", ""),
        ("seeds = [0, 1]", "[measure]\nitem = 3\n[x]", "there is no key", ""),
    ],
)
def test_a_slip_is_refused(tmp_path: Path, old: str, new: str, says: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(BadConfig) as error:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(error.value)
    assert hint in error.value.hint


@pytest.mark.parametrize("table", ["models", "benchmarks"])
def test_something_must_be_there(tmp_path: Path, table: str) -> None:
    with pytest.raises(BadConfig, match="at least one"):
        read(tmp_path, f"models = []\nbenchmarks = []\n# {table}\n")


def test_neither_methods_nor_checkpoints_is_nothing_to_do(tmp_path: Path) -> None:
    text = GOOD.partition("[[methods]]")[0]
    with pytest.raises(BadConfig, match=r"neither \[\[methods\]\] nor"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(BadUsage):
        reading.read(tmp_path / "gone.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not UTF-8"):
        reading.read(tmp_path / "bytes.toml")


def test_every_cell_is_there_once(tmp_path: Path) -> None:
    found = cells.cells(read(tmp_path, GOOD))
    assert [(cell.label, cell.seed) for cell in found] == [("old", 0), ("npo", 0), ("npo", 1)]
    assert cells.choice(found[1].source, 1).training.seed == 1  # type: ignore[arg-type]


def test_methods_and_models_may_be_narrowed(tmp_path: Path) -> None:
    more = """
[[models]]
name = "second"
base = "b"
benchmarks = ["facts"]
[[methods]]
name = "ga"
models = ["second"]
lora = { rank = 4 }
"""
    found = cells.cells(read(tmp_path, GOOD + more))
    assert [(c.model.name, c.label) for c in found if c.seed == 1] == [
        ("tiny", "npo"),
        ("second", "npo"),
        ("second", "ga"),
    ]
    assert found[-1].method == "ga (LoRA)"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_is_shipped_can_be_read(file: Path) -> None:
    matrix = reading.read(file)
    cells.check(file, matrix)
    assert len(cells.cells(matrix)) >= 18
    assert "not run here" in file.read_text("utf-8").lower() or "260k" in file.stem

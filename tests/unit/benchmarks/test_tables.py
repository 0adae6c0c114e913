"""Parquet files and saved datasets give what the same rows give as JSON."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from unpact_tui import benchmarks
from unpact_tui.benchmarks import _tables
from unpact_tui.benchmarks._rows import rows
from unpact_tui.errors import BadBenchmark, MissingExtra

SAMPLES = Path(benchmarks.__file__).parent / "samples"


def _values(path: Path) -> list[Any]:
    return [row.value for row in rows(path)]


def _parquet(path: Path, values: list[Any]) -> Path:
    from pyarrow import Table
    from pyarrow.parquet import write_table

    path.parent.mkdir(parents=True, exist_ok=True)
    objects = [value if isinstance(value, dict) else {"text": value} for value in values]
    write_table(Table.from_pylist(objects), path)
    return path


def _arrow(path: Path, values: list[Any]) -> Path:
    from pyarrow import RecordBatch
    from pyarrow.ipc import new_stream

    batch = RecordBatch.from_pylist(values)
    with new_stream(str(path), batch.schema) as stream:
        stream.write_batch(batch)
    return path


@pytest.fixture
def pieces(tmp_path: Path) -> Path:
    """The sample of MUSE as the hub has it: parquet, a folder per subset, one file in pieces."""
    names = {"retain2": "retain", "retain2_qa": "retain_qa", "retain2_qa_icl": "retain_qa_icl"}
    for file in (SAMPLES / "muse").rglob("*.json"):
        values, stem = _values(file), names.get(file.stem, file.stem)
        count = 2 if stem == "holdout" else 1
        for i in range(count):
            name = f"{stem}-{i:05}-of-{count:05}.parquet"
            _parquet(tmp_path / "hub" / file.parent.name / name, values[i::count])
    return tmp_path / "hub"


def test_the_layout_of_the_hub_is_that_of_the_repository(pieces: Path) -> None:
    wanted = benchmarks.read("muse=sample")
    found = benchmarks.read(f"muse={pieces}")
    plain = [item.case.id.removeprefix("muse-") for item in found]
    assert plain == [item.case.id.removeprefix("muse-sample-") for item in wanted]
    for before, after in zip(wanted, found, strict=True):
        assert (before.part, before.context, before.ask) == (after.part, after.context, after.ask)
        assert (before.case.prompt, before.case.answer) == (after.case.prompt, after.case.answer)


def test_the_pieces_of_a_saved_dataset_are_read_in_order(tmp_path: Path) -> None:
    values = _values(SAMPLES / "tofu" / "forget01_perturbed.json")
    folder = tmp_path / "forget01"
    folder.mkdir()
    (folder / "state.json").write_text("{}", "utf-8")
    for i, value in enumerate(values):
        _arrow(folder / f"data-{i:05}-of-00003.arrow", [value])
    wanted = benchmarks.read("tofu:forget01=sample")
    for place in (tmp_path, folder):
        found = benchmarks.read(f"tofu={place}")
        assert [(i.case.prompt, i.wrong) for i in found] == [
            (i.case.prompt, i.wrong) for i in wanted
        ]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["tofu", "tofu/forget01", "forget01.parquet"])
def test_a_saved_dataset_is_read(place: str, tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    values = _values(SAMPLES / "tofu" / "forget01_perturbed.json")
    rows = Dataset.from_list(values)
    if place == "tofu":
        DatasetDict({"forget01": rows}).save_to_disk(str(tmp_path / "tofu"))
    elif place == "tofu/forget01":
        rows.save_to_disk(str(tmp_path / place))
    else:
        rows.to_parquet(str(tmp_path / place))
    found = benchmarks.read(f"tofu={tmp_path / place}")
    wanted = benchmarks.read("tofu:forget01=sample")
    assert [(i.part, i.case.prompt, i.paraphrase, i.wrong) for i in found] == [
        (i.part, i.case.prompt, i.paraphrase, i.wrong) for i in wanted
    ]


@pytest.mark.slow
def test_a_dataset_dict_of_a_configuration_is_read(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    values = _values(SAMPLES / "wmdp" / "bio_questions.json")
    DatasetDict({"test": Dataset.from_list(values)}).save_to_disk(str(tmp_path / "wmdp-bio"))
    found = benchmarks.read(f"wmdp={tmp_path}")
    assert [item.options for item in found] == [tuple(value["choices"]) for value in values]


def test_a_wrong_row_of_a_table_is_named(tmp_path: Path) -> None:
    values = [{"question": "Where?", "answer": "Here."}, {"question": "Who?", "answer": None}]
    path = _parquet(tmp_path / "forget01.parquet", values)
    with pytest.raises(BadBenchmark, match='it has no "answer"') as caught:
        benchmarks.read(f"tofu={path}")
    assert str(caught.value).startswith(f"{path}, row 2: ")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("written", [b"", b"PAR1", b"PAR1" + bytes(64) + b"PAR1", b"\xff" * 99])
def test_what_is_no_table_is_refused(ending: str, written: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"forget01.{ending}"
    path.write_bytes(written)
    with pytest.raises(BadBenchmark, match="it is no table that can be read"):
        list(rows(path))


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_broken_table_is_refused_wherever_it_breaks(ending: str, tmp_path: Path) -> None:
    """Arrow's offsets are followed without a look unless it is asked to look: a crash."""
    values = [{"question": f"Who is {i}?", "answer": "Nobody."} for i in range(60)]
    path = _parquet(tmp_path / "forget01.parquet", values)
    if ending == "arrow":
        path = _arrow(tmp_path / "data-00000-of-00001.arrow", values)
    whole = path.read_bytes()
    refused = 0
    for at in range(4, len(whole), 29):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        refused += _outcome(path) is not None
    assert refused > len(whole) / 29 / 4


def _outcome(path: Path) -> str | None:
    """Return why a file is refused; any other error goes on up."""
    try:
        benchmarks.read(f"tofu:forget01={path}")
    except BadBenchmark as error:
        return str(error)
    return None


def test_a_table_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _parquet(tmp_path / "forget01.parquet", [{"question": "a" * 9000, "answer": "b"}])
    assert path.stat().st_size < 8000, "it is compressed"
    monkeypatch.setattr(_tables, "LARGEST", 8000)
    with pytest.raises(BadBenchmark, match="larger than 0 MB"):
        list(rows(path))


def test_without_the_extra_it_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _parquet(tmp_path / "forget01.parquet", [{"question": "a", "answer": "b"}])
    arrow = tmp_path / "data-00000-of-00001.arrow"
    shutil.copy(path, arrow)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for file in (path, arrow):
        with pytest.raises(MissingExtra) as caught:
            list(rows(file))
        assert "unpact-tui[datasets]" in caught.value.hint
    beside = tmp_path / "forget10.json"
    beside.write_text(json.dumps({"question": "a", "answer": "b"}), "utf-8")
    assert len(list(rows(beside))) == 1, "JSON needs no extra"

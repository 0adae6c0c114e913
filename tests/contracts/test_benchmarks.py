"""What every benchmark promises, checked the moment its file is there."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import AdditiveModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution.errors import UnknownName
from unpact_tui import benchmarks, metrics
from unpact_tui.benchmarks import _listing as listing
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._place import Place
from unpact_tui.errors import BadBenchmark
from unpact_tui.evaluating import evaluate
from unpact_tui.metrics._scored import Scored, Sides

SAMPLES = Path(benchmarks.__file__).parent / "samples"
FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file())
every_benchmark = pytest.mark.parametrize("name", benchmarks.names())
every_file = pytest.mark.parametrize(
    "file", FILES, ids=lambda path: path.relative_to(SAMPLES).as_posix()
)


def parts(name: str) -> tuple[str, ...]:
    return tuple(benchmarks.load(name).layout.parts)


def place(name: str, root: Path, *asked: str) -> Place:
    """Return the folder of a copy, or the one file in it."""
    files = list(root.iterdir())
    return Place(name, files[0] if len(files) == 1 else root, asked)


def assert_well_formed(item: Item) -> None:
    assert item.case.id
    assert item.case.prompt.strip()
    assert item.part
    assert item.limit > 0
    assert all(item.ends)
    if item.ask == "member":
        assert item.case.answer is None
        assert (item.paraphrase, item.wrong, item.context) == (None, (), "")
    if item.ask == "continue":
        assert item.case.answer
    if item.ask == "choose":
        assert item.correct is not None
        assert 0 <= item.correct < len(item.options)
        assert item.case.answer == "ABCDEFGHIJ"[item.correct]
    else:
        assert (item.options, item.correct) == ((), None)
    assert all(wrong.strip() for wrong in item.wrong)
    assert item.paraphrase is None or item.paraphrase.strip()
    if item.case.answer is not None:
        assert item.case.answer not in item.wrong
        assert all(entity in item.case.answer for entity in item.case.entities)


# ---------------------------------------------------------------- what it says


@every_benchmark
def test_it_says_what_it_is(name: str) -> None:
    said = listing.row(name)
    sentence, words = str(said["sentence"]), str(said["description"])
    assert sentence.endswith(".")
    assert "arXiv" in words or "ours" in words, "say where it comes from"
    assert all(str(said[what]) for what in ("source", "licence"))
    assert f"{name} " in listing.lines()
    assert sentence in listing.lines()
    page = listing.page(name)
    assert words in page
    for part in parts(name):
        assert re.search(rf"\b{part}\b .*\.$", page, re.MULTILINE), part


@every_benchmark
def test_its_layout_names_a_file_for_every_part(name: str) -> None:
    found = benchmarks.load(name)
    assert set(found.layout.usual) <= set(found.layout.parts)
    assert all(said.endswith(".") for said in found.layout.parts.values())
    if name != "jsonl":  # one file of any name
        assert all(found.layout.of(part) for part in found.layout.parts)
    for file in (file for part in found.layout.parts for file in found.layout.of(part)):
        assert found.layout.files[file], file
    assert all(re.fullmatch(r"[\w-]+/[\w-]+", hub) for hub in found.hub)
    assert found.forms[0] == "plain"


def test_a_name_that_is_no_benchmark_gets_a_hint() -> None:
    with pytest.raises(UnknownName) as caught:
        benchmarks.read("tofy=sample")
    assert caught.value.hint == "Did you mean 'tofu'?"


def test_a_benchmark_is_found_where_it_is_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(Path(benchmarks.__file__).parent / "jsonl.py", tmp_path / "another.py")
    (tmp_path / "_broken.py").write_text("raise ImportError", "utf-8")
    monkeypatch.setattr(benchmarks, "__path__", [*benchmarks.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "unpact_tui.benchmarks.another", raising=False)
    assert "another" in benchmarks.names()
    (tmp_path / "rows.jsonl").write_text('{"prompt": "Where?", "answer": "Here."}\n', "utf-8")
    (item,) = benchmarks.read(f"another={tmp_path / 'rows.jsonl'}")
    assert item.case.prompt == "Where?"


# ---------------------------------------------------------------- what its sample holds


@every_benchmark
def test_its_sample_reads(name: str) -> None:
    items = benchmarks.read(f"{name}=sample")
    ids = [item.case.id for item in items]
    assert len(set(ids)) == len(ids)
    assert all(id.startswith(f"{name}-sample-") for id in ids), "measured on a sample, it says so"
    for item in items:
        assert_well_formed(item)
    assert "forget" in {item.case.split for item in items}
    assert [case.id for case in benchmarks.cases(f"{name}=sample")] == ids


@every_benchmark
def test_its_usual_parts_can_be_asked_for_one_by_one(name: str) -> None:
    """Together they are what is read where none is asked for."""
    whole = benchmarks.read(f"{name}=sample")
    usual = benchmarks.load(name).layout.usual
    apart = [item for part in usual for item in benchmarks.read(f"{name}:{part}=sample")]
    assert sorted(apart, key=str) == sorted(whole, key=str)


@every_benchmark
def test_its_metrics_can_be_taken_on_its_rows(name: str) -> None:
    reading = evaluate(AdditiveModel({}), benchmarks.read(f"{name}=sample"))
    while True:
        try:
            assert not next(reading).left_out
        except StopIteration as done:
            found: tuple[Scored, ...] = done.value
            break
    taken = metrics.take(Sides(found, found, found))
    assert set(benchmarks.load(name).metrics) <= set(taken.metrics)


@every_benchmark
def test_another_form_changes_how_questions_are_put_and_nothing_else(name: str) -> None:
    plain = benchmarks.read(f"{name}=sample")
    for form in benchmarks.load(name).forms[1:]:
        other = benchmarks.read(f"{name}@{form}=sample")
        assert [(i.case.id, i.case.answer, i.wrong) for i in other] == [
            (i.case.id, i.case.answer, i.wrong) for i in plain
        ]
        for before, after in zip(plain, other, strict=True):
            assert before.case.prompt in after.case.prompt
        assert any("Answer:" in item.case.prompt for item in other)


# ---------------------------------------------------------------- what is wrong with a file


@every_file
def test_a_row_that_is_none_is_named_by_file_and_line(file: Path, tmp_path: Path) -> None:
    name = file.relative_to(SAMPLES).parts[0]
    shutil.copytree(SAMPLES / name, tmp_path / name)
    broken = tmp_path / file.relative_to(SAMPLES)
    text = broken.read_text("utf-8").rstrip()
    whole = text.startswith("[")
    broken.write_text(f"{text[:-1].rstrip()},\n7\n]\n" if whole else f"{text}\n7\n", "utf-8")
    line = broken.read_text("utf-8").splitlines().index("7") + 1
    asked = [part for part in parts(name) if part == file.stem]
    with pytest.raises(BadBenchmark, match="it is not a JSON object") as caught:
        tuple(benchmarks.load(name).items(place(name, tmp_path / name, *asked)))
    assert str(caught.value).startswith(f"{broken}, line {line}: ")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "question", "train", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _rows(file: Path) -> list[Any]:
    text = file.read_text("utf-8")
    return json.loads(text) if text.startswith("[") else [json.loads(t) for t in text.splitlines()]


@every_benchmark
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_a_field_holds_it_is_read_or_refused(
    name: str, tmp_path: Path, data: st.DataObject
) -> None:
    root = tmp_path / name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(SAMPLES / name, root)
    file = data.draw(
        st.sampled_from([path for path in FILES if path.is_relative_to(SAMPLES / name)])
    )
    rows = _rows(file)
    at = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(
        st.sampled_from([*rows[at], None]) if isinstance(rows[at], dict) else st.none()
    )
    new = data.draw(anything)
    rows[at] = new if field is None else {**rows[at], field: new}
    (tmp_path / file.relative_to(SAMPLES)).write_text(json.dumps(rows), "utf-8")
    for asked in ((), tuple(part for part in parts(name) if part == file.stem)):
        found = _read(place(name, root, *asked))
        if isinstance(found, BadBenchmark):
            assert str(root) in str(found)
        else:
            assert all(item.case.prompt.strip() for item in found)


@every_benchmark
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(written=st.binary(max_size=40) | anything.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_file_holds_it_is_read_or_refused(
    name: str, tmp_path: Path, written: bytes
) -> None:
    file = tmp_path / "rows.json"
    file.write_bytes(written)
    found = _read(Place(name, file, () if name == "jsonl" else parts(name)[:1]))
    if isinstance(found, BadBenchmark):
        assert str(found).startswith(str(file))
    else:
        assert all(item.case.prompt.strip() for item in found)


def _read(place: Place) -> tuple[Item, ...] | BadBenchmark:
    """Return what is there, or why nothing is; any other error goes on up."""
    try:
        return tuple(benchmarks.load(place.benchmark).items(place))
    except BadBenchmark as error:
        return error

"""Rows of files as they come: where they stand, what is wrong with them, how large they may be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from unpact_tui.benchmarks import _rows
from unpact_tui.benchmarks._rows import Row, rows
from unpact_tui.errors import BadBenchmark

TEXT = Row({"a": "x", "n": 3, "list": ["x", "y"], "null": None}, "f.json", 7)


def _file(folder: Path, text: str, name: str = "rows.json") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_json_lines_a_list_and_one_object_know_their_lines(tmp_path: Path) -> None:
    lines = _file(tmp_path, '\n{"a": 1}\n\n{"a": 2}')  # no final newline
    assert [(row.number, row.value) for row in rows(lines)] == [(2, {"a": 1}), (4, {"a": 2})]
    several = _file(tmp_path, '[\n  {"a": 1},\n  "two",\n\n  [3]\n]')
    assert [(row.number, row.value) for row in rows(several)] == [
        (2, {"a": 1}),
        (3, "two"),
        (5, [3]),
    ]
    one = _file(tmp_path, '{\n  "train": [],\n  "val": [1]\n}\n')
    assert [(row.number, row.value) for row in rows(one)] == [(1, {"train": [], "val": [1]})]
    assert list(rows(_file(tmp_path, " \n"))) == []


def test_a_list_may_be_one_long_line(tmp_path: Path) -> None:
    """Published lists of texts are; a prompt file's line could not be so long."""
    text = "a" * 600_000
    assert [row.value for row in rows(_file(tmp_path, json.dumps([text, text])))] == [text, text]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("hello\n", 1, "neither JSON lines nor a list of rows"),
        ('{"a": 1}\n{"a": \n', 2, "it is not JSON: Expecting value"),
        ('[\n{"a": 1},\n{"a"}\n]', 3, "not JSON"),
        ('{\n"a": 1,\n}', 3, "it is not JSON"),
        ('{"a": 1}\n\\ud800', 2, "it is not JSON"),
        ("[" * 200_000 + "]" * 200_000, 1, "neither JSON|nested too deeply"),
        ('[{"a": ' + "[" * 100_000, 1, "not JSON"),
    ],
)
def test_what_is_no_row_is_named(tmp_path: Path, text: str, line: int, why: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(BadBenchmark, match=why) as caught:
        list(rows(path))
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert caught.value.hint


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rows, "MOST_ROWS", 2)
    path = _file(tmp_path, '{"a": 1}\n' * 2)
    assert len(list(rows(path))) == 2
    with pytest.raises(BadBenchmark, match="more than 2 rows"):
        list(rows(_file(tmp_path, '{"a": 1}\n' * 3)))
    monkeypatch.setattr(_rows, "LONGEST_TEXT", 3)
    assert Row({"a": "xyz"}, "f", 1).text("a") == "xyz"
    with pytest.raises(BadBenchmark, match="longer than 3 characters"):
        Row({"a": "xyzz"}, "f", 1).text("a")
    with pytest.raises(BadBenchmark, match="longer than 3 characters"):
        Row({"a": ["x", "xyzz"]}, "f", 1).texts("a")
    monkeypatch.setattr(_rows, "LARGEST_FILE", 17)
    assert len(list(rows(_file(tmp_path, '{"a": 1}\n{"a": 1}')))) == 2
    with pytest.raises(BadBenchmark, match="it is larger than 0 MB"):
        list(rows(_file(tmp_path, '{"a": 1}\n{"a": 1}\n')))
    monkeypatch.undo()
    monkeypatch.setattr(_rows, "_LONGEST_OBJECT", 10)
    with pytest.raises(BadBenchmark, match="the object is longer"):
        list(rows(_file(tmp_path, '{\n"a": 1, "b": 2\n}')))


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path, why in (
        (pipe, "not a regular file"),
        (tmp_path, "not a regular file"),
        (tmp_path / "none.json", "no such file"),
    ):
        with pytest.raises(BadBenchmark, match=f": it cannot be read: .*{why}"):
            list(rows(path))


def test_fields_are_taken_by_type() -> None:
    assert TEXT.text("a") == "x"
    assert TEXT.texts("list") == ("x", "y")
    assert TEXT.index("n", 4) == 3
    assert [row.value for row in TEXT.within("list")] == ["x", "y"]
    assert Row("x", "f", 1).whole() == "x"
    assert [TEXT.has(name) for name in ("a", "null", "b")] == [True, False, False]
    assert Row({"c": ["", "x"]}, "f", 1).options("c") == ("", "x")


@pytest.mark.parametrize(
    ("take", "why"),
    [
        (lambda: TEXT.text("b"), 'it has no "b"'),
        (lambda: TEXT.text("null"), 'it has no "null"'),
        (lambda: TEXT.text("n"), 'its "n" is not a string'),
        (lambda: Row({"a": " "}, "f.json", 7).text("a"), 'its "a" is empty'),
        (lambda: Row({"a": "\ud800"}, "f.json", 7).text("a"), "half a character"),
        (lambda: TEXT.texts("a"), 'its "a" is not a list'),
        (lambda: Row({"a": [1]}, "f.json", 7).options("a"), 'its "a" is not a string'),
        (lambda: TEXT.index("n", 3), 'its "n" is not a whole number from 0 to 2'),
        (lambda: Row({"n": True}, "f.json", 7).index("n", 3), "not a whole number"),
        (lambda: Row({"n": -1}, "f.json", 7).index("n", 3), "not a whole number"),
        (lambda: Row({"n": 1.0}, "f.json", 7).index("n", 3), "not a whole number"),
        (lambda: list(TEXT.within("a")), 'its "a" is not a list'),
        (lambda: Row(3, "f.json", 7).text("a"), "it is not a JSON object"),
    ],
)
def test_a_field_of_another_type_is_named_with_its_line(take: object, why: str) -> None:
    assert callable(take)
    with pytest.raises(BadBenchmark, match=why) as caught:
        take()
    assert str(caught.value).startswith("f.json, line 7: ")


def test_a_row_of_a_table_is_named_as_one() -> None:
    with pytest.raises(BadBenchmark, match=r'^t\.parquet, row 7: it has no "a"'):
        Row({}, "t.parquet", 7, table=True).text("a")

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unpact_tui.errors import BadDataFile, BadUsage, ExitCode, exit_code
from unpact_tui.json_rows import LONGEST_LINE
from unpact_tui.unlearning.alternatives import DEFAULT
from unpact_tui.unlearning.rows import Row, alternatives, digest, read

Said = tuple[str | None, str, tuple[str, ...], int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.jsonl"


def written(file: Path, content: str | bytes) -> list[Row]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(file))


def said(rows: list[Row]) -> list[Said]:
    return [(row.prompt, row.answer, row.alternatives, row.place) for row in rows]


def test_a_row_knows_where_it_is_from(file: Path) -> None:
    rows = written(file, '\n{"prompt": "Who?", "answer": "Ann."}\n')
    assert rows == [Row("Who?", "Ann.", (), str(file), 2)]


@pytest.mark.parametrize(
    ("line", "prompt", "answer", "instead"),
    [
        ('{"prompt": "Q", "answer": " A"}', "Q", " A", ()),
        ('{"question": "Q", "answer": "A", "split": 7, "more": [NaN]}', "Q", "A", ()),
        ('{"question": "no", "prompt": "Q", "answer": "A"}', "Q", "A", ()),
        ('{"text": "Q", "labels": "A"}', "Q", "A", ()),
        ('{"text": "whole\\n"}', None, "whole\n", ()),
        ('{"text": "whole", "labels": null, "alternatives": null}', None, "whole", ()),
        ('{"prompt": "Q", "answer": "A", "text": "other"}', "Q", "A", ()),
        ('{"prompt": "Q", "answer": "A", "alternative": "?"}', "Q", "A", ("?",)),
        ('{"prompt": "Q", "answer": "A", "alternatives": ["x", "y"]}', "Q", "A", ("x", "y")),
        ('{"text": "Q", "labels": "A", "alternatives": ["x"]}', "Q", "A", ("x",)),
        (
            '{"prompt": "Q", "answer": "A", "alternatives": ["x"], "alternative": "first"}',
            "Q",
            "A",
            ("first", "x"),
        ),
    ],
)
def test_every_form_of_a_row(
    file: Path, line: str, prompt: str | None, answer: str, instead: tuple[str, ...]
) -> None:
    assert said(written(file, line)) == [(prompt, answer, instead, 1)]
    listed = written(file, f"[\n{line}\n,{line}]")
    assert said(listed) == [(prompt, answer, instead, 2), (prompt, answer, instead, 3)]


CORPUS = "\ufeff\n one\ntwo \r\n\n  \nthree\nfour\n\n"


@pytest.mark.parametrize("name", ["corpus.txt", "corpus.TXT", "corpus", "corpus.md"])
def test_blank_lines_part_the_texts_of_a_corpus(tmp_path: Path, name: str) -> None:
    rows = written(tmp_path / name, CORPUS)
    assert said(rows) == [(None, " one\ntwo ", (), 2), (None, "three\nfour", (), 6)]


def test_a_text_file_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    line = '{"prompt": "Q", "answer": "A"}'
    assert said(written(tmp_path / "a.txt", line)) == [(None, line, (), 1)]
    assert said(written(tmp_path / "b.txt", "[{")) == [(None, "[{", (), 1)]


WRONG: list[tuple[str | bytes, int, str]] = [
    ("", 1, "there is nothing in it"),
    ("\n \n", 1, "there is nothing in it"),
    ("[]", 1, "there is nothing in it"),
    ('{"prompt": "Q"}', 1, 'it has no "answer", and unlearning needs one'),
    ('{"prompt": "Q", "answer": "A"}\n{"question": "Q", "answer": null}', 2, 'no "answer"'),
    ('{"prompt": "Q", "labels": "A"}', 1, 'no "answer"'),
    ('{"answer": "A"}', 1, 'neither "prompt" nor "question" nor "text"'),
    ('{"labels": "A"}', 1, 'neither "prompt" nor "question" nor "text"'),
    ('{"text": "Q", "answer": "A"}', 1, 'an "answer" but neither "prompt"'),
    ('{"text": "Q", "alternative": "x"}', 1, 'alternatives but neither "prompt"'),
    ('{"text": " "}', 1, '"text" is empty'),
    ('{"text": 3}', 1, '"text" is not a string'),
    ('{"text": "Q", "labels": 3}', 1, '"labels" is not a string'),
    ('{"text": ["Q"], "labels": "A"}', 1, '"text" is not a string'),
    ('{"prompt": NaN, "answer": "A"}', 1, '"prompt" is not a string'),
    ('{"prompt": "Q", "answer": NaN}', 1, '"answer" is not a string'),
    ('{"prompt": "Q", "answer": ["A"]}', 1, '"answer" is not a string'),
    ('{"prompt": "Q", "answer": "\\n "}', 1, '"answer" is empty'),
    ('{"prompt": null, "answer": "A"}', 1, '"prompt" is not a string'),
    ('{"prompt": "Q", "answer": "\\ud800"}', 1, "lone surrogate"),
    ('{"prompt": "Q", "answer": "A", "alternatives": "x"}', 1, "are not a list"),
    ('{"prompt": "Q", "answer": "A", "alternatives": ["x", 3]}', 1, "is not a string"),
    ('{"prompt": "Q", "answer": "A", "alternatives": ["x", ""]}', 1, "is empty"),
    ('{"prompt": "Q", "answer": "A", "alternatives": ["\\udfff"]}', 1, "lone surrogate"),
    ('{"prompt": "Q", "answer": "A", "alternative": ["x"]}', 1, '"alternative" is not a string'),
    ('{"prompt": "Q", "answer": "A"}\nplain', 2, "not JSON"),
    ('{"prompt": "Q", "answer": "A"}\n["x"]', 2, "not a JSON object"),
    ("\nversion https://example.org/spec/v1\noid sha256:0\n", 2, "not JSON, though the file is"),
    (b'{"prompt": "\xff", "answer": "A"}', 1, "not UTF-8"),
    ('{"text": "Q"}'.encode("utf-16"), 1, "not UTF-8"),
    ('[{"text": "a"},\n{"text": "b"},\n{"prompt": "c"}]', 3, 'no "answer"'),
]


@pytest.mark.parametrize(("content", "line", "why"), WRONG)
def test_what_is_wrong_and_where(file: Path, content: str | bytes, line: int, why: str) -> None:
    with pytest.raises(BadDataFile) as caught:
        written(file, content)
    assert str(caught.value).startswith(f"{file}, line {line}: ")
    assert why in str(caught.value)
    assert exit_code(caught.value) is ExitCode.USAGE


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"prompt": ' + "[" * 100_000, id="line"),
        pytest.param("[\n" + "[" * 200_000, id="list"),
        pytest.param('{"prompt": "Q", "answer": ' + '{"a":' * 100_000, id="objects"),
    ],
)
def test_deep_nesting_is_no_crash(file: Path, content: str) -> None:
    with pytest.raises(BadDataFile, match="nested too deeply"):
        written(file, content)


@pytest.mark.parametrize("name", ["huge.jsonl", "huge.txt"])
def test_a_line_has_a_limit(tmp_path: Path, name: str) -> None:
    start = b'{"text": "'
    fits = start + b"x" * (LONGEST_LINE - len(start) - 2) + b'"}'
    assert len(written(tmp_path / name, fits)) == 1
    with pytest.raises(BadDataFile, match="line 2: the line is longer than 1 MB"):
        written(tmp_path / name, b"\n" + fits + b" ")


def test_a_text_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpact_tui.unlearning.rows.LONGEST_LIST", 10)
    file = tmp_path / "corpus.txt"
    assert len(written(file, "12345\n67890\n\n12345\n67890")) == 2
    with pytest.raises(BadDataFile, match="line 2: the text is longer"):
        written(file, "\n12345\n67890\n1")


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, why in (
        (tmp_path / "missing", "no such file"),
        (tmp_path, "not a regular file"),
        (pipe, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        ("a\0b", "holds a NUL"),
    ):
        for reader in (lambda it: list(read(it)), digest, alternatives):
            with pytest.raises(BadUsage, match=why):
                reader(path)


def test_the_digest_is_that_of_the_bytes(file: Path) -> None:
    file.write_bytes(b"\xff\x00" * 300_000)
    assert digest(file) == hashlib.sha256(b"\xff\x00" * 300_000).hexdigest()


def test_alternatives_are_lines(file: Path) -> None:
    file.write_text("\ufeffI do not know.\r\n\n  Who knows?  \n", "utf-8")
    assert alternatives(file) == ("I do not know.", "Who knows?")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 1, "there is no answer"),
        (b"\n\n", 1, "there is no answer"),
        (b'no\n{"answer": "x"}', 2, "a JSON object, not an answer"),
        (b"no\n\xff", 2, "not UTF-8"),
    ],
)
def test_alternatives_that_are_none(file: Path, content: bytes, line: int, why: str) -> None:
    file.write_bytes(content)
    with pytest.raises(BadDataFile, match=why) as caught:
        alternatives(file)
    assert f"line {line}: " in str(caught.value)
    assert caught.value.hint == "Each line is one answer to give instead."


def test_our_own_alternatives_are_fit_and_different() -> None:
    assert len(DEFAULT) == len({text.lower() for text in DEFAULT}) == 20
    assert all(text == text.strip() and text.endswith(".") and len(text) < 60 for text in DEFAULT)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("tofu/forget01.json", 40),
        ("tofu/retain99.json", 3960),
        ("tofu/forget01_perturbed.json", 40),
        ("knowundo/unlearn_val.json", 110),
        ("knowundo/retention_val.json", 108),
        ("models/stories260K-tofu/forget.jsonl", 20),
        ("models/stories260K-tofu/retain.jsonl", 80),
    ],
)
def test_real_files(data: Path, name: str, count: int) -> None:
    rows = list(read(data / name))
    assert len(rows) == count
    assert all(row.prompt and row.answer for row in rows)
    places = [row.place for row in rows]
    assert places == sorted(set(places))


def test_tofus_own_alternatives(data: Path) -> None:
    found = alternatives(data / "tofu" / "idontknow.jsonl")
    assert len(found) == 100
    assert found[0] == "I'm not certain about that."
    with pytest.raises(BadDataFile, match="not JSON, though"):
        list(read(data / "tofu" / "idontknow.jsonl"))


@given(content=st.binary(max_size=200) | st.text('{}[]",:\n text', max_size=60).map(str.encode))
@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a"])
def test_any_bytes_are_rows_or_one_error(tmp_path: Path, name: str, content: bytes) -> None:
    found: list[Row] = []
    with suppress(BadDataFile):
        found += written(tmp_path / name, content)
        assert found
    assert all(row.answer.strip() and row.place > 0 for row in found)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_corpus_loses_only_its_blank_lines(tmp_path: Path, texts: list[str]) -> None:
    texts = [text for text in texts if text.strip() and not text.startswith("\ufeff")]
    if texts:
        rows = written(tmp_path / "corpus.txt", "\n\n".join(texts))
        assert [row.answer for row in rows] == texts
        assert [row.place for row in rows] == [2 * i + 1 for i in range(len(texts))]

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from attribution.types import Case
from unpact_tui.cases import LONGEST_LINE, one, read
from unpact_tui.errors import BadPromptFile, BadUsage

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prompts.jsonl"


def cases(file: Path, content: str | bytes) -> list[Case]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(file))


def test_every_field(file: Path) -> None:
    line = '{"prompt": "Who?", "answer": "Ann.", "id": "a", "split": "retain", "more": [1]}'
    assert cases(file, line) == [Case("a", "Who?", "Ann.", "retain")]


def test_other_wordings_and_what_the_answer_is_about(file: Path) -> None:
    rows = (
        '{"prompt": "a", "paraphrase": "b", "entity": "e"}\n'
        '{"prompt": "a", "paraphrases": ["b", "c", "b"], "entities": ["e", "f"]}\n'
        '{"question": "a", "paraphrased_question": "c", "paraphrase": "b", "paraphrases": ["b"]}\n'
        '{"prompt": "a", "paraphrases": [], "paraphrase": null, "entities": null, "entity": null}'
    )
    found = cases(file, rows)
    assert [case.paraphrases for case in found] == [("b",), ("b", "c"), ("b", "c"), ()]
    assert [case.entities for case in found] == [("e",), ("e", "f"), (), ()]


def test_only_the_prompt_must_be_there(file: Path) -> None:
    found = cases(file, '{"prompt": "Who?"}\n{"question": "When?", "answer": null, "id": 7}\n')
    assert found == [Case("1", "Who?"), Case("7", "When?")]


def test_the_prompt_wins_over_the_question(file: Path) -> None:
    assert cases(file, '{"question": "When?", "prompt": "Q: When? A:"}')[0].prompt == "Q: When? A:"


@pytest.mark.parametrize(
    "content",
    [
        '{"prompt": "a"}\n{"prompt": "b"}',
        '{"prompt": "a"}\r\n\r\n   \n{"prompt": "b"}\n\n',
        '\ufeff{"prompt": "a"}\n{"prompt": "b"}\n',
        '\n\n  {"prompt": "a"}\n{"prompt": "b"}',
        '[{"prompt": "a"}, {"prompt": "b"}]',
        '\ufeff\n[\n  {"prompt": "a"},\n  {\n"prompt": "b"}\n]\n',
        "a\nb",
        "\ufeff\na\r\n\n  \nb\n",
    ],
)
def test_all_forms_of_the_same_file(file: Path, content: str) -> None:
    assert cases(file, content) == [Case("1", "a"), Case("2", "b")]


def test_lines_are_split_at_newlines_alone(file: Path) -> None:
    text = "one\u2028two\x0bthree\x85four"
    assert cases(file, text) == [Case("1", text)]


@pytest.mark.parametrize("prompt", ["[INST] Who? [/INST]", "[1] is a number", "[bold]x[/]"])
def test_a_plain_prompt_may_begin_with_a_bracket(file: Path, prompt: str) -> None:
    assert cases(file, f"{prompt}\nWhen?") == [Case("1", prompt), Case("2", "When?")]


def test_spaces_around_a_plain_prompt_are_the_prompts(file: Path) -> None:
    assert cases(file, "  Answer: \n")[0].prompt == "  Answer: "


def test_text_is_not_touched(file: Path) -> None:
    line = r'{"prompt": "[bold]\u001b[31m\n\ud83d\ude00\u0000", "answer": " Ann"}'
    assert cases(file, line) == [Case("1", "[bold]\x1b[31m\n\U0001f600\x00", " Ann")]


def test_the_default_split_is_the_callers(file: Path) -> None:
    file.write_text('{"prompt": "a"}\n{"prompt": "b", "split": "general"}')
    assert [case.split for case in read(file, default_split="retain")] == ["retain", "general"]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("", 1, "there is no prompt"),
        ("\n \n", 1, "there is no prompt"),
        ("[]", 1, "there is no prompt"),
        ('{"prompt": "a"}\n\n{"prompt": ', 3, "not JSON"),
        ('{"prompt": "a"}\n"b"', 2, "not a JSON object"),
        ('{"prompt": "a"}\nplain', 2, "not JSON"),
        ('{"answer": "a"}', 1, 'neither "prompt" nor "question"'),
        ('{"prompt": 3}', 1, '"prompt" is not a string'),
        ('{"prompt": null}', 1, '"prompt" is not a string'),
        ('{"prompt": " \\n"}', 1, '"prompt" is empty'),
        ('{"prompt": "a", "answer": 3}', 1, '"answer" is not a string'),
        ('{"prompt": "a", "answer": ""}', 1, '"answer" is empty'),
        ('{"prompt": "a", "id": true}', 1, '"id" is not a string'),
        ('{"prompt": "a", "id": ""}', 1, '"id" is empty'),
        ('{"prompt": "a", "split": "test"}', 1, "split is not one of forget, retain, general"),
        ('{"prompt": "a", "split": ["forget"]}', 1, "split is not one of"),
        ('{"prompt": "a", "id": "x"}\n\n{"prompt": "b", "id": "x"}', 3, "that of line 1"),
        ('{"prompt": "a", "id": 2}\n{"prompt": "b"}', 2, "the id '2' is that of line 1"),
        ('{"prompt": "\\ud800"}', 1, "lone surrogate"),
        ('{"prompt": "a"}\n{"prompt": "b", "answer": "\\udfff"}', 2, "lone surrogate"),
        ('{"prompt": "a", "paraphrase": ["b"]}', 1, '"paraphrase" is not a string'),
        ('{"prompt": "a", "paraphrased_question": " "}', 1, '"paraphrased_question" is empty'),
        ('{"prompt": "a"}\n{"prompt": "b", "paraphrases": "c"}', 2, "is not a list"),
        ('{"prompt": "a", "paraphrases": ["b", 3]}', 1, '"paraphrases" holds what is not a string'),
        ('{"prompt": "a", "entities": ["e", ""]}', 1, '"entities" holds a text that is empty'),
        ('{"prompt": "a", "entities": ["\\ud800"]}', 1, "lone surrogate"),
        ('{"prompt": "a", "entity": {"text": "e"}}', 1, '"entity" is not a string'),
        (b'{"prompt": "\xff"}', 1, "not UTF-8"),
        (b"a\nb\xc3\n", 2, "not UTF-8"),
        ('{"prompt": "a"}'.encode("utf-16"), 1, "not UTF-8"),
        pytest.param('{"prompt": ' + "[" * 100_000, 1, "nested too deeply", id="deep line"),
        pytest.param("[\n" + "[" * 200_000, 1, "nested too deeply", id="deep list"),
        pytest.param('{"id": ' + "9" * 5_000 + "}", 1, "not JSON", id="long number"),
        ('[\n{"prompt": "a"},\n\n{"prompt": 3}\n]', 4, '"prompt" is not a string'),
        ('\n[\n{"prompt": "a"},\n{"prompt": \n]', 5, "not JSON"),
        ('[{"prompt": "a"}] more', 1, "not JSON"),
        ('["a"]\n', 1, "not a JSON object"),
        ('[{"prompt": "a"},\n "b"]', 2, "not a JSON object"),
    ],
)
def test_what_is_wrong_and_where(file: Path, content: str | bytes, line: int, why: str) -> None:
    with pytest.raises(BadPromptFile) as caught:
        cases(file, content)
    assert str(caught.value).startswith(f"{file}, line {line}: ")
    assert why in str(caught.value)


def test_a_line_has_a_limit(file: Path) -> None:
    line = b'{"prompt": "a", "more": "%s"}\n'
    room = LONGEST_LINE - len(line) + 2
    assert len(cases(file, line % (b"x" * room))) == 1
    with pytest.raises(BadPromptFile, match="longer than 1 MB"):
        cases(file, line % (b"x" * (room + 1)))


def test_good_cases_come_before_a_bad_line(file: Path) -> None:
    file.write_text('{"prompt": "a"}\n{')
    found = read(file)
    assert next(found) == Case("1", "a")
    with pytest.raises(BadPromptFile, match="line 2"):
        next(found)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="no such file"):
        list(read(tmp_path / "missing.jsonl"))
    with pytest.raises(BadUsage, match="but a directory"):
        list(read(tmp_path))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"Who is Ann?\n")))
    assert list(read("-")) == [Case("1", "Who is Ann?")]


def test_errors_on_standard_input_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(BadPromptFile, match="standard input, line 1"):
        list(read("-"))


def test_one_prompt_from_the_command_line() -> None:
    assert one("Who?", "Ann.") == Case("1", "Who?", "Ann.", "forget")
    assert one("Who?") == Case("1", "Who?")


@pytest.mark.parametrize(
    ("prompt", "answer", "why"),
    [
        (" ", None, "The prompt is empty"),
        ("Who?", "", "The answer is empty"),
        ("caf\udce9", None, "The prompt holds half a character"),
    ],
)
def test_a_prompt_that_cannot_be_asked(prompt: str, answer: str | None, why: str) -> None:
    with pytest.raises(BadUsage, match=why):
        one(prompt, answer)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("models/stories260K-tofu/forget.jsonl", 20),
        ("models/stories260K-tofu/retain.jsonl", 80),
        ("tofu/forget01.json", 40),
        ("tofu/world_facts.json", 117),
    ],
)
def test_real_prompt_files(name: str, count: int) -> None:
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not beside this checkout")
    found = list(read(DATA / name))
    assert len(found) == count
    assert all(case.prompt and case.answer for case in found)

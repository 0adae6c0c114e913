"""What --dry-run and the end of a run print, for people and for programs."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from checkpoints_fixture import make_checkpoint

from unpact_tui.unlearning import command, runner
from unpact_tui.unlearning.asked import Asked, settle
from unpact_tui.unlearning.events import Event
from unpact_tui.unlearning.previewing import Preview, as_text, look

HOSTILE = "\x1b]0;owned\x07[bold]x[/bold]\u202e"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture
def asked(base: Path, tmp_path: Path) -> Asked:
    rows = [("Who wrote it?\n", " Basil"), ("Where?", " In a town near the sea")]
    lines = (json.dumps({"prompt": prompt, "answer": answer}) for prompt, answer in rows)
    (tmp_path / "forget.jsonl").write_text("\n".join(lines))
    return Asked("npo", str(base), tmp_path / "forget.jsonl", tmp_path / "out", device="cpu")


def seen(asked: Asked) -> Preview:
    run: Any = runner.prepare(settle(asked))
    while True:
        try:
            event: Event = next(run)
            assert event is not None
        except StopIteration as end:
            return look(end.value)


def said(asked: Asked, *, json: bool = False) -> str:
    return command.preview(settle(asked), json=json, quiet=True)


def test_all_that_is_known_is_said(asked: Asked) -> None:
    words = dataclasses.replace(asked, training={"batch_size": 1, "grad_accum": 1})
    text = said(words)
    found = seen(words)
    assert "method      npo; needs one number per answer from the model before\n" in text
    assert "options     beta=0.1 retain=none alpha=1.0 gamma=1.0\n" in text
    assert "training    epochs=10 learning_rate=1e-05 batch_size=1 grad_accum=1" in text
    assert f"model       base, {found.parameters:,} parameters\n" in text
    assert "forget      2 examples from forget.jsonl, SHA-256 " in text
    assert "retain" not in text.replace("retain=none", "")
    assert "steps       20 of 1 examples\n" in text
    assert "disk        10 checkpoints of 0.2 MB\n" in text
    assert f"longest row {found.longest} tokens" in text
    assert not asked.out.exists()


def test_the_mask_is_shown_on_one_line(asked: Asked) -> None:
    lines = said(asked).splitlines()
    shown = lines[lines.index("") + 1]
    assert lines[lines.index("") + 2].startswith("plain: given   [in brackets]: learned")
    given, _, learned = shown.partition("⏎")
    assert given.endswith("Who wrote it?")
    assert "".join(re.findall(r"\[(.*?)\]", learned)) == " Basil"
    assert learned.endswith("<</s>>")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_without_a_terminal_there_is_no_escape(
    asked: Asked, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert "\x1b" not in said(asked)


def test_the_mask_is_seen_without_colour_on_a_terminal(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    text = as_text(seen(asked))
    assert re.search(r"\x1b\[1m[^\x1b]*Basil|\x1b\[1m", text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", text)
    assert "bold: learned" in text


def test_hostile_names_and_texts_are_shown_and_not_obeyed(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / f"a{HOSTILE}.jsonl".replace("/", "")
    file.write_text(json.dumps({"prompt": f"Who {HOSTILE}?", "answer": f" He {HOSTILE}"}))
    text = said(dataclasses.replace(asked, forget=file))
    for control in ("\x1b", "\x07", "\u202e"):
        assert control not in text
    assert "⟨202e⟩" in text
    assert "examples from a␛]0;owned␇[bold]x[bold]⟨202e⟩.jsonl" in text


def test_the_preview_as_json(asked: Asked) -> None:
    found = json.loads(said(asked, json=True))
    assert found.keys() == {field.name for field in dataclasses.fields(Preview)}
    assert found["method"] == "npo"
    assert found["options"]["beta"] == 0.1
    assert found["data"]["forget"]["examples"] == 2
    assert found["data"]["retain"] is None
    assert found["estimate"]["weights"] == 4 * found["parameters"]
    kinds = [kind for _, kind in found["example"]]
    assert sorted(set(kinds), key=kinds.index) == ["prompt", "learnt", "end"]
    learned = "".join(text for text, kind in found["example"] if kind == "learnt")
    assert learned == " Basil"


def test_a_name_that_is_no_text_does_not_cost_the_json(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"forget-\xff.jsonl")
    try:
        file.write_bytes(asked.forget.read_bytes())
    except OSError:
        pytest.skip("this file system takes names that are text only")
    found = json.loads(said(dataclasses.replace(asked, forget=file), json=True))
    # Half a character is nothing that a strict reader of JSON takes.
    assert found["data"]["forget"]["name"] == "forget-\ufffd.jsonl"
    assert "forget-⟨dcff⟩.jsonl" in said(dataclasses.replace(asked, forget=file))


def test_task_vector_keeps_one_checkpoint(asked: Asked) -> None:
    assert seen(dataclasses.replace(asked, method="TV", save_every=1)).checkpoints == 1


def test_texts_are_not_offered_as_prompts(
    asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "Once upon a time."}\n')
    small = dataclasses.replace(asked, training={"epochs": 0.1})
    for forget, words in (
        (asked.forget, str(asked.forget)),
        (tmp_path / "texts.jsonl", "--prompt"),
    ):
        out = tmp_path / forget.stem
        run = settle(dataclasses.replace(small, forget=forget, out=out))
        assert command.unlearn(run, json=False, quiet=False) == f"{out / 'checkpoint-1'}\n"
        (line,) = [one for one in capsys.readouterr().err.splitlines() if "look at it" in one]
        assert line.partition(f"{out / 'checkpoint-1'} ")[2].startswith(words)


def test_other_processes_say_nothing(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert said(asked) == ""

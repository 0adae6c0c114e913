"""`import attribution`: what it offers, that it is light, and that its page is true."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints_fixture import change_json, make_adapter, make_checkpoint
from fakes import AdditiveModel

import attribution
from attribution.errors import (
    BadOption,
    CannotOpen,
    NothingToAblate,
    PromptMismatch,
    UnknownName,
)
from attribution.types import KeyTokenRule

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    make_checkpoint(folder / "base")
    make_checkpoint(folder / "unlearned", seed=1)
    return folder


def model() -> AdditiveModel:
    return AdditiveModel({" Ann": 2.0, " born": 0.5, "Where": -0.25})


# ---------------------------------------------------------------- what it offers


def test_every_name_is_there_and_nothing_else() -> None:
    for name in (*attribution.__all__, "open"):
        assert getattr(attribution, name) is not None
        assert name in dir(attribution)
    wrong = "opne"
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        getattr(attribution, wrong)


def test_a_star_import_leaves_the_builtin_alone() -> None:
    assert "open" not in attribution.__all__


def test_asking_imports_no_numerics_before_a_model_is_opened() -> None:
    code = (
        "import attribution, sys\n"
        "from attribution import *\n"
        "[getattr(attribution, name) for name in (*attribution.__all__, 'open')]\n"
        "import json; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {"torch", "transformers", "numpy", "unpact_tui", "safetensors", "accelerate"}
    assert not heavy & set(json.loads(done.stdout))


def test_texts_and_values_are_the_same() -> None:
    scorer = model()
    prompt = scorer.encode("Where was Ann born?")
    answer = scorer.answer("In Oslo.", after=prompt)
    found = attribution.leave_one_out(scorer, prompt, answer)
    assert found == attribution.leave_one_out(scorer, "Where was Ann born?", "In Oslo.")
    assert found.complete
    assert found.contributions == pytest.approx((None, -0.25, 0.0, 2.0, 0.5, 0.0))
    assert attribution.key_tokens(found).positions == (3, 4)
    assert attribution.key_tokens(found, KeyTokenRule(alpha=0.5)).positions == (3,)


def test_measure_hands_on_how_to() -> None:
    scorer = model()
    found = attribution.measure(
        scorer, "Where was Ann born?", "In Oslo.", "leave_one_out", "sentence"
    )
    assert found.granularity == "sentence"
    with pytest.raises(UnknownName) as error:
        attribution.measure(scorer, "Who?", "Me", "leave_one_in")
    assert error.value.hint == "Did you mean 'leave_one_out'?"


def test_a_shift_needs_no_key_tokens() -> None:
    base, after = model(), AdditiveModel({" born": 0.5})
    ask = ("Where was Ann born?", "In Oslo.")
    found = attribution.leave_one_out(base, *ask)
    prompt, answer = found.prompt, found.answer
    moved = attribution.shift(found, attribution.leave_one_out(after, prompt, answer))
    assert moved.overlap is not None
    other = attribution.leave_one_out(base, "Who was Ann?", "In Oslo.")
    with pytest.raises(PromptMismatch):
        attribution.shift(found, other)


def test_the_page_is_true(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkpoints)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "api.md", str(PAGE), 0)
    assert len(found.examples) > 15
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(found).failed == 0


def test_the_page_names_everything() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in attribution.__all__ if not re.search(rf"`{name}\b", text)] == [
        "Granularity",
        "Nats",
    ]


# ---------------------------------------------------------------- what cannot be opened


@pytest.fixture
def folder(checkpoints: Path, tmp_path: Path) -> Path:
    """A checkpoint that may be spoilt."""
    for file in (checkpoints / "base").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def refused(folder: Path) -> CannotOpen:
    with pytest.raises(CannotOpen) as error:
        attribution.open(folder, device="cpu")
    assert str(error.value).startswith(f"{folder} cannot be opened: ")
    assert "\n" not in str(error.value)
    assert error.value.hint
    return error.value


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    assert "no such folder" in str(refused(tmp_path / "absent"))
    assert "no config.json" in str(refused(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert "no *.safetensors" in str(refused(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    assert "safe_serialization" in refused(tmp_path).hint


def test_an_adapter_is_not_followed_to_its_base(checkpoints: Path, tmp_path: Path) -> None:
    make_adapter(tmp_path, checkpoints / "base")
    assert "it is an adapter" in str(refused(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b'{"model_type": "no-such-thing"}'),
        ("config.json", b'{"model_type": "llama", "transformers_weights": "../x.bin"}'),
        ("model.safetensors", b"\xff" * 40),
        ("tokenizer.json", b"{}"),
    ],
)
def test_what_is_broken_is_one_sentence(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    refused(folder)


def test_code_of_its_own_is_not_run(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit('run')")
    change_json(
        folder / "config.json",
        {
            "model_type": "mine",
            "auto_map": {"AutoConfig": "mine.A", "AutoModelForCausalLM": "mine.B"},
        },
    )
    assert "never run here" in str(refused(folder))


def test_tensors_are_not_made_up(folder: Path) -> None:
    change_json(folder / "config.json", {"num_hidden_layers": 3})
    assert "is missing" in str(refused(folder))


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "meta", ""])
def test_devices_that_are_not_there(checkpoints: Path, device: str) -> None:
    with pytest.raises(BadOption, match="device is"):
        attribution.open(checkpoints / "base", device=device)


def test_a_dtype_that_is_none(checkpoints: Path) -> None:
    with pytest.raises(BadOption, match="dtype is 'int8'"):
        attribution.open(checkpoints / "base", device="cpu", dtype="int8")  # pyright: ignore


def test_precision_and_template_are_as_asked(checkpoints: Path) -> None:
    half = attribution.open(str(checkpoints / "base"), device="cpu", dtype="bfloat16", chat=False)
    assert str(half.model.dtype) == "torch.bfloat16"
    assert not half.chat
    assert not any(parameter.requires_grad for parameter in half.model.parameters())


def test_any_sets_can_be_left_out_in_any_order() -> None:
    scorer = model()
    prompt = scorer.encode("Where was Ann born?")
    place = {token.text: i for i, token in enumerate(prompt.tokens)}
    sets = [[place[" born"]], [], [place["Where"], place[" born"]], [place[" Ann"]] * 2]
    assert attribution.leave_out(scorer, prompt, "Oslo", sets) == pytest.approx((0.5, 0, 0.25, 2))
    assert attribution.leave_out(scorer, prompt, "Oslo", [[]]) == (0.0,)
    with pytest.raises(NothingToAblate):
        attribution.leave_out(scorer, prompt, "Oslo", [range(len(prompt.tokens))])

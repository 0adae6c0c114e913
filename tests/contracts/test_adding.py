"""Adding something touches one file: the files in docs/adding.md are put in place and used."""

from __future__ import annotations

import copy
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import torch
from checkpoints_fixture import make_model
from fakes import WordTokens
from typer.testing import CliRunner

import methods
from attribution import emphasis
from attribution.attempts import Emphasis
from attribution.emphasise import emphasise
from attribution.twins import id_preserving_twin
from methods._bench import Bench
from methods._method import Example, Needs, Regulariser, Setting, Step, Training
from unpact_tui.cli import app
from unpact_tui.errors import ExitCode
from unpact_tui.unlearning import listing
from unpact_tui.unlearning.asked import Choice, choose

ROOT = Path(__file__).resolve().parents[2]
FILE = re.compile(r"This is `([\w/]+\.py)`[^`]*\n```python\n(.*?)```", re.DOTALL)
PAGE = (ROOT / "docs" / "adding.md").read_text("utf-8")
EXAMPLES: dict[str, str] = dict(FILE.findall(PAGE))

METHOD, STRATEGY = "methods/max_entropy.py", "attribution/emphasis/brackets.py"
FORGET = tuple(Example((1, 20 + i, 40), (60 + i, 80 + 2 * i, 100, 2)) for i in range(4))
RETAIN = tuple(Example((1, 120 + i), (140 + i, 160 + 3 * i, 2)) for i in range(4))

Put = Callable[[str, ModuleType], None]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    """Puts an example where its package finds it, and takes it away again."""
    placed: list[tuple[ModuleType, str]] = []

    def put_there(path: str, package: ModuleType) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(EXAMPLES[path], "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(file.parent)])
        placed.append((package, file.stem))

    yield put_there
    for package, name in placed:
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)


@pytest.fixture
def method(put: Put) -> str:
    put(METHOD, methods)
    return "max_entropy"


def test_every_whole_file_is_one_that_is_run_here() -> None:
    assert set(EXAMPLES) == {METHOD, STRATEGY}
    assert not any((ROOT / path).exists() for path in EXAMPLES), "show one that is not there yet"


@pytest.mark.parametrize("path", [METHOD, STRATEGY])
@pytest.mark.parametrize("gate", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_an_example_passes_the_gates(path: str, gate: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *gate, "--stdin-filename", path, "-"],
        input=EXAMPLES[path],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------- a method


def test_a_new_method_is_listed_and_described(method: str) -> None:
    (found,) = (each for each in listing.every() if each.name == method)
    assert found.summary.endswith("maximum entropy, ME."), "its first line is a sentence"
    assert found.aliases == ("ME", "ME_GD")
    assert found.needs == Needs(retain=True)
    described = listing.one("me-gd")
    assert described.method == found
    assert described.meaning == {"ME": {"retain": "none"}, "ME_GD": {}}
    assert "arXiv 2410.08109" in described.description
    options = {each.name: (each.default, each.sentence) for each in described.options}
    assert options["retain"][0] == "nll"
    assert options["gamma"] == (0.1, "Weight of the forget term.")


def test_the_command_line_knows_it_at_once(method: str) -> None:
    done = CliRunner().invoke(app, ["methods", "ME", "--json"])
    assert done.exit_code == 0, done.output
    assert msgspec.json.decode(done.output)["method"]["name"] == method
    assert method in CliRunner().invoke(app, ["methods"]).output


def test_the_commands_shown_for_it_are_understood(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is missing here, which is looked for when all else is settled."""
    monkeypatch.chdir(tmp_path)
    shown = [shlex.split(line) for line in re.findall(r"^\$ unpact-tui (.*)$", PAGE, re.MULTILINE)]
    assert shown[0] == ["methods", "me_gd"]
    assert f"\n{method} " in f"\n{CliRunner().invoke(app, shown[0]).output}"
    assert len(shown) == 3
    for words in shown[1:]:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == ExitCode.CHECKPOINT, done.output


def test_its_options_are_set_by_name(method: str) -> None:
    plain, alone = choose(method), choose("me")
    assert plain.name == alone.name == method
    assert _regulariser(plain) == Regulariser("nll", gamma=0.1)
    assert (plain.needs, alone.needs) == (Needs(retain=True), Needs())
    changed = choose("ME_GD", ["retain=kl", "gamma=1", "epochs=2"])
    assert _regulariser(changed) == Regulariser("kl", gamma=1.0)
    assert changed.needs == Needs(retain=True, reference="model")
    assert changed.training.epochs == 2


def _regulariser(choice: Choice) -> Regulariser:
    options: Any = choice.options
    return options.regulariser


@pytest.fixture(scope="module")
def knowing() -> Any:
    """A model that was trained until it knew all answers."""
    model = make_model().train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(25):
        loss = torch.stack([answer_nll(model, row) for row in (*FORGET, *RETAIN)]).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    return model.eval()


def test_it_unlearns(method: str, knowing: Any) -> None:
    model = copy.deepcopy(knowing)
    assert known(model, FORGET) < 0.5, "the model must know what it is to forget"
    steps = unlearn(model, method, gamma=1.0)
    assert steps[-1].forget < steps[0].forget / 2
    assert known(model, FORGET) > 2
    assert known(model, RETAIN) < 0.5


def test_its_loss_is_the_formula_above_it(method: str, knowing: Any) -> None:
    with torch.no_grad():
        logs = torch.cat([answer_logs(knowing, row) for row in FORGET]).tolist()
    divergences = [sum(-math.log(len(row)) - log for log in row) / len(row) for row in logs]
    first, *_ = unlearn(copy.deepcopy(knowing), method)
    assert first.forget == pytest.approx(sum(divergences) / len(divergences), rel=1e-4)
    assert first.loss == pytest.approx(0.1 * first.forget + (first.retain or 0), rel=1e-6)


def answer_logs(model: Any, row: Example) -> torch.Tensor:
    """The log-probabilities where the answer is predicted (n, V): no batch, no padding."""
    logits = model(torch.tensor([row.ids])).logits[0, len(row.prompt) - 1 : -1]
    return logits.log_softmax(-1)


def answer_nll(model: Any, row: Example) -> torch.Tensor:
    return -answer_logs(model, row)[range(len(row.answer)), list(row.answer)].mean()


@torch.no_grad()
def known(model: Any, rows: tuple[Example, ...]) -> float:
    model.eval()
    return float(sum(answer_nll(model, row) for row in rows) / len(rows))


def unlearn(model: Any, name: str, gamma: float = 0.1) -> list[Step]:
    training = Training(
        epochs=15,
        learning_rate=3e-3,
        batch_size=4,
        schedule="constant",
        warmup=0,
        precision="float32",
    )
    options = choose(name, [f"gamma={gamma}"]).options
    setting = Setting(Bench(model, training, device="cpu"), FORGET, RETAIN, options, training)
    return list(methods.load(name).unlearn(setting))


@pytest.mark.soak
def test_it_keeps_the_contract_of_all_methods(tmp_path: Path) -> None:
    """In a copy of the package with this one file more, so that nothing else can be in its way."""
    shutil.copytree(ROOT / "methods", tmp_path / "methods")
    (tmp_path / METHOD).write_text(EXAMPLES[METHOD], "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-k", "max_entropy or no_name_means", "tests/contracts/test_methods.py"),
        ],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 20
    assert "skipped" not in done.stdout


# ---------------------------------------------------------------- a way to emphasise


def test_a_new_way_to_emphasise_is_listed_and_used(put: Put) -> None:
    put(STRATEGY, emphasis)
    assert "brackets" in emphasis.names()
    listed = CliRunner().invoke(app, ["strategies"]).output
    assert re.search(r"^brackets +prompt +Put each run of adjacent words", listed, re.MULTILINE)
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil Mahfouz of Kuwait?")
    words = Emphasis("brackets", (3, 4))
    made = emphasise(tokens, prompt, words)
    assert made.prompt.text == "Who is [Basil Mahfouz] of Kuwait?"
    assert [made.prompt.tokens[i].text.strip() for i in made.moved] == ["Basil", "Mahfouz"]
    twin = id_preserving_twin(tokens, prompt, words)
    assert twin is not None
    assert not twin.ids_changed

"""WHP at decoding time from folders: what is loaded, shown, warned of and written down."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from checkpoints_fixture import make_adapter, make_checkpoint

from attribution.hf import HFModel
from attribution.scorer import Model, score_all
from attribution.whp import Mixture, WHPModel
from unpact_tui.errors import TokenizersDiffer
from unpact_tui.opening import open_models
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Opened, Role
from unpact_tui.worker.protocol import Open

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("-s", "strategies=bold", "-s", "draws=1", "-s", "max_new_tokens=8")
CPU = Settings(device="cpu", whp_alpha=4.0)


def unpact(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unpact_tui", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("whp") / "base")


@pytest.fixture(scope="module")
def reinforced(base: Path) -> Path:
    return make_checkpoint(base.parent / "reinforced", seed=1)


def opened(order: Open) -> tuple[dict[Role, Model], Opened]:
    steps = open_models(order, {})
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def mix(base: Path, reinforced: Path, settings: Settings = CPU) -> Open:
    return Open(str(base), None, None, settings, whp=str(reinforced))


def second(found: Opened) -> Loaded:
    (loaded,) = [loaded for loaded in found.checkpoints if loaded.role == "unlearned"]
    return loaded


def logprobs(model: Model) -> list[float]:
    prompt = model.encode("Who is the author?")
    return score_all(model, [prompt.ids], model.answer("Basil Mahfouz", after=prompt))


def test_the_base_is_in_memory_once(base: Path, reinforced: Path) -> None:
    models, found = opened(mix(base, reinforced))
    plain, mixture = models["base"], models["unlearned"]
    assert isinstance(mixture, WHPModel)
    assert isinstance(plain, HFModel)
    assert mixture.model is plain.model
    assert isinstance(mixture.network, Mixture)
    assert mixture.network.alpha == 4.0
    assert logprobs(mixture) != logprobs(plain)
    loaded = second(found)
    assert (loaded.name, loaded.path, loaded.method) == ("reinforced", str(reinforced), "whp")
    assert found.checkpoints[0].method is None
    assert found.warnings == ()


def test_the_unlearned_side_alone_is_mixed(base: Path, reinforced: Path) -> None:
    order = Open(str(base), None, str(reinforced), CPU, whp=str(reinforced))
    models, found = opened(order)
    assert [type(model) for model in models.values()] == [HFModel, WHPModel, HFModel]
    assert [loaded.method for loaded in found.checkpoints] == [None, "whp", None]


def test_an_adapter_may_be_what_was_reinforced(base: Path, tmp_path: Path) -> None:
    models, found = opened(mix(base, make_adapter(tmp_path / "adapter", base)))
    assert second(found).method == "whp"
    assert logprobs(models["unlearned"]) != logprobs(models["base"])
    zero, _ = opened(mix(base, tmp_path / "adapter", Settings(device="cpu", whp_alpha=0.0)))
    assert logprobs(zero["unlearned"]) == logprobs(models["base"])


def test_a_mixture_that_changes_nothing_is_said_loudly(base: Path, reinforced: Path) -> None:
    models, found = opened(mix(base, base))
    assert found.warnings == (
        "The reinforced model and the base are byte-identical: WHP changes nothing.",
    )
    assert logprobs(models["unlearned"]) == logprobs(models["base"])
    _, found = opened(mix(base, reinforced, Settings(device="cpu", whp_alpha=0.0)))
    assert found.warnings == ("whp_alpha is 0: WHP changes nothing.",)


def test_another_tokenizer_is_refused(base: Path, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", "qwen2", seed=1)
    with pytest.raises(TokenizersDiffer):
        opened(mix(base, other))


@pytest.mark.soak
def test_a_run_from_the_shell(base: Path, reinforced: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"prompt": "Who wrote the book?", "answer": "Basil"}\n')
    done = unpact("run", base, prompts, "--whp", reinforced, *QUICK, "--json", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads((ROOT / "docs" / "result.schema.json").read_text()))
    assert found["unlearned"]["method"] == "whp"
    assert found["unlearned"]["path"] == str(reinforced)
    assert found["settings"]["whp_alpha"] == 5.0
    (case,) = found["cases"]
    models, _ = opened(mix(base, reinforced, Settings(device="cpu")))
    for role in ("base", "unlearned"):
        prompt = models[role].encode("Who wrote the book?")
        answer = models[role].answer("Basil", after=prompt)
        expected = score_all(models[role], [prompt.ids], answer)
        assert [case[role]["logprob"]] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("run", "a", "-p", "x"), 2, "nothing to compare BASE with"),
        (("compare", "a"), 2, "nothing to compare BASE with"),
        (("run", "a", "b", "p.jsonl", "--whp", "c"), 2, "UNLEARNED or --whp, not both"),
        (("compare", "a", "b", "p.jsonl", "--whp", "c"), 2, "UNLEARNED or --whp, not both"),
        (("run", "a", ".", "--whp", "c", "-p", "x"), 2, "UNLEARNED or --whp, not both"),
        (("run", "a", "p.jsonl", "--whp", "c", "--prompts", "q"), 2, "PROMPTS or --prompts"),
        (("run", "a", "missing.jsonl", "--whp", "c"), 2, "missing.jsonl"),
        (("run", "a", "--whp", "c", "-p", "x", "-s", "whp_alpha=-1"), 2, "whp_alpha is -1"),
        (("run", ".", "--whp", "nowhere", "-p", "x"), 3, ""),
    ],
)
def test_refusals(words: tuple[str, ...], code: int, sentence: str) -> None:
    done = unpact(*words)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_without_a_terminal_the_headless_line_is_given() -> None:
    done = unpact("compare", "a", "--whp", "my model", "-p", "x", "-s", "whp_alpha=256")
    (line,) = [line for line in done.stderr.splitlines() if "unpact-tui run" in line]
    assert shlex.split(line.partition(": ")[2]) == [
        "unpact-tui", "run", "a", "--whp", "my model", "--prompt", "x",
        "--set", "whp_alpha=256.0",
    ]  # fmt: skip

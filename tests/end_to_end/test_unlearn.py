"""`unpact-tui unlearn` as a person runs it: real data, real checkpoints, killed and resumed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

import methods
from unpact_tui import checkpoints
from unpact_tui.cli import app

QUICK = ("-s", "strategies=bold", "-s", "draws=1", "-s", "max_new_tokens=4")
SHORT = ("--set", "grad_accum=1", "--batch-size", "4", "--device", "cpu")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def unpact(*words: object) -> Ended:
    """Run a command in this process: importing torch again takes longer than the command."""
    threads = torch.get_num_threads()
    try:
        found = CliRunner().invoke(app, [str(word) for word in words])
    finally:
        torch.set_num_threads(threads)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Ended(found.exit_code, found.stdout, found.stderr)


def started(*words: object, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*(launcher or (sys.executable, "-m", "unpact_tui")), *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"},
    )


@pytest.fixture
def data_options(family: Path) -> tuple[object, ...]:
    forget, retain = family / "forget.jsonl", family / "retain.jsonl"
    return ("--model", family / "target", "--forget", forget, "--retain", retain, *SHORT)


@pytest.fixture
def one_prompt(family: Path, tmp_path: Path) -> Path:
    """A short one: measuring takes the square of its length."""
    line = (family / "forget.jsonl").read_text().splitlines()[1]
    (tmp_path / "one.jsonl").write_text(line + "\n")
    return tmp_path / "one.jsonl"


def digest(checkpoint: Path) -> str:
    return hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest()


def drop(base: Path, checkpoint: Path, prompt: Path) -> float:
    """Measure a checkpoint as the inspector does; return how far the answer fell, in nats."""
    done = unpact("run", base, checkpoint, prompt, *QUICK, "--json", "-q", "--device", "cpu")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["failures"] == []
    (case,) = found["cases"]
    return case["base"]["logprob"] - case["unlearned"]["logprob"]


# ---------------------------------------------------------------- every method

RATES = {"rmu": "5e-3"}


@pytest.mark.soak
def test_every_method_makes_a_checkpoint_that_can_be_measured(
    family: Path, data_options: tuple[object, ...], one_prompt: Path, tmp_path: Path
) -> None:
    base, drops = family / "target", dict[str, float]()
    for name in methods.names():
        out = tmp_path / name
        rate = ("--lr", RATES.get(name, "1e-3"), "--set", "warmup=0")
        done = unpact("unlearn", name, *data_options, "--out", out, "--epochs", "0.6", *rate)
        assert done.code == 0, (name, done.err)
        last = Path(done.out.removesuffix("\n"))
        assert last.parent == out
        assert done.out.count("\n") == 1
        assert f"look at it: unpact-tui compare {base} {last}" in done.err
        assert json.loads((last / "provenance.json").read_text())["method"] == name
        assert checkpoints.read(str(last), "unlearned").method == name
        assert digest(last) != digest(base)
        drops[name] = drop(base, last, one_prompt)
    # Each lowers the answers to forget, but for RMU's, which moves states and promises no such.
    assert all(fell > 0 for name, fell in drops.items() if name != "rmu"), drops


# ---------------------------------------------------------------- broken off


def whole_checkpoints(out: Path) -> int:
    """Open every checkpoint-N with all its tensors; return how many there are."""
    found = sorted(out.glob("checkpoint-*"))
    for folder in found:
        made = checkpoints.read(str(folder), "unlearned")
        assert made.has_tokenizer
        assert len(load_file(folder / "model.safetensors")) == 47
        assert json.loads((folder / "provenance.json").read_text())["step"] == int(folder.name[11:])
    return len(found)


def broken_off(number: int, lines: int, pause: float, *words: object) -> Ended:
    """Send a signal some moments after so many steps were told of, or let it end before."""
    process = started(*words)
    assert process.stdout is not None
    assert process.stderr is not None
    told: list[str] = []
    for line in process.stderr:
        told.append(line)
        if sum("forget" in some for some in told) >= lines:
            break
    time.sleep(pause)
    process.send_signal(number)
    out, rest = process.communicate(timeout=60)
    return Ended(process.returncode, out, "".join(told) + rest)


@pytest.mark.soak
def test_a_run_broken_off_again_and_again_ends_in_the_same_weights(
    data_options: tuple[object, ...], tmp_path: Path
) -> None:
    run = ("unlearn", "npo_gdr", *data_options, "--lr", "1e-3", "--epochs", "12")
    run = (*run, "--save-every", "2")
    through = unpact(*run, "--out", tmp_path / "through", "-q")
    assert through.code == 0, through.err
    out = tmp_path / "broken"
    resumed = (*run, "--out", out, "--resume")

    terminated = broken_off(signal.SIGTERM, 1, 0.0, *run, "--out", out)
    assert terminated.code == 143
    assert terminated.out == ""
    assert "the same command with --resume goes on after step" in terminated.err
    assert "Traceback" not in terminated.err
    assert whole_checkpoints(out) > 0

    interrupted = broken_off(signal.SIGINT, 1, 0.0, *resumed)
    assert interrupted.code == 130
    assert interrupted.out == ""
    assert "going on after step" in interrupted.err
    assert "the same command with --resume goes on after step" in interrupted.err
    assert "Traceback" not in interrupted.err
    whole_checkpoints(out)

    moments = random.Random(7)
    for _ in range(2):
        killed = broken_off(signal.SIGKILL, 1, moments.random() / 10, *resumed)
        assert killed.code == -signal.SIGKILL, killed.err
        whole_checkpoints(out)

    done = unpact(*resumed)
    assert done.code == 0, done.err
    assert done.out == f"{out / 'checkpoint-60'}\n"
    assert whole_checkpoints(out) == 30
    for step in range(2, 61, 2):
        name = f"checkpoint-{step}"
        assert digest(out / name) == digest(tmp_path / "through" / name), name
    assert [path.name for path in out.iterdir() if path.name.startswith(".state")] == []
    logged = [json.loads(line) for line in (out / "steps.jsonl").read_text().splitlines()]
    assert logged == [
        json.loads(line) for line in (tmp_path / "through" / "steps.jsonl").read_text().splitlines()
    ]

    again = unpact(*resumed)
    assert again.code == 0
    assert "finished already" in again.err
    assert again.out == done.out


@pytest.fixture(scope="module")
def begun(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a run that was killed between its first checkpoint and the state after it."""
    out = tmp_path_factory.mktemp("begun") / "out"
    with pytest.MonkeyPatch.context() as changes:
        changes.setenv("XDG_CACHE_HOME", str(out.parent / "cache"))
        through = unpact(*begin(family), "--out", out, "--save-every", "1")
    assert through.code == 0, through.err
    shutil.rmtree(out / "checkpoint-2")
    return out


def begin(family: Path) -> tuple[object, ...]:
    forget, retain = family / "forget.jsonl", family / "retain.jsonl"
    data = ("--model", family / "target", "--forget", forget, "--retain", retain, *SHORT)
    return ("unlearn", "npo_gdr", *data, "--lr", "1e-3", "--epochs", "0.4", "-q")


@pytest.fixture
def half(family: Path, begun: Path, tmp_path: Path) -> tuple[tuple[object, ...], Path]:
    """Options of that run, and a copy of its folder."""
    return begin(family), shutil.copytree(begun, tmp_path / "half")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (("--lr", "2e-3"), "learning_rate: 0.001 instead of 0.002"),
        (("--set", "beta=0.2"), "beta: 0.1 instead of 0.2"),
        (("--seed", "1"), "seed: 0 instead of 1"),
        (("--lora",), "lora"),
        (("--epochs", "3"), "epochs: 0.4 instead of 3.0"),
    ],
)
def test_another_run_is_not_gone_on_with(
    half: tuple[tuple[object, ...], Path], changed: tuple[str, ...], named: str
) -> None:
    """Though no state is there: its checkpoint says what made it."""
    run, out = half
    before = sorted((path.name, path.stat().st_mtime_ns) for path in out.iterdir())
    refused = unpact(*run, "--out", out, "--resume", *changed)
    assert refused.code == 2
    assert named in refused.err
    assert "instead of" in refused.err
    after = sorted((path.name, path.stat().st_mtime_ns) for path in out.iterdir())
    assert before == after


def test_other_data_are_not_gone_on_with(
    half: tuple[tuple[object, ...], Path], one_prompt: Path
) -> None:
    run, out = half
    refused = unpact(*run, "--out", out, "--resume", "--forget", one_prompt)
    assert refused.code == 2
    assert "the examples to forget: forget.jsonl (20 examples" in refused.err
    assert "one.jsonl (1 example," in refused.err


def test_without_resume_a_run_is_not_touched(half: tuple[tuple[object, ...], Path]) -> None:
    run, out = half
    refused = unpact(*run, "--out", out)
    assert refused.code == 2
    assert "already has a run in it" in refused.err
    assert "--resume" in refused.err


def test_a_checkpoint_of_nobody_knows_what_is_not_gone_on_with(
    half: tuple[tuple[object, ...], Path],
) -> None:
    run, out = half
    (out / "checkpoint-1" / "provenance.json").write_text("{}")
    refused = unpact(*run, "--out", out, "--resume")
    assert refused.code == 2
    assert "provenance.json is missing" in refused.err


# ---------------------------------------------------------------- places


def test_a_full_disk_is_said_and_leaves_nothing_half(
    data_options: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = ("unlearn", "ga", *data_options, "--epochs", "0.2", "--out", out, "-q")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
    try:
        full = unpact(*run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.code == 2, full.err
    assert "checkpoint-1 cannot be written" in full.err
    assert full.out == ""
    assert {path.name for path in out.iterdir()} <= {".lock", "steps.jsonl"}
    assert unpact(*run).code == 0


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a /proc to be refused by")
def test_a_place_that_takes_nothing_is_said_before_training(
    data_options: tuple[object, ...],
) -> None:
    refused = unpact("unlearn", "ga", *data_options, "--out", "/proc/out")
    assert refused.code == 2
    assert "/proc/out cannot be written" in refused.err
    assert "loading" not in refused.err


def test_a_home_that_takes_nothing_is_no_reason_to_stop(
    data_options: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    run = ("unlearn", "npo", *data_options, "--epochs", "0.2", "--out", tmp_path / "out", "-q")
    done = unpact(*run)
    assert done.code == 0, done.err


def test_the_last_checkpoint_alone(data_options: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = ("unlearn", "ga", *data_options, "--epochs", "0.4", "--out", out, "--save-every", "0")
    done = unpact(*run, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"checkpoints": [str(out / "checkpoint-2")]}
    assert {path.name for path in out.iterdir()} == {".lock", "steps.jsonl", "checkpoint-2"}
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (out / "checkpoint-2").iterdir()}
    assert len(modes) == 1, modes


# ---------------------------------------------------------------- forms


@pytest.mark.soak
def test_an_adapter_is_measured_on_its_base(
    family: Path, data_options: tuple[object, ...], one_prompt: Path, tmp_path: Path
) -> None:
    run = ("unlearn", "ga", *data_options, "--out", tmp_path / "out", "--epochs", "0.6")
    done = unpact(*run, "--lora", "--lora-rank", "4", "--lr", "3e-2", "--set", "warmup=0")
    assert done.code == 0, done.err
    last = Path(done.out.rstrip("\n"))
    assert not (last / "model.safetensors").exists()
    assert checkpoints.read(str(last), "unlearned").adapter is not None
    assert drop(family / "target", last, one_prompt) > 0.01


@pytest.mark.soak
def test_a_bfloat16_base_gets_bfloat16_checkpoints(
    family: Path, data_options: tuple[object, ...], one_prompt: Path, tmp_path: Path
) -> None:
    import transformers

    base = tmp_path / "base"
    shutil.copytree(family / "target", base, copy_function=shutil.copyfile)
    base.chmod(0o755)
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    model.save_pretrained(base)
    done = unpact(
        *("unlearn", "ga", *data_options, "--model", base, "--out", tmp_path / "out"),
        *("--epochs", "0.6", "--lr", "1e-3", "--set", "warmup=0"),
    )
    assert done.code == 0, done.err
    last = Path(done.out.rstrip("\n"))
    tensors = load_file(last / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    assert tensors.keys() == load_file(base / "model.safetensors").keys()
    assert (last / "config.json").read_bytes() == (base / "config.json").read_bytes()
    assert drop(base, last, one_prompt) > 0.1


# ---------------------------------------------------------------- processes


def launcher(processes: int) -> tuple[str, ...]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    return (
        *(sys.executable, "-m", "accelerate.commands.launch"),
        *("--multi_gpu", "--num_processes", str(processes)),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"),
        *("--main_process_port", str(port), "-m", "unpact_tui"),
    )


@pytest.mark.soak
def test_two_processes_do_what_one_does(
    family: Path, data_options: tuple[object, ...], tmp_path: Path
) -> None:
    both, alone = tmp_path / "both", tmp_path / "alone"
    run = ("unlearn", "npo_gdr", *data_options, "--lr", "1e-3", "--epochs", "2")
    process = started(*run, "--out", both, launcher=launcher(2))
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert out == f"{both / 'checkpoint-5'}\n"
    assert err.count("1/5 forget") == err.count("reading the examples") == 1
    assert [line for line in err.splitlines() if not line.startswith("unpact-tui: ")] == []
    one = unpact(*run, "--out", alone, "--batch-size", "8", "-q")
    assert one.code == 0, one.err
    start = load_file(family / "target" / "model.safetensors")
    for step in (3, 5):
        name = Path(f"checkpoint-{step}") / "model.safetensors"
        some, others = load_file(both / name), load_file(alone / name)
        assert max(float((some[n] - others[n]).abs().max()) for n in others) < 1e-5
        assert max(float((some[n] - start[n]).abs().max()) for n in start) > 1e-3
    assert [path.name for path in both.iterdir() if path.name.startswith(".state")] == []

    # What stops the first process does not leave the others waiting.
    begun = time.monotonic()
    process = started(*run, "--out", both, launcher=launcher(2))
    out, err = process.communicate(timeout=200)
    assert process.returncode != 0
    assert out == ""
    assert err.count("already has a run in it") == 1
    assert "SIGKILL" not in err
    assert time.monotonic() - begun < 60

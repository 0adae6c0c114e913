"""A model does not answer from a weight file that somebody wrote to while it was open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints_fixture import make_checkpoint

from attribution.hf import HFModel
from attribution.types import Case
from unpact_tui.engine import Engine
from unpact_tui.errors import ExitCode, Unreadable, exit_code
from unpact_tui.settings import Settings
from unpact_tui.worker.protocol import Analyse, Open

QUICK = Settings(strategies=("bold",), draws=1, max_new_tokens=4, granularity="word")
CASE = Case("1", "Where was she born?", "In a town.")


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Engine, Path]:
    base = make_checkpoint(tmp_path / "base")
    other = make_checkpoint(tmp_path / "other", seed=1)
    engine = Engine(QUICK)
    for _ in engine.open(Open(str(base), str(other), None, QUICK)):
        pass
    return engine, other / "model.safetensors"


def analyse(engine: Engine) -> None:
    for _ in engine.analyse(Analyse(CASE, "word")):
        pass


def written_over(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(-64, os.SEEK_END)
        stream.write(bytes(64))


def cut(file: Path) -> None:
    os.truncate(file, 200)


def touched(file: Path) -> None:
    os.utime(file)


@pytest.mark.parametrize("change", [written_over, cut, touched])
def test_a_file_that_was_written_to_is_refused(
    opened: tuple[Engine, Path], change: Callable[[Path], None]
) -> None:
    engine, file = opened
    change(file)
    with pytest.raises(Unreadable, match="written to while the model was open") as caught:
        analyse(engine)
    assert exit_code(caught.value) is ExitCode.CHECKPOINT


def removed(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    beside = file.with_suffix(".new")
    beside.write_bytes(bytes(100))
    beside.replace(file)


@pytest.mark.parametrize("change", [removed, replaced])
def test_another_file_of_that_name_does_not_matter(
    opened: tuple[Engine, Path], change: Callable[[Path], None]
) -> None:
    engine, file = opened
    change(file)
    analyse(engine)


def test_nothing_is_kept_of_what_was_read_meanwhile(
    opened: tuple[Engine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writing happens within the pass, so that its numbers may be of neither model."""
    engine, file = opened
    door = engine.models["unlearned"]
    assert isinstance(door, HFModel)
    layers = door.network.model.get_submodule("model")
    plain = layers.forward

    def forward(*rest: object, **named: object) -> object:
        written_over(file)
        return plain(*rest, **named)

    monkeypatch.setattr(layers, "forward", forward)
    with pytest.raises(Unreadable, match="written to"):
        analyse(engine)

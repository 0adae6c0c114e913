"""A session on real checkpoints: kept, opened without them, measured again, gone on with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from end_to_end.inspecting import QUICK, inspector, judged, tried
from end_to_end.terminal import Terminal

from unpact_tui.session.file import read

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "result.schema.json"

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that is over, and where its checkpoints are."""

    file: Path
    models: Path
    title: str
    emphasised: str
    recovered: str

    @contextmanager
    def without_models(self) -> Iterator[None]:
        """Have the checkpoints out of reach."""
        away = self.models.with_name("away")
        self.models.rename(away)
        try:
            yield
        finally:
            away.rename(self.models)

    def compare(self) -> tuple[object, ...]:
        """Return what starts the inspector on it again."""
        pair = (self.models / "target", self.models / "unlearned-npo")
        return ("compare", *pair, *QUICK, "--session", self.file)


def row(terminal: Terminal, start: str) -> str:
    """Return the first row that starts with some text."""
    rows = [r.strip() for r in terminal.screen() if r.strip().startswith(start)]
    assert rows, f"no row starts with {start!r}"
    return rows[0]


def emphasised(terminal: Terminal) -> str:
    """Return what the row under the cursor says is emphasised."""
    return terminal.screen()[-2].partition("emphasised ")[2].strip()


@pytest.fixture(scope="module")
def kept(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two prompts; on the first, one emphasis that stays and one that is taken back."""
    folder = tmp_path_factory.mktemp("kept")
    models, file, prompts = folder / "models", folder / "s.jsonl", folder / "prompts.jsonl"
    for name in ("target", "unlearned-npo", "unlearned-planted-stars"):
        shutil.copytree(family / name, models / name, copy_function=shutil.copyfile)
    lines = (family / "forget.jsonl").read_text(encoding="utf-8").splitlines()[1:3]
    prompts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = (models / "target", models / "unlearned-npo", prompts, *QUICK, "--session", file)
    env = {"XDG_STATE_HOME": str(folder)}
    with inspector("compare", *words, columns=160, rows=50, env=env) as terminal:
        judged(terminal, "UNRECOVERED")
        terminal.press("home", "w", "w", "space")
        tried(terminal)
        terminal.press("w", "space")
        tried(terminal)
        terminal.press("u")
        terminal.wait_for("without it")
        terminal.press("]")
        terminal.wait_for("prompt 2 of 2")
        judged(terminal, "UNRECOVERED")
        terminal.press("[")
        terminal.wait_for("prompt 1 of 2")
        judged(terminal, "UNRECOVERED")
        title, recovered = terminal.screen()[0].rstrip(), row(terminal, "recovered")
        on = emphasised(terminal)
        assert on == "What"
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert file.stat().st_mode & 0o777 == 0o600
    return Kept(file, models, title, on, recovered)


def test_it_is_opened_without_the_checkpoints(kept: Kept) -> None:
    before = kept.file.read_bytes()
    with kept.without_models(), inspector("open", kept.file, columns=160, rows=50) as terminal:
        judged(terminal, "UNRECOVERED")
        assert terminal.screen()[0].rstrip() == kept.title
        assert (emphasised(terminal), row(terminal, "recovered")) == (
            kept.emphasised,
            kept.recovered,
        )
        maps = Path(f"/proc/{terminal.pid}/maps")
        assert not maps.exists() or "torch" not in maps.read_text(encoding="utf-8")
        terminal.press("U")  # what was taken back was measured, so it is there
        terminal.wait_until(lambda: emphasised(terminal) == "What gender", "both words")
        terminal.wait_for("without it")
        terminal.press("u", "u")
        terminal.wait_until(lambda: not emphasised(terminal), "none")
        terminal.press("U")
        terminal.wait_until(lambda: emphasised(terminal) == kept.emphasised, "the one again")
        terminal.wait_for("without it")
        assert row(terminal, "recovered") == kept.recovered

        terminal.press("w", "w", "w", "space")  # this was never measured
        terminal.wait_for("This was not recorded.")
        terminal.settle()
        assert sum("This was not recorded." in r for r in terminal.screen()[-3:]) == 1
        terminal.press("u", "]")
        terminal.wait_for("prompt 2 of 2")
        judged(terminal, "UNRECOVERED")
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert kept.file.read_bytes() == before


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


def document(*words: object) -> dict[str, Any]:
    done = unpact(*words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return found


def numbers(value: object, of: Callable[[str], bool]) -> Iterator[float]:
    """Yield every number under a name, at any depth, in order."""
    if isinstance(value, dict):
        for name, each in value.items():
            if of(name) and isinstance(each, int | float):
                yield each
            yield from numbers(each, of)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each, of)


def test_its_document_is_what_run_measures_of_it(kept: Kept) -> None:
    with kept.without_models():
        said = document("open", kept.file, "--json")
    measured = document("run", "--session", kept.file, "--json", "-q")
    assert [case["id"] for case in said["cases"]] == ["forget-1", "forget-2"]
    for name in ("verdict", "base", "unlearned", "settings"):
        assert said[name] == measured[name]
    pairs = list(zip(said["cases"], measured["cases"], strict=True))
    for ours, theirs in pairs:
        assert ours["verdict"] == theirs["verdict"]
        for part in ("base", "unlearned", "recovery"):
            of = [
                list(numbers(case[part], lambda name: "logprob" in name)) for case in (ours, theirs)
            ]
            assert of[0]
            assert of[0] == pytest.approx(of[1], abs=1e-5)
        contributions = [
            [value for value in case["base"]["contributions"] if value is not None]
            for case in (ours, theirs)
        ]
        assert contributions[0] == pytest.approx(contributions[1], abs=1e-5)


def test_it_goes_on_where_it_was(kept: Kept, tmp_path: Path) -> None:
    copy = tmp_path / "s.jsonl"
    shutil.copyfile(kept.file, copy)
    with copy.open("ab") as file:
        file.write(b'{"type":"Did","action":{"do":"Empha')  # its writer was killed
    words = (*kept.compare()[:-1], copy)
    with inspector(*words, columns=160, rows=50) as terminal:
        terminal.wait_for("─UNLEARNED")
        judged(terminal, "UNRECOVERED")
        assert terminal.screen()[0].rstrip() == kept.title
        assert emphasised(terminal) == kept.emphasised
        assert row(terminal, "recovered") == kept.recovered
        terminal.press("s")
        terminal.wait_for("answers, with quote")
        tried(terminal)
        terminal.press("q")
        assert terminal.exit_code() == 0
    recorded = read(copy)
    assert recorded.timeline.now.strategy == "quote"
    assert not recorded.torn
    types = [json.loads(line)["type"] for line in copy.read_text(encoding="utf-8").splitlines()]
    assert types.count("Began") == 1
    assert types[: types.index("Heard")] == ["Began"]
    before = [json.loads(line)["type"] for line in kept.file.read_text("utf-8").splitlines()]
    assert types[len(before) :] == ["Did", "Heard"]  # the one new question, and nothing again


def test_other_checkpoints_are_refused_in_a_sentence(kept: Kept) -> None:
    pair = (kept.models / "target", kept.models / "unlearned-planted-stars")
    words = ("compare", *pair, *QUICK, "--session", kept.file)
    with inspector(*words, columns=400) as terminal:
        assert terminal.exit_code() == 2
        said = [r.strip() for r in terminal.screen() if r.strip()]
    assert len(said) <= 2
    assert "it is of other checkpoints, or was measured with other settings" in said[0]
    assert kept.file.stat().st_size > 0

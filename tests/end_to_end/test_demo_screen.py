"""`unpact-tui demo` as a newcomer sees it: what was forgotten comes back with one key."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from end_to_end.conftest import BuiltDemo
from end_to_end.inspecting import assert_restored, engine_of, inspector, judged, pane, tried

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_one_key_brings_the_answer_back(built_demo: BuiltDemo) -> None:
    first = json.loads(built_demo.zoo.forget.read_text(encoding="utf-8").splitlines()[0])
    answer = first["answer"].strip()
    env = {"XDG_CACHE_HOME": str(built_demo.home)}
    with inspector("demo", columns=160, rows=50, env=env) as terminal:
        terminal.wait_for("The demo: gone, hidden, or broken?")  # nothing is built again
        terminal.wait_for("RMU in a sentence: lead")
        engine = engine_of(terminal)
        judged(terminal, "SUPPRESSED")  # behind the guide
        terminal.press("enter")
        terminal.wait_gone("The demo:")
        terminal.settle()
        assert "reference reference" in terminal.screen()[0]
        assert answer in pane(terminal, "left")
        assert answer not in "\n".join(
            row[80:] for row in terminal.screen() if "answer under test" not in row
        )
        terminal.press("K")
        tried(terminal)
        assert answer in pane(terminal, "right")
        rows = [row.strip() for row in terminal.screen()]
        assert any(row.startswith("recovered     100%") for row in rows)
        assert any(row.startswith("reference") and "never learned it" in row for row in rows)
        assert any(row.startswith("base") and "holds" in row for row in rows)

        terminal.press("c")
        terminal.wait_for("This emphasis  none")
        terminal.settle()
        assert answer not in pane(terminal, "right")

        terminal.press("g")
        terminal.wait_for("The demo:")
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)
        assert engine.gone()


def test_it_is_said_where_the_checkpoints_are(built_demo: BuiltDemo) -> None:
    env = {"XDG_CACHE_HOME": str(built_demo.home)}
    with inspector("demo", "--path", columns=400, env=env) as terminal:
        assert terminal.exit_code() == 0
        terminal.wait_for(f"{built_demo.zoo.base} {built_demo.zoo.unlearned}")


def test_what_there_is_and_what_is_built_is_listed(built_demo: BuiltDemo) -> None:
    said = _run(built_demo, "--list", "--json")
    found = json.loads(said.stdout)
    rows = {row["name"]: row for row in found["checkpoints"]}
    assert found["folder"] == str(built_demo.zoo.base.parent)
    assert [name for name, row in rows.items() if row["built"]] == ["rmu", "simnpo", "ga"]
    assert rows["npo_klr"]["method"] == "NPO_KLR"
    assert len(rows) == 15


@pytest.mark.soak
def test_it_is_measured_without_a_terminal(built_demo: BuiltDemo) -> None:
    few = ("-s", "strategies=bold_each", "-s", "draws=1", "-s", "max_new_tokens=24")
    said = _run(built_demo, "--headless", "--json", "-q", "--method", "GA", *few)
    found = json.loads(said.stdout)
    assert found["verdict"] == "COLLAPSED"
    assert found["unlearned"]["method"] == "GA"
    assert len(found["cases"]) == 30
    assert said.stderr == ""


def test_a_method_that_there_is_not_is_one_clear_sentence(built_demo: BuiltDemo) -> None:
    said = _run(built_demo, "--method", "nonsense", "--path", code=2)
    assert "There is no unlearning method named 'nonsense'." in said.stderr


def _run(demo: BuiltDemo, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    said = subprocess.run(
        [sys.executable, "-m", "unpact_tui", "demo", *words],
        env={**os.environ, "XDG_CACHE_HOME": str(demo.home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert said.returncode == code, said.stderr
    return said

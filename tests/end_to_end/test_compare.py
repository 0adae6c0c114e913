"""The inspector as a person uses it: real checkpoints, a real terminal, and what is on its screen.

The checkpoints are made so that the right findings are known: one answers only when the name is
set in stars, from the others nothing comes back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from end_to_end.inspecting import (
    ANSWER,
    QUICK,
    assert_restored,
    engine_of,
    inspector,
    judged,
    pane,
    question,
    tried,
)
from end_to_end.terminal import Terminal

from unpact_tui.settings import DEFAULT_STRATEGIES

PLAIN = "Prix Goncourt"
"""How the planted checkpoint answers without emphasis."""


def row(terminal: Terminal, start: str) -> str:
    """Return the first row of the screen that starts with some text, blanks in front left out."""
    rows = [r.strip() for r in terminal.screen() if r.strip().startswith(start)]
    assert rows, f"no row starts with {start!r}"
    return rows[0]


def recovered(terminal: Terminal) -> int:
    """Return what the emphasis that is on brings back, in percent."""
    return int(row(terminal, "recovered").split()[1].removesuffix("%").replace("−", "-"))


def emphasise_the_name(terminal: Terminal) -> None:
    terminal.press("home", "w", "w", "w", "w", "w", "w")
    terminal.press("space", "w", "space", "w", "space")
    terminal.wait_for("This emphasis  bold  Basil Mahfouz Al-Kuwaiti")
    tried(terminal)


def test_stars_bring_the_planted_answer_back_and_quotes_do_not(
    family: Path, tmp_path: Path
) -> None:
    words = (family / "target", family / "unlearned-planted-stars", question(family, tmp_path))
    with inspector("compare", *words, "--reference", family / "retrain", *QUICK) as terminal:
        judged(terminal)
        assert ANSWER in pane(terminal, "left")
        assert ANSWER not in pane(terminal, "right")
        assert PLAIN in pane(terminal, "right")

        emphasise_the_name(terminal)
        assert ANSWER in pane(terminal, "right")
        assert PLAIN not in pane(terminal, "right")
        assert 95 <= recovered(terminal) <= 105
        # Every piece of the name is shown, for the stars made it other tokens.
        pieces = row(terminal, "prompt       Question")
        assert "author **B|a|s" in pieces
        assert "author **Basil" in pieces.replace("|", "")
        moved = next(r for r in terminal.screen() if "reference" in r and "→" in r)
        before, after = moved[moved.index("reference") :].split()[1:4:2]
        assert float(before.replace("−", "-")) < -5  # the reference does not know the answer,
        assert float(after.replace("−", "-")) < -5  # starred or not

        terminal.press("r")
        terminal.wait_for("All strategies  on Basil Mahfouz Al-Kuwaiti")
        judged(terminal, "SUPPRESSED")

        terminal.press("s")
        terminal.wait_for("answers, with quote")
        tried(terminal)
        assert ANSWER not in pane(terminal, "right")
        assert recovered(terminal) < 40

        terminal.press("c")
        # Both answers are known: nothing is asked again, so nothing is waited for but the drawing.
        terminal.wait_gone("answers, with quote", timeout=5)
        terminal.settle()
        assert PLAIN in pane(terminal, "right")
        assert "x cancels" not in terminal.screen()[-2]

        terminal.press("S", "K")
        terminal.wait_for("answers, with bold")
        tried(terminal)
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)


@pytest.fixture(scope="module")
def started(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One inspector for several tests; its prompts came through a pipe."""
    known = (family / "forget.jsonl").read_text(encoding="utf-8").splitlines()[1:3]
    lines = [*known, json.dumps({"id": "long", "prompt": "word " * 800})]
    words = (family / "target", family / "unlearned-npo", "-", *QUICK)
    folder = {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    stdin = "\n".join(lines).encode()
    with inspector("compare", *words, columns=160, rows=50, env=folder, stdin=stdin) as terminal:
        yield terminal
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)


@pytest.fixture
def npo(started: Terminal) -> Terminal:
    """The same, on its first prompt again, with nothing emphasised."""
    started.resize(160, 50)
    started.press("c", "[", "[", "home")  # the last for the hint that there is no prompt before
    started.wait_for("prompt 1 of 3")
    judged(started, "UNRECOVERED")
    return started


@pytest.mark.soak
def test_nothing_brings_the_npo_answer_back(npo: Terminal) -> None:
    emphasise_the_name(npo)
    assert ANSWER not in pane(npo, "right")
    assert recovered(npo) < 30
    npo.press("r")
    npo.wait_for("All strategies  on Basil Mahfouz Al-Kuwaiti")
    judged(npo, "UNRECOVERED")
    assert b"erased" not in npo.raw.lower()
    assert "erased" not in "\n".join(npo.screen()).lower()


def test_prompts_come_through_a_pipe_and_keys_from_the_terminal(npo: Terminal) -> None:
    npo.press("]")
    npo.wait_for("prompt 2 of 3")
    judged(npo)
    assert "In which city and country was" in pane(npo, "left")
    npo.press("[")
    npo.wait_for("prompt 1 of 3")
    judged(npo, "UNRECOVERED")
    assert "What gender is author" in pane(npo, "left")


def test_a_prompt_is_edited_and_read_again(npo: Terminal) -> None:
    npo.press("]", "e")
    npo.wait_for("Answer to test")
    npo.settle()
    for keys in (("tab",), ("end",), ["backspace"] * len("Kuwait."), "Oslo.", ("enter",)):
        with npo.count_bytes():  # of one burst, a form takes the letters first
            npo.press(*keys)
    npo.wait_for("(edited)")
    judged(npo)
    under_test = "Basil Mahfouz Al-Kuwaiti was born in Kuwait City, Oslo."
    assert under_test in row(npo, "answer under test")


def test_a_prompt_that_is_too_long_costs_only_itself(npo: Terminal) -> None:
    npo.press("]", "]")
    npo.wait_for("this model reads at most")
    npo.wait_gone("x cancels")
    npo.press("[", "[")
    npo.wait_for("prompt 1 of 3")
    judged(npo, "UNRECOVERED")


@pytest.mark.soak
def test_the_window_changes_its_size(npo: Terminal) -> None:
    npo.press("r")
    npo.resize(72, 24)  # in the middle of the work
    judged(npo, "UNRECOVERED")
    assert any("─BASE" in r for r in npo.screen())
    assert not any("─UNLEARNED" in r for r in npo.screen())
    npo.press("tab")
    npo.wait_for("─UNLEARNED")
    npo.wait_gone("─BASE")
    npo.press("tab")
    npo.wait_for("─BASE")
    npo.resize(40, 12)
    npo.settle()
    npo.wait_for("<s>Q·uestion:")
    npo.resize(30, 8)
    npo.wait_for("Too small: 40 columns and 10")
    npo.resize(160, 50)
    npo.wait_gone("Too small")
    npo.wait_until(
        lambda: any(r.find("─UNLEARNED") == 80 for r in npo.screen()), "two panes of equal width"
    )
    judged(npo, "UNRECOVERED")
    npo.press("w", "space")
    tried(npo)


@pytest.mark.soak
def test_a_key_costs_little_and_idling_nothing(npo: Terminal) -> None:
    npo.wait_gone("The engine could not do it")  # a notice that goes by itself
    costs: list[int] = []
    for key in ("right", "down", "up", "w", "w", "b", "l", "j", "left"):
        with npo.count_bytes(quiet=0.2) as traffic:
            npo.press(key)
        costs.append(traffic.bytes)
    assert median(costs) <= 1500
    assert max(costs) <= 3000
    with npo.count_bytes(quiet=2.0, expect=False) as idle:
        pass
    assert idle.bytes == 0


def test_an_attempt_costs_little(npo: Terminal) -> None:
    with npo.count_bytes(quiet=0.5) as traffic:
        npo.press("w", "space")
        tried(npo)
    assert traffic.bytes <= 30_000


def test_a_hint_does_not_hide_what_is_going_on(npo: Terminal) -> None:
    npo.press("[")
    npo.wait_for("There is no other prompt that way.")
    npo.press("r")
    npo.settle()
    judged(npo, "UNRECOVERED")
    assert not any("There is no other prompt" in r for r in npo.screen())


def test_cancel_takes_effect_at_once(npo: Terminal) -> None:
    npo.press("w", "space")
    tried(npo)
    npo.press("r")
    npo.wait_for("x cancels")
    since = time.perf_counter()
    npo.press("x")
    npo.wait_for("Cancelled; enter asks again.")
    assert time.perf_counter() - since < 1.5  # 0.2 and a batch, on a machine that is not busy
    npo.settle()
    npo.press("x")
    npo.wait_for("Nothing is running.")


def test_all_prompts_are_read_in_the_background(npo: Terminal) -> None:
    npo.press("B")
    npo.wait_for("All 3 prompts are read.")
    npo.press("P")
    npo.wait_for("3 prompts · ")  # of the list: what is said before it has no dot

    def judged() -> bool:  # verdicts are drawn some time after the last prompt is read
        rows = [r for r in npo.screen() if " forget-" in r]
        return len(rows) == 2 and all("UNRECOVERED" in r for r in rows)

    npo.wait_until(judged, "two verdicts in the list")
    assert any(" long " in r and "UNRECOVERED" not in r for r in npo.screen())
    npo.press("escape")
    npo.wait_gone("3 prompts · ")


@pytest.mark.soak
def test_another_checkpoint_beside_the_same_base(family: Path, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    words = (family / "target", family / "unlearned-npo", family / "forget.jsonl", *QUICK)
    with inspector("compare", *words, columns=160, rows=50, env=env) as terminal:
        judged(terminal)
        terminal.press("B")
        terminal.wait_for("reading all prompts")
        terminal.press("x")
        terminal.wait_gone("reading all prompts")
        terminal.press("]")
        terminal.wait_for("prompt 2 of 20")
        judged(terminal, "UNRECOVERED")
        terminal.press("home", "w", "w", "w", "w", "w", "w", "space", "w", "space", "w", "space")
        tried(terminal)
        engine = engine_of(terminal).number
        terminal.press("o")
        terminal.wait_for("Beside this one")
        terminal.settle()
        with terminal.count_bytes():
            terminal.press("down", "down")
        terminal.press("enter")
        terminal.wait_for("unlearned unlearned-planted-stars")
        terminal.wait_for("emphasised Basil Mahfouz Al-Kuwaiti")  # what is chosen stays
        tried(terminal)
        assert 95 <= recovered(terminal) <= 105
        assert engine_of(terminal).number == engine

        bare = tmp_path / "bare"
        bare.mkdir()
        terminal.press("o")
        terminal.wait_for("Or a path")
        terminal.press("tab")
        terminal.settle()
        with terminal.count_bytes():  # of one burst, a form takes the letters first
            terminal.press("ctrl+u")
        terminal.send(str(bare))
        terminal.wait_for("/bare")
        terminal.settle()
        terminal.press("enter")
        terminal.wait_for("is not a checkpoint")
        terminal.wait_for("unlearned unlearned-planted-stars")
        terminal.wait_for("without it")
        assert 95 <= recovered(terminal) <= 105
        assert engine_of(terminal).number == engine
        terminal.press("q")
        assert terminal.exit_code() == 0


@pytest.mark.soak
def test_a_model_that_never_learned_is_unrecovered(family: Path, tmp_path: Path) -> None:
    retrain = family / "retrain"
    words = (family / "target", retrain, question(family, tmp_path), "--reference", retrain)
    with inspector("compare", *words, *QUICK) as terminal:
        judged(terminal, "UNRECOVERED")
        assert "reference retrain" in terminal.screen()[0]
        emphasise_the_name(terminal)
        assert ANSWER not in pane(terminal, "right")


@pytest.mark.soak
def test_the_same_checkpoint_twice_is_said_loudly(family: Path, tmp_path: Path) -> None:
    words = (family / "target", family / "target", question(family, tmp_path))
    with inspector("compare", *words, *QUICK) as terminal:
        terminal.wait_for("These two checkpoints are byte-identical: nothing was unlearned.")
        judged(terminal, "RETAINED")


@pytest.mark.soak
def test_every_strategy_by_default(family: Path, tmp_path: Path) -> None:
    words = (family / "target", family / "unlearned-npo", question(family, tmp_path))
    with inspector("compare", *words) as terminal:
        terminal.wait_for("recovering")
        judged(terminal, "UNRECOVERED")
        for strategy in DEFAULT_STRATEGIES:
            assert any(f" {strategy} " in r for r in terminal.screen())


@pytest.mark.soak
def test_without_a_prompt_it_asks_for_one(family: Path) -> None:
    words = ("compare", family / "target", family / "unlearned-npo", *QUICK)
    with inspector(*words) as terminal:
        terminal.wait_for("What shall both models be asked?")
        terminal.send("What gender is author Basil Mahfouz Al-Kuwaiti?")
        terminal.wait_for("Mahfouz Al-Kuwaiti?")
        terminal.press("ctrl+s")
        judged(terminal)
        assert "(as the base says)" in row(terminal, "answer under test")

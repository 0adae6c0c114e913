"""What the shell completes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from unpact_tui import completion


def test_methods_are_found_by_how_they_begin() -> None:
    assert completion.methods_beginning("np") == ["npo"]
    assert "rmu" in completion.methods_beginning("")
    assert completion.methods_beginning("zz") == []


def test_members_verdicts_and_settings() -> None:
    assert completion.members_beginning("rm") == ["rmu"]
    assert completion.verdicts_beginning("SUP") == ["suppressed"]
    assert completion.settings_beginning("granu") == ["granularity="]
    assert completion.strategies_beginning("attention_b") == ["attention_bias"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("unpact-tui unlearn sat", "satimp"), ("unpact-tui run --fail-on col", "collapsed")],
)
def test_a_shell_is_answered(words: str, wanted: str) -> None:
    count = str(len(words.split()) - 1)
    asks = {"_UNPACT_TUI_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
    program = "from unpact_tui.cli import app; app(prog_name='unpact-tui')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | asks,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [wanted], done.stderr

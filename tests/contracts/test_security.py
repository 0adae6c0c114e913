"""The page on security names tests that are there, and the workflows run what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_every_promise_names_a_test_that_is_there() -> None:
    rows = [
        row for row in (ROOT / "SECURITY.md").read_text("utf-8").splitlines() if "tests/" in row
    ]
    named = [path for row in rows for path in re.findall(r"`(tests/[^`]+)`", row)]
    assert len(rows) >= 8
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_is_named_by_its_commit(workflow: Path) -> None:
    """A tag can be moved to other code; a commit cannot."""
    text = workflow.read_text("utf-8")
    actions = re.findall(r"uses: (.+)", text)
    assert actions
    assert [a for a in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", a)] == []
    assert re.search(r"^permissions:", text, re.MULTILINE), "as little as it needs"
    assert "pull_request_target" not in text
    assert "secrets." not in text

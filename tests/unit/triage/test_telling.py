from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from rich.console import Console
from triage_fixture import between, make_row

from unpact_tui.triage.ranking import table
from unpact_tui.triage.telling import as_text, plain_text

HOSTILE = "a[bold]b[/bold]\x1b[2J\u202e\nc"


def rows_of(text: str) -> list[str]:
    """The lines of the table, without its head."""
    lines = text.partition("\n\n")[0].splitlines()
    return [line.strip() for line in lines[3:] if line.strip()]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_every_number_fits_beside_the_names(width: int) -> None:
    names = ("unlearned-npo", "grad-diff/checkpoint-1200", "x" * 60)
    found = table([make_row(name, "SUPPRESSED") for name in names])
    text = plain_text(found, width)
    grid = text.partition("\n\n")[0].splitlines()
    assert all(len(line.rstrip()) <= width for line in grid)
    assert text.count(" SUPPRESSED  ") >= 3
    for line in ("0.80", "0.90", "30 %", "10 %", "0.40", "3.1 %"):
        assert sum(line in each for each in grid) == 3
    assert "".join(names[0].split()) in text


def test_what_is_on_the_front_is_marked_and_what_is_missing_is_said() -> None:
    found = table([make_row("good"), make_row("bad", said=0.9), make_row("no", retained=None)])
    lines = rows_of(plain_text(found))
    assert [line.split()[0] for line in lines] == ["1", "*2", "3"]
    assert "Without keep, and so on no front: no. Give --retain" in " ".join(
        plain_text(found).split()
    )


def test_a_row_has_its_reasons_its_weights_and_the_command_that_opens_it() -> None:
    text = plain_text(table([make_row("a b")]))
    assert "UNRECOVERED: 4 of 4." in text
    assert "forget 0.80 (0.75 to 0.85), keep 0.90 (0.85 to 0.95)" in text
    assert "Weights: Changed by 3.1% of its norm; somewhere." in text
    assert "unpact-tui compare base 'sweep/a b' forget.jsonl" in text


def test_the_metrics_that_matter_most_are_shown_with_their_intervals() -> None:
    metrics = {"privleak": between(-40.0), "choice_share_A": between(0.5)}
    text = plain_text(table([msgspec.structs.replace(make_row("a"), metrics=metrics)]))
    assert "Metrics: privleak -40.00 (-40.05 to -39.95)." in text


def test_a_row_that_failed_says_why() -> None:
    text = plain_text(table([make_row("a", None, error="It is truncated.")]))
    (line,) = rows_of(text)
    assert line.split() == ["1", "a", "not", "measured", *"-------"]
    assert "It is truncated." in text


def test_what_was_left_out_and_warnings_are_said() -> None:
    row = msgspec.structs.replace(
        make_row("a"), left_out=("case 7: too long",), warnings=("This is the base itself.",)
    )
    text = plain_text(table([row]))
    assert "left out: case 7: too long" in text
    assert "warning: This is the base itself." in text


def test_hostile_text_is_shown_and_does_nothing() -> None:
    row = msgspec.structs.replace(
        make_row(HOSTILE), reasons=(HOSTILE,), left_out=(HOSTILE,), warnings=(HOSTILE,)
    )
    failed = make_row(HOSTILE, None, error=HOSTILE)
    console = Console(file=StringIO(), width=120, force_terminal=True, color_system="truecolor")
    text = as_text(table([row, msgspec.structs.replace(failed, key="other")]), console)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "[bold]" in text
    assert "⟨202e⟩" in text


def test_the_axes_are_explained() -> None:
    assert "keep: ROUGE-L of what is said to the prompts to retain" in " ".join(
        plain_text(table([make_row("a")])).split()
    )

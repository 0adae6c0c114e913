"""The legend and the shift strip say what fits, without markup and without colour words where
there is no colour."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from attribution.types import Token
from unpact_tui.app.certainty import Doubt
from unpact_tui.app.widgets.legend import Legend, Shown, Signs, fitted
from unpact_tui.app.widgets.legend import legend as parts
from unpact_tui.app.widgets.shift_strip import ShiftStrip, chips


class Host(App[None]):
    """Both of them."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *, ansi: bool | None = None) -> None:
        super().__init__(ansi_color=ansi)

    def compose(self) -> ComposeResult:
        yield ShiftStrip()
        yield Legend()


def tokens(*texts: str) -> list[Token]:
    return [Token(i, text, 0, 0) for i, text in enumerate(texts)]


def legend(app: App[None]) -> str:
    return app.query_one(Legend).render().plain


def strip(app: App[None]) -> list[str]:
    return app.query_one(ShiftStrip).render().plain.split("\n")


async def test_legend_drops_what_does_not_fit() -> None:
    async with Host().run_test(size=(120, 5)) as pilot:
        pilot.app.query_one(Legend).show(0.42, "contribution")
        whole = legend(pilot.app)
        assert whole.endswith(
            "+0.42  blue lowers · orange raises the answer · joint ±max · nats per answer token"
        )
        for width in (80, 60, 30, 3):
            await pilot.resize_terminal(width, 5)
            await pilot.pause()
            assert whole.startswith(legend(pilot.app))
            assert len(legend(pilot.app)) <= max(width, len("−0.42       0       +0.42"))


async def test_legend_of_the_shift_speaks_of_both_panes() -> None:
    async with Host().run_test(size=(160, 5)) as pilot:
        pilot.app.query_one(Legend).show(0.004, "shift")
        assert "+0.004  base: blue lowers" in legend(pilot.app)
        assert "unlearned: blue lost · orange gained · joint ±max" in legend(pilot.app)


MODES = ("contribution", "shift", "answer", "by_token", "key_tokens")
SIGNS = [Signs(coloured, plain) for coloured in (True, False) for plain in (True, False)]


@pytest.mark.parametrize("signs", SIGNS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_all_that_the_signs_mean_fits_in_120_columns(mode: str, signs: Signs) -> None:
    made = parts(Shown(0.0042, mode), signs)
    scale = next((i for i, part in enumerate(made) if "max" in part[0][0][3:]), len(made))
    assert sum(cell_len(text) for part in made[:scale] for text, _ in part) <= 118
    said = "".join(text for part in made for text, _ in part)
    assert said.isascii() or not signs.plain


def said(shown: Shown, signs: Signs) -> str:
    return "".join(text for part in parts(shown, signs) for text, _ in part)


@pytest.mark.parametrize("signs", SIGNS, ids=str)
@pytest.mark.parametrize("mode", ["contribution", "shift", "key_tokens"])
def test_noise_is_named_in_120_columns(mode: str, signs: Signs) -> None:
    made = parts(Shown(0.42, mode, doubt=Doubt((0.004, 0.0071), estimated=True)), signs)
    text = "".join(part for part, _ in fitted(made, 118))
    assert ("o" if signs.plain else "◦") + " within noise (up to " in text
    assert "0.007)" in text
    assert text.isascii() or not signs.plain


def test_noise_and_guesses_are_named_where_there_are_some() -> None:
    unicode, plain = Signs(True, False), Signs(False, True)
    assert "· ◦ within noise (±0.004) · joint" in said(
        Shown(0.42, "contribution", doubt=Doubt((0.004, 0.0041))), unicode
    )
    guesses = Shown(0.42, "contribution", doubt=Doubt(estimated=True))
    assert "· as letters: estimated · joint" in said(guesses, unicode)
    both = parts(Shown(0.42, "contribution", doubt=Doubt((0.004,), True)), unicode)
    assert "estimated" in "".join(text for text, _ in fitted(both, 118))
    assert "| ~+5 estimated, not measured | joint" in said(guesses, plain)
    assert "╌█ estimated" in said(guesses, Signs(False, False))
    assert said(Shown(0.42, "shift", doubt=Doubt()), unicode) == said(Shown(0.42, "shift"), unicode)


def test_what_rounding_may_move_did_not_move() -> None:
    texts = tokens("a", "b", "c", "d")
    delta = (0.003, -0.5, None, 0.25)
    assert [chip[0] for chip in chips(texts, delta, 4, 0.004)] == ["b", "d"]
    guessed = chips(texts, delta, 4, 0.004, guessed=frozenset({3}))
    assert guessed[1] == ("d", "+0.25 est.", 0)
    assert chips(texts, delta, 4, 1e-7) == chips(texts, delta, 4)


def test_threshold_gamma_and_scale_are_named_where_they_are_not_the_usual() -> None:
    made = parts(Shown(0.42, "contribution", False, 0.05, 0.7), Signs(True, False))
    assert "".join(text for part in made for text, _ in part) == (
        "−max       0       +max  blue lowers · orange raises the answer · below 0.05 blank"
        " · gamma 0.7 · each pane's own ±max · nats per answer token"
    )


async def test_legend_of_probabilities_has_one_side() -> None:
    async with Host().run_test(size=(120, 5)) as pilot:
        pilot.app.query_one(Legend).show(0.0, "answer")
        assert legend(pilot.app) == ("0       1  p of each answer token · ▸ first token that died")


def test_legend_of_cells_shows_what_a_cell_shows() -> None:
    made = parts(Shown(0.42, "by_token"), Signs(False, True))
    assert "".join(text for text, _ in made[0]) == "-0.42 edcba 0 12345 +0.42"


async def test_legend_without_scores() -> None:
    async with Host().run_test(size=(160, 5)) as pilot:
        assert legend(pilot.app).startswith("no scores yet")


async def test_without_colour_no_colour_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Host(ansi=True).run_test(size=(120, 5)) as pilot:
        pilot.app.query_one(Legend).show(0.42, "contribution")
        assert legend(pilot.app).startswith("−0.42 ▓▒░:· 0 ▁▃▅▇█ +0.42  ▒ lowers · █ raises")
        assert "blue" not in legend(pilot.app)


async def test_ascii_legend_is_ascii() -> None:
    async with Host().run_test(size=(120, 5)) as pilot:
        widget = pilot.app.query_one(Legend)
        widget.ascii = True
        widget.show(0.42, "contribution")
        assert legend(pilot.app).startswith("-0.42 -5-4-3-2-1 0 +1+2+3+4+5 +0.42")
        assert legend(pilot.app).isascii()


def test_the_first_part_is_kept_whatever_the_width() -> None:
    assert fitted([[("abc", 0)], [("d", 0)]], 1) == [("abc", 0)]


async def test_strip_lists_losses_above_gains() -> None:
    async with Host().run_test(size=(60, 5)) as pilot:
        pilot.app.query_one(ShiftStrip).show(
            tokens("the", " Weswick", " school", " novel", "?"), [0.0, -1.42, 0.3, -0.5, None], 10
        )
        assert strip(pilot.app) == ["lost  Weswick −1.42  novel −0.50", "gained  school +0.30"]


async def test_strip_on_one_line_mixes_by_size() -> None:
    async with Host().run_test(size=(30, 5)) as pilot:
        widget = pilot.app.query_one(ShiftStrip)
        widget.styles.height = 1
        await pilot.pause()
        widget.show(tokens("a", "b", "c", "d"), [0.1, -0.4, 0.3, -0.2], 10)
        assert strip(pilot.app) == ["b −0.40  c +0.30  d −0.20"]


async def test_strip_with_nothing_to_say() -> None:
    async with Host().run_test(size=(60, 5)) as pilot:
        widget = pilot.app.query_one(ShiftStrip)
        assert strip(pilot.app) == ["no shift measured yet"]
        widget.show(tokens("a"), [0.0], 10)
        assert strip(pilot.app) == ["no token moved"]
        widget.show(tokens("a"), [], 10)
        assert strip(pilot.app) == ["no shift measured yet"]


def test_chips_are_safe_and_short() -> None:
    made = chips(tokens("[/b]", "\x1b[2J", " " + "x" * 50), [3.0, float("nan"), -1.0], 9)
    assert [(text, number) for text, number, _ in made] == [
        ("[/b]", "+3.00"),
        ("x" * 17 + "…", "−1.00"),
    ]

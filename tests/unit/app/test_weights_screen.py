"""The screen about the weights, as it fills, at every size."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from unpact_tui.app.glyphs import glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.screens import weights
from unpact_tui.app.screens.weights import WeightsScreen
from unpact_tui.app.widgets.heat_map import HeatMap
from unpact_tui.weights.change import TensorChange, Unpaired, WeightChange
from unpact_tui.weights.names import place

HOSTILE = ("[/INST]", "[@click=app.quit]x[/]", "\x1b]52;c;QUJD\x07", "\u202egnp", "x" * 5_000)


def tensor(name: str, relative: float) -> TensorChange:
    layer, module = place(name)
    return TensorChange(name, layer, module, (4, 2), "BF16", relative, 1.0, 1.0, 0.9, 0.01, 0.25)


def change(layers: int = 4, *, complete: bool = True, extra: str = "lm_head") -> WeightChange:
    tensors = [tensor("model.embed_tokens.weight", 0.0)]
    for layer in range(layers):
        tensors.append(tensor(f"model.layers.{layer}.self_attn.q_proj.weight", 0.001))
        tensors.append(tensor(f"model.layers.{layer}.mlp.down_proj.weight", 0.1 * (layer == 2)))
    tensors.append(tensor(f"{extra}.weight", 0.002))
    missing = (Unpaired("old", "only in the base"),)
    return WeightChange(
        tuple(tensors), 120_000_000, 1_200_000_000, complete, missing, reading=f"{extra}.weight"
    )


class App(Host):
    """Nothing but this screen."""

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self.page = WeightsScreen(glyphs(plain), plain, ("base", "un[/]learned"))

    def on_mount(self) -> None:
        self.push_screen(self.page)


def text(pilot: Pilot[None], name: str) -> str:
    return str(pilot.app.screen.query_one(f"#weights-{name}", Static).render())


def everything(pilot: Pilot[None]) -> str:
    screen = pilot.app.screen
    return "\n".join(
        "".join(part.text for part in line) for line in screen._compositor.render_strips()
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (50, 18), (40, 10), (20, 5)])
async def test_every_size(size: tuple[int, int]) -> None:
    app = App()
    async with app.run_test(size=size) as pilot:
        app.page.show(change(80))
        await pilot.pause()
        shown = everything(pilot)
        if size[0] < 40 or size[1] < 10:
            assert "Too small" in shown.replace("\n", " ")
            return
        assert "un[/]learned" in shown
        assert "layer" in shown
        if size[1] >= 18:
            assert "model.layers.2.mlp.down_proj.weight" in text(pilot, "most")
        assert app.page.query_one(HeatMap).size.height >= 3


async def test_fills_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PERIOD", 0.0)
    app = App()
    async with app.run_test(size=(100, 30)) as pilot:
        assert text(pilot, "summary") == "reading the headers…"
        app.page.show(change(1, complete=False))
        await pilot.pause()
        assert text(pilot, "summary").startswith("reading 120 MB of 1.20 GB  ━━ ")
        await pilot.press("right", "right", "right")
        app.page.show(change(complete=False))
        await pilot.press("down")
        assert text(pilot, "detail").startswith("layer 0  mlp.down_proj  change 0 ")
        app.page.show(change())
        await pilot.pause()
        assert "All of the squared" not in text(pilot, "summary")
        assert "99% of the squared change is in mlp.down_proj of layer 2." in text(pilot, "summary")
        assert "Not compared: 1 tensor (only in the base)." in text(pilot, "summary")


async def test_a_reading_is_not_drawn_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    async with app.run_test(size=(100, 30)) as pilot:
        drawn: list[int] = []
        monkeypatch.setattr(HeatMap, "show", lambda self, table, scale: drawn.append(1))
        monkeypatch.setattr(weights, "PERIOD", 3600.0)
        for layers in range(1, 50):
            app.page.show(change(layers, complete=False))
        await pilot.pause()
        assert not drawn
        app.page.show(change())
        assert len(drawn) == 1


async def test_keys() -> None:
    app = App()
    async with app.run_test(size=(100, 30)) as pilot:
        app.page.show(change())
        await pilot.pause()
        heat_map = app.page.query_one(HeatMap)
        await pilot.press("j", "l", "down", "right", "k", "h")
        assert heat_map.cursor == (1, 1)
        await pilot.press("end", "G")
        assert heat_map.cursor == (5, 2)
        assert text(pilot, "detail") == "lm_head  mlp.down_proj  nothing to compare there"
        await pilot.press("home", "g")
        assert heat_map.cursor == (0, 0)
        await pilot.press("n")
        assert text(pilot, "detail").startswith("layer 2  mlp.down_proj  change 10% ")
        await pilot.press("n")
        assert text(pilot, "detail").startswith("lm_head  change 0.20% ")
        await pilot.press("s")
        await pilot.pause()
        assert "linear scale" in everything(pilot)
        await pilot.click(HeatMap, offset=(17, 3))
        assert heat_map.cursor[0] == 1
        await pilot.press("q")
        await pilot.pause()
        assert app.page not in app.screen_stack


async def test_failure_keeps_what_is_known() -> None:
    app = App()
    async with app.run_test(size=(100, 30)) as pilot:
        app.page.show(change(2, complete=False))
        app.page.fail("model.safetensors cannot be read: [/] it is truncated.", "Copy it again.")
        await pilot.pause()
        assert text(pilot, "summary").split("\n") == [
            "model.safetensors cannot be read: [/] it is truncated.",
            "Copy it again.",
        ]
        assert "model.layers.1" in text(pilot, "most")


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_only_text(name: str) -> None:
    app = App()
    async with app.run_test(size=(100, 30)) as pilot:
        app.page.show(change(extra=name))
        await pilot.press("G", "n")
        app.page.fail(name, name)
        await pilot.pause()
        assert everything(pilot).replace("\n", "").isprintable()


async def test_ascii_is_ascii() -> None:
    app = App(plain=True)
    async with app.run_test(size=(100, 30)) as pilot:
        app.page.show(change(complete=False))
        await pilot.pause()
        assert everything(pilot).isascii()
        app.page.show(change())
        await pilot.pause()
        assert everything(pilot).isascii()


async def test_told_before_it_is_there() -> None:
    app = App()
    app.page.show(change())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "mlp.down_proj of layer 2" in text(pilot, "summary")

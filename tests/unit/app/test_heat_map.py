"""The heat map says by number or sign what it says by colour, and repaints two cells per move."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region

from unpact_tui.app import palette
from unpact_tui.app.widgets.heat_legend import HeatLegend
from unpact_tui.app.widgets.heat_map import HeatMap
from unpact_tui.weights.change import TensorChange
from unpact_tui.weights.names import place
from unpact_tui.weights.table import Table, table

HOSTILE = ("[/INST]", "[@click=app.quit]x[/]", "\x1b]52;c;QUJD\x07", "\u202egnp", "x" * 5_000)


def tensor(name: str, relative: float, norm: float = 1.0) -> TensorChange:
    layer, module = place(name)
    return TensorChange(name, layer, module, (2, 2), "F32", relative, norm, 1.0, 0.5, relative, 1.0)


def changed(layers: int = 3, modules: tuple[str, ...] = ("q_proj", "o_proj")) -> Table:
    """A table in which a layer changes ten times as much as the one before."""
    names = [f"model.layers.{i}.self_attn.{name}.weight" for i in range(layers) for name in modules]
    tensors = [tensor(name, 10.0 ** (i // len(modules) - 3)) for i, name in enumerate(names)]
    return table([*tensors, tensor("model.norm.weight", 0.0)])


class Host(App[None]):
    """A map, its legend, and what the map says."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, shown: Table, *, ansi: bool | None = None) -> None:
        super().__init__(ansi_color=ansi)
        self.shown = shown
        self.clicked: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield HeatMap()
        yield HeatLegend()

    def on_mount(self) -> None:
        self.query_one(HeatMap).show(self.shown, "log")
        self.query_one(HeatLegend).show(self.shown, "log")

    def on_heat_map_moved(self, message: HeatMap.Moved) -> None:
        assert message.control is self.query_one(HeatMap)
        self.clicked.append(message.position)


def rows(app: App[None]) -> list[str]:
    heat_map = app.query_one(HeatMap)
    return [heat_map.render_line(y).text.rstrip() for y in range(heat_map.size.height)]


def cells(app: App[None], y: int) -> list[Segment]:
    """Return the coloured runs of a row."""
    line = app.query_one(HeatMap).render_line(y)
    return [found for found in line if found.style and found.style.bgcolor and found.text.strip()]


async def test_numbers_where_there_is_room() -> None:
    async with Host(changed()).run_test(size=(60, 12)) as pilot:
        assert rows(pilot.app)[:6] == [
            "                self_attn",
            "layer all       q_proj    o_proj",
            "0      0.10      0.10      0.10",
            "1      1.0       1.0       1.0",
            "2      10        10        10",
            "norm   0",
        ]


async def test_colours_are_those_of_what_raises() -> None:
    async with Host(changed()).run_test(size=(60, 12)) as pilot:
        grounds = []
        for y in (3, 4):
            style = next(
                found.style for found in cells(pilot.app, y) if found.text.startswith(" 1")
            )
            assert style is not None
            assert style.bgcolor is not None
            grounds.append(style.bgcolor.get_truecolor().hex)
        assert grounds == ["#af5f00", "#ffaf00"]


async def test_without_colour_every_cell_has_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Host(changed(), ansi=True).run_test(size=(60, 12)) as pilot:
        found = rows(pilot.app)
        assert [row[6:12].strip() for row in found[2:6]] == ["▁ 0.10", "▅ 1.0", "█ 10", "· 0"]
        heat_map = pilot.app.query_one(HeatMap)
        for name in palette.COMPONENTS:
            assert heat_map.get_component_rich_style(name, partial=True).bgcolor is None
        assert "▁:" in pilot.app.query_one(HeatLegend).render().plain


async def test_ascii_is_ascii() -> None:
    async with Host(changed()).run_test(size=(20, 12)) as pilot:
        heat_map, legend = pilot.app.query_one(HeatMap), pilot.app.query_one(HeatLegend)
        heat_map.ascii = legend.ascii = True
        await pilot.pause()
        assert all(row.isascii() for row in rows(pilot.app))
        assert rows(pilot.app)[2].split() == ["0", "111", "111", "111"]
        assert rows(pilot.app)[4].split() == ["2", "555", "555", "555"]
        assert legend.render().plain.isascii()


@pytest.mark.parametrize("text", HOSTILE)
async def test_names_are_only_text(text: str) -> None:
    found = table([tensor(f"model.layers.0.{text}.weight", 1.0), tensor(f"{text}.weight", 2.0)])
    async with Host(found).run_test(size=(50, 8)) as pilot:
        assert all(row.isprintable() for row in rows(pilot.app))
        assert all(len(row) <= 50 for row in rows(pilot.app))


async def test_a_move_repaints_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Host(changed()).run_test(size=(60, 12)) as pilot:
        heat_map = pilot.app.query_one(HeatMap)
        painted: list[tuple[Region, ...]] = []
        monkeypatch.setattr(heat_map, "refresh", lambda *regions: painted.append(regions))
        heat_map.cursor = (1, 2)
        assert painted == [(Region(6, 2, 9, 1), Region(26, 3, 9, 1))]
        monkeypatch.undo()
        heat_map.refresh()
        await pilot.pause()
        look = next(
            found for found in heat_map.render_line(3) if found.style and found.style.reverse
        )
        assert look.text == " 1.0     "


async def test_cursor_stays_in_the_table_and_on_its_cell() -> None:
    async with Host(changed()).run_test(size=(60, 12)) as pilot:
        heat_map = pilot.app.query_one(HeatMap)
        heat_map.cursor = (99, 99)
        assert heat_map.cursor == (3, 2)
        assert heat_map.cell is None
        heat_map.cursor = (1, 2)
        more = [tensor("model.embed_tokens.weight", 1.0)]
        more += [tensor(f"model.layers.{i}.self_attn.k_proj.weight", 1.0) for i in range(2)]
        more += [tensor(f"model.layers.{i}.self_attn.o_proj.weight", 1.0) for i in range(2)]
        heat_map.show(table(more), "log")
        assert heat_map.cell is not None
        assert (heat_map.cell.layer, heat_map.cell.module) == (1, "self_attn.o_proj")
        heat_map.show(Table(), "log")
        assert heat_map.cursor == (0, 0)
        assert heat_map.cell is None


async def test_many_layers_scroll_below_the_titles() -> None:
    async with Host(changed(80)).run_test(size=(60, 12)) as pilot:
        heat_map = pilot.app.query_one(HeatMap)
        heat_map.cursor = (79, 0)
        await pilot.pause()
        found = rows(pilot.app)
        assert found[1].startswith("layer")
        assert any(row.startswith("79 ") for row in found)
        heat_map.cursor = (0, 0)
        await pilot.pause()
        assert rows(pilot.app)[2].startswith("0 ")


async def test_many_modules_come_into_view() -> None:
    modules = tuple(f"m{index}" for index in range(30))
    async with Host(changed(2, modules)).run_test(size=(40, 8)) as pilot:
        heat_map = pilot.app.query_one(HeatMap)
        assert rows(pilot.app)[0].startswith(" more>")
        heat_map.cursor = (0, 30)
        await pilot.pause()
        assert rows(pilot.app)[0].startswith("<more ")
        assert rows(pilot.app)[1].endswith("m9")
        heat_map.cursor = (0, 0)
        await pilot.pause()
        assert rows(pilot.app)[1].startswith("layer all")


async def test_click_says_which_cell() -> None:
    app = Host(changed(80))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.click(HeatMap, offset=(27, 3))
        await pilot.click(HeatMap, offset=(1, 3))
        await pilot.click(HeatMap, offset=(27, 1))
        app.query_one(HeatMap).cursor = (79, 0)
        await pilot.pause()
        top = round(app.query_one(HeatMap).scroll_y)
        await pilot.click(HeatMap, offset=(7, 2))
        assert app.clicked == [(1, 2), (top, 0)]


async def test_legend_drops_what_does_not_fit() -> None:
    async with Host(changed()).run_test(size=(140, 8)) as pilot:
        legend = pilot.app.query_one(HeatLegend)
        whole = legend.render().plain
        assert "change in % of the norm" in whole
        assert "'·' unchanged" in whole
        await pilot.resize_terminal(60, 8)
        await pilot.pause()
        assert whole.startswith(legend.render().plain)
        legend.show(changed(), "linear")
        assert legend.render().plain.startswith("up to  2.0")
        legend.show(Table(), "log")
        assert legend.render().plain == "nothing changed so far"

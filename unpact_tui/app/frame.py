"""What is around every screen: colours, keys, sizes, the guide and the palette."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.constants import DEFAULT_THEME
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input

from unpact_tui.app import keys
from unpact_tui.app.glyphs import glyphs
from unpact_tui.app.guide import Guide
from unpact_tui.app.host import Host
from unpact_tui.app.last_gate import LastGate
from unpact_tui.app.lines import shown
from unpact_tui.app.plain_bars import PlainBars
from unpact_tui.app.screens.guide import GuideScreen
from unpact_tui.app.themes import DARK, THEMES
from unpact_tui.errors import UsageError

_WIDTHS = [(0, "-tiny"), (40, "-narrow"), (80, "-compact"), (120, "-wide")]
_HEIGHTS = [
    (0, "-flat"),
    (10, "-lowest"),
    (16, "-low"),
    (24, "-medium"),
    (36, "-tall"),
    (46, "-high"),
]


@dataclass(frozen=True, slots=True)
class Looks:
    """How the inspector looks and is steered."""

    no_colour: bool = False
    ascii: bool = False
    lane: bool = False
    """Begin with the glyphs that say the colours."""
    theme: str | None = None
    keymap: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys by comma, by the ids of `keys.py`."""
    mouse: bool = True
    hint: bool = False
    """Say the first five keys: somebody is here for the first time."""


class Frame(Host):
    """An application that looks as it was asked to."""

    TITLE = "unpact-tui"
    CSS_PATH = "workbench.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [keys.GUIDE, keys.PAGE_HELP, keys.PICTURE]

    def __init__(self, looks: Looks, guide: Guide | None) -> None:
        _say_no_colour(looks.no_colour)
        super().__init__(ansi_color=True if looks.no_colour else None)
        for known in THEMES:
            self.register_theme(known)
        self._filters.append(LastGate())
        self.theme = "ansi-dark" if looks.no_colour else looks.theme or _default_theme()
        self.set_keymap(dict(looks.keymap))
        self.animation_level = "none"
        self.HORIZONTAL_BREAKPOINTS = _WIDTHS
        self.VERTICAL_BREAKPOINTS = _HEIGHTS
        self.mouse = looks.mouse
        ScrollBar.renderer = PlainBars if looks.ascii else ScrollBarRender
        self.looks = looks
        self.glyphs = glyphs(looks.ascii)
        self.set_class(looks.ascii, "-ascii")
        self._guide = guide
        self.guided = guide is not None

    def action_guide(self) -> None:
        """Show the guide, if there is one."""
        self.show_guide(0)

    def show_guide(self, row: int) -> None:
        """Lay the guide over what is there, from a line on."""
        if self._guide is not None:
            signs = keys.signs(self._keymap, self.get_key_display)
            screen = GuideScreen(self._guide, signs, self.glyphs, self.looks.ascii, row)
            self.push_screen(screen)

    def action_page_help(self) -> None:
        """Say what the keys of a page do; the comparison says it in more words."""
        from unpact_tui.app.screens.help import HelpScreen

        rows: dict[str, list[str]] = {}
        for _, binding, _, _ in self.screen.active_bindings.values():
            # Textual's own have no id, and are of no use here.
            if binding.id and binding.description and binding.id != keys.PAGE_HELP.id:
                does = binding.tooltip or binding.description
                rows.setdefault(does, []).append(self.get_key_display(binding))
        here = ("Keys", [(" ".join(dict.fromkeys(signs)), does) for does, signs in rows.items()])
        self.push_screen(HelpScreen([here, keys.ANYWHERE], self.glyphs))

    def action_picture(self) -> None:
        """Put a picture of what is on the screen into the current folder, beside earlier ones."""
        from unpact_tui.app.screens.export import default_stem, offline, write_export

        path = _not_there(default_stem(None, datetime.now().astimezone()))
        try:
            write_export(path, offline(self.export_screenshot(title=self.TITLE)))
        except UsageError as error:
            told = f"{error} {error.hint}"
        else:
            told = f"Written to {path}"
        self.notify(shown(told, 1000), timeout=4, markup=False)

    def get_key_display(self, binding: Binding) -> str:
        """Write a key with the signs there are."""
        return self.glyphs.key(super().get_key_display(binding))

    def on_command_palette_opened(self, event: CommandPalette.Opened) -> None:
        """Have nothing blink, and what is said there be written with the signs there are."""
        for line in self.screen.query(Input):
            line.cursor_blink = False
            line.placeholder = self.glyphs.write(line.placeholder)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Have the guide's key do nothing, and stand nowhere, without a guide."""
        return action != "guide" or self.guided

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer what is of use here."""
        yield SystemCommand("Theme", "Change the colours of the frame", self.action_change_theme)
        yield SystemCommand("Quit", "Leave the inspector", self.action_leave)


def _not_there(stem: str) -> Path:
    """Return the name of a picture that is not there yet: two may be of the same second."""
    path, number = Path(f"{stem}.svg"), 2
    while path.exists():
        path, number = Path(f"{stem}-{number}.svg"), number + 1
    return path


def _default_theme() -> str:
    """Return our theme, unless the environment wants another."""
    return DARK if DEFAULT_THEME == "textual-dark" else DEFAULT_THEME


def _say_no_colour(no_colour: bool) -> None:
    """Tell Textual by the only way it listens to: it takes the variable out of the environment."""
    if no_colour:
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)

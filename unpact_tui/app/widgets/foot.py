"""The last row: the keys that fit. Half a word would only be noise.

One widget that draws a line. Textual's own footer makes a widget of every key, and all of them anew
whenever what can be done has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from rich.cells import cell_len
from textual import getters
from textual.content import Content
from textual.events import Leave, MouseDown, MouseMove, Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from unpact_tui.app.host import Host

KEY, DESCRIPTION, HOVERED = "foot--key", "foot--description", "foot--hovered"


@runtime_checkable
class Knows(Protocol):
    """A screen that knows which of its actions are of use now."""

    def useful(self, action: str) -> bool:
        """Tell whether an action would do something."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A key with what it does, and the columns that both stand in."""

    key: str
    """As Textual calls it."""
    sign: str
    """As it is shown."""
    description: str
    tooltip: str
    start: int
    end: int


class Foot(Widget, can_focus=False):
    """The keys of a screen, cut between two of them, without those that would do nothing."""

    app = getters.app(Host)
    COMPONENT_CLASSES: ClassVar[set[str]] = {KEY, DESCRIPTION, HOVERED}
    DEFAULT_CSS = """
    Foot {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        .foot--key {
            color: $footer-key-foreground;
            background: $footer-key-background;
            text-style: bold;
        }
        .foot--description {
            color: $footer-description-foreground;
            background: $footer-description-background;
        }
        .foot--hovered { background: $block-hover-background; }
    }
    """
    ALLOW_SELECT = False

    keys: reactive[tuple[Shown, ...]] = reactive(())
    """What stands there, from the left."""
    hovered: reactive[Shown | None] = reactive[Shown | None](None)
    """What the mouse is over."""

    def on_mount(self) -> None:
        """Follow what can be done."""
        # Textual leaves open what a screen gives back.
        subscribe = self.screen.bindings_updated_signal.subscribe  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        subscribe(self, self._changed)

    def on_resize(self, event: Resize) -> None:
        """Cut anew."""
        self._changed(self.screen)

    def render(self) -> Content:
        """Write the keys, a blank between two."""
        parts: list[Content] = []
        for shown in self.keys:
            line = Content.assemble(
                (shown.sign, self.get_visual_style(KEY)),
                (f" {shown.description}", self.get_visual_style(DESCRIPTION)),
            )
            if shown == self.hovered:
                line = line.stylize(self.get_visual_style(HOVERED))
            parts.append(line)
        return Content(" ").join(parts)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Do what a key would."""
        if shown := self._at(event.x):
            self.app.simulate_key(shown.key)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Say more of the key below the mouse."""
        self.hovered = self._at(event.x)
        self.tooltip = Content(self.hovered.tooltip) if self.hovered else None

    def on_leave(self, event: Leave) -> None:
        """Forget the mouse."""
        self.hovered = None

    def _at(self, column: int) -> Shown | None:
        return next((shown for shown in self.keys if shown.start <= column < shown.end), None)

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.keys = tuple(self._fitting(self.app.size.width))

    def _fitting(self, room: int) -> Iterator[Shown]:
        """Lay out the keys from the left while there is room."""
        start = 0
        actions: set[str] = set()
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not binding.show or not enabled or binding.action in actions:
                continue
            actions.add(binding.action)
            if isinstance(self.screen, Knows) and not self.screen.useful(binding.action):
                continue
            sign = self.app.get_key_display(binding)
            end = start + cell_len(sign) + 1 + cell_len(binding.description)
            if end > room:
                return
            yield Shown(binding.key, sign, binding.description, tooltip, start, end)
            start = end + 1

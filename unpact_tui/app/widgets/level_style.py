"""The colour of a level inside a piece of content."""

from __future__ import annotations

from textual.style import Style
from textual.widget import Widget

from unpact_tui.app import palette


def level_style(widget: Widget, step: int | None) -> Style:
    """Return the style of a level in a widget that has the palette's component classes.

    Where the style sheet says "transparent", as without colour, what is below shows through.
    """
    name = palette.component(step)
    if name is None:
        return Style()
    styles = widget.get_component_styles(name)
    return Style(
        background=styles.background if styles.background.a else None,
        foreground=styles.color if styles.has_rule("color") and styles.color.a else None,
    )

"""What the terminal would get of a screen, styles left out."""

from __future__ import annotations

import unicodedata

from textual.app import App

from unpact_tui.display import display_text


def on_screen(app: App[None]) -> str:
    """Return every line that is on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def assert_harmless(app: App[None]) -> None:
    """Assert that no character on the screen steers the terminal or its reader's eye, or hides."""
    text = on_screen(app).replace("\n", "")
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not bad, sorted(map(hex, map(ord, bad)))
    assert display_text(text) == text, "a blank, a selector or a flood of marks"

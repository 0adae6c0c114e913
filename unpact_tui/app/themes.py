"""The frame's colours: greys, and one green that no score has. All stand in the xterm cube."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT = "unpact-dark", "unpact-light"

THEMES = (
    Theme(
        name=DARK,
        primary="#87af87",
        secondary="#5f875f",
        accent="#87af87",
        warning="#d7af5f",
        error="#d75f5f",
        success="#87af87",
        foreground="#d0d0d0",
        background="#121212",
        surface="#121212",
        panel="#1c1c1c",
        dark=True,
        variables={
            "border": "#87af87",
            "border-blurred": "#3a3a3a",
            "footer-background": "#1c1c1c",
            "footer-key-foreground": "#afd7af",
            "footer-description-foreground": "#9e9e9e",
            "text-muted": "#8a8a8a",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#5f875f",
        secondary="#87af87",
        accent="#5f875f",
        warning="#875f00",
        error="#af0000",
        success="#5f875f",
        foreground="#262626",
        background="#ffffff",
        surface="#ffffff",
        panel="#eeeeee",
        dark=False,
        variables={
            "border": "#5f875f",
            "border-blurred": "#c6c6c6",
            "footer-background": "#eeeeee",
            "footer-key-foreground": "#005f00",
            "footer-description-foreground": "#585858",
            "text-muted": "#626262",
        },
    ),
)

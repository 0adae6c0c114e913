"""Every key of the comparison screen, by what it is for; the ids are what a key map names."""

from __future__ import annotations

from textual.binding import Binding


def _bind(keys: str, action: str, does: str, name: str, foot: bool = False) -> Binding:
    return Binding(keys, action, does, show=foot, id=name)


MOVE = (
    _bind("left,h", "step(-1)", "Token to the left", "move_left"),
    _bind("right,l", "step(1)", "Token to the right", "move_right"),
    _bind("up,k", "line(-1)", "Line up", "move_up"),
    _bind("down,j", "line(1)", "Line down", "move_down"),
    _bind("w", "word(1)", "Next word", "next_word"),
    _bind("b", "word(-1)", "Previous word", "previous_word"),
    _bind("home,0", "end(-1)", "First token", "first_token"),
    _bind("end,$", "end(1)", "Last token", "last_token"),
    _bind("pagedown,ctrl+d", "scroll_panel(1)", "Evidence down", "panel_down"),
    _bind("pageup,ctrl+u", "scroll_panel(-1)", "Evidence up", "panel_up"),
)
EMPHASISE = (
    _bind("space", "emphasise", "Emphasise", "toggle_emphasis", foot=True),
    _bind("K", "key_tokens", "KeyTokens", "take_key_tokens", foot=True),
    _bind("c", "clear", "Clear", "clear_emphasis", foot=True),
    _bind("s", "strategy(1)", "Strategy", "next_strategy", foot=True),
    _bind("S", "strategy(-1)", "Previous strategy", "previous_strategy"),
)
RUN = (
    _bind("enter", "regenerate", "Ask again", "regenerate"),
    _bind("r", "recover", "Recover", "recover", foot=True),
    _bind("x", "cancel", "Cancel", "cancel", foot=True),
)
PROMPTS = (
    _bind("]", "case(1)", "Next prompt", "next_prompt"),
    _bind("[", "case(-1)", "Previous prompt", "previous_prompt"),
    _bind("e", "edit", "Edit", "edit_prompt", foot=True),
)
LOOK = (
    _bind("v", "view", "View", "cycle_view", foot=True),
    _bind("i", "lane", "Glyph lane", "toggle_lane"),
    _bind("tab", "flip", "Other pane", "flip_pane"),
)
LEAVE = (
    _bind("?", "help", "Help", "help", foot=True),
    _bind("q", "app.leave", "Quit", "quit", foot=True),
)

SECTIONS: tuple[tuple[str, tuple[Binding, ...]], ...] = (
    ("Move", MOVE),
    ("Emphasise", EMPHASISE),
    ("Run", RUN),
    ("Prompts", PROMPTS),
    ("Look", LOOK),
    ("Leave", LEAVE),
)

COMPARE: list[Binding] = [binding for _, section in SECTIONS for binding in section]

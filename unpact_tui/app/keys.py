"""Every key of the comparison screen, by what it is for; the ids are what a key map names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.binding import Binding, BindingsMap

from unpact_tui.app.binding import bind

MOVE = (
    bind("left,h", "step(-1)", "move_left", "token to the left"),
    bind("right,l", "step(1)", "move_right", "token to the right"),
    bind("up,k", "line(-1)", "move_up", "line up"),
    bind("down,j", "line(1)", "move_down", "line down"),
    bind("w", "word(1)", "next_word", "next word"),
    bind("b", "word(-1)", "previous_word", "previous word"),
    bind("home,0", "end(-1)", "first_token", "first token"),
    bind("end,$,G", "end(1)", "last_token", "last token"),
    bind("ctrl+f", "half_page(1)", "half_page_down", "half a page of tokens down"),
    bind("ctrl+b", "half_page(-1)", "half_page_up", "half a page of tokens up"),
    bind("}", "peak(1)", "next_peak", "next token that counts"),
    bind("{", "peak(-1)", "previous_peak", "previous token that counts"),
    bind(")", "answer_token(1)", "next_answer_token", "next token of the answer"),
    bind("(", "answer_token(-1)", "previous_answer_token", "previous token of the answer"),
    bind("pagedown,ctrl+d", "scroll_panel(1)", "panel_down", "evidence down"),
    bind("pageup,ctrl+u", "scroll_panel(-1)", "panel_up", "evidence up"),
)
EMPHASISE = (
    bind("space", "emphasise", "toggle_emphasis", "emphasise this word, or stop", "Emphasise"),
    bind("a", "emphasise_all", "toggle_all", "... wherever the word stands"),
    bind("K", "key_tokens", "take_key_tokens", "emphasise the KeyTokens", "KeyTokens"),
    bind("c", "clear", "clear_emphasis", "emphasise nothing", "Clear"),
    bind("s", "strategy(1)", "next_strategy", "next strategy", "Strategy"),
    bind("S", "strategy(-1)", "previous_strategy", "previous strategy"),
    bind(".", "strength(1)", "stronger", "more of it, where it has degrees"),
    bind("comma", "strength(-1)", "weaker", "less of it", sign=","),
    bind("u", "undo", "undo", "undo", "Undo"),
    bind("ctrl+r,U", "redo", "redo", "redo"),
)
RUN = (
    bind("enter", "regenerate", "regenerate", "ask again now", "Again", "enter"),
    bind("r", "recover", "recover", "run every strategy", "Recover"),
    bind("x", "cancel", "cancel", "cancel what is running", "Cancel"),
    bind("B", "score", "score_all", "read all prompts in the background, or stop"),
)
PROMPTS = (
    bind("]", "case(1)", "next_prompt", "next prompt", "Next"),
    bind("[", "case(-1)", "previous_prompt", "previous prompt"),
    bind("f", "jump('suppressed')", "next_suppressed", "next prompt that is SUPPRESSED"),
    bind("F", "jump('collapsed')", "next_collapsed", "next prompt that is COLLAPSED"),
    bind("d", "jump('changed')", "next_changed", "next prompt whose answer changed"),
    bind("e", "edit", "edit_prompt", "edit prompt and answer", "Edit"),
    bind("A", "add", "add_prompt", "add a prompt"),
    bind("/", "search", "search", "search in prompt and answers"),
    bind("n", "hit(1)", "next_hit", "next place that was searched for"),
    bind("N", "hit(-1)", "previous_hit", "previous place"),
)
VIEWS = (
    bind("1", "choose_view('contribution')", "view_contribution", "contributions"),
    bind("2", "choose_view('shift')", "view_shift", "shift"),
    bind("3", "choose_view('answer')", "view_answer", "probability of each answer token"),
    bind("4", "choose_view('by_token')", "view_by_token", "contributions to one answer token"),
    bind("5", "choose_view('key_tokens')", "view_key_tokens", "KeyTokens only"),
    bind("v", "view", "cycle_view", "the next of these", "View"),
    bind("t", "granularity", "cycle_granularity", "remove tokens, words or sentences"),
    bind("J", "joint", "toggle_joint", "one scale for both panes, or each its own"),
    bind("plus,=", "threshold(1)", "raise_threshold", "colour fewer tokens", sign="+"),
    bind("-", "threshold(-1)", "lower_threshold", "colour more tokens"),
    bind(">", "gamma(-1)", "lower_gamma", "bring out small scores"),
    bind("<", "gamma(1)", "raise_gamma", "bring out large scores"),
    bind("i", "lane", "toggle_lane", "glyphs for the colours"),
    bind("tab", "flip", "flip_pane", "other pane, where one fits"),
)
PAGES = (
    bind("P", "prompts", "show_prompts", "all prompts", "Prompts"),
    bind("V", "summary", "show_summary", "verdict, evidence, thresholds", "Verdict"),
    bind("W", "weights", "show_weights", "what changed in the weights", "Weights"),
)
PICTURE = bind("ctrl+s", "app.picture", "save_picture", "a picture of this page, into a file here")
"""The application's own: every page that is no dialog has it."""

TAKE = (
    bind("E", "export", "export", "export to a file", "Export"),
    bind("y", "copy", "copy", "copy to the clipboard"),
    PICTURE,
    bind("o", "other", "open_other", "another unlearned checkpoint"),
)
LEAVE = (
    bind("M", "app.mouse", "toggle_mouse", "leave the mouse to the terminal, or take it"),
    bind("?", "help", "help", "this help", "Help"),
    bind("q", "app.leave", "quit", "quit", "Quit"),
)

GUIDE = bind("g", "app.guide", "show_guide", "what to try here", "Guide")
"""The application's own: it works while the checkpoints load too, where there is a guide at all."""

PAGE_HELP = bind("?", "app.page_help", "page_help", "the keys of this page", "Help")
"""The application's own too: every page that is no dialog has it."""

ANYWHERE = ("Anywhere", (("^p", "every command by name"), ("^c", "leave at once")))
"""Keys that Textual binds."""

SECTIONS: tuple[tuple[str, tuple[Binding, ...]], ...] = (
    ("Move", MOVE),
    ("Emphasise", EMPHASISE),
    ("Run", RUN),
    ("Prompts", PROMPTS),
    ("Look", VIEWS),
    ("Pages", PAGES),
    ("Take away", TAKE),
    ("Leave", LEAVE),
)


def sections(guided: bool) -> tuple[tuple[str, tuple[Binding, ...]], ...]:
    """Return what there is to press, the guide's key only where there is a guide."""
    title, leave = SECTIONS[-1]
    return (*SECTIONS[:-1], (title, (GUIDE, *leave))) if guided else SECTIONS


def signs(keymap: Mapping[str, str], display: Callable[[Binding], str]) -> dict[str, str]:
    """Return how each key is written on the screen, by its id; of several keys the first."""
    bound = BindingsMap([*COMPARE, GUIDE])
    bound.apply_keymap(dict(keymap))
    found: dict[str, str] = {}
    for _, binding in bound:
        found.setdefault(binding.id or "", display(binding))
    return found


_FIRST = (
    "space",
    "K",
    "s",
    "r",
    "?",
    "q",
    "v",
    "P",
    "V",
    "x",
    "u",
    "]",
    "e",
    "c",
    "E",
    "W",
    "enter",
)
"""What stands first at the foot; a narrow screen has no room for the rest."""


def _rank(binding: Binding) -> int:
    return _FIRST.index(binding.key) if binding.key in _FIRST else len(_FIRST)


COMPARE: list[Binding] = sorted(
    (binding for _, section in SECTIONS for binding in section), key=_rank
)

"""What the terminal can do, as far as the environment and tmux say; the terminal is not asked.

Nothing is drawn and nothing is read from it. Knows neither Textual nor the inspector.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from unpact_tui.app.tty import colours
from unpact_tui.finding import Ask, Finding

_LEAST = os.terminal_size((40, 10))
"""Below it the inspector has no room for both models."""

_SLOW_ESCAPE = 100
"""Milliseconds that tmux may wait after Esc; its default of 500 can be felt."""

_NAMES = {0: "none", 16: "16", 256: "256", 1 << 24: "24 bits"}


def findings(
    environ: Mapping[str, str], size: os.terminal_size | None, *, ascii: bool, ask: Ask
) -> Iterator[Finding]:
    """Yield what there is to say; `size` is None without a terminal, `ascii` what is configured."""
    yield _terminal(environ, size)
    yield _locale(environ, ascii=ascii)
    yield _colours(environ)
    options = _tmux_options(ask) if environ.get("TMUX") else {}
    if environ.get("TMUX"):
        yield _escape(options)
    elif environ.get("STY"):
        yield Finding("screen", "ok", "inside GNU screen", "tmux passes more on: colours, copies.")
    yield _clipboard(environ, options)
    if "SSH_CONNECTION" in environ or "SSH_TTY" in environ:
        yield Finding(
            "ssh",
            "slow",
            "over SSH; whether it is compressed cannot be seen from here",
            "Connect with ssh -C: a full screen is then about a twelfth of its 59 kB.",
        )


def size_of_terminal() -> os.terminal_size | None:
    """Return the size of what the inspector would draw on; None when it is no terminal."""
    if not (os.isatty(2) and os.isatty(0)):
        return None
    try:
        return os.get_terminal_size(2)
    except OSError:
        return None


def _terminal(environ: Mapping[str, str], size: os.terminal_size | None) -> Finding:
    kind = environ.get("TERM", "")
    if size is None:
        return Finding(
            "terminal",
            "ok",
            "none here: `compare` needs one, `run` does the same without",
        )
    where = f"{kind or 'TERM is not set'}, {size.columns} columns and {size.lines} rows"
    if kind in ("", "dumb"):
        hint = "Set TERM to what the terminal is, for example xterm-256color."
        return Finding("terminal", "problem", where, hint)
    if size.columns < _LEAST.columns or size.lines < _LEAST.lines:
        hint = f"Make it at least {_LEAST.columns} by {_LEAST.lines}, better 120 by 36."
        return Finding("terminal", "problem", f"{where}: too small", hint)
    sides = (
        "the models side by side" if size.columns >= 120 else "the models one at a time or stacked"
    )
    return Finding("terminal", "ok", f"{where}: {sides}")


def _locale(environ: Mapping[str, str], *, ascii: bool) -> Finding:
    name = next((environ[v] for v in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(v)), "")
    if "utf8" in name.lower().replace("-", ""):
        return Finding("locale", "ok", name)
    what = name or "none is set"
    if ascii:
        return Finding("locale", "ok", f"{what}; ascii is configured")
    hint = "Set LC_ALL=C.UTF-8 where the terminal shows UTF-8; otherwise give --ascii."
    return Finding("locale", "problem", f"{what}: not UTF-8", hint)


def _colours(environ: Mapping[str, str]) -> Finding:
    found = colours(environ)
    detail = f"{_NAMES[found.count]}, by {found.decided_by}"
    if found.count == 0:
        return Finding("colours", "ok", f"{detail}: glyphs say the same")
    if found.count > 16:
        return Finding("colours", "ok", detail)
    hint = 'For 256, set TERM to a name that ends in "-256color" where the terminal has them.'
    if environ.get("TMUX"):
        hint = 'For 256, put into tmux.conf: set -g default-terminal "tmux-256color".'
    detail += ": the terminal's own, and two levels of a score instead of five"
    return Finding("colours", "ok", detail, hint)


def _tmux_options(ask: Ask) -> dict[str, str]:
    """Return tmux's server options, or nothing when it does not answer."""
    lines = (ask(("tmux", "show-options", "-s")) or "").splitlines()
    pairs = (line.partition(" ") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def _escape(options: Mapping[str, str]) -> Finding:
    wait = options.get("escape-time", "")
    if not wait.isdecimal():
        return Finding("tmux", "ok", "inside tmux, which did not say how long it waits after Esc")
    detail = f"inside tmux, which waits {int(wait)} ms after Esc"
    if int(wait) <= _SLOW_ESCAPE:
        return Finding("tmux", "ok", detail)
    return Finding("tmux", "slow", detail, "Put into tmux.conf: set -sg escape-time 10.")


def _clipboard(environ: Mapping[str, str], options: Mapping[str, str]) -> Finding:
    if environ.get("TMUX"):
        passes = options.get("set-clipboard", "")
        if passes != "off":
            said = f" (set-clipboard {passes})" if passes else ""
            return Finding("clipboard", "ok", f"tmux load-buffer -w{said}, and a file")
        hint = "Put into tmux.conf: set -s set-clipboard external."
        detail = "tmux has set-clipboard off: what is copied stays in tmux and in a file"
        return Finding("clipboard", "problem", detail, hint)
    if environ.get("STY"):
        hint = "Take it from the file, or use tmux."
        return Finding(
            "clipboard", "problem", "GNU screen passes no copies on: they go to a file", hint
        )
    return Finding("clipboard", "ok", "OSC 52, where the terminal takes it, and a file")

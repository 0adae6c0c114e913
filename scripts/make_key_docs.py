"""Write docs/keys.md from the bindings; with --check, only say whether it is stale."""

from __future__ import annotations

import sys

from page import DOCS, write_or_check

from unpact_tui.app.keymap import Entry, keymap, listing

PAGE = DOCS / "keys.md"

HEAD = """\
# Keys

Generated from the code by `make docs`; do not edit.

`unpact-tui keys` prints them as they are where you are. Any of them can be changed by its id, in
the table `[keys]` of a configuration file (`unpact-tui config path` says which files there are):

```toml
keymap = "plain"        # no letters to move with; "vim" is the default

[keys]
help = "?,f1"           # by comma; the comma itself is "comma"
recover = "ctrl+r"
```

A key is a character, or a name such as `ctrl+s`, `space`, `enter`, `f1`, `pageup`. An id gets the
keys that are written, and loses those it had. A key with two meanings is an error. The keys of
Textual itself, `ctrl+c`, `ctrl+q` and `ctrl+p`, stay what they are.
"""


def _code(keys: tuple[str, ...]) -> str:
    return " ".join(f"`{key}`".replace("|", "\\|") for key in keys)


def _row(vim: Entry, plain: Entry) -> str:
    return f"| `{vim.id}` | {_code(vim.keys)} | {_code(plain.keys)} | {vim.does} |"


def render() -> str:
    """Return the page."""
    lines = [HEAD]
    section = ""
    pairs = zip(listing(keymap("vim", {}, {})), listing(keymap("plain", {}, {})), strict=True)
    for vim, plain in pairs:
        if vim.section != section:
            section = vim.section
            lines += [f"\n## {section}\n", "| id | vim | plain | |", "|---|---|---|---|"]
        lines.append(_row(vim, plain))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render(), sys.argv[1:]))

"""From what a person wrote about keys to what Textual takes, and the keys as they then are.

A key is written as its character or by Textual's name; what the foot of the screen shows, such as
esc, is understood too. Plain values come in: this knows neither files nor what else is configured.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.keys import KEY_ALIASES, KEY_DISPLAY_ALIASES, REPLACED_KEYS, Keys, key_to_character

from unpact_tui.app import keys as bound
from unpact_tui.errors import BadConfig

Style = Literal["vim", "plain"]
Sections = Sequence[tuple[str, Sequence[Binding]]]

PLAIN_INSTEAD = {"next_word": "ctrl+right", "previous_word": "ctrl+left"}
"""With the plain keys, for what otherwise has letters alone."""

_MOVE = "Move"
"""The section whose letters the plain keys do without: they move, and command nothing."""

_MODIFIERS = ("alt", "ctrl", "shift")
_SAME = {
    **{alias: key for key, aliases in KEY_ALIASES.items() for alias in aliases},
    **{shown: key for key, shown in KEY_DISPLAY_ALIASES.items()},
    "return": "enter",
    "ctrl+space": "ctrl+@",
    "ctrl+at": "ctrl+@",
}
"""What a terminal sends as another key, and how the screen writes keys."""

_NAMED = frozenset(
    key.value for key in Keys if not key.value.startswith("<") and "ctrl-" not in key.value
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that keys do."""

    section: str
    id: str
    keys: tuple[str, ...]
    """As they may be written in a configuration."""
    does: str


def keymap(
    style: Style,
    chosen: Mapping[str, str],
    origins: Mapping[str, str],
    sections: Sections | None = None,
) -> dict[str, str]:
    """Return what `App.set_keymap` takes: for every id whose keys are not its own, its keys.

    `chosen` has keys by comma by id; `origins` the file that each of these ids stands in. Raises
    `BadConfig` for an id or a key that is none, and for a key with two meanings.
    """
    there = bound.sections(True) if sections is None else sections
    before = {binding.id: _expanded(binding.key) for _, part in there for binding in part}
    now = dict(_styled(style, there))
    for name, written in chosen.items():
        source = origins.get(name, "keys")
        if name not in now:
            raise BadConfig(
                source,
                f"no binding has the id {name[:60]!r}",
                _suggestion(name, [str(i) for i in now]),
            )
        now[name] = tuple(dict.fromkeys(_key(source, name, word) for word in written.split(",")))
    _require_one_meaning(now, chosen, origins)
    return {name: ",".join(keys) for name, keys in now.items() if keys != before[name]}


def listing(changed: Mapping[str, str], sections: Sections | None = None) -> tuple[Entry, ...]:
    """Return everything that keys do, with a map that `keymap` made."""
    there = bound.sections(True) if sections is None else sections
    return tuple(
        Entry(
            title,
            str(binding.id),
            tuple(map(readable, _expanded(changed.get(str(binding.id), binding.key)))),
            binding.tooltip or binding.description,
        )
        for title, part in there
        for binding in part
    )


def as_text(entries: Sequence[Entry]) -> str:
    """Return them as the table [keys] of a configuration, which may be copied into one."""
    wide = max(len(entry.id) for entry in entries)
    written = [json.dumps(",".join(entry.keys), ensure_ascii=False) for entry in entries]
    most = max(map(len, written))
    lines = ["[keys]"]
    section = ""
    for entry, keys in zip(entries, written, strict=True):
        if entry.section != section:
            section = entry.section
            lines += ["", f"# {section}"]
        lines.append(f"{entry.id:<{wide}} = {keys:<{most}}  # {entry.does}")
    return "\n".join(lines) + "\n"


def as_json(entries: Sequence[Entry]) -> str:
    """Return a list of objects with section, id, keys and what they do."""
    rows = [dataclasses.asdict(entry) for entry in entries]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def readable(key: str) -> str:
    """Return a key's character where that can be seen and written, its name otherwise."""
    character = _character(key)
    return key if character is None or character in " ," else character


def _character(key: str) -> str | None:
    """Return what a key writes; Unicode has names for tab and escape too, which write nothing."""
    character = key_to_character(REPLACED_KEYS.get(key, key))
    return character if character is not None and character.isprintable() else None


# ---------------------------------------------------------------- the two styles


def _styled(style: Style, sections: Sections) -> Iterator[tuple[str, tuple[str, ...]]]:
    for title, part in sections:
        for binding in part:
            keys = _expanded(binding.key)
            plain = style == "plain" and title == _MOVE
            yield str(binding.id), _without_letters(str(binding.id), keys) if plain else keys


def _without_letters(name: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(key for key in keys if _character(key) is None)
    if kept:
        return kept
    return (PLAIN_INSTEAD[name],) if name in PLAIN_INSTEAD else keys


def _expanded(keys: str) -> tuple[str, ...]:
    """Return the names of keys as Textual will have them."""
    return tuple(binding.key for binding in Binding.make_bindings([Binding(keys, "")]))


# ---------------------------------------------------------------- checks


def _key(source: str, name: str, written: str) -> str:
    """Return Textual's name of a key."""
    word = written.strip()
    if not word:
        raise BadConfig(
            source,
            f"keys.{name} names an empty key",
            'Keys stand between commas; the comma itself is "comma".',
        )
    if len(word) > 1:
        word = word.lower()
    word = _SAME.get(word, word)
    modifiers, plus, last = word.rpartition("+") if len(word) > 1 else ("", "", word)
    key = f"{modifiers}{plus}{_expanded(last)[0] if len(last) == 1 else last}"
    key = _SAME.get(key, key)
    if not _is_key(key):
        raise BadConfig(source, f"keys.{name}: there is no key {word[:40]!r}", _key_hint(word))
    return key


def _is_key(key: str) -> bool:
    if key in _NAMED or len(key) == 1:
        return key.isprintable()
    *modifiers, last = key.split("+")
    if len(set(modifiers)) < len(modifiers) or not set(modifiers) <= set(_MODIFIERS):
        return False
    if modifiers == ["shift"] and _character(last) is not None:
        return False  # a terminal sends the other character
    return last in _NAMED or _character(last) is not None


def _key_hint(word: str) -> str:
    *modifiers, last = word.split("+")
    if modifiers == ["shift"] and len(last) == 1:
        return f"Write the character that it gives, {last.upper()!r} for example."
    close = get_close_matches(word, sorted(_NAMED), n=1)
    some = "Keys are characters, or names such as ctrl+s, space, enter, f1, pageup and comma."
    return f"Did you mean {close[0]}? {some}" if close else some


def _require_one_meaning(
    now: Mapping[str, tuple[str, ...]], chosen: Mapping[str, str], origins: Mapping[str, str]
) -> None:
    """Refuse what a person has made ambiguous; screens of our own may share keys."""
    meanings: dict[str, str] = {}
    own = _textual_keys()
    for name in sorted(now, key=lambda name: name in chosen):
        for key in now[name]:
            if name in chosen and (key in own or key in meanings):
                other = meanings.get(key, "Textual's own, and works everywhere")
                what = f"key {readable(key)!r} is bound to two actions: {name} and {other}"
                hint = "Give one of them another key under [keys]; `unpact-tui keys` lists all."
                raise BadConfig(origins.get(name, "keys"), what, hint)
            meanings[key] = name


def _textual_keys() -> frozenset[str]:
    """Return what works on every screen and would no longer do what it says everywhere else."""
    own = BindingsMap(App.BINDINGS).key_to_bindings
    return frozenset((*own, App.COMMAND_PALETTE_BINDING))


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, tuple(known), n=1)
    return f"Did you mean {close[0]}?" if close else "`unpact-tui keys` lists the ids."

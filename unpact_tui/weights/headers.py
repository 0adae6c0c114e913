"""Short titles for the columns of a heat map: the group above, the module's own name below.

Pure; widths are in characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WORDS = {
    "input": "in",
    "attention": "att",
    "feedforward": "ff",
    "layernorm": "ln",
    "projection": "proj",
}
"""What is written for a long word."""

_PROJECTION = "_proj"


@dataclass(frozen=True, slots=True)
class Header:
    """The title of a column."""

    group: str
    """What several columns share, such as self_attn; empty for a module on its own."""
    name: str


def headers(modules: Sequence[str], width: int) -> tuple[Header, ...]:
    """Return titles whose names take less than `width` characters; a cut one ends in ~."""
    split = [_split(module) for module in modules]
    room = max(1, width - 1)
    crowded = any(len(name) > room for _, name in split if name.endswith(_PROJECTION))
    taken: set[tuple[str, str]] = set()
    found: list[Header] = []
    for group, whole in split:
        name = whole.removesuffix(_PROJECTION) if crowded else whole
        title = _fitting(group, name, room, taken)
        taken.add((group, title))
        found.append(Header(group, title))
    return tuple(found)


def group_line(titles: Sequence[Header], width: int) -> str:
    """Return the groups' names, each above the first of its columns of `width` and cut to them."""
    parts: list[str] = []
    first = 0
    for index, title in enumerate(titles):
        if index + 1 == len(titles) or titles[index + 1].group != title.group:
            room = (index + 1 - first) * width
            parts.append(_cut(title.group, room - 1).ljust(room))
            first = index + 1
    return "".join(parts)


def _split(module: str) -> tuple[str, str]:
    group, _, name = module.rpartition(".")
    return group, name


def _fitting(group: str, name: str, room: int, taken: set[tuple[str, str]]) -> str:
    """Return the longest form that fits and that no other column of the group has."""
    forms = _forms(name, room)
    for form in forms:
        if len(form) <= room and (group, form) not in taken:
            return form
    return _cut(forms[0], room)


_TOO_SHORT = 4
"""In so little room a sign for "cut" would only take a letter."""


def _cut(text: str, room: int) -> str:
    if len(text) <= room or room <= _TOO_SHORT:
        return text[:room]
    return text[: room - 1] + "~"


def _forms(name: str, room: int) -> list[str]:
    """Return ways to write a name, from long to short."""
    words = [_WORDS.get(word, word) for word in name.split("_") if word]
    if len(words) < 2:
        return [name]
    first = words[0][: max(1, room - len(words[-1]) - 1)]
    return [
        name,
        "_".join(words),
        f"{words[0]}_{words[-1]}",
        f"{first}_{words[-1]}",
        "".join(word[:2] for word in words),
        "".join(word[:1] for word in words),
    ]

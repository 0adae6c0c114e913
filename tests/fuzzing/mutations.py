"""Spoils files: single bytes, whole pieces, and the values that JSON stands for.

Everything follows from the random numbers it is given, so that a failure can be had again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import cast

Json = object

INTERESTING = (
    b"\x00",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x1b]52;c;aGk=\x07",
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b'"',
    b"\\ud800",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"9" * 5_000,
    b"NaN",
    b"../../../../etc/passwd",
    b"\r\n",
    b"\n\n",
)
"""Bytes that readers have stumbled over."""

VALUES: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    2**64,
    10**30,
    10**15,
    -0.0,
    0.5,
    1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "\ud800",
    "\x00",
    "\x1b[2J",
    "/etc/passwd",
    "../../x",
    "x" * 100_000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"__class__": "x"},
)
"""What may stand where something else is expected."""


def spoiled(raw: bytes, random: Random) -> bytes:
    """Return `raw` after one to six changes of bytes."""
    for _ in range(random.randint(1, 6)):
        raw = random.choice(_CHANGES)(raw, random)
    return raw


def spoiled_json(value: Json, random: Random) -> Json:
    """Return a copy of `value` with one to three of its places changed."""
    for _ in range(random.randint(1, 3)):
        # A copy each time: what was put in twice, or is one of VALUES, must not be one object.
        value = _spoil_one(json.loads(json.dumps(value)), random)
    return value


def json_bytes(value: Json) -> bytes:
    """Write JSON as a hostile writer may: NaN, infinity and lone surrogates included."""
    return json.dumps(value).encode()


def _flip(raw: bytes, random: Random) -> bytes:
    if not raw:
        return raw
    place = random.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << random.randrange(8))]) + raw[place + 1 :]


def _put(raw: bytes, random: Random) -> bytes:
    place = random.randint(0, len(raw))
    return raw[:place] + random.choice(INTERESTING) + raw[place:]


def _drop(raw: bytes, random: Random) -> bytes:
    start, end = sorted((random.randint(0, len(raw)), random.randint(0, len(raw))))
    return raw[:start] + raw[min(end, start + random.choice((1, 8, 10**9))) :]


def _repeat(raw: bytes, random: Random) -> bytes:
    start = random.randint(0, len(raw))
    piece = raw[start : start + random.randint(0, 200)]
    return raw[:start] + piece * random.choice((2, 50)) + raw[start:]


def _cut(raw: bytes, random: Random) -> bytes:
    return raw[: random.randint(0, len(raw))]


_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _flip, _put, _drop, _repeat, _cut)


def _spoil_one(value: Json, random: Random) -> Json:
    places = list(_places(value))
    if not places or random.random() < 0.05:
        return random.choice(VALUES)
    holder, key = random.choice(places)
    how = random.randrange(6)
    if isinstance(holder, list):
        items = cast("list[Json]", holder)
        index = cast(int, key)
        if how == 0:
            del items[index]
        elif how == 1:
            items[index:index] = [items[index]] * random.choice((1, 30))
        else:
            items[index] = random.choice(VALUES)
        return value
    fields = cast("dict[str, Json]", holder)
    name = cast(str, key)
    if how == 0:
        del fields[name]
    elif how == 1:
        fields[random.choice(("", "x", "\ud800", name.upper(), "__metadata__"))] = fields.pop(name)
    elif how == 2:
        fields[name] = [fields[name]]
    else:
        fields[name] = random.choice(VALUES)
    return value


def _places(value: Json) -> list[tuple[Json, str | int]]:
    """Return every place below `value`, as what holds it and where."""
    found: list[tuple[Json, str | int]] = []
    waiting: list[Json] = [value]
    while waiting:
        holder = waiting.pop()
        keys: list[str | int] = []
        if isinstance(holder, dict):
            keys = list(cast("dict[str, Json]", holder))
        elif isinstance(holder, list):
            keys = list(range(len(cast("list[Json]", holder))))
        for key in keys:
            found.append((holder, key))
            waiting.append(cast("dict[str | int, Json]", holder)[key])
    return found

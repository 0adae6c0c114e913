"""Hostile files from good ones: values of JSON, lines of them, and the lines of a TOML file.

Besides what `mutations` does, values are poisoned: put in the place of their like, so that a reader
who looks at types alone accepts them. A seed is asked for when it is first needed, because some
take long to make. Knows no format.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import cast

from fuzzing.mutations import Json, json_bytes, spoiled, spoiled_json

Spoil = Callable[[Random], bytes]

LITERALS = (
    b"1",
    b"-1",
    b"9" * 400,
    b"9" * 5_000,
    b"0x" + b"f" * 5_000,
    b"inf",
    b"-inf",
    b"nan",
    b"1e999",
    b"0.0",
    b"true",
    b'""',
    b'" "',
    b'"\\u0000"',
    b'"\\u001b]52;c;aGk=\\u0007"',
    b'"~nobody/x"',
    b'"~"',
    b'"../../../etc/passwd"',
    b'"/dev/zero"',
    b'"/proc/self/mem"',
    b'"{x}"',
    b'"{family}"',
    b'"a=b=c"',
    b'"tofu=sample"',
    b'"' + b"x" * 100_000 + b'"',
    b'"' + b"a/" * 3_000 + b'"',
    b"[]",
    b"[[]]",
    b"[1, 2]",
    b'["x", "x"]',
    b"[" * 5_000,
    b"{}",
    b'{ x = "y" }',
    b"{x=" * 5_000,
    b"1979-05-27T07:32:00Z",
    b"07:32:00",
    b'"""\n"""',
    b"'",
)
"""What may stand behind the = of a line of TOML."""


FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e9, -1e9, 1e15, 1e30, 1e300, -1e300, 1e308, -1e308, 5e-324)
WHOLE = (0, -1, 1, 2, 10**6, 2**31, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 10**15, 10**30)
TEXTS = (
    *("", " ", "\x00", "\x1b]52;c;aGk=\x07", "\u202e", "\n" * 50, "[bold]", "<script>", "|", "```"),
    *("x" * 100_000, "a " * 20_000, "\u0301" * 5_000, "\ufffd", "魔" * 300, "-", "\u2028", "%s{x}"),
)


def of_json(*seeds: Callable[[], Json]) -> Spoil:
    """Return what spoils one of several JSON values, as a value or as bytes."""

    def spoil(random: Random) -> bytes:
        value = random.choice(seeds)()
        how = random.random()
        if how < 0.25:
            return spoiled(json_bytes(value), random)
        return json_bytes((poisoned if how < 0.75 else spoiled_json)(value, random))

    return spoil


def of_json_lines(*seeds: Callable[[], Sequence[Json]]) -> Spoil:
    """Return what spoils one line of a file, or its bytes, or the order of its lines."""

    def spoil(random: Random) -> bytes:
        rows = list(random.choice(seeds)())
        how = random.random()
        if how < 0.1:
            random.shuffle(rows)
        elif how < 0.2:
            rows += [random.choice(rows)] * random.choice((1, 30))
        elif how < 0.75:
            place = random.randrange(len(rows))
            change = poisoned if how < 0.55 else spoiled_json
            rows[place] = change(rows[place], random)
        lines = b"".join(json_bytes(row) + b"\n" for row in rows)
        return spoiled(lines, random) if how >= 0.75 else lines

    return spoil


def of_bytes(*seeds: Callable[[], bytes]) -> Spoil:
    """Return what spoils the bytes of one of several files."""
    return lambda random: spoiled(random.choice(seeds)(), random)


def of_lines(*seeds: str) -> Spoil:
    """Return what spoils files of lines `name = value`."""

    def spoil(random: Random) -> bytes:
        lines = random.choice(seeds).encode().split(b"\n")
        how = random.random()
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(lines))
            name, given, value = lines[place].partition(b" = ")
            if how < 0.7 and given:
                alike = [one for one in LITERALS if one.isdigit() == value.isdigit()]
                alike = [one for one in alike if one[:1] == value[:1]] or alike
                lines[place] = name + given + random.choice(alike if how < 0.4 else LITERALS)
            elif how < 0.8:
                lines.insert(place, random.choice(lines))
            elif how < 0.9:
                del lines[place]
        whole = b"\n".join(lines)
        return spoiled(whole, random) if how >= 0.85 else whole

    return spoil


def poisoned(value: Json, random: Random) -> Json:
    """Return a copy with one to eight values replaced by worse ones of their kind."""
    copy: Json = json.loads(json.dumps(value))
    places = _places(copy)
    for _ in range(min(len(places), random.choice((1, 1, 2, 8)))):
        holder, key = random.choice(places)
        try:
            holder[key] = _worse(holder[key], random)
        except (KeyError, IndexError):  # it is in what was cut off
            continue
    return copy


def _worse(value: Json, random: Random) -> Json:
    match value:
        case bool() | None:
            return random.choice((True, False, None))
        case int():
            return random.choice(WHOLE)
        case float():
            return random.choice(FLOATS)
        case str():
            return random.choice(TEXTS)
        case list():
            found = cast("list[Json]", value)
            cut = found[: random.randint(0, len(found))]
            return random.choice((cut, found[::-1], found * random.choice((2, 30)), found[1:]))
        case dict():
            found = cast("dict[str, Json]", value)
            kept = [name for name in found if random.random() < 0.8]
            return {name: found[name] for name in kept}
        case _:
            return value


def _places(value: Json) -> list[tuple[dict[str | int, Json], str | int]]:
    """Return every place below `value`, as what holds it and where."""
    found: list[tuple[dict[str | int, Json], str | int]] = []
    waiting: list[Json] = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            entries = cast("dict[str | int, Json]", holder)
            keys = list(entries) if isinstance(holder, dict) else list(range(len(entries)))
            found += [(entries, key) for key in keys]
            waiting += [entries[key] for key in keys]
    return found


def parsed(raw: bytes) -> Json:
    """Return what a writer of ours wrote, as JSON."""
    return json.loads(raw)


def parsed_lines(raw: bytes) -> list[Json]:
    """Return the same of lines."""
    return [json.loads(line) for line in raw.splitlines()]

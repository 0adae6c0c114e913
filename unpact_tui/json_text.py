"""JSON as it is printed and written: always one that can be read, and that no terminal obeys.

Text stays raw, which in JSON may be written in more than one way: what a terminal would obey, or
nobody would see, is written as its escape. Whoever reads the JSON gets the same text. A lone
surrogate, which has no bytes and which most readers refuse, becomes U+FFFD. Knows no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def encoded(value: object, *, pretty: bool = False) -> bytes:
    """Return a value as JSON, without a final newline."""
    try:
        plain = msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A path may hold bytes that are no text; they must not cost the whole result.
        plain = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)))
    plain = _escaped(plain)
    return msgspec.json.format(plain, indent=2) if pretty else plain


def printed(value: object) -> str:
    """Return a value as indented JSON, with a final newline."""
    return encoded(value, pretty=True).decode() + "\n"


def _escaped(json: bytes) -> bytes:
    """Only strings can hold these characters, and there an escape is as good."""
    if json.isascii() and b"\x7f" not in json:
        return json
    return _UNSEEN.sub(_escape, json.decode()).encode()


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case dict():
            items = cast("dict[object, object]", value).items()
            return {_without_surrogates(name): _without_surrogates(part) for name, part in items}
        case list() | tuple():
            return [_without_surrogates(part) for part in cast("Sequence[object]", value)]
        case _:
            return value

"""JSON that every reader reads and no terminal obeys, whatever text is in it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hostile_texts import HOSTILE, TOGETHER
from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.display import harmless
from unpact_tui.json_text import encoded, printed


class Named(msgspec.Struct):
    """A record."""

    name: str


@pytest.mark.parametrize("text", [*HOSTILE.values(), TOGETHER], ids=[*HOSTILE, "together"])
def test_hostile_text(text: str) -> None:
    value = {text: [text, {"a": text}], "b": (text,), "c": Named(text)}
    written = printed(value)
    kept = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = json.loads(written)
    assert harmless(written) == written
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert found == {kept: [kept, {"a": kept}], "b": [kept], "c": {"name": kept}}
    assert msgspec.json.decode(written) == found


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    data = encoded([text, {text: 1}])
    assert harmless(data.decode()) == data.decode()
    found = msgspec.json.decode(data)
    if text.isprintable():
        assert found == [text, {text: 1}]
    assert len(found[0]) == len(text)


def test_a_path_whose_bytes_are_no_text_is_a_name_all_the_same() -> None:
    path = Path(b"/models/\xff\x1b".decode(errors="surrogateescape"))
    assert json.loads(printed({str(path): 1})) == {"/models/\ufffd\x1b": 1}

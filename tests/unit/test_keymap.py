"""Keys that a person chose: what they become, and what is refused."""

from __future__ import annotations

import json
import string
import tomllib
from itertools import combinations
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.binding import Binding, BindingsMap, BindingType
from typer.testing import CliRunner

from unpact_tui import cli_system, paths
from unpact_tui.app import keys
from unpact_tui.app.keymap import Entry, as_text, keymap, listing, readable
from unpact_tui.app.theme_names import names, require_theme
from unpact_tui.errors import BadConfig


def bind(keys: str, name: str, does: str = "something") -> Binding:
    return Binding(keys, f"note('{name}')", id=name, tooltip=does)


SECTIONS = (
    (
        "Move",
        (
            bind("left,h", "move_left"),
            bind("end,$,G", "last_token"),
            bind("w", "next_word"),
            bind("}", "next_peak"),
            bind("pagedown,ctrl+d", "panel_down"),
        ),
    ),
    ("Run", (bind("r", "recover"), bind("s", "strategy"), bind("?", "help"), bind("x,b", "stop"))),
)


def mapped(style: str = "vim", **chosen: str) -> dict[str, str]:
    assert style in ("vim", "plain")
    return keymap(style, chosen, dict.fromkeys(chosen, "a.toml"), SECTIONS)


def test_nothing_chosen_changes_nothing() -> None:
    assert mapped() == {}
    assert keymap("vim", {}, {}) == {}


def test_plain_keys_move_without_letters_where_there_is_another_key() -> None:
    assert mapped("plain") == {
        "move_left": "left",
        "last_token": "end",
        "next_word": "ctrl+right",
    }


def test_letters_that_plain_keys_set_free_can_be_used() -> None:
    assert mapped("plain", help="h, f1") == mapped("plain") | {"help": "h,f1"}


def test_of_the_keys_that_there_are_plain_leaves_every_one_with_something_to_press() -> None:
    plain = listing(keymap("plain", {}, {}))
    assert all(entry.keys for entry in plain)
    moving = [entry.keys for entry in plain if entry.section == "Move"]
    assert not {"h", "j", "k", "l", "w", "b", "0", "$"} & {key for keys in moving for key in keys}


@pytest.mark.parametrize("style", ["vim", "plain"])
def test_of_the_keys_that_there_are_none_has_two_meanings(style: str) -> None:
    assert style in ("vim", "plain")
    meanings = [(key, entry.id) for entry in listing(keymap(style, {}, {})) for key in entry.keys]
    pairs = combinations(meanings, 2)
    assert [(one, two) for one, two in pairs if one[0] == two[0]] == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("?", "question_mark"),
        ("[", "left_square_bracket"),
        ("/", "slash"),
        ("+", "plus"),
        ("-", "minus"),
        ("K", "K"),
        ("é", "é"),
        ("comma", "comma"),
        ("ctrl+s", "ctrl+s"),
        ("Ctrl+Left", "ctrl+left"),
        ("ctrl+/", "ctrl+slash"),
        ("alt+x", "alt+x"),
        ("f12", "f12"),
        ("esc", "escape"),
        ("pgup", "pageup"),
        ("return", "enter"),
        ("ctrl+m", "enter"),
        ("shift+tab", "shift+tab"),
        ("ctrl+space", "ctrl+@"),
        ("a , b,a", "a,b"),
    ],
)
def test_keys_are_written_as_characters_or_by_name(written: str, name: str) -> None:
    sections = (("Run", (bind("ctrl+e", "recover"),)),)
    assert keymap("vim", {"recover": written}, {}, sections) == {"recover": name}


@pytest.mark.parametrize(
    ("name", "written", "sentence", "hint"),
    [
        ("hlep", "f1", "no binding has the id 'hlep'", "mean help?"),
        ("zzzzzz", "f1", "no binding has the id 'zzzzzz'", "`unpact-tui keys`"),
        ("help", "f1,", "keys.help names an empty key", '"comma"'),
        ("help", "", "keys.help names an empty key", ""),
        ("help", "pagupe", "keys.help: there is no key 'pagupe'", "mean pageup?"),
        ("help", "snowmen", "there is no key 'snowmen'", "ctrl+s"),
        ("help", "hyper+x", "there is no key 'hyper+x'", ""),
        ("help", "ctrl+ctrl+x", "there is no key", ""),
        ("help", "ctrl+", "there is no key", ""),
        ("help", "shift+a", "there is no key 'shift+a'", "'A'"),
        ("help", "\x1b", "there is no key '\\x1b'", ""),
        ("help", "<any>", "there is no key '<any>'", ""),
        ("help", "r", "key 'r' is bound to two actions: help and recover", "[keys]"),
        ("help", "f1,pgdn", "key 'pagedown' is bound to two actions: help and panel_down", ""),
        ("help", "ctrl+c", "key 'ctrl+c' is bound to two actions: help and Textual's own", ""),
        ("help", "ctrl+p", "key 'ctrl+p' is bound to two", ""),
    ],
)
def test_what_cannot_be_bound(name: str, written: str, sentence: str, hint: str) -> None:
    with pytest.raises(BadConfig) as error:
        mapped(**{name: written})
    assert str(error.value).startswith("a.toml: ")
    assert sentence in str(error.value)
    assert hint in error.value.hint


def test_two_choices_that_clash_name_each_other() -> None:
    with pytest.raises(BadConfig, match=r"'f1' is bound to two actions: \w+ and \w+"):
        mapped(help="f1", stop="f1")


def test_two_may_swap() -> None:
    assert mapped(recover="s", strategy="r") == {"recover": "s", "strategy": "r"}


@given(st.permutations([binding for _, part in SECTIONS for binding in part]))
def test_what_textual_makes_of_it_is_what_was_chosen(order: list[Binding]) -> None:
    """Every id takes the first key of another: Textual must lose none and mix none up."""
    ids = [str(binding.id) for binding in order]
    first = [binding.key.partition(",")[0] for binding in order]
    chosen = dict(zip(ids, [*first[1:], first[0]], strict=True))
    changed = keymap("vim", chosen, {}, SECTIONS)
    bound = BindingsMap(order)
    bound.apply_keymap(changed)
    by_key = {
        key: {binding.id for binding in found} for key, found in bound.key_to_bindings.items()
    }
    wanted = {key: {name} for name, key in changed.items()}
    kept = {
        binding.key: {binding.id}
        for binding in Binding.make_bindings(b for b in order if b.id not in changed)
    }
    assert by_key == wanted | kept


class Notes(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [b for _, part in SECTIONS for b in part]

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def action_note(self, name: str) -> None:
        self.noted.append(name)


async def test_the_screen_obeys() -> None:
    app = Notes()
    async with app.run_test() as pilot:
        app.set_keymap(mapped("plain", recover="s", strategy="r", help="h,/"))
        await pilot.press("r", "s", "h", "slash", "w", "ctrl+right", "end", "G", "x")
    assert app.noted == ["strategy", "recover", "help", "help", "next_word", "last_token", "stop"]


# ---------------------------------------------------------------- what is printed


def test_what_is_printed_can_be_copied_into_a_file() -> None:
    strange = Entry("Run", "odd", ("\\", '"', "space", "comma"), "it is odd")
    entries = (*listing(mapped("plain", help="?,f1"), SECTIONS), strange)
    table = tomllib.loads(as_text(entries))["keys"]
    assert table["help"] == "?,f1"
    assert table["move_left"] == "left"
    assert table["odd"] == '\\,",space,comma'
    assert list(table) == [entry.id for entry in entries]
    del table["odd"]
    assert keymap("vim", table, {}, SECTIONS) == mapped("plain", help="?,f1")


def test_every_key_that_there_is_can_be_read_again() -> None:
    for style in ("vim", "plain"):
        entries = listing(keymap(style, {}, {}))
        table = tomllib.loads(as_text(entries))["keys"]
        assert keymap("vim", table, {}) == keymap(style, {}, {})
    assert {entry.id for entry in entries} == {
        b.id for _, part in keys.sections(True) for b in part
    }


def test_a_character_is_read_and_written_as_itself() -> None:
    sections = (("Run", (bind("ctrl+e", "recover"),)),)
    for character in {*string.ascii_letters, *string.punctuation} - {","}:
        name = keymap("vim", {"recover": character}, {}, sections)["recover"]
        assert "," not in name
        assert readable(name) == character


def test_the_command_prints_the_keys_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPACT_KEYMAP", "plain")
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text('[keys]\nquit = "f10"\n')
    done = CliRunner().invoke(cli_system.app, ["keys"])
    assert done.exit_code == 0
    table = tomllib.loads(done.output)["keys"]
    assert table["quit"] == "f10"
    assert table["move_left"] == "left"
    rows = json.loads(CliRunner().invoke(cli_system.app, ["keys", "--json"]).output)
    assert {row["id"]: ",".join(row["keys"]) for row in rows} == table
    assert all(row["section"] and row["does"] for row in rows)
    paths.config_file().write_text('[keys]\nqiut = "f10"\n')
    assert CliRunner().invoke(cli_system.app, ["keys"]).exit_code == 2


# ---------------------------------------------------------------- themes


def test_a_theme_has_to_be_one() -> None:
    require_theme(None, "a.toml")
    for name in names():
        require_theme(name, "a.toml")
    with pytest.raises(BadConfig, match=r"a.toml: there is no theme 'unpact-lihgt'") as error:
        require_theme("unpact-lihgt", "a.toml")
    assert error.value.hint == "Did you mean unpact-light?"
    with pytest.raises(BadConfig) as error:
        require_theme("", "a.toml")
    assert "unpact-dark" in error.value.hint

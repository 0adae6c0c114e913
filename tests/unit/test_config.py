"""What is configured: where it comes from, which of two wins, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args, get_type_hints

import jsonschema
import pytest
import typer
from typer.testing import CliRunner, Result

from attribution.errors import AttributionError
from unpact_tui import cli_system, config_schema, paths
from unpact_tui.config import DEFAULT, Config, Found, find, flag_pairs, read, settled, with_flags
from unpact_tui.config_layers import VARIABLES
from unpact_tui.errors import BadConfig, BadUsage
from unpact_tui.options import setting_names
from unpact_tui.settings import Settings

NOTHING: Mapping[str, str] = {}


def project(folder: Path, text: str) -> Found:
    (folder / ".unpact.toml").write_text(text)
    return find(NOTHING, folder)


def own(text: str) -> Path:
    file = paths.config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def refused(folder: Path, text: str) -> BadConfig:
    with pytest.raises(BadConfig) as error:
        project(folder, text)
    assert str(error.value).startswith(f"{folder / '.unpact.toml'}")
    return error.value


# ---------------------------------------------------------------- where from


def test_nothing_is_configured(tmp_path: Path) -> None:
    found = find(NOTHING, tmp_path)
    assert found == Found(Config(), {})
    assert found.origin("theme") == DEFAULT
    assert not paths.config_file().parent.exists(), "looking makes no folder"


def test_a_flag_wins_over_a_variable_over_the_project_over_ones_own(tmp_path: Path) -> None:
    file = own(
        'theme = "a"\nascii = true\nmouse = false\nlane = true\n[keys]\nhelp = "h"\nquit = "Q"'
    )
    (tmp_path / ".unpact.toml").write_text('theme = "b"\nascii = false\n[keys]\nhelp = "f1"')
    found = find({"UNPACT_THEME": "c"}, tmp_path)
    assert with_flags(found.config, theme="d").theme == "d"
    assert with_flags(found.config) == found.config == read({"UNPACT_THEME": "c"}, tmp_path)
    assert found.config == Config(
        theme="c", ascii=False, mouse=False, lane=True, keys={"help": "f1", "quit": "Q"}
    )
    assert found.origins == {
        "theme": "UNPACT_THEME",
        "ascii": str(tmp_path / ".unpact.toml"),
        "mouse": str(file),
        "lane": str(file),
        "keys.help": str(tmp_path / ".unpact.toml"),
        "keys.quit": str(file),
    }
    assert found.key_origins["quit"] == str(file)


def test_a_flag_may_say_no() -> None:
    flagged = with_flags(Config(ascii=True, lane=True), ascii=False, mouse=False, lane=False)
    assert flagged == Config(mouse=False)


def test_settings_are_those_of_set(tmp_path: Path) -> None:
    text = 'draws = 5\nalpha = 0.25\nchat = true\nstrategies = ["bold", "quote"]\ncollapse = 1'
    config = project(tmp_path, f'[settings]\ndevice = "cpu"\nmax-new-tokens = 9\n{text}').config
    settings = settled(config, ["alpha=0.5"], trust_remote_code=True)
    assert settings.rule.alpha == 0.5
    assert settings.draws == 5
    assert settings.device == "cpu"
    assert settings.chat is True
    assert settings.max_new_tokens == 9
    assert settings.strategies == ("bold", "quote")
    assert settings.thresholds.collapse == 1.0
    assert settings.trust_remote_code


def test_flags_win_over_what_is_configured_and_set_over_flags(tmp_path: Path) -> None:
    text = '[settings]\ndevice = "cpu"\ndtype = "float16"\nchat = true\nseed = 3'
    config = project(tmp_path, text).config
    settings = settled(config, [*flag_pairs("cuda:1", None, False), "device=mps"])
    assert settings == Settings(device="mps", dtype="float16", chat=False, seed=3)
    assert flag_pairs(None, None, None) == ()


def test_variables(tmp_path: Path) -> None:
    environ = {
        "UNPACT_ASCII": "Yes",
        "UNPACT_MOUSE": "0",
        "UNPACT_LANE": "",
        "UNPACT_CACHE": "off",
        "UNPACT_CACHE_MIB": " 64 ",
        "UNPACT_KEYMAP": "plain",
        "UNPACT_SET": " alpha=0.3  strategies=bold,quote ",
        "OTHER": "x",
    }
    found = find(environ, tmp_path)
    assert found.config == Config(
        ascii=True,
        mouse=False,
        cache=False,
        cache_mib=64,
        keymap="plain",
        settings={"alpha": "0.3", "strategies": "bold,quote"},
    )
    assert found.origin("settings.alpha") == "UNPACT_SET"
    assert found.origin("lane") == DEFAULT
    assert set(VARIABLES.values()) == {field.name for field in dataclasses.fields(Config)} - {
        "keys",
        "settings",
        "templates",
    }


def test_pyproject_has_a_table_of_ours(tmp_path: Path) -> None:
    page = tmp_path / "pyproject.toml"
    page.write_text('[project]\nname = "x"\n[tool.unpact-tui]\nlane = true\n')
    found = find(NOTHING, tmp_path)
    assert found.config.lane
    assert found.origin("lane") == str(page)
    assert not project(tmp_path, "ascii = true").config.lane, ".unpact.toml comes first"


@pytest.mark.parametrize("text", ["[project\n", "", '[tool.other]\nx = "unpact-tui"', "\0\0"])
def test_a_pyproject_that_is_not_about_us_may_be_anything(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find(NOTHING, tmp_path).config == Config()


def test_folders_above_are_not_looked_at(tmp_path: Path) -> None:
    project(tmp_path, "ascii = true")
    (tmp_path / "below").mkdir()
    assert read(NOTHING, tmp_path / "below") == Config()


def test_another_file_of_ones_own(tmp_path: Path) -> None:
    own("ascii = true")
    other = tmp_path / "other.toml"
    other.write_text("lane = true")
    assert read({"UNPACT_CONFIG": str(other)}, tmp_path) == Config(lane=True)
    assert read({"UNPACT_CONFIG": os.devnull}, tmp_path) == Config()
    with pytest.raises(BadConfig, match=r"UNPACT_CONFIG: there is no file .*/gone"):
        read({"UNPACT_CONFIG": str(tmp_path / "gone")}, tmp_path)
    with pytest.raises(BadConfig, match="UNPACT_CONFIG: there is no file"):
        read({"UNPACT_CONFIG": "x" * 5000}, tmp_path)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("themes = 1", "there is no 'themes'", "mean theme?"),
        ("zzzzzz = 1", "there is no 'zzzzzz'", "theme, ascii"),
        ("alpha = 0.2", "there is no 'alpha'", "alpha in the table [settings]"),
        ("[settings]\nalhpa = 0.2", "no setting 'alhpa'", "mean alpha?"),
        ("[settings]\nalpha = 2.0", "alpha", ""),
        ("[settings]\nalpha = nan", "alpha", ""),
        ('[settings]\ndraws = "many"', "settings.draws cannot be 'many': expected `int`", ""),
        ("[settings]\ndraws = true", "settings.draws cannot be True", ""),
        ('[settings]\nstrategies = "bold"', "settings.strategies cannot be 'bold'", ""),
        ("[settings]\nstrategies = [1]", "settings.strategies cannot be [1]", ""),
        ('[settings]\nstrategies = ["blod"]', "blod", "bold"),
        ('[settings]\ndevice = "gpu"', "no device named 'gpu'", "cuda"),
        ('[settings]\ndtype = "int8"', "settings.dtype cannot be 'int8'", ""),
        (f"[settings]\ndraws = 0x1{'0' * 20}", "settings.draws is a larger number", ""),
        pytest.param(f"theme = 0x1{'0' * 20000}", "theme has to be the name", "", id="digits"),
        ("ascii = 1", "ascii has to be true or false, not 1", ""),
        ("cache_mib = 0", "cache_mib has to be a whole number of MiB, from 1 to 1048576", ""),
        ("cache_mib = true", "cache_mib has to be a whole number of MiB", ""),
        ("cache_mib = 0.5", "cache_mib has to be a whole number of MiB", ""),
        ("theme = 1979-05-27", "theme has to be the name of a theme", ""),
        ('keymap = "emacs"', 'keymap has to be "vim" or "plain", not \'emacs\'', ""),
        ("keys = 1", "keys has to be a table, [keys]", ""),
        ("settings = []", "settings has to be a table", ""),
        ("[keys]\nhelp = 1", "keys.help has to be keys by comma, not 1", '"?,f1"'),
        ('[keys]\n"a b" = 1', "keys.'a b' has to be", ""),
    ],
)
def test_a_value_that_is_none(tmp_path: Path, text: str, sentence: str, hint: str) -> None:
    error = refused(tmp_path, text)
    assert sentence in str(error)
    assert hint in error.hint
    assert len(str(error)) < 500


def test_how_large_the_cache_is_is_the_persons_own_affair(tmp_path: Path) -> None:
    file = own("cache_mib = 100\ncache = true")
    found = find(NOTHING, tmp_path)
    assert (found.config.cache_mib, found.origin("cache_mib")) == (100, str(file))
    assert not project(tmp_path, "cache = false").config.cache
    assert "cache_mib cannot be set in the current folder" in str(
        refused(tmp_path, "cache_mib = 100")
    )
    (tmp_path / ".unpact.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool.unpact-tui]\ncache_mib = 100")
    with pytest.raises(BadConfig, match="cannot be set in the current folder"):
        find(NOTHING, tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ascii = true\ntheme =\n", ", line 2: "),
        ("theme = ", ", at the end: "),
        ("a = 1\na = 2\n", ", line 2: "),
        ("a = " + "[" * 5000, ": no configuration needs what it holds."),
        ("a = 1" + "0" * 5000, ": no configuration needs what it holds."),
        ("#" * 1_000_001, ": it has more than 1000000 bytes."),
    ],
    ids=["a line", "the end", "twice", "brackets", "digits", "bytes"],
)
def test_what_is_not_toml(tmp_path: Path, text: str, sentence: str) -> None:
    assert str(refused(tmp_path, text)).startswith(f"{tmp_path / '.unpact.toml'}{sentence}")


def test_what_is_no_text_and_no_file(tmp_path: Path) -> None:
    file = tmp_path / ".unpact.toml"
    file.write_bytes(b"theme = '\xff'")
    with pytest.raises(BadConfig, match="it is not UTF-8"):
        find(NOTHING, tmp_path)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(BadConfig, match="it cannot be read: it is not a regular file"):
        find(NOTHING, tmp_path)


@pytest.mark.parametrize("word", ["trust_remote_code", "trust-remote-code"])
@pytest.mark.parametrize("value", ["true", "false"])
def test_no_file_and_no_variable_lets_code_run(tmp_path: Path, word: str, value: str) -> None:
    text = f"{word} = {value}"
    for written in (text, f"[settings]\n{text}"):
        assert "trust_remote_code cannot be configured" in str(refused(tmp_path, written))
    (tmp_path / ".unpact.toml").unlink()
    (tmp_path / "pyproject.toml").write_text(f"[tool.unpact-tui.settings]\n{text}")
    with pytest.raises(BadConfig, match="cannot be configured") as error:
        find(NOTHING, tmp_path)
    assert error.value.hint == "Give --trust-remote-code with the command."
    (tmp_path / "pyproject.toml").unlink()
    own(f"[settings]\n{text}")
    with pytest.raises(BadConfig, match="cannot be configured"):
        find(NOTHING, tmp_path)
    for environ in ({"UNPACT_SET": f"{word}={value}"}, {"UNPACT_TRUST_REMOTE_CODE": value}):
        with pytest.raises(BadConfig, match="cannot be configured"):
            find({**environ, "UNPACT_CONFIG": os.devnull}, tmp_path)


@pytest.mark.parametrize(
    ("environ", "sentence", "hint"),
    [
        ({"UNPACT_THEMES": "x"}, "UNPACT_THEMES: there is no such variable.", "UNPACT_THEME?"),
        ({"UNPACT_ASCII": "maybe"}, "UNPACT_ASCII: ascii has to be true or false", ""),
        ({"UNPACT_CACHE_MIB": "-1"}, "UNPACT_CACHE_MIB: cache_mib has to be a whole number", ""),
        ({"UNPACT_CACHE_MIB": "9" * 5000}, "UNPACT_CACHE_MIB: cache_mib has to be a", ""),
        ({"UNPACT_KEYMAP": "emacs"}, "UNPACT_KEYMAP: keymap has to be", ""),
        ({"UNPACT_SET": "alpha"}, "UNPACT_SET: 'alpha' is not of the form name=value.", "spaces"),
        ({"UNPACT_SET": "alhpa=1"}, "UNPACT_SET: there is no setting 'alhpa'.", "alpha"),
        ({"UNPACT_SET": "alpha=2"}, "UNPACT_SET: ", ""),
        ({"UNPACT_THEME": "\udcff"}, "UNPACT_THEME: it is not UTF-8.", ""),
    ],
)
def test_a_variable_that_is_none(
    tmp_path: Path, environ: dict[str, str], sentence: str, hint: str
) -> None:
    with pytest.raises(BadConfig) as error:
        find(environ, tmp_path)
    assert str(error.value).startswith(sentence)
    assert hint in error.value.hint


def test_what_the_command_line_gets_wrong_is_its_own_error(tmp_path: Path) -> None:
    config = project(tmp_path, "[settings]\nalpha = 0.2").config
    with pytest.raises(BadUsage, match="alhpa"):
        settled(config, ["alhpa=1"])
    with pytest.raises(AttributionError):
        settled(config, ["alpha=3"])
    assert settled(Config(), []) == Settings()


# ---------------------------------------------------------------- the schema

SAMPLE = """
theme = "unpact-light"
ascii = true
mouse = false
lane = true
keymap = "plain"

[keys]
help = "?,f1"

[settings]
alpha = 0.2
draws = 5
chat = false
dtype = "bfloat16"
strategies = ["bold", "quote"]
"""


def test_the_schema_takes_what_is_read_and_refuses_what_is_refused(tmp_path: Path) -> None:
    schema = config_schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads(SAMPLE), schema)
    assert project(tmp_path, SAMPLE).config.settings["dtype"] == "bfloat16"
    for wrong in (
        "themes = 'x'",
        "ascii = 1",
        "keymap = 'emacs'",
        "[keys]\nhelp = 1",
        "[settings]\nalhpa = 1",
        "[settings]\ntrust_remote_code = true",
        "[settings]\nstrategies = 'bold'",
        "[settings]\ndraws = 'many'",
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(wrong), schema)
        refused(tmp_path, wrong)


def test_the_schema_has_every_name_and_says_what_it_is() -> None:
    shapes = json.loads(config_schema.text())["properties"]
    assert set(shapes) == {field.name for field in dataclasses.fields(Config)}
    assert all(shape["description"] for shape in shapes.values())
    settings = shapes["settings"]["properties"]
    assert set(settings) == set(setting_names()) - {"trust_remote_code", "templates"}
    assert all(shape["description"] for shape in settings.values())
    assert set(shapes["keymap"]["enum"]) == set(get_args(get_type_hints(Config)["keymap"]))


# ---------------------------------------------------------------- templates


def test_templates_of_all_files_are_there_and_can_be_named(tmp_path: Path) -> None:
    file = own('[templates]\nlook = "Mind {keywords}. {prompt}"\nask = "{prompt}!"')
    found = project(
        tmp_path, '[templates]\nask = "{prompt}?"\n[settings]\nstrategies = ["ask", "look"]'
    )
    assert found.config.templates == {"look": "Mind {keywords}. {prompt}", "ask": "{prompt}?"}
    assert found.origin("templates.look") == str(file)
    assert found.origin("templates.ask") == str(tmp_path / ".unpact.toml")
    settings = settled(found.config, [])
    assert settings.strategies == ("ask", "look")
    assert [template.text for template in settings.templates] == [
        "Mind {keywords}. {prompt}",
        "{prompt}?",
    ]
    with_set = find({"UNPACT_SET": "strategies=look"}, tmp_path)
    assert settled(with_set.config, []).strategies == ("look",)
    assert settled(found.config, ["strategies=bold"]).strategies == ("bold",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[templates]\nlook = "no prompt"', "prompt"),
        ("[templates]\nlook = 3", "templates.look has to be a text"),
        ('[templates]\nbold = "{prompt}"', "that is taken"),
        ('[templates]\n"a b" = "{prompt}"', "cannot be a template"),
        ('templates = "x"', "has to be a table"),
        ('[settings]\ntemplates = "{}"', "not set among the settings"),
        ('[settings]\nstrategies = ["look"]', "no strategy named 'look'"),
        ("[settings]\nlayers = [-1]", "layers"),
        ('[settings]\nheads = "4-2"', "heads"),
        ('[settings]\nselection = "own"', "selection"),
    ],
)
def test_a_wrong_template_or_range_is_named_with_its_file(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in str(refused(tmp_path, text))


def test_layers_are_a_list_or_a_range(tmp_path: Path) -> None:
    found = project(tmp_path, '[settings]\nlayers = [0, 1, 5]\nheads = "0-1,5"')
    settings = settled(found.config, [])
    assert settings.layers == settings.heads == (0, 1, 5)


# ---------------------------------------------------------------- the commands


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("UNPACT_")]:
        monkeypatch.delenv(name)
    return cli_system.app


def run(command: typer.Typer, *words: str) -> Result:
    return CliRunner().invoke(command, words)


def test_show_and_path(command: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / ".unpact.toml").write_text('theme = "a\\u001b[31m"\n[settings]\nalpha = 0.3\n')
    (tmp_path / "pyproject.toml").write_text("[tool.unpact-tui]\nlane = true")
    shown = run(command, "config", "show").output.splitlines()
    assert [line.split() for line in shown] == [
        ["theme", "a␛[31m", ".unpact.toml"],
        ["ascii", "false", "default"],
        ["mouse", "true", "default"],
        ["lane", "false", "default"],
        ["keep", "true", "default"],
        ["cache", "true", "default"],
        ["cache_mib", "512", "default"],
        ["keymap", "vim", "default"],
        ["settings.alpha", "0.3", ".unpact.toml"],
    ]
    rows = json.loads(run(command, "config", "show", "--json").output)
    assert rows[0] == {"name": "theme", "value": "a\x1b[31m", "source": ".unpact.toml"}
    assert rows[1] == {"name": "ascii", "value": False, "source": "default"}
    listed = run(command, "config", "path").output.splitlines()
    assert listed == [
        "read    .unpact.toml",
        "unused  pyproject.toml [tool.unpact-tui] (.unpact.toml comes first)",
        f"absent  {paths.config_file()}",
    ]


def test_a_command_says_what_is_wrong_and_ends_with_the_code_of_usage(
    command: typer.Typer, tmp_path: Path
) -> None:
    (tmp_path / ".unpact.toml").write_text('"th\\u001b]52;c;eA==\\u0007" = 1\n')
    done = run(command, "config", "show")
    assert done.exit_code == 2
    assert "\x1b" not in done.output


def test_the_schema_is_printed(command: typer.Typer) -> None:
    assert run(command, "config", "schema").output == config_schema.text()


@pytest.mark.parametrize(
    "words", [["config", "path"], ["config", "show"], ["config", "schema"], ["keys"], ["doctor"]]
)
def test_help_ends_with_examples(command: typer.Typer, words: list[str]) -> None:
    text = run(command, *words, "--help").output
    examples = text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    assert all(f"unpact-tui {' '.join(words)}" in line for line in examples)

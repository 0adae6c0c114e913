"""What a person has configured, and which file or variable each value came from.

A flag comes before the environment (`UNPACT_*`), that before the project's file, that before the
person's own, that before the default. Only the current folder is looked at for the project's file,
not the folders above it. Knows neither Textual nor the command line, and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from unpact_tui import setting_words
from unpact_tui.cache_switch import use_cache
from unpact_tui.config_layers import KeymapName, Layer, Mebibytes, of_environment, of_file
from unpact_tui.config_places import places
from unpact_tui.errors import BadConfig
from unpact_tui.options import settle
from unpact_tui.settings import Settings

DEFAULT = "default"
"""Where a value came from that nobody has set."""


@dataclass(frozen=True, slots=True)
class Config:
    """How the inspector looks and is steered, and what is measured with."""

    theme: str | None = None
    """Colours of the frame, by the name of a theme; without one, what suits the terminal."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    mouse: bool = True
    """Take the mouse; false leaves it to the terminal."""
    lane: bool = False
    """Begin with glyphs that say the same as the colours."""
    keep: bool = True
    """Keep each sitting as a session in the state folder, the last ten of them."""
    cache: bool = True
    """Keep what models answer in the cache folder, and take it from there when asked again."""
    cache_mib: Mebibytes = 512
    """What the cache may take of the disk, in MiB; what was not used for longest leaves first."""
    keymap: KeymapName = "vim"
    """vim, or plain: arrows, page keys and control keys to move, and no letters."""
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys by comma, by the id of what they do; `unpact-tui keys` lists the ids."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """What --set can change, by name; `unpact-tui settings` lists the names."""
    templates: Mapping[str, str] = field(default_factory=dict[str, str])
    """Ways to emphasise of one's own, by name: a text with {prompt} in it once, and {keywords}
    where the emphasised words are to be named. They are tried after the others."""

    @property
    def pairs(self) -> tuple[str, ...]:
        """The settings as --set takes them."""
        said = tuple(f"{name}={text}" for name, text in self.settings.items())
        if not self.templates:
            return said
        return (f"templates={setting_words.as_json(self.templates)}", *said)


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration, and where it came from."""

    config: Config
    origins: Mapping[str, str]
    """A file or a variable by name, such as theme, keys.help and settings.alpha; no defaults."""

    def origin(self, name: str) -> str:
        """Return the file or the variable that set this, or `DEFAULT`."""
        return self.origins.get(name, DEFAULT)

    def with_flags(self, *, theme: str | None, ascii: bool | None, mouse: bool | None) -> Found:
        """Return the same with what the command line says; None says nothing."""
        flags = {"theme": theme, "ascii": ascii, "mouse": mouse}
        said = {name: f"--{name}" for name, value in flags.items() if value is not None}
        config = with_flags(self.config, theme=theme, ascii=ascii, mouse=mouse)
        return Found(config, {**self.origins, **said})

    @property
    def key_origins(self) -> Mapping[str, str]:
        """The file that each id of `config.keys` stands in."""
        return {name: self.origin(f"keys.{name}") for name in self.config.keys}


def find(environ: Mapping[str, str], folder: Path) -> Found:
    """Read what is configured for work in `folder`. Raises `BadConfig`."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for layer in _layers(environ, folder):
        values |= layer.values
        origins |= dict.fromkeys(layer.values, layer.source)
    tables: dict[str, dict[str, object]] = {"": {}, "keys": {}, "settings": {}, "templates": {}}
    for name, value in values.items():
        table, dot, key = name.partition(".")
        tables[table if dot else ""][key if dot else name] = value
    looks = tables.pop("")
    return Found(msgspec.convert({**looks, **tables}, Config), origins)


def read(environ: Mapping[str, str], folder: Path) -> Config:
    """Return what is configured for work in `folder`. Raises `BadConfig`."""
    return find(environ, folder).config


def _layers(environ: Mapping[str, str], folder: Path) -> Iterator[Layer]:
    """Yield what is set, the strongest last."""
    own, *theirs = reversed(places(environ, folder))
    templates: dict[str, str] = {}
    if own.state == "read":
        layer = of_file(own.path, own.table)
        templates |= _templates_of(layer)
        yield layer
    for place in theirs:
        if place.state == "read":
            layer = _of_a_stranger(of_file(place.path, place.table, templates))
            templates |= _templates_of(layer)
            yield layer
    yield from of_environment(environ, templates)


def _templates_of(layer: Layer) -> dict[str, str]:
    named = (name.partition("templates.") for name in layer.values)
    return {
        name: str(layer.values[f"templates.{name}"])
        for before, dot, name in named
        if dot and not before
    }


def _of_a_stranger(layer: Layer) -> Layer:
    """Refuse what a file of the current folder may not say."""
    if "cache_mib" in layer.values:
        raise BadConfig(
            layer.source,
            "cache_mib cannot be set in the current folder: the cache is for all folders",
            "Set UNPACT_CACHE_MIB, or your own file: `unpact-tui config path` names it.",
        )
    return layer


def with_flags(
    config: Config,
    *,
    theme: str | None = None,
    ascii: bool | None = None,
    mouse: bool | None = None,
    lane: bool | None = None,
) -> Config:
    """Return `config` with what the command line says; None says nothing."""
    return replace(
        config,
        theme=config.theme if theme is None else theme,
        ascii=config.ascii if ascii is None else ascii,
        mouse=config.mouse if mouse is None else mouse,
        lane=config.lane if lane is None else lane,
    )


def settled(config: Config, pairs: Sequence[str], *, trust_remote_code: bool = False) -> Settings:
    """Return the settings that are configured, with what the command line says on top.

    `trust_remote_code` is never configured, so it has to be given. Raises as `settle` does.
    """
    return settle(Settings(trust_remote_code=trust_remote_code), [*config.pairs, *pairs])


def flag_pairs(device: str | None, dtype: str | None, chat: bool | None) -> tuple[str, ...]:
    """Return what flags say as --set would be told it; None says nothing."""
    words = (("device", device), ("dtype", dtype), ("chat", None if chat is None else f"{chat}"))
    return tuple(f"{name}={word}" for name, word in words if word is not None)


def configured(
    device: str | None,
    dtype: str | None,
    chat: bool | None,
    pairs: Sequence[str] | None,
    *,
    trusted: bool,
    no_cache: bool = False,
) -> tuple[Found, Settings]:
    """Return what is configured here, and the settings with the command line on top.

    `trusted` is --trust-remote-code. Whether to use the cache is settled here too, for this process
    and those it starts. Raises `BadConfig`, and as `settle` does.
    """
    found = find(os.environ, Path())
    use_cache(found.config.cache and not no_cache)
    said = [*flag_pairs(device, dtype, chat), *(pairs or [])]
    return found, settled(found.config, said, trust_remote_code=trusted)

"""Words of the command line into settings and cases, checked here and nowhere else; and back."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import cast, get_type_hints

import msgspec

from attribution import estimators
from attribution.effort import Effort
from attribution.errors import BadOption
from attribution.types import Case, KeyTokenRule
from attribution.verdict import Thresholds
from unpact_tui import cases, setting_words
from unpact_tui.devices import is_device
from unpact_tui.errors import BadUsage
from unpact_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Chosen:
    """The checkpoints and prompts that were asked for."""

    base: str
    unlearned: str | None
    """None with `whp` or `endpoint`, which take its place."""
    reference: str | None
    prompts: str | None
    """A file, or "-" for standard input."""
    prompt: str | None
    answer: str | None
    whp: str | None = None
    """A model reinforced on the forget set."""
    endpoint: str | None = None
    """A server, which has the unlearned side under the name `model`."""
    model: str | None = None
    base_model: str | None = None
    """What the base is called on the server; None: it is a local folder."""


def second_side(
    unlearned: str | None, prompts: str | None, whp: str | None, endpoint: str | None = None
) -> tuple[str | None, str | None]:
    """Return UNLEARNED and PROMPTS; with --whp or --endpoint the word after BASE is PROMPTS.

    Raises `BadUsage` unless there is exactly one of UNLEARNED, --whp and --endpoint.
    """
    if whp is None and endpoint is None:
        if unlearned is None:
            raise BadUsage(
                "There is nothing to compare BASE with.",
                "Give UNLEARNED, or --whp with the folder of a reinforced model, or --endpoint.",
            )
        return unlearned, prompts
    if whp is not None and endpoint is not None:
        raise BadUsage("Give --whp or --endpoint, not both.", "WHP mixes two local models.")
    if prompts is not None or (unlearned is not None and Path(unlearned).is_dir()):
        if endpoint is not None:
            raise BadUsage(
                "Give UNLEARNED or --endpoint, not both.",
                "The unlearned side is on the server: BASE --endpoint URL --model NAME PROMPTS.",
            )
        raise BadUsage(
            "Give UNLEARNED or --whp, not both.",
            "With --whp the unlearned side is made from BASE and DIR: BASE --whp DIR PROMPTS.",
        )
    return None, unlearned


def prompt_file(argument: str | None, option: str | None) -> str | None:
    """Return the one file of prompts that was named. Raises `BadUsage`."""
    if argument is not None and option is not None:
        raise BadUsage("Give PROMPTS or --prompts, not both.", "They mean the same.")
    return option if argument is None else argument


def measuring_pairs(
    estimator: str | None,
    top_k: int | None,
    budget: float | None,
    *,
    one_at_a_time: bool = False,
) -> tuple[str, ...]:
    """Return what flags say of how to measure as --set would be told it; None says nothing."""
    words = (
        ("estimator", estimator),
        ("top_k", top_k),
        ("budget", budget),
        ("one_at_a_time", "true" if one_at_a_time else None),
    )
    return tuple(f"{name}={word}" for name, word in words if word is not None)


def choose_cases(chosen: Chosen) -> Iterator[Case]:
    """Yield the cases asked for; none when no prompt was given. Raises `UsageError`."""
    if chosen.prompt is not None and chosen.prompts is not None:
        raise BadUsage("Give one prompt or a file of prompts, not both.")
    if chosen.prompts == "-" and cast("object", sys.stdin) is None:
        raise BadUsage("Standard input is closed.", "Give the name of a file instead of -.")
    if chosen.answer is not None and chosen.prompt is None:
        raise BadUsage(
            "--answer belongs to --prompt.", 'In a file, each line has its own "answer".'
        )
    if chosen.prompt is not None:
        yield cases.one(chosen.prompt, chosen.answer)
    elif chosen.prompts is not None:
        yield from cases.read(chosen.prompts)


_GROUPS = {"effort": Effort, "rule": KeyTokenRule, "thresholds": Thresholds}
"""Settings that are values of their own; their fields are set by their own names."""


_SHARE = (0.0, 1.0, "from 0 to 1")
_FINITE = (0.0, sys.float_info.max, "a finite number, 0 or more")
_RANGES: dict[str, tuple[float, float, str]] = {
    "budget": _FINITE,
    "top_k": (1, 1_000_000, "from 1 to 1000000"),
    "checked": (0, 1_000_000, "from 0 to 1000000"),
    "samples": (2, 1_000_000, "from 2 to 1000000"),
    "keep": (math.nextafter(0.0, 1.0), math.nextafter(1.0, 0.0), "above 0 and below 1"),
    "search": (1, 1_000_000, "from 1 to 1000000"),
    "most_words": (1, 100, "from 1 to 100"),
    "draws": (0, 1000, "from 0 to 1000"),
    "seed": (0, 2**32 - 1, "from 0 to 4294967295"),
    "max_new_tokens": (1, 100_000, "from 1 to 100000"),
    "whp_alpha": (0.0, 1e6, "from 0 to 1000000"),
    "alpha": (0.0, math.nextafter(1.0, 0.0), "at least 0 and below 1"),
    "beta": (0, 1_000_000, "from 0 to 1000000"),
    "known": _SHARE,
    "kept": _SHARE,
    "near": _SHARE,
    "close": _SHARE,
    "guessable": _SHARE,
    "share": _SHARE,
    "recovered": _FINITE,
    "lift": _FINITE,
    "returned": _FINITE,
    "collapse": _FINITE,
    "base_breaks": _FINITE,
    "base_loss": _FINITE,
}
"""The least and the most each number may be, and the same in words."""


def setting_names() -> dict[str, str]:
    """Map every name that `--set` takes to the group it is in; "" is `Settings` itself."""
    names = {field.name: "" for field in dataclasses.fields(Settings) if field.name not in _GROUPS}
    for group, kind in _GROUPS.items():
        names |= {field.name: group for field in dataclasses.fields(kind)}
    return names


def _convert(name: str, text: str, kind: type[object]) -> object:
    hint = get_type_hints(kind)[name]
    try:
        return msgspec.convert(text, hint, strict=False)
    except msgspec.ValidationError as error:
        why = str(error).partition(" - ")[0]
        raise BadUsage(f"{name} cannot be {text!r}: {why[0].lower()}{why[1:]}.") from error


def settle(settings: Settings, pairs: Sequence[str]) -> Settings:
    """Return `settings` with each "name=value" of `pairs` in it.

    What comes out can be measured with. Raises `BadUsage`, `BadOption`, `UnknownName`.
    """
    groups = setting_names()
    given = [_parted(pair, groups) for pair in pairs]
    usual = settings.strategies == setting_words.usual_strategies(settings.templates)
    # Strategies may name templates, wherever these stand.
    for name, text in sorted(given, key=lambda pair: pair[0] != "templates"):
        settings = _with(settings, groups[name], name, text)
    if usual and all(name != "strategies" for name, _ in given):
        strategies = setting_words.usual_strategies(settings.templates)
        settings = dataclasses.replace(settings, strategies=strategies)
    _require_sensible(settings)
    return settings


def _parted(pair: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return a setting's name and the word for its value."""
    name, given, text = pair.partition("=")
    name = name.strip().replace("-", "_")
    if not given:
        raise BadUsage(f"{pair!r} is not of the form name=value.", "For example alpha=0.2.")
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else "See `unpact-tui settings`."
        raise BadUsage(f"There is no setting named {name!r}.", hint)
    return name, text.strip()


def _require_sensible(settings: Settings) -> None:
    if not is_device(settings.device):
        raise BadUsage(
            f"There is no device named {settings.device!r}.", "Give auto, cpu, cuda, cuda:N or mps."
        )
    estimators.load(settings.estimator)
    if settings.budget and settings.estimator != Settings().estimator:
        raise BadUsage(
            f"A budget chooses the estimator by itself, and {settings.estimator!r} was chosen too.",
            "Give --budget or --estimator, not both; --budget 0 is no limit.",
        )
    if not settings.effort.baseline:
        raise BadOption("baseline", "", "pad, mask, unk or a text of one token")
    for name, (least, most, allowed) in _RANGES.items():
        value = _value(settings, name)
        # Written so that NaN, which compares as false, does not pass.
        if not (isinstance(value, int | float) and least <= value <= most):
            raise BadOption(name, value, allowed)


def _value(settings: Settings, name: str) -> object:
    group = setting_names()[name]
    return getattr(getattr(settings, group) if group else settings, name)


_SWITCHES: dict[tuple[str, object], list[str]] = {
    ("chat", True): ["--chat"],
    ("chat", False): ["--no-chat"],
    ("trust_remote_code", True): ["--trust-remote-code"],
    ("one_at_a_time", True): ["--one-at-a-time"],
}
_FLAGS = frozenset({"device", "dtype", "estimator", "top_k", "budget"})
"""Settings with an option of their own name, which takes a value."""


def command_words(settings: Settings) -> list[str]:
    """Return what to type for these settings: nothing for the defaults. Undoes `settle`."""
    words: list[str] = []
    usual = setting_words.usual_strategies(settings.templates)
    default = Settings(strategies=usual)
    for name in setting_names():
        value = _value(settings, name)
        if value != _value(default, name):
            words += _SWITCHES.get((name, value)) or _typed(name, value)
    return words


def _typed(name: str, value: object) -> list[str]:
    if name in _FLAGS:
        return [f"--{name.replace('_', '-')}", str(value)]
    return ["--set", f"{name}={setting_words.written(name, value)}"]


def _with(settings: Settings, group: str, name: str, text: str) -> Settings:
    if setting_words.reads(name):
        return dataclasses.replace(settings, **{name: setting_words.read(name, text, settings)})
    if not group:
        return dataclasses.replace(settings, **{name: _convert(name, text, Settings)})
    kind = _GROUPS[group]
    changed = dataclasses.replace(getattr(settings, group), **{name: _convert(name, text, kind)})
    return dataclasses.replace(settings, **{group: changed})

"""Words of the command line into settings and cases, each checked here and nowhere else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_type_hints

import msgspec

from attribution import emphasis, estimators
from attribution.types import Case, KeyTokenRule
from attribution.verdict import Thresholds
from unpact_tui import cases
from unpact_tui.errors import BadUsage
from unpact_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Chosen:
    """The checkpoints and prompts that were asked for."""

    base: str
    unlearned: str
    reference: str | None
    prompts: str | None
    """A file, or "-" for standard input."""
    prompt: str | None
    answer: str | None


def choose_cases(chosen: Chosen) -> Iterator[Case]:
    """Yield the cases asked for; none when no prompt was given. Raises `UsageError`."""
    if chosen.prompt is not None and chosen.prompts is not None:
        raise BadUsage("Give one prompt or a file of prompts, not both.")
    if chosen.answer is not None and chosen.prompt is None:
        raise BadUsage(
            "--answer belongs to --prompt.", 'In a file, each line has its own "answer".'
        )
    if chosen.prompt is not None:
        yield cases.one(chosen.prompt, chosen.answer)
    elif chosen.prompts is not None:
        yield from cases.read(chosen.prompts)


_GROUPS = {"rule": KeyTokenRule, "thresholds": Thresholds}
"""Settings that are values of their own; their fields are set by their own names."""


def setting_names() -> dict[str, str]:
    """Map every name that `--set` takes to the group it is in; "" is `Settings` itself."""
    names = {field.name: "" for field in dataclasses.fields(Settings) if field.name not in _GROUPS}
    for group, kind in _GROUPS.items():
        names |= {field.name: group for field in dataclasses.fields(kind)}
    return names


def _convert(name: str, text: str, kind: type[object]) -> object:
    hint = get_type_hints(kind)[name]
    if name == "strategies":
        return _known_strategies(text)
    try:
        return msgspec.convert(text, hint, strict=False)
    except msgspec.ValidationError as error:
        why = str(error).partition(" - ")[0]
        raise BadUsage(f"{name} cannot be {text!r}: {why[0].lower()}{why[1:]}.") from error


def _known_strategies(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise BadUsage("No strategy is named.", f"There are: {', '.join(emphasis.names())}.")
    for name in names:
        emphasis.load(name)
    return names


def settle(settings: Settings, pairs: Sequence[str]) -> Settings:
    """Return `settings` with each "name=value" of `pairs` in it. Raises `BadUsage`."""
    groups = setting_names()
    for pair in pairs:
        name, given, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not given:
            raise BadUsage(f"{pair!r} is not of the form name=value.", "For example alpha=0.2.")
        if name not in groups:
            close = get_close_matches(name, groups, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See `unpact-tui settings`."
            raise BadUsage(f"There is no setting named {name!r}.", hint)
        settings = _with(settings, groups[name], name, text.strip())
    estimators.load(settings.estimator)
    return settings


def _with(settings: Settings, group: str, name: str, text: str) -> Settings:
    if not group:
        return dataclasses.replace(settings, **{name: _convert(name, text, Settings)})
    kind = _GROUPS[group]
    changed = dataclasses.replace(getattr(settings, group), **{name: _convert(name, text, kind)})
    return dataclasses.replace(settings, **{group: changed})

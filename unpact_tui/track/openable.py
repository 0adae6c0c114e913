"""Whether the command that a file names may be run: the inspector alone, and nothing that is risky.

A file of checkpoints may come from somebody else. Knows neither processes nor screens.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from unpact_tui.errors import BadUsage

_TAKES = frozenset(
    {
        "--prompts",
        "--prompt",
        "-p",
        "--answer",
        "-a",
        "--reference",
        "--device",
        "--dtype",
        "--estimator",
        "--top-k",
        "--budget",
        "--set",
        "-s",
    }
)
"""Options with a value that say what is measured and how, and nothing else."""
_ALONE = frozenset({"--chat", "--no-chat", "--one-at-a-time", "--no-cache"})

_SETS = frozenset({"--set", "-s"})


def inspector_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return what follows `unpact-tui` to open a checkpoint. Raises `BadUsage`."""
    named = list(
        words[1:] if words[:1] == ["unpact-tui"] or words[:1] == ("unpact-tui",) else words
    )
    if not named:
        raise BadUsage("This checkpoint does not say how to open it.")
    rest = iter(named[1:])
    folders = 0
    for word in rest:
        if word in _TAKES:
            value = next(rest, None)
            if value is None or value == "-":
                raise _refused(words, "its prompts came from standard input")
            if word in _SETS and _name(value) == "trust_remote_code":
                raise _refused(words, "code of a checkpoint's own is only allowed by a person")
        elif word.startswith("-") and word not in _ALONE:
            raise _refused(words, f"{word} is only taken from a person")
        else:
            folders += word not in _ALONE
    if named[0] != "compare" or folders not in (2, 3):
        raise _refused(words, "it is no command that opens a checkpoint")
    return tuple(named)


def _name(pair: str) -> str:
    """Return the setting that is changed, as `settle` reads it."""
    return pair.partition("=")[0].strip().replace("-", "_")


def _refused(words: Sequence[str], why: str) -> BadUsage:
    return BadUsage(f"Not opened from here: {why}.", f"Type it yourself: {shlex.join(words)}")

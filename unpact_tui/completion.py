"""What the shell may complete a word to. Asked at every tab, so it imports nothing heavy."""

from __future__ import annotations


def methods_beginning(word: str) -> list[str]:
    """Return the unlearning methods whose names begin so."""
    import methods

    return [name for name in methods.names() if name.startswith(word)]


def members_beginning(word: str) -> list[str]:
    """Return the demo's checkpoints whose names begin so."""
    from unpact_tui.demo.members import MEMBERS

    return [member.name for member in MEMBERS if member.name.startswith(word)]


def estimators_beginning(word: str) -> list[str]:
    """Return the ways to measure contributions whose names begin so."""
    from attribution import estimators

    return [name for name in estimators.names() if name.startswith(word)]


def strategies_beginning(word: str) -> list[str]:
    """Return the ways to emphasise whose names begin so."""
    from attribution import emphasis

    return [name for name in emphasis.names() if name.startswith(word)]


def verdicts_beginning(word: str) -> list[str]:
    """Return the verdicts that begin so, in any case of letters."""
    from attribution.verdict import LABELS

    return [label.lower() for label in LABELS if label.lower().startswith(word.lower())]


def settings_beginning(word: str) -> list[str]:
    """Return the settings that --set takes, with the sign that their value follows."""
    from unpact_tui.options import setting_names

    return [f"{name}=" for name in setting_names() if name.startswith(word)]

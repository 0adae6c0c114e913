"""The application: inspect, compare and judge unlearned language models in a terminal.

Importing this package imports nothing else, because every module below it passes through here.
"""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """Answer `__version__`, read from the installed metadata when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("unpact-tui")

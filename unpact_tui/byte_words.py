"""A number of bytes in words, for whoever shows one. Knows nothing of what is shown."""

from __future__ import annotations


def size(count: int) -> str:
    """Return a number of bytes in words."""
    if count < 1_000_000:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1_000_000_000 else f"{count / 1e9:.2f} GB"

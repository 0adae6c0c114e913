"""How long something still takes, in words. Knows nothing of what that is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """Says how long something of a known size still takes, from how fast it went so far."""

    whole: float
    """Its size; 0 where nobody knows."""
    _first: tuple[float, float] | None = None
    """How much was done when it was first asked, and when: what is made ready before is no pace."""

    def left(self, done: float, now: float) -> float:
        """Return the seconds; 0 while there is no telling."""
        if self._first is None:
            self._first = (done, now)
        before, then = self._first
        if done <= before:
            return 0.0
        return max(0.0, (now - then) / (done - before) * (self.whole - done))


def time_left(seconds: float) -> str:
    """Say about how long it still takes."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"

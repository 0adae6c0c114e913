"""Every screen and state at three sizes in four colour modes, as text beside golden files.

`pytest tests/snapshot/test_matrix.py --snapshot-update` writes the files anew.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from screen_text import (
    COLOURLESS,
    Screenful,
    cut_silently,
    overhanging,
    screenful,
    without_scroll_bars,
)
from screen_walk import Walk, frozen

_GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "screens"
_CLIPPED = frozenset(
    ("title", "status", "tested", "copy-row", "detail-numbers", "weights-detail", "weights-most")
)
"""Single lines that end in `…` where that may be drawn. In ASCII they just end, and each is said in
full elsewhere: on the panes, by moving on, in what is copied."""

_MUST_BE_READ = {
    "contributions": ("SUPPRESSED",),
    "emphasised": ("SUPPRESSED", "with bold", "74%", "random words", "3%"),
    "prompts-read": ("11 SUPPRESSED", "1 failed", "random words 3%"),
    "verdict-all": ("11 of 12 prompts read", "Probes can show"),
    "verdict-moved": ("collapse", "2.50"),
    "weights": ("does not say what the model forgot",),
    "error": ("The engine stopped: it was killed.", "R restarts"),
}
"""A verdict without its control, or half of one, would be worse than none."""

_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Mode:
    """How the inspector is coloured, or not."""

    name: str
    theme: str | None = None
    plain: bool = False


DARK, PLAIN = Mode("dark"), Mode("plain", plain=True)
OTHERS = (Mode("light", "unpact-light"), Mode("ansi", "ansi-dark"))
SIZES = ((80, 24), (120, 40), (200, 60))
MATRIX = (
    (DARK, SIZES[0]),
    (PLAIN, SIZES[0]),
    (PLAIN, SIZES[1]),
    *((mode, SIZES[1]) for mode in OTHERS),
    (DARK, SIZES[2]),
)
"""Other colours of the same layout are looked at in one size: no rule of ours is about both. Dark
at the second size is in the pictures."""


@dataclass
class Found:
    """What is not as it should be, with the place."""

    wrong: list[str] = field(default_factory=list[str])

    def add(self, place: str, words: str) -> None:
        self.wrong.append(f"{place}: {words}")


_QUICK = ("dark-80x24",)


def _sessions() -> Iterator[object]:
    for mode, (wide, high) in MATRIX:
        name = f"{mode.name}-{wide}x{high}"
        mark = pytest.mark.slow if name in _QUICK else pytest.mark.soak
        yield pytest.param(mode, (wide, high), marks=mark, id=name)


@pytest.mark.parametrize(("mode", "size"), _sessions())
async def test_every_screen(
    mode: Mode,
    size: tuple[int, int],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    frozen(monkeypatch, tmp_path)
    walk = Walk(theme=mode.theme, plain=mode.plain)
    folder = _GOLDEN / f"{mode.name}-{size[0]}x{size[1]}"
    update = bool(request.config.getoption("update_snapshots", default=False))
    found = Found()
    seen: list[str] = []

    async def stop(name: str) -> None:
        seen.append(name)
        screen = screenful(walk.app)
        _holds(walk, mode, screen, name, found)
        _compare(folder / f"{name}.txt", screen.written(), update, found)

    async with walk.app.run_test(size=size, notifications=True) as pilot:
        await walk.all(pilot, stop, shrink=(mode, size) == (PLAIN, SIZES[0]))
    if update:
        for old in set(folder.glob("*.txt")) - {folder / f"{name}.txt" for name in seen}:
            old.unlink()
    assert {path.stem for path in folder.glob("*.txt")} == set(seen)
    assert not found.wrong, "\n\n".join(found.wrong)


def _compare(path: Path, now: str, update: bool, found: Found) -> None:
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if now != before:
        lines = difflib.unified_diff(
            before.splitlines(), now.splitlines(), "golden", "now", n=1, lineterm=""
        )
        found.add(f"{path.parent.name}/{path.name}", "\n" + "\n".join(lines))


def _holds(walk: Walk, mode: Mode, screen: Screenful, name: str, found: Found) -> None:
    """Check what must be so on every screen, whatever it shows."""
    text = "".join(screen.rows)
    steering = sorted({hex(ord(c)) for c in text if unicodedata.category(c) in _STEERING})
    if steering:
        found.add(name, f"characters that steer the terminal: {steering}")
    if keys := overhanging(walk.app):
        found.add(name, f"cut at the foot: {keys}")
    if cut := cut_silently(walk.app) - (_CLIPPED if mode.plain else frozenset[str]()):
        found.add(name, f"cut, and nothing says so: {sorted(cut)}")
    lowest = mode.plain and walk.app.size.height == 24  # the lanes leave too little room there
    wanted = () if lowest and name == "emphasised" else _MUST_BE_READ.get(name, ())
    missing = [words for words in wanted if words not in text]
    if missing:
        found.add(name, f"not on the screen: {missing}")
    if mode.plain:
        coloured = sorted(style for style in screen.styles() if set(style.split()) - COLOURLESS)
        if coloured:
            found.add(name, f"colours without colour: {coloured}")
        foreign = {c for c in without_scroll_bars(walk.app, screen.rows) if not c.isascii()}
        if foreign - {"\n"}:
            found.add(name, f"signs beyond ASCII: {sorted(foreign)}")

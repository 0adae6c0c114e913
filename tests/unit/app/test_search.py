"""What is found where, and the line that asks for it."""

from __future__ import annotations

import pytest
from inspector import HOSTILE
from painted import assert_harmless, on_screen
from textual.app import App

from attribution.types import Prompt, Span, Token
from unpact_tui.app.find import answer_hits, hits
from unpact_tui.app.glyphs import UNICODE
from unpact_tui.app.screens.search import Needle, SearchScreen


def found(text: str, needle: str) -> list[str]:
    return [text[span.start : span.end] for span in answer_hits(text, needle)]


@pytest.mark.parametrize(
    ("text", "needle", "parts"),
    [
        ("Oslo, oslo", "oslo", ["Oslo", "oslo"]),
        ("Oslo, oslo", "Oslo", ["Oslo"]),
        ("Straße STRASSE", "strasse", ["Straße", "STRASSE"]),
        ("Straße", "s", ["S"]),  # half of an ß is no match
        ("İstanbul Istanbul", "istanbul", ["Istanbul"]),
        ("İİ", "i̇", ["İ", "İ"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("a\nb", "⏎", ["\n"]),
        ("a\x1bb", "\x1bb", ["\x1bb"]),
        ("anything", "", []),
        ("", "a", []),
    ],
)
def test_parts(text: str, needle: str, parts: list[str]) -> None:
    assert found(text, needle) == parts


def test_positions_of_every_match() -> None:
    texts = ("<s>", "Where", " was", "", " Ann", " w", "as?")
    tokens, at = [], 0
    for i, text in enumerate(texts):
        tokens.append(Token(i, text, at, at + len(text)))
        at += len(text)
    prompt = Prompt("".join(texts), tuple(tokens), Span(3, at))
    assert hits(prompt, "was") == ((2,), (5, 6))
    assert hits(prompt, "s Ann") == ((2, 4),)
    assert hits(prompt, "Was") == ()


class Host(App[None]):
    """The line over an empty screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, needle: str = "", said: str | None = None) -> None:
        super().__init__()
        self.given: list[str | None] = []
        self.said = said
        self._needle = needle

    def on_mount(self) -> None:
        self.push_screen(SearchScreen(self._needle, self._count, UNICODE), self.given.append)

    def _count(self, needle: str) -> str:
        return f"{len(needle)} long" if self.said is None else self.said


def line(app: App[None]) -> str:
    return on_screen(app).split("\n")[-1]


async def test_it_counts_while_one_writes_and_gives_the_text() -> None:
    app = Host("Os")
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert "/ Os" in line(pilot.app)
        assert "2 long" in line(pilot.app)
        await pilot.press("l", "[", "slash")
        await pilot.pause()
        assert "/ Osl[/" in line(pilot.app)
        assert "5 long" in line(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.given == ["Osl[/"]


@pytest.mark.parametrize(("keys", "given"), [(("escape",), None), (("backspace", "enter"), "")])
async def test_nothing_is_not_the_same_as_empty(keys: tuple[str, ...], given: str | None) -> None:
    app = Host("O")
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert app.given == [given]


async def test_what_is_searched_stays_in_sight() -> None:
    async with Host().run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert pilot.app.screen.styles.background.a == 0
        assert pilot.app.screen.query_one("#search-line").region.y == 9


async def test_hostile_text_is_shown_and_not_obeyed() -> None:
    app = Host(HOSTILE["click"])
    async with app.run_test(size=(80, 10)) as pilot:
        for text in HOSTILE.values():
            app.said = text
            app.screen.query_one(Needle).value = ""
            app.screen.query_one(Needle).insert_text_at_cursor(text)
            await pilot.pause()
            assert_harmless(app)

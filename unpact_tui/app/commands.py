"""The command palette's view of a screen: whatever the screen offers, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be chosen in the palette; `title` and `help` are fit for the screen."""

    title: str
    help: str
    run: Callable[[], object]


@runtime_checkable
class Offers(Protocol):
    """A screen with commands."""

    def commands(self) -> Iterable[Command]:
        """Return what can be done now."""
        ...


class ScreenCommands(Provider):
    """Finds commands of the current screen. They may hold text from outside: never markup.

    Textual reads what is said for help as markup, whatever it is given.
    """

    def _commands(self) -> Iterable[Command]:
        return self.screen.commands() if isinstance(self.screen, Offers) else ()

    async def discover(self) -> Hits:
        """Yield all commands."""
        for command in self._commands():
            yield DiscoveryHit(
                Content(command.title), command.run, text=command.title, help=escape(command.help)
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands that match."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score > 0:
                yield Hit(
                    score,
                    Content(command.title),
                    command.run,
                    text=command.title,
                    help=escape(command.help),
                )

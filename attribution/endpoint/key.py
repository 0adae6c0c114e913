"""The key to a server: it comes from the environment, goes into one header, and is shown nowhere.

Does not know which server it opens.
"""

from __future__ import annotations

from collections.abc import Mapping

from attribution.errors import BadEndpoint

VARIABLES = ("UNPACT_API_KEY", "OPENAI_API_KEY")
"""Where a key is looked for, in this order."""

_SHORT = 6
"""A key of fewer characters is no secret; to hide it would blacken ordinary words."""


class Key:
    """A secret that does not show itself when it is printed."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str, variable: str = VARIABLES[0]) -> None:
        """Raises `BadEndpoint` for what no header can hold; its sentence does not repeat it."""
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            hint = "Set it again: a key is one word of plain characters."
            raise BadEndpoint(f"the key in {variable} has characters that no key has", hint)
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(hidden)"

    def header(self) -> dict[str, str]:
        """Return what a request is sent with."""
        return {"Authorization": f"Bearer {self._secret}"}

    def hidden_in(self, text: str) -> str:
        """Return a text of the server's without the key, which some repeat when they refuse it."""
        return text.replace(self._secret, "[key]") if len(self._secret) >= _SHORT else text


def from_environment(environment: Mapping[str, str]) -> Key | None:
    """Return the key, if there is one. Raises `BadEndpoint`."""
    for variable in VARIABLES:
        secret = environment.get(variable, "").strip()
        if secret:
            return Key(secret, variable)
    return None

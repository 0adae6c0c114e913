"""Where a server is: a URL that may be shown and kept, because it holds no secret.

Does not know HTTP, nor whether anything answers there.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from attribution.errors import BadEndpoint

_LAST = "/completions"
"""What the path ends with when a whole address was copied; it is put there anyway."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address up to its version, as in http://localhost:8000/v1."""

    url: str
    host: str

    @property
    def completions(self) -> str:
        """Where completions are asked for."""
        return self.url + _LAST

    @property
    def local(self) -> bool:
        """It is this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    @property
    def encrypted(self) -> bool:
        """Nobody on the way can read what is sent."""
        return self.url.startswith("https:")


def parse(text: str) -> Address:
    """Read an address. Raises `BadEndpoint`, whose sentence never repeats a password."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadEndpoint("it has characters that no address has")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise BadEndpoint("its host or its port is none") from error
    if parts.scheme not in ("http", "https") or not host:
        raise BadEndpoint("it does not begin with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None:
        hint = "Put the key into the variable UNPACT_API_KEY: an address is shown and kept."
        raise BadEndpoint("it holds a user name or a password", hint)
    if parts.query or parts.fragment:
        raise BadEndpoint("it has a part behind ? or #, which might be a secret")
    name = f"[{host}]" if ":" in host else host
    where = name if port is None else f"{name}:{port}"
    path = parts.path.rstrip("/").removesuffix(_LAST)
    return Address(f"{parts.scheme}://{where}{path}", host)

"""Ways to change the weights, one file each: the listing of this folder is the catalogue.

What starts with an underscore, and `errors`, is machinery.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from methods.errors import UnknownName


def names() -> tuple[str, ...]:
    """Return the names of the methods, without importing one."""
    found = (module.name for module in iter_modules(__path__))
    return tuple(name for name in found if name != "errors" and not name.startswith("_"))


def load(name: str) -> object:
    """Import one method and return its `METHOD`. Raises `UnknownName`."""
    if name not in names():
        raise UnknownName(name, names())
    method: object = import_module(f"{__name__}.{name}").METHOD
    return method

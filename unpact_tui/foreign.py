"""Translates exceptions of other libraries into ours; it is `attribution` that does it."""

from __future__ import annotations

from attribution.foreign import BROKEN as BROKEN
from attribution.foreign import MODULES as MODULES
from attribution.foreign import Foreign as Foreign
from attribution.foreign import is_spent as is_spent
from attribution.foreign import sentence as sentence

"""How commands without a screen behave: libraries are quiet, and signals end them well."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from unpact_tui.ending import ended_by_signals as ended_by_signals


@contextmanager
def quiet_libraries() -> Generator[None]:
    """Keep libraries from writing anything but errors to the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)

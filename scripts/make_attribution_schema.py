"""Write docs/attribution.schema.json from what `attribute` prints; with --check only compare."""

from __future__ import annotations

import sys

from make_schema import as_page
from page import DOCS, write_or_check

from unpact_tui.attribute_document import AttributionDocument

PAGE = DOCS / "attribution.schema.json"


def render() -> str:
    """Return the page."""
    return as_page(AttributionDocument, "unpact-tui attribution")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render(), sys.argv[1:]))

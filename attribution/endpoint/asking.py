"""Puts prompts into requests to one model on a server, and reads the replies.

Does not know dialects, nor what the numbers mean.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from attribution.endpoint.client import Client
from attribution.endpoint.detection import Manner, Prompts
from attribution.endpoint.replies import Reply, decode
from attribution.scorer import Row

_ROWS, _IDS = 16, 8192
"""Prompts, and ids, that go into one request at most."""


class Asking:
    """One model on one server; may be used by several threads."""

    def __init__(self, client: Client, name: str) -> None:
        """`name` is the model's on the server."""
        self.name = name
        self.server = client.address.url
        self.at_once = client.limits.at_once
        self.read = 0
        """How many ids were sent so far."""
        self._client = client
        self._lock = threading.Lock()

    def ask(
        self,
        prompts: Prompts,
        fields: Mapping[str, object],
        ended: threading.Event | None = None,
    ) -> Reply:
        """Return the completions of some prompts. Raises `EndpointError`."""
        return decode(self._client.ask(self._body(prompts, fields), ended), self.server)

    def stream(self, row: Row, fields: Mapping[str, object]) -> Iterator[bytes]:
        """Yield the completion of one prompt in parts, as they come. Raises `EndpointError`."""
        return self._client.stream(self._body([row], {**fields, "stream": True}))

    def _body(self, prompts: Prompts, fields: Mapping[str, object]) -> dict[str, object]:
        if not isinstance(prompts, str):
            with self._lock:
                self.read += sum(map(len, prompts))
        # One prompt is sent as a plain list, which more servers take than a list of one list.
        alone = not isinstance(prompts, str) and len(prompts) == 1
        return {"model": self.name, "prompt": prompts[0] if alone else prompts, **fields}


def batches(rows: Sequence[Row], manner: Manner) -> Iterator[list[Row]]:
    """Yield as many rows as go into one request, in order."""
    batch: list[Row] = []
    ids = 0
    for row in rows:
        if batch and (not manner.several or len(batch) == _ROWS or ids + len(row) > _IDS):
            yield batch
            batch, ids = [], 0
        batch.append(row)
        ids += len(row)
    if batch:
        yield batch

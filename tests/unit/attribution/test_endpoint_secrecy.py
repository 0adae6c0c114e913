"""However much is logged, neither the key nor a prompt is: over a real connection."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from attribution.endpoint.address import parse
from attribution.endpoint.client import Client, Limits
from attribution.endpoint.key import Key
from attribution.errors import EndpointError

SECRET = "sk-KeyOfTheEndpoint0123456789"
PROMPT = "Who wrote the SecretPrompt0123456789?"


class Repeats(BaseHTTPRequestHandler):
    """Refuses, with the key in its words; or answers, when it is asked for long enough."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        status = int(asked["model"])
        told = f"{self.headers['Authorization']} is no key"
        body = json.dumps({"error": {"message": told}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Repeats)
    found.daemon_threads = True
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}/v1"
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_no_log_and_no_error_has_the_key(
    server: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(parse(server), Key(SECRET), limits=Limits(attempts=1))
    with caplog.at_level(logging.DEBUG), pytest.raises(EndpointError) as caught:
        client.ask({"model": str(status), "prompt": PROMPT})
    client._http.close()
    assert any(record.name.startswith("httpcore") for record in caplog.records), "it was listened"
    for text in (caplog.text, str(caught.value), caught.value.hint or ""):
        assert SECRET not in text
        assert PROMPT not in text

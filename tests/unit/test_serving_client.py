"""A tab's end of the socket: the engine's protocol, and what a loss looks like."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import msgspec
import pytest

from attribution.types import Case
from unpact_tui.serving.socket_client import SocketClient
from unpact_tui.serving.welcome import Welcome, encode_welcome
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Failed, Finished
from unpact_tui.worker.protocol import (
    Analyse,
    Cancel,
    Open,
    Reply,
    Request,
    decode_request,
    encode,
)

WELCOME = Welcome(Open("a", "b", None, Settings()), (Case("1", "‮Who?", None),))


class Ear:
    """Takes what a client hears."""

    def __init__(self) -> None:
        self.replies: SimpleQueue[Reply] = SimpleQueue()
        self.lost = threading.Event()

    def next(self) -> Reply:
        return self.replies.get(timeout=5.0)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, socket.socket]]:
    path = tmp_path_factory.mktemp("s") / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(5.0)
        yield path, listener


def meet(place: tuple[Path, socket.socket], ear: Ear) -> tuple[SocketClient, socket.socket]:
    path, listener = place
    made: SimpleQueue[SocketClient] = SimpleQueue()
    thread = threading.Thread(target=lambda: made.put(SocketClient(path, ear.lost.set)))
    thread.start()
    other, _ = listener.accept()
    other.settimeout(5.0)
    other.sendall(encode_welcome(WELCOME))
    client = made.get(timeout=5.0)
    thread.join()
    client.listen(ear.replies.put)
    return client, other


def test_it_speaks_the_protocol(place: tuple[Path, socket.socket], ear: Ear) -> None:
    client, other = meet(place, ear)
    assert client.welcome == WELCOME
    orders = [Analyse(WELCOME.cases[0]), Cancel()]
    numbers = [client.send(order) for order in orders]
    with other, other.makefile("rb") as lines:
        heard = [decode_request(lines.readline()) for _ in orders]
        assert heard == [Request(n, o) for n, o in zip(numbers, orders, strict=True)]
        other.sendall(encode(Reply(numbers[0], Finished())))
        assert ear.next() == Reply(numbers[0], Finished())
        client.close()
        assert lines.readline() == b""
    assert not client.alive
    assert not ear.lost.wait(0.05), "we hung up ourselves"
    assert ear.replies.empty()


def test_who_listens_last_hears(place: tuple[Path, socket.socket], ear: Ear) -> None:
    client, other = meet(place, Ear())
    client.listen(ear.replies.put)
    with other:
        for number in (1, 2, 3):
            other.sendall(encode(Reply(number, Finished())))
        assert [ear.next().id for _ in range(3)] == [1, 2, 3]
        client.close()


@pytest.mark.parametrize("last", [b"", b"garbage\n", b'{"id": 1'])
def test_a_loss_is_told_and_ends_it(
    place: tuple[Path, socket.socket], ear: Ear, last: bytes
) -> None:
    client, other = meet(place, ear)
    with other:
        other.sendall(last)
    reply = ear.next()
    assert isinstance(reply.event, Failed)
    assert reply.event.fatal
    assert reply.id == 0
    assert ear.lost.wait(5.0)
    assert not client.alive
    client.send(Cancel())
    client.close()


def test_sending_never_waits(place: tuple[Path, socket.socket], ear: Ear) -> None:
    client, other = meet(place, ear)
    long = Analyse(Case("1", "x" * 1_000_000, None))
    for _ in range(20):
        client.send(long)
    with other:
        client.close()


def test_who_is_no_broker_is_not_listened_to(place: tuple[Path, socket.socket], ear: Ear) -> None:
    path, listener = place

    def answer() -> None:
        other, _ = listener.accept()
        with other:
            other.sendall(b"HTTP/1.1 400 Bad Request\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(msgspec.DecodeError):
        SocketClient(path, ear.lost.set)
    thread.join()

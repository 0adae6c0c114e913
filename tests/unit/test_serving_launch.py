"""What `serve` refuses before anything is loaded."""

from __future__ import annotations

import socket

import pytest
from typer.testing import CliRunner

from unpact_tui import cli_serve
from unpact_tui.errors import BadUsage
from unpact_tui.serving import launch
from unpact_tui.serving.launch import listen


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.0.1", "example.org", "127.0.0.1.example.org", "[::1]"]
)
def test_other_machines_are_never_served(host: str) -> None:
    with pytest.raises(BadUsage, match="localhost only") as caught:
        listen(host, 0)
    assert "ssh -L" in caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_any_free_port_of_this_one_is_taken(host: str) -> None:
    with listen(host, 0) as first, listen(host, 0) as second:
        assert first.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] != second.getsockname()[1]


def test_a_port_in_use_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(BadUsage, match="in use") as caught:
        listen("127.0.0.1", first.getsockname()[1])
    assert "--port" in caught.value.hint


@pytest.mark.parametrize("port", [-1, 65536])
def test_there_are_only_so_many_ports(port: int) -> None:
    with pytest.raises(BadUsage, match="no port"):
        listen("127.0.0.1", port)


def test_the_sixth_version_is_an_address_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        listener = listen("::1", 0)
    except BadUsage:
        pytest.skip("no IPv6 address")
    with listener:
        assert listener.getsockname()[0] == "::1"


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> None:
        assert name == "textual_serve"

    monkeypatch.setattr(launch, "find_spec", find_spec)
    done = CliRunner().invoke(cli_serve.app, ["base", "unlearned"])
    assert done.exit_code == 2
    assert "not installed" in done.stderr
    assert "pip install 'unpact-tui[serve]'" in done.stderr


def test_a_host_is_refused_by_the_command() -> None:
    done = CliRunner().invoke(cli_serve.app, ["base", "unlearned", "--host", "0.0.0.0"])
    assert done.exit_code == 2
    assert "localhost only" in done.stderr
    assert done.stdout == ""

"""The guard of conftest.py guards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import sitecustomize as network


def test_another_machine_cannot_be_connected_to(loopback_only: list[str]) -> None:
    with socket.socket() as door, pytest.raises(network.NonLoopbackSocket, match=r"192\.0\.2\.1"):
        door.connect(("192.0.2.1", 443))

    assert loopback_only == ["socket.connect '192.0.2.1'"]
    loopback_only.clear()


def test_nothing_can_be_sent_to_another_machine(loopback_only: list[str]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door,
        pytest.raises(network.NonLoopbackSocket),
    ):
        door.sendto(b"hello", ("192.0.2.1", 53))

    loopback_only.clear()


def test_no_other_name_is_looked_up(loopback_only: list[str]) -> None:
    with pytest.raises(network.NonLoopbackSocket, match=r"ec2\.us-east-1\.amazonaws\.com"):
        socket.getaddrinfo("ec2.us-east-1.amazonaws.com", 443)

    loopback_only.clear()


def test_a_python_started_by_a_test_is_guarded_too() -> None:
    script = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=1)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)  # noqa: S603

    assert done.returncode == 1
    assert "NonLoopbackSocket" in done.stderr


def test_this_machine_can_be_reached() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("host", [None, "", "localhost", "127.0.0.1", "127.3.2.1", "::1", b"::1"])
def test_loopback_is_recognised(host: object) -> None:
    assert network.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "169.254.169.254", "::", "example.com"])  # noqa: S104
def test_everything_else_is_another_machine(host: object) -> None:
    assert not network.is_loopback(host)


def test_no_credentials_of_this_machine_are_left() -> None:
    kept = {name for name in os.environ if name.startswith(("AWS_", "GITHUB_", "ACTIONS_"))}

    assert kept == {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}

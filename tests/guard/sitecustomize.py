"""Makes every socket beyond this machine an error, in this process and in each Python it starts.

``tests/conftest.py`` imports this module and puts its folder on ``PYTHONPATH``; a child process
then imports it before anything else, because of its name (see Python's ``site``). It sits below the
libraries, as an audit hook, so nothing that a library does with sockets escapes it.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain"})

# What was refused in this process. An exception may be swallowed by a retrying library; this isn't.
violations: list[str] = []


class NonLoopbackSocket(RuntimeError):
    """Something tried to talk to another machine."""


def is_loopback(host: object) -> bool:
    """Whether ``host`` (a name, an address, or None for "this machine") is this machine."""
    if host is None:
        return True
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    if name.lower() in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _host(event: str, args: tuple[Any, ...]) -> object:
    """The host that an audit event is about, or None if it is about no other machine."""
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            address = args[1]  # a path for a Unix socket, None for a connected one
            return address[0] if isinstance(address, tuple) else None
        case "socket.getaddrinfo" | "socket.gethostbyname" | "socket.gethostbyaddr":
            return args[0]
        case _:
            return None


def guard(event: str, args: tuple[Any, ...]) -> None:
    """The audit hook (https://docs.python.org/3/library/audit_events.html)."""
    if not event.startswith("socket."):
        return
    host = _host(event, args)
    if not is_loopback(host):
        violations.append(f"{event} {host!r}")
        raise NonLoopbackSocket(
            f"{event} to {host!r}: tests talk to this machine only. "
            "Point the client at an emulator, or at a closed port of 127.0.0.1."
        )


sys.addaudithook(guard)

"""CIDR blocks: canonical text, overlap, containment. IPv4 and IPv6 never meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar

Network = IPv4Network | IPv6Network
V = TypeVar("V")


@lru_cache(maxsize=200_000)
def network(cidr: str) -> Network:
    """A CIDR block as a network; host bits are dropped. Raises ValueError."""
    return ip_network(cidr, strict=False)


@lru_cache(maxsize=200_000)
def canonical(cidr: str) -> str:
    """The text AWS gives a CIDR block back as; prefix-list ids and the like stay as they are."""
    try:
        return str(network(cidr))
    except ValueError:
        return cidr


def is_ipv6(cidr: str) -> bool:
    """True for an IPv6 block."""
    return ":" in cidr


def overlap(one: str, other: str) -> bool:
    """True when two blocks share an address."""
    first, second = network(one), network(other)
    return first.version == second.version and first.overlaps(second)


def first_overlap(ones: Iterable[str], others: Iterable[str]) -> tuple[str, str] | None:
    """The first two blocks that share an address, or None."""
    candidates = tuple(others)
    return next(((a, b) for a in ones for b in candidates if overlap(a, b)), None)


def within(inner: str, outer: str) -> bool:
    """True when every address of ``inner`` is in ``outer``."""
    a, b = network(inner), network(outer)
    if isinstance(a, IPv4Network) and isinstance(b, IPv4Network):
        return a.subnet_of(b)
    return isinstance(a, IPv6Network) and isinstance(b, IPv6Network) and a.subnet_of(b)


def broader(cidr: str, blocks: Mapping[str, V]) -> Iterator[tuple[str, V]]:
    """Those of ``blocks`` (keys canonical) that hold ``cidr`` and more, narrowest first."""
    inner = network(cidr)
    for prefix in range(inner.prefixlen - 1, -1, -1):
        outer = str(inner.supernet(new_prefix=prefix))
        if outer in blocks:
            yield outer, blocks[outer]

"""CIDR blocks: canonical text, overlap, containment. IPv4 and IPv6 never meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Generic, TypeVar

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


def exact_unions(cidrs: Iterable[str]) -> tuple[str, ...]:
    """The fewest blocks that hold the addresses of ``cidrs`` and no other, canonical.

    Two blocks become one only where they are the two halves of it. The two halves of
    everything stay two: nobody asked for a default route.
    """
    networks = {network(cidr) for cidr in cidrs}
    unions: list[Network] = [
        *collapse_addresses(n for n in networks if isinstance(n, IPv4Network)),
        *collapse_addresses(n for n in networks if isinstance(n, IPv6Network)),
    ]
    return tuple(
        str(part)
        for union in unions
        for part in (union.subnets() if union.prefixlen == 0 else (union,))
    )


def is_ipv6(cidr: str) -> bool:
    """True for an IPv6 block."""
    return ":" in cidr


def overlap(one: str, other: str) -> bool:
    """True when two blocks share an address."""
    (version, first, last), (other_version, other_first, other_last) = _span(one), _span(other)
    return version == other_version and first <= other_last and other_first <= last


@lru_cache(maxsize=200_000)
def _span(cidr: str) -> tuple[int, int, int]:
    """IP version, first and last address."""
    block = network(cidr)
    return block.version, int(block.network_address), int(block.broadcast_address)


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


class Blocks(Generic[V]):
    """Values by block, of which the blocks that hold another one are found quickly.

    Only the prefix lengths that occur are tried: tables of thousands of routes have few.
    """

    def __init__(self, blocks: Mapping[str, V]) -> None:
        """From canonical texts; what is no block holds nothing."""
        self._blocks = blocks
        self._lengths: dict[int, list[int]] = {}
        for text in blocks:
            with suppress(ValueError):
                block = network(text)
                lengths = self._lengths.setdefault(block.version, [])
                if block.prefixlen not in lengths:
                    lengths.append(block.prefixlen)
        for lengths in self._lengths.values():
            lengths.sort(reverse=True)

    @cached_property
    def _held(self) -> dict[tuple[int, int, int], tuple[str, V]]:
        """Made when it is asked for: where all blocks are of one length, none holds another."""
        held = {}
        for text, value in self._blocks.items():
            with suppress(ValueError):
                block = network(text)
                held[_bits(block, block.prefixlen)] = text, value
        return held

    def within_others(self) -> Iterable[tuple[str, V]]:
        """Those that another one may hold: none where all are of one length."""
        if all(len(lengths) == 1 for lengths in self._lengths.values()):
            return ()
        return self._blocks.items()

    def broader(self, cidr: str) -> Iterator[tuple[str, V]]:
        """Those that hold ``cidr`` and more, narrowest first."""
        inner = network(cidr)
        for length in self._lengths.get(inner.version, ()):
            if length < inner.prefixlen and (found := self._held.get(_bits(inner, length))):
                yield found


def _bits(block: Network, length: int) -> tuple[int, int, int]:
    """What blocks of this length share with a block: version, length, and the leading bits."""
    leading = int(block.network_address) >> (block.max_prefixlen - length)
    return block.version, length, leading

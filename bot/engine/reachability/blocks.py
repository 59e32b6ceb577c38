"""Blocks as ranges of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from bot.model.cidr import network


class Block(NamedTuple):
    """A CIDR block: IP version, first and last address, prefix length."""

    version: int
    first: int
    last: int
    length: int

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return self.last - self.first + 1

    def meets(self, other: Block) -> bool:
        """True when they share an address."""
        same = self.version == other.version
        return same and self.first <= other.last and other.first <= self.last


@lru_cache(maxsize=200_000)
def block_of(cidr: str) -> Block:
    """A block from its text. Raises ValueError for what is none, such as a prefix list."""
    parsed = network(cidr)
    first, last = int(parsed.network_address), int(parsed.broadcast_address)
    return Block(parsed.version, first, last, parsed.prefixlen)


def pieces(met: Iterable[Block], peers: Iterable[Block]) -> Iterator[Block]:
    """The peers' parts within which each block that may be met holds all addresses or none."""
    known = tuple(met)
    for peer in peers:
        cuts = {peer.first}
        for block in known:
            if block.meets(peer):
                cuts |= {max(block.first, peer.first)} | {block.last + 1}
        ordered = sorted(cut for cut in cuts if cut <= peer.last)
        for first, following in zip(ordered, [*ordered[1:], peer.last + 1], strict=True):
            yield Block(peer.version, first, following - 1, peer.length)

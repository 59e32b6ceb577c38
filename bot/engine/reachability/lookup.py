"""A route table as traffic sees it: the longest prefix wins, for every address of a block."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import attrgetter

from bot.engine.reachability.blocks import Block
from bot.model.address import Pair


@dataclass(frozen=True, slots=True)
class Hop:
    """A route: its block, and where it leads.

    ``pair`` are the ends of the peering that it leads into, where it is one and alive.
    ``target`` is AWS's id, or the ends of a peering that is yet to be made.
    """

    block: Block
    destination: str
    target: str
    pair: Pair | None = None
    blackhole: bool = False


class Lookup:
    """The routes of one table; of each destination only the one that counts.

    Blocks nest: of two that share an address one holds the other. So the routes for a block
    are those that begin in it, and the narrowest that holds it, which few prefix lengths find.
    """

    def __init__(self, hops: Iterable[Hop]) -> None:
        listed = sorted(hops, key=lambda hop: (hop.block.first, hop.block.length))
        self._hops = {v: [h for h in listed if h.block.version == v] for v in (4, 6)}
        self._starts = {v: [h.block.first for h in held] for v, held in self._hops.items()}
        self._held = {(v, h.block.first, h.block.length): h for v in (4, 6) for h in self._hops[v]}
        self._lengths = {
            v: sorted({h.block.length for h in held}, reverse=True)
            for v, held in self._hops.items()
        }
        self.alone = {hop.block: hop for held in self._hops.values() for hop in _alone(held)}
        """By block, the one route that all traffic to it takes: it is of that very length, and
        none is within it."""

    def taken(self, block: Block) -> Iterator[Hop | None]:
        """Every route that traffic to some address of the block takes; None where there is none.

        The one for most of the block first, then more specific ones by address.
        """
        inside = self._inside(block)
        if not inside:
            yield self._broader(block)
            return
        exact = inside[0].block == block
        rest = inside[1:] if exact else inside
        if not _covered(block.size, rest):
            yield inside[0] if exact else self._broader(block)
        for index, hop in enumerate(rest):
            if not _covered(hop.block.size, _within(rest, index)):
                yield hop

    def _inside(self, block: Block) -> Sequence[Hop]:
        starts = self._starts[block.version]
        low, high = bisect_left(starts, block.first), bisect_right(starts, block.last)
        found = self._hops[block.version][low:high]
        return [hop for hop in found if hop.block.length >= block.length]

    def _broader(self, block: Block) -> Hop | None:
        width = 32 if block.version == 4 else 128
        for length in self._lengths[block.version]:
            if length < block.length:
                shift = width - length
                found = self._held.get((block.version, block.first >> shift << shift, length))
                if found is not None:
                    return found
        return None


def _alone(hops: Sequence[Hop]) -> Iterator[Hop]:
    """Of sorted routes those that hold no other one."""
    for hop, following in zip_longest(hops, hops[1:]):
        if following is None or following.block.first > hop.block.last:
            yield hop


def _within(hops: Sequence[Hop], index: int) -> Sequence[Hop]:
    """The routes after one that are within it: they follow it without a break."""
    end = bisect_right(hops, hops[index].block.last, key=attrgetter("block.first"))
    return hops[index + 1 : end]


def _covered(size: int, hops: Sequence[Hop]) -> bool:
    """Whether routes that are within a block of this size leave no address of it."""
    total, last = 0, -1
    for hop in hops:
        if hop.block.first > last:
            total, last = total + hop.block.size, hop.block.last
    return total == size

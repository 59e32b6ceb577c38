"""One end of many pairs: what they have in common, so that most can be judged at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.engine.reachability.blocks import Block, block_of
from bot.engine.reachability.lookup import Lookup
from bot.model.address import Pair

Texts = tuple[str, ...]
Versions = frozenset[int]


@dataclass(frozen=True, slots=True)
class End:
    """What all pairs of a VPC have in common that is routed at the same blocks.

    By IP version: the blocks, the tables of its subnets (each content once), and whether their
    ACLs let everything through. ``there``: it was read and exists.
    """

    there: bool
    routed: Versions
    spoken: Versions
    blocks: Mapping[int, tuple[Block, ...]]
    tables: Mapping[int, tuple[Lookup, ...]]
    open: Mapping[int, bool]


def straight(end: End, far: End, version: int, pair: Pair) -> bool:
    """Whether every table of an end has one live route to the peer for each of its blocks."""
    tables = end.tables[version]
    for block in far.blocks[version]:
        for table in tables:
            hop = table.alone.get(block)
            if hop is None or hop.blackhole or hop.pair != pair:
                return False
    return bool(tables)


def each_once(tables: Iterable[Lookup]) -> tuple[Lookup, ...]:
    """Each of them once."""
    return tuple({id(table): table for table in tables}.values())


def blocks_of(texts: Texts, version: int) -> tuple[Block, ...]:
    """Those of an IP version."""
    found = (block_of(text) for text in texts)
    return tuple(block for block in found if block.version == version)


def versions_of(texts: Iterable[str]) -> Versions:
    """The IP versions of blocks."""
    return frozenset(block_of(text).version for text in texts)

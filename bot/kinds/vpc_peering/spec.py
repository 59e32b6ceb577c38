"""What a peering connection is: as wanted, and as observed and changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bot.model.address import VPC_PEERING_CONNECTION, Pair, Scope, VpcRef
from bot.model.diagnostic import SourceLine
from bot.model.mesh import Metadata
from bot.model.ownership import SideTags, peering_tags
from bot.model.tags import Tags

NAME = VPC_PEERING_CONNECTION


@dataclass(frozen=True, slots=True)
class PeeringSpec:
    """A peering: its direction, AWS's status code, and the tags of each side.

    A side's tags are None when its scope could not be read, or does not show it yet. Within
    one scope both sides are one set of tags: it stands in ``accepter_tags`` and
    ``requester_tags`` is None.
    """

    requester: VpcRef
    accepter: VpcRef
    status: str
    requester_tags: Tags | None = None
    accepter_tags: Tags | None = None

    @property
    def pair(self) -> Pair:
        """The two VPCs, whichever requested."""
        return Pair.of(self.requester, self.accepter)

    @property
    def sides(self) -> tuple[Tags, ...]:
        """The sets of tags that could be read."""
        return tuple(t for t in (self.requester_tags, self.accepter_tags) if t is not None)


@dataclass(frozen=True, slots=True)
class Claim:
    """One environment's wish for a pair, with what its tags would be made of."""

    environment: str
    metadata: Metadata
    adopt: bool
    extra_tags: Mapping[VpcRef, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    declared_at: tuple[SourceLine, ...] = ()

    def tags(self, requester: VpcRef, accepter: VpcRef) -> SideTags:
        """The tags of both sides when this environment owns the peering."""
        return peering_tags(requester, accepter, self.environment, self.metadata, self.extra_tags)


@dataclass(frozen=True, slots=True)
class PeeringWish:
    """A pair that one or more environments want connected; claims sorted by environment."""

    pair: Pair
    claims: tuple[Claim, ...]

    @property
    def adopt(self) -> bool:
        """True when an environment wants a peering taken over that is already there."""
        return any(claim.adopt for claim in self.claims)


def requester_of(pair: Pair) -> VpcRef:
    """The side that requests a new peering: a pure function of the pair.

    All pairs of two scopes go the same way, so that one CreateTags with one ``Name``
    serves all accepter sides of a requester. Who else is in the mesh plays no part: when
    other VPCs join, nothing turns round.
    """
    return pair.first if _first_requests(pair.first.scope, pair.second.scope) else pair.second


@lru_cache(maxsize=65536)
def _first_requests(first: Scope, second: Scope) -> bool:
    """Which of two scopes requests, such that each requests about as often as it accepts.

    Between two accounts a coin is tossed, by hash: one requests within a region, the other
    across regions. So in two regions, say, each scope requests from exactly one scope of
    every other account.
    """
    if first.account == second.account:
        return _heads(first.account, first.region, second.region)
    return _heads(first.account, second.account) is (first.region == second.region)


def _heads(*names: str) -> bool:
    return hashlib.sha256(" ".join(names).encode()).digest()[0] % 2 == 0

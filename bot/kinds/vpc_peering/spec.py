"""What a peering connection is: as wanted, and as observed and changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.address import VPC_PEERING_CONNECTION, Pair, VpcRef
from bot.model.diagnostic import SourceLine
from bot.model.mesh import Metadata
from bot.model.ownership import SideTags, peering_tags
from bot.model.tags import Tags

NAME = VPC_PEERING_CONNECTION

ACTIVE = "active"
PENDING = "pending-acceptance"
PROVISIONING = "provisioning"
INITIATING = "initiating-request"
PROGRESS = (INITIATING, PENDING, PROVISIONING, ACTIVE)
"""The statuses of a live peering, in the order it passes through them."""

DEAD = frozenset({"failed", "expired", "rejected", "deleted", "deleting"})
"""Statuses that AWS shows for a while and that count as absent."""


@dataclass(frozen=True, slots=True)
class PeeringSpec:
    """A peering: its direction, AWS's status code, and the tags of each side.

    A side's tags are None when its scope could not be read. Within one scope both sides
    are one set of tags: it stands in ``accepter_tags`` and ``requester_tags`` is None.
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
    serves all accepter sides of a requester; which way is a coin toss by hash, so that
    requests spread over the scopes.
    """
    scopes = f"{pair.first.scope} {pair.second.scope}".encode()
    heads = hashlib.sha256(scopes).digest()[0] % 2 == 0
    return pair.first if heads else pair.second

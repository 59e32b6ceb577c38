"""Whether members reach one another, before and after a plan. For people: it steers nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.model.address import VpcRef

SMALL = 8
"""A mesh of at most so many members is shown pair by pair, a larger one by its exceptions."""


class Reason(StrEnum):
    """Why a pair is not reachable: the first reason found, in the order of these."""

    UNKNOWN = "unknown"
    MISSING_VPC = "missing-vpc"
    OVERLAP = "overlap"
    NO_PEERING = "no-peering"
    NO_ELIGIBLE_TABLE = "no-eligible-table"
    INELIGIBLE_TABLE = "ineligible-table"
    NO_ROUTE = "no-route"
    BLACKHOLE = "blackhole"
    CONFLICT = "conflict"
    SHADOWED = "shadowed"
    ACL = "acl"
    SECURITY_GROUP = "security-group"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What is in the way, and where: only the fields that say something are filled.

    ``vpc`` is where it is, ``subnet`` one that suffers from it. ``destination`` is the block
    that is not reached from there as a whole; ``route`` and ``target`` are the route that its
    traffic takes instead (of a peering that is not active, ``target`` is its status; of an
    overlap, the blocks). ``rule`` is the number of the network ACL's rule that decides,
    32767 for the one that AWS shows as ``*``; ``egress`` tells which list it is in. ``back``:
    it is in the way of the answers, from the peer to the source.

    Of a ``security_group`` that does not let the ``traffic`` of an entry out (``egress``) or in,
    ``target`` is the peer's group, where the entry names one, ``destination`` a block of the peer,
    and ``route`` a prefix list that may let it through, as what is in it is not read. Without a
    ``destination`` there is no such group, or several, and it is in the entry's own words.
    """

    reason: Reason
    vpc: VpcRef
    subnet: str = ""
    route_table: str = ""
    destination: str = ""
    route: str = ""
    target: str = ""
    network_acl: str = ""
    rule: int = 0
    egress: bool = False
    security_group: str = ""
    traffic: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True)
class PairReach:
    """A wanted pair: whether connections can be opened from ``source`` to ``peer``.

    ``obstacle`` is why not, once the plan is applied (or now, where nothing is planned).
    ``before`` is whether they could be before; None when the pair was not wanted then.
    """

    source: VpcRef
    peer: VpcRef
    obstacle: Obstacle | None = None
    before: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the wanted ordered pairs are reachable."""

    reachable: int = 0
    wanted: int = 0

    @property
    def whole(self) -> bool:
        """True when every wanted pair is reachable."""
        return self.reachable == self.wanted

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.reachable + other.reachable, self.wanted + other.wanted)


@dataclass(frozen=True, slots=True)
class EnvironmentReach:
    """How far the members of an environment reach one another.

    ``members`` are those that are present, sorted. ``before`` is None where nothing is
    compared. ``pairs`` are the wanted ordered pairs that are not reachable, sorted; in a mesh
    of at most ``SMALL`` members all that are wanted. ``unrouted`` counts the ordered pairs
    that the environment connects without routes (``cidr_overrides: []``): they are not wanted.
    """

    environment: str
    members: tuple[VpcRef, ...] = ()
    before: Tally | None = None
    after: Tally = Tally()
    pairs: tuple[PairReach, ...] = ()
    unrouted: int = 0

    @property
    def exceptions(self) -> tuple[PairReach, ...]:
        """The wanted pairs that are not reachable."""
        return tuple(pair for pair in self.pairs if pair.obstacle is not None)

"""What a security group rule is: as wanted, as observed, and as changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.address import Address, Scope, VpcRef
from bot.model.diagnostic import SourceLine
from bot.model.mesh import Metadata
from bot.model.rule_tags import peer_of, rule_tags
from bot.model.security_group import SECURITY_GROUP_RULE, Direction, Traffic
from bot.model.tags import Tags

NAME = SECURITY_GROUP_RULE


def rule_address(
    scope: Scope, group: str, direction: Direction, traffic: Traffic, allowed: str
) -> Address:
    """The address of a rule: everything that AWS tells two rules of a group apart by.

    ``allowed`` is the id of a group or prefix list, or a CIDR block.
    """
    ports = f"{traffic.from_port}..{traffic.to_port}"
    key = f"{group}/{direction}/{traffic.protocol}/{ports}/{allowed}"
    return Address(NAME, (scope,), key)


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule of a group of ``vpc``, as a change shows it.

    ``allowed`` is the id of the peer's group or one of its CIDR blocks. ``peering`` is the
    address of the peering that it needs; with ``peer`` None when neither is known any more.
    ``tags`` are those that we own, and all that it keeps when it is made anew, as it is
    ``stale``: the peering over which it names a group is gone. ``allowed_owner`` is the account
    of the peer's group where that is not the peer's: a VPC can be shared between accounts.
    """

    vpc: VpcRef
    group: str
    direction: Direction
    protocol: str
    from_port: int
    to_port: int
    peer: VpcRef | None
    allowed: str
    peering: Address | None
    description: str
    tags: Tags
    stale: bool = False
    allowed_owner: str = ""

    @property
    def traffic(self) -> Traffic:
        """What it lets through."""
        return Traffic(self.protocol, self.from_port, self.to_port)

    @property
    def by_reference(self) -> bool:
        """True when it names the peer's group."""
        return self.allowed.startswith("sg-")


@dataclass(frozen=True, slots=True)
class ObservedRule:
    """A rule as AWS answered.

    ``allowed`` is the id of a group or prefix list, or a CIDR block. ``peer`` is the VPC of
    a referenced group, with ``peering`` AWS's id of the connection and ``status`` its status,
    as far as AWS tells them: it names the account of the group, which may share the VPC with
    its owner.
    """

    scope: Scope
    group: str
    direction: Direction
    traffic: Traffic
    allowed: str
    description: str
    tags: Tags
    peer: VpcRef | None = None
    peering: str = ""
    status: str = ""

    def peer_among(self, known: Iterable[VpcRef]) -> VpcRef | None:
        """The VPC that it is for: AWS's word first, as a tag may have been changed by hand.

        AWS names the VPC of a referenced group, but the account of the group, which may be one
        that the VPC is shared with. Whose the VPC is, ``known`` ones tell, or else the tag.
        """
        tagged = peer_of(self.tags)
        if self.peer is None:
            return tagged
        named = self.peer.vpc_id, self.peer.scope.region
        every = (*known, *((tagged,) if tagged else ()))
        return next((v for v in every if (v.vpc_id, v.scope.region) == named), self.peer)


@dataclass(frozen=True, slots=True)
class RuleClaim:
    """One environment's wish for a rule."""

    environment: str
    metadata: Metadata
    adopt: bool
    description: str
    declared_at: SourceLine


@dataclass(frozen=True, slots=True)
class RuleWish:
    """A rule that one or more environments want; claims sorted by environment and line.

    ``allowed_owner`` is as in RuleSpec.
    """

    vpc: VpcRef
    group: str
    direction: Direction
    traffic: Traffic
    peer: VpcRef
    allowed: str
    peering: Address
    claims: tuple[RuleClaim, ...]
    allowed_owner: str = ""

    def spec(self, claim: RuleClaim) -> RuleSpec:
        """The rule when one of its environments owns it."""
        traffic = self.traffic
        return RuleSpec(
            self.vpc,
            self.group,
            self.direction,
            traffic.protocol,
            traffic.from_port,
            traffic.to_port,
            self.peer,
            self.allowed,
            self.peering,
            claim.description,
            rule_tags(claim.environment, claim.metadata, self.peer),
            allowed_owner=self.allowed_owner,
        )

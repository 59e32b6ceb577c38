"""Security groups and their rules in a fake AWS: plain mutable data."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.model.address import Scope, VpcRef


@dataclass
class FakeGroupRule:
    """A rule; ``allowed`` is a group's id, a prefix list's or a CIDR block.

    ``peering`` is the connection over which it names a group of another VPC. Ports, types and
    codes are as AWS shows them: -1 for all.
    """

    id: str
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    allowed: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    peering: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What AWS tells two rules of a group apart by."""
        return self.egress, self.protocol, self.from_port, self.to_port, self.allowed


@dataclass
class FakeGroup:
    """A security group. ``participant`` is the account that made it in a VPC shared with it."""

    id: str
    vpc: VpcRef
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, FakeGroupRule] = field(default_factory=dict)
    participant: str = ""

    @property
    def owner(self) -> str:
        """The account whose it is: it alone changes the group, and sees its tags."""
        return self.participant or self.vpc.scope.account

    def seen_from(self, where: Scope) -> bool:
        """Whether an account and region sees it: its own, and that of the VPC's owner."""
        accounts = (self.owner, self.vpc.scope.account)
        return where.region == self.vpc.scope.region and where.account in accounts

    def add(self, rule: FakeGroupRule) -> FakeGroupRule:
        """Puts a rule in."""
        self.rules[rule.id] = rule
        return rule

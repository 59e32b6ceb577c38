"""What exists in a fake AWS: VPCs, route tables, peerings; plain mutable data, no API."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from bot.model.address import AccountId, Region, Scope, VpcRef
from tests.fakes.group import FakeGroup

LIVE = ("initiating-request", "pending-acceptance", "provisioning", "active")
"""Statuses in which a pair counts as peered (VPC Peering Guide: one peering per pair)."""


@dataclass
class Clock:
    """Virtual seconds, moved by hand or by the dispatcher."""

    now: float = 0.0


def scope(account: str, region: str) -> Scope:
    """A scope from plain text."""
    return Scope(AccountId(account), Region(region))


def same_family_overlap(one: str, other: str) -> bool:
    """True when two blocks share an address."""
    a, b = ip_network(one), ip_network(other)
    if isinstance(a, IPv4Network) and isinstance(b, IPv4Network):
        return a.overlaps(b)
    return isinstance(a, IPv6Network) and isinstance(b, IPv6Network) and a.overlaps(b)


@dataclass
class FakeVpc:
    """A VPC; ``blocks`` maps each CIDR to its association state, the first is the primary.

    ``attributes``: AWS begins with enableDnsHostnames off; here VPCs are ready for DNS.
    """

    ref: VpcRef
    blocks: dict[str, str]
    ipv6_blocks: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, bool] = field(
        default_factory=lambda: {"enableDnsSupport": True, "enableDnsHostnames": True}
    )

    @property
    def v4(self) -> list[str]:
        """Associated IPv4 blocks."""
        return [cidr for cidr, state in self.blocks.items() if state == "associated"]

    @property
    def v6(self) -> list[str]:
        """Associated IPv6 blocks."""
        return [cidr for cidr, state in self.ipv6_blocks.items() if state == "associated"]


@dataclass
class FakeRoute:
    """A route; ``target`` is an id (``pcx-…``, ``tgw-…``) or ``local``.

    ``broken`` makes one to something other than a peering a blackhole.
    """

    destination: str
    target: str
    origin: str = "CreateRoute"
    broken: bool = False

    @property
    def static(self) -> bool:
        """False for what a virtual private gateway propagates."""
        return self.origin != "EnableVgwRoutePropagation"


@dataclass
class FakeTable:
    """A route table."""

    id: str
    vpc: VpcRef
    tags: dict[str, str] = field(default_factory=dict)
    routes: list[FakeRoute] = field(default_factory=list)
    main: bool = False

    @property
    def eligible(self) -> bool:
        """Tagged for peerd."""
        return self.tags.get("peerd_eligible") == "true"

    def static(self, destination: str) -> FakeRoute | None:
        """The one static route with a destination."""
        found = [r for r in self.routes if r.destination == destination and r.static]
        return found[0] if found else None


@dataclass
class FakeSubnet:
    """A subnet; ``table`` and ``acl`` are empty where it has its VPC's main and default one."""

    id: str
    vpc: VpcRef
    blocks: list[str]
    table: str = ""
    acl: str = ""


@dataclass
class FakeRule:
    """A rule of a network ACL, by AWS's protocol numbers."""

    number: int
    egress: bool
    allow: bool
    block: str
    protocol: str = "-1"
    ports: tuple[int, int] | None = None


@dataclass
class FakeAcl:
    """A network ACL that is not its VPC's default one, which lets everything through."""

    id: str
    vpc: VpcRef
    rules: list[FakeRule] = field(default_factory=list)


@dataclass
class FakePeering:
    """A peering connection; ``tags`` by scope, so that both sides share one set in one scope.

    ``due`` are status changes that come by themselves; ``visible``: from when each scope sees it.
    ``dns``: the VPCs on whose side the option AllowDnsResolutionFromRemoteVpc is on.
    """

    id: str
    requester: VpcRef
    accepter: VpcRef
    status: str = "active"
    message: str = "Active"
    tags: dict[Scope, dict[str, str]] = field(default_factory=dict)
    due: list[tuple[float, str, str]] = field(default_factory=list)
    visible: dict[Scope, float] = field(default_factory=dict)
    dns: set[VpcRef] = field(default_factory=set)

    @property
    def ends(self) -> frozenset[VpcRef]:
        """Both VPCs."""
        return frozenset((self.requester, self.accepter))

    @property
    def live(self) -> bool:
        """True unless failed, expired, rejected or deleted."""
        return self.status in LIVE

    def far(self, end: VpcRef) -> VpcRef:
        """The other VPC."""
        return self.accepter if end == self.requester else self.requester


@dataclass
class World:
    """Everything that exists in every account, and the time."""

    clock: Clock = field(default_factory=Clock)
    vpcs: dict[VpcRef, FakeVpc] = field(default_factory=dict)
    tables: dict[str, FakeTable] = field(default_factory=dict)
    peerings: dict[str, FakePeering] = field(default_factory=dict)
    subnets: dict[str, FakeSubnet] = field(default_factory=dict)
    acls: dict[str, FakeAcl] = field(default_factory=dict)
    groups: dict[str, FakeGroup] = field(default_factory=dict)
    closed: set[AccountId] = field(default_factory=set)
    """Accounts whose role cannot be assumed."""
    serial: int = 0

    def vpc(self, ref: VpcRef, *blocks: str, ipv6: Iterable[str] = ()) -> FakeVpc:
        """Adds a VPC with associated blocks."""
        vpc = FakeVpc(ref, dict.fromkeys(blocks, "associated"), dict.fromkeys(ipv6, "associated"))
        self.vpcs[ref] = vpc
        return vpc

    def table(self, table_id: str, vpc: VpcRef, *, eligible: bool = True) -> FakeTable:
        """Adds a route table with the local routes of its VPC, whose first one is the main one."""
        tags = {"peerd_eligible": "true"} if eligible else {"Name": table_id}
        blocks = [*self.vpcs[vpc].v4, *self.vpcs[vpc].v6]
        routes = [FakeRoute(block, "local", "CreateRouteTable") for block in blocks]
        table = FakeTable(table_id, vpc, tags, routes, main=not any(self.tables_of(vpc)))
        self.tables[table_id] = table
        return table

    def group(self, group_id: str, vpc: VpcRef, name: str, **tags: str) -> FakeGroup:
        """Adds a security group without rules."""
        group = FakeGroup(group_id, vpc, name, dict(tags))
        self.groups[group_id] = group
        return group

    def peering(self, requester: VpcRef, accepter: VpcRef, status: str = "active") -> FakePeering:
        """Adds a peering without tags."""
        self.serial += 1
        peering = FakePeering(f"pcx-{self.serial:017x}", requester, accepter, status)
        for end in (requester, accepter):
            peering.tags.setdefault(end.scope, {})
        self.peerings[peering.id] = peering
        return peering

    def subnet(self, subnet_id: str, vpc: VpcRef, *blocks: str, table: str = "") -> FakeSubnet:
        """Adds a subnet."""
        subnet = FakeSubnet(subnet_id, vpc, list(blocks), table)
        self.subnets[subnet_id] = subnet
        return subnet

    def acl(self, acl_id: str, subnet: FakeSubnet, *rules: FakeRule) -> FakeAcl:
        """Adds a network ACL and gives it to a subnet."""
        self.acls[acl_id] = FakeAcl(acl_id, subnet.vpc, list(rules))
        subnet.acl = acl_id
        return self.acls[acl_id]

    def associate(self, ref: VpcRef, cidr: str) -> None:
        """Adds a block to a VPC, with its local routes."""
        self.vpcs[ref].blocks[cidr] = "associated"
        for table in self.tables_of(ref):
            table.routes.append(FakeRoute(cidr, "local", "CreateRouteTable"))

    def disassociate(self, ref: VpcRef, cidr: str) -> None:
        """Takes a block from a VPC; AWS keeps showing it as disassociated."""
        self.vpcs[ref].blocks[cidr] = "disassociated"
        for table in self.tables_of(ref):
            table.routes = [r for r in table.routes if (r.destination, r.target) != (cidr, "local")]

    def tables_of(self, vpc: VpcRef) -> Iterator[FakeTable]:
        """The route tables of a VPC."""
        return (table for table in self.tables.values() if table.vpc == vpc)

    def live_between(self, one: VpcRef, other: VpcRef) -> FakePeering | None:
        """The one live peering of a pair."""
        found = (p for p in self.peerings.values() if p.live and p.ends == {one, other})
        return next(found, None)

    def blackhole(self, route: FakeRoute) -> bool:
        """Whether a route leads nowhere: traffic needs an active peering."""
        if not route.target.startswith("pcx-"):
            return route.broken
        peering = self.peerings.get(route.target)
        return peering is None or peering.status != "active"

    def settle(self) -> None:
        """Lets what is due happen."""
        for peering in self.peerings.values():
            while peering.due and peering.due[0][0] <= self.clock.now:
                _, peering.status, peering.message = peering.due.pop(0)

    def let_pass(self, seconds: float) -> None:
        """Moves time on."""
        self.clock.now += seconds
        self.settle()

    def overlapping(self, one: VpcRef, other: VpcRef) -> bool:
        """Whether any block of one VPC overlaps any of the other, as AWS checks it."""
        a, b = self.vpcs.get(one), self.vpcs.get(other)
        if a is None or b is None:
            return False
        mine, theirs = [*a.v4, *a.v6], [*b.v4, *b.v6]
        return any(same_family_overlap(x, y) for x in mine for y in theirs)

    def copy(self) -> World:
        """A world that no longer changes with this one, clock included."""
        return copy.deepcopy(self)

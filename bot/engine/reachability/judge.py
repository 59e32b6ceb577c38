"""Whether one ordered pair is reachable, and the first reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.engine.reachability.acl import OPEN, Acls
from bot.engine.reachability.blocks import Block, block_of
from bot.engine.reachability.lookup import Hop
from bot.engine.reachability.network import Network
from bot.model.address import Pair, VpcRef
from bot.model.cidr import first_overlap
from bot.model.inventory import RouteTable
from bot.model.reachability import Obstacle, Reason
from bot.model.subnet import NetworkAcl, Subnet

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """An ordered pair, with the blocks that each of the two is routed at."""

    source: VpcRef
    peer: VpcRef
    mine: Texts
    theirs: Texts

    @property
    def back(self) -> Way:
        """The way of the answers."""
        return Way(self.peer, self.source, self.theirs, self.mine)


@dataclass(frozen=True)
class Judge:
    """Judges pairs on one network. What several pairs have in common is looked up once."""

    network: Network
    _acls: Acls = field(default_factory=Acls, repr=False)
    _routed: dict[Way, Obstacle | None] = field(default_factory=dict, repr=False)
    _subnets: dict[tuple[VpcRef, Texts], tuple[Subnet, ...]] = field(
        default_factory=dict, repr=False
    )
    _tables: dict[tuple[VpcRef, Texts, int], tuple[tuple[RouteTable, str], ...]] = field(
        default_factory=dict, repr=False
    )
    _listed_acls: dict[tuple[VpcRef, Texts, int], tuple[tuple[NetworkAcl, str], ...]] = field(
        default_factory=dict, repr=False
    )

    def obstacle(self, way: Way) -> Obstacle | None:
        """The first thing in the way; None when the pair is reachable.

        What else can stop packets, such as security groups, is to be asked here, last.
        """
        return (
            self._unknown(way)
            or self._unpeered(way)
            or self._unrouted(way)
            or self._unrouted(way.back)
            or self._denied(way)
        )

    def _unknown(self, way: Way) -> Obstacle | None:
        inventory = self.network.inventory
        for vpc in (way.source, way.peer):
            if not inventory.readable(vpc.scope):
                return Obstacle(Reason.UNKNOWN, vpc)
        for vpc in (way.source, way.peer):
            if vpc not in inventory.vpcs:
                return Obstacle(Reason.MISSING_VPC, vpc)
        return None

    def _unpeered(self, way: Way) -> Obstacle | None:
        pair = Pair.of(way.source, way.peer)
        if self.network.active(pair):
            return None
        one, other = (self.network.inventory.vpcs[vpc] for vpc in (way.source, way.peer))
        shared = first_overlap(one.cidr_blocks, other.cidr_blocks) or first_overlap(
            one.ipv6_cidr_blocks, other.ipv6_cidr_blocks
        )
        if shared is not None:
            return Obstacle(Reason.OVERLAP, way.source, route=shared[0], target=shared[1])
        status = self.network.statuses.get(pair, "")
        return Obstacle(Reason.NO_PEERING, way.source, target=status)

    def _unrouted(self, way: Way) -> Obstacle | None:
        if way not in self._routed:
            self._routed[way] = self._first_detour(way)
        return self._routed[way]

    def _first_detour(self, way: Way) -> Obstacle | None:
        pair = Pair.of(way.source, way.peer)
        here = {block_of(text).version for text in way.mine}
        for text in way.theirs:
            block = block_of(text)
            if block.version not in here:
                continue
            tables = self._tables_of(way.source, way.mine, block.version)
            if not tables:
                return Obstacle(Reason.NO_ELIGIBLE_TABLE, way.source, destination=text)
            for table, subnet in tables:
                for hop in self.network.table(way.source.scope, table.id).taken(block):
                    if hop is None or hop.blackhole or hop.pair != pair:
                        return self._detour(way.source, table, subnet, text, hop)
        return None

    def _detour(
        self, vpc: VpcRef, table: RouteTable, subnet: str, text: str, hop: Hop | None
    ) -> Obstacle:
        route, target = (hop.destination, hop.target) if hop else ("", "")
        return Obstacle(
            self._reason(vpc, table, block_of(text), hop),
            vpc,
            subnet,
            table.id,
            text,
            route,
            target,
        )

    def _reason(self, vpc: VpcRef, table: RouteTable, block: Block, hop: Hop | None) -> Reason:
        """Why the addresses' route is not the wanted one. A broader route is not the cause."""
        if hop is not None and hop.target == "local":
            return Reason.OVERLAP
        if hop is None or hop.block.length < block.length:
            if not self.network.inventory.eligible(vpc):
                return Reason.NO_ELIGIBLE_TABLE
            return Reason.NO_ROUTE if table.eligible else Reason.INELIGIBLE_TABLE
        if hop.blackhole:
            return Reason.BLACKHOLE
        return Reason.CONFLICT if hop.block == block else Reason.SHADOWED

    def _denied(self, way: Way) -> Obstacle | None:
        for version in (4, 6):
            mine, theirs = _blocks(way.mine, version), _blocks(way.theirs, version)
            if not mine or not theirs:
                continue
            far = self._acls_of(way.peer, way.theirs, version)
            for near_acl, near_subnet in self._acls_of(way.source, way.mine, version):
                for far_acl, far_subnet in far:
                    denied = self._acls.denied(near_acl, far_acl, mine, theirs)
                    if denied is not None:
                        ours = denied.acl is near_acl
                        return Obstacle(
                            Reason.ACL,
                            way.source if ours else way.peer,
                            near_subnet if ours else far_subnet,
                            network_acl=denied.acl.id,
                            rule=denied.rule,
                            egress=denied.egress,
                        )
        return None

    def _acls_of(
        self, vpc: VpcRef, blocks: Texts, version: int
    ) -> tuple[tuple[NetworkAcl, str], ...]:
        """The ACLs of the subnets that take part, each once, with the first of its subnets.

        One that lets everything through where there is no subnet, or its ACL is not known.
        """
        key = vpc, blocks, version
        if key not in self._listed_acls:
            listed = self.network.subnets.acls.get(vpc, ())
            named = {subnet: acl for acl in listed for subnet in acl.subnets}
            default = next((acl for acl in listed if acl.default), None)
            found = {"": (OPEN, "")}
            for subnet in reversed(self._speaking(vpc, blocks, version)):
                if (acl := named.get(subnet, default)) is not None:
                    found[acl.id] = acl, subnet
            self._listed_acls[key] = tuple(found[identity] for identity in sorted(found))
        return self._listed_acls[key]

    def _speaking(self, vpc: VpcRef, blocks: Texts, version: int) -> list[str]:
        """The ids of the subnets that take part and have this IP version, sorted."""
        return [
            subnet.id
            for subnet in self._subnets_of(vpc, blocks)
            if any(block_of(text).version == version for text in subnet.blocks)
        ]

    def _subnets_of(self, vpc: VpcRef, blocks: Texts) -> tuple[Subnet, ...]:
        """The subnets that share an address with the blocks, else all of the VPC's."""
        key = vpc, blocks
        if key not in self._subnets:
            every = self.network.subnets.subnets.get(vpc, ())
            routed = [block_of(text) for text in blocks]
            self._subnets[key] = (
                tuple(
                    subnet
                    for subnet in every
                    if any(block_of(b).meets(r) for b in subnet.blocks for r in routed)
                )
                or every
            )
        return self._subnets[key]

    def _tables_of(
        self, vpc: VpcRef, blocks: Texts, version: int
    ) -> tuple[tuple[RouteTable, str], ...]:
        """The tables of the subnets that take part, each once, with the first of its subnets."""
        key = vpc, blocks, version
        if key not in self._tables:
            self._tables[key] = tuple(self._listed_tables(vpc, blocks, version))
        return self._tables[key]

    def _listed_tables(
        self, vpc: VpcRef, blocks: Texts, version: int
    ) -> Iterator[tuple[RouteTable, str]]:
        every = self.network.inventory.route_tables.get(vpc, ())
        main = next((table for table in every if table.main), None)
        if vpc.scope in self.network.subnets.read:
            held = {subnet: table for table in every for subnet in table.subnets}
            found = {
                table.id: (table, subnet)
                for subnet in reversed(self._speaking(vpc, blocks, version))
                if (table := held.get(subnet, main)) is not None
            }
        else:  # which subnets have the main table is not known, only who has another one
            found = {table.id: (table, table.subnets[0]) for table in every if table.subnets}
        if found:
            yield from (found[identity] for identity in sorted(found))
        elif main is not None:
            yield main, ""


def _blocks(texts: Texts, version: int) -> tuple[Block, ...]:
    found = (block_of(text) for text in texts)
    return tuple(block for block in found if block.version == version)

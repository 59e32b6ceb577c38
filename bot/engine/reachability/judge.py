"""Whether one ordered pair is reachable, and the first reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bot.engine.reachability.acl import OPEN, Acls
from bot.engine.reachability.blocks import Block, block_of
from bot.engine.reachability.end import (
    End,
    Texts,
    Versions,
    blocks_of,
    each_once,
    straight,
    versions_of,
)
from bot.engine.reachability.groups import Flow, shut
from bot.engine.reachability.lookup import Hop
from bot.engine.reachability.network import Network
from bot.model.address import Pair, VpcRef
from bot.model.cidr import first_overlap
from bot.model.inventory import RouteTable
from bot.model.reachability import Obstacle, Reason
from bot.model.subnet import NetworkAcl, Subnet

BOTH: Versions = frozenset({4, 6})
_RANK = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Way:
    """An ordered pair, with the blocks that each of the two is routed at.

    ``flows`` is the traffic from source to peer that an environment's entries ask for. It is
    not compared: routes and ACLs are the same whatever it is, and looked up once.
    """

    source: VpcRef
    peer: VpcRef
    mine: Texts
    theirs: Texts
    flows: tuple[Flow, ...] = field(default=(), compare=False)

    @property
    def pair(self) -> Pair:
        """The two, in either direction."""
        return Pair.of(self.source, self.peer)

    @property
    def back(self) -> Way:
        """The way of the answers, which security groups let pass."""
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
    _spoken_there: dict[tuple[VpcRef, Texts], Versions] = field(default_factory=dict, repr=False)
    _listed_acls: dict[tuple[VpcRef, Texts, int], tuple[tuple[NetworkAcl, str], ...]] = field(
        default_factory=dict, repr=False
    )

    _ends: dict[tuple[VpcRef, Texts], End] = field(default_factory=dict, repr=False)
    _plain: dict[tuple[int, int], bool] = field(default_factory=dict, repr=False)

    def reachable(self, way: Way) -> bool:
        """Whether nothing is in the way."""
        if not self.network.active(way.pair):
            return False
        return self.obstacle(way) is None

    def obstacle(self, way: Way) -> Obstacle | None:
        """The first thing in the way; None when the pair is reachable."""
        if self._plainly(way):
            return self._shut(way)
        return (
            self._unknown(way)
            or self._unpeered(way)
            or self._detoured(way)
            or self._denied(way)
            or self._shut(way)
        )

    def _plainly(self, way: Way) -> bool:
        """Whether it can be told at a glance that there and back nothing is in the way.

        As in most pairs: in every table one route takes all of a block, and the ACLs are open.
        No says nothing.
        """
        mine, theirs = self._end(way.source, way.mine), self._end(way.peer, way.theirs)
        back = id(theirs), id(mine)
        if back in self._plain:
            return self._plain[back]
        plain = mine.there and theirs.there and self.network.active(way.pair)
        routed = mine.routed & theirs.routed
        plain = plain and all(
            mine.open[version]
            and theirs.open[version]
            and straight(mine, theirs, version, way.pair)
            and straight(theirs, mine, version, way.pair)
            for version in routed & mine.spoken & theirs.spoken or routed
        )
        self._plain[id(mine), id(theirs)] = plain
        return plain

    def _end(self, vpc: VpcRef, blocks: Texts) -> End:
        key = vpc, blocks
        found = self._ends.get(key)
        if found is None:
            inventory = self.network.inventory
            routed = versions_of(blocks)
            acls = {v: [a for a, _ in self._acls_of(vpc, blocks, v)] for v in routed}
            tables = {v: [t.id for t, _ in self._tables_of(vpc, blocks, v)] for v in routed}
            self._ends[key] = found = End(
                inventory.readable(vpc.scope) and vpc in inventory.vpcs,
                routed,
                self._spoken(vpc, blocks),
                {version: blocks_of(blocks, version) for version in routed},
                {
                    v: each_once(self.network.table(vpc.scope, id_) for id_ in tables[v])
                    for v in routed
                },
                {v: all(self._acls.open(acl, v) for acl in acls[v]) for v in routed},
            )
        return found

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

    def _detoured(self, way: Way) -> Obstacle | None:
        """The first reason of both ways, in the order of reasons; of one reason the way there."""
        back = self._unrouted(way.back)
        found = self._unrouted(way), back and replace(back, back=True)
        return _first(obstacle for obstacle in found if obstacle is not None)

    def _unrouted(self, way: Way) -> Obstacle | None:
        if way not in self._routed:
            self._routed[way] = _first(self._detours(way))
        return self._routed[way]

    def _detours(self, way: Way) -> Iterator[Obstacle]:
        """What is wrong in any table. Ids, which AWS draws by lot, only order what is alike."""
        pair, versions = Pair.of(way.source, way.peer), self._versions(way)
        for text in way.theirs:
            block = block_of(text)
            if block.version not in versions:
                continue
            tables = self._tables_of(way.source, way.mine, block.version)
            if not tables:
                yield Obstacle(Reason.NO_ELIGIBLE_TABLE, way.source, destination=text)
            for table, subnet in tables:
                for hop in self.network.table(way.source.scope, table.id).taken(block):
                    if hop is None or hop.blackhole or hop.pair != pair:
                        yield self._detour(way.source, table, subnet, text, hop)

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
        """What the ACLs do not let through: on the way there, else on the way back."""
        kept: Obstacle | None = None
        for found in self._denials(way):
            if not found.back:
                return found
            kept = kept or found
        return kept

    def _denials(self, way: Way) -> Iterator[Obstacle]:
        for version in sorted(self._versions(way)):
            mine, theirs = blocks_of(way.mine, version), blocks_of(way.theirs, version)
            far = self._acls_of(way.peer, way.theirs, version)
            for near_acl, near_subnet in self._acls_of(way.source, way.mine, version):
                for far_acl, far_subnet in far:
                    denied = self._acls.denied(near_acl, far_acl, mine, theirs)
                    if denied is not None:
                        ours = denied.acl is near_acl
                        yield Obstacle(
                            Reason.ACL,
                            way.source if ours else way.peer,
                            near_subnet if ours else far_subnet,
                            network_acl=denied.acl.id,
                            rule=denied.rule,
                            egress=denied.egress,
                            back=denied.back,
                        )

    def _shut(self, way: Way) -> Obstacle | None:
        if not way.flows:
            return None
        versions = self._versions(way)
        mine, theirs = (
            [text for text in texts if block_of(text).version in versions]
            for texts in (way.mine, way.theirs)
        )
        found = (shut(self.network, flow, mine, theirs) for flow in way.flows)
        return next((obstacle for obstacle in found if obstacle is not None), None)

    def _versions(self, way: Way) -> Versions:
        """The IP versions that are judged: both are routed in them, and have subnets with them.

        A VPC that has IPv6 blocks and no subnet with one sends none, and nothing there answers.
        Where that leaves no version, those in which both are routed.
        """
        routed = versions_of(way.mine) & versions_of(way.theirs)
        spoken = self._spoken(way.source, way.mine) & self._spoken(way.peer, way.theirs)
        return routed & spoken or routed

    def _spoken(self, vpc: VpcRef, blocks: Texts) -> Versions:
        """The IP versions of the subnets that take part; both of a VPC without (known) ones."""
        key = vpc, blocks
        if key not in self._spoken_there:
            held = (text for subnet in self._subnets_of(vpc, blocks) for text in subnet.blocks)
            self._spoken_there[key] = versions_of(held) or BOTH
        return self._spoken_there[key]

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
        """The ids of the subnets that take part and have this IP version, else of all, sorted."""
        every = self._subnets_of(vpc, blocks)
        having = [subnet for subnet in every if version in versions_of(subnet.blocks)]
        return [subnet.id for subnet in having or every]

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


def _first(found: Iterable[Obstacle]) -> Obstacle | None:
    """The one whose reason comes first; of several the first one."""
    return min(found, key=lambda obstacle: _RANK[obstacle.reason], default=None)

"""What a reviewer should know about routes that are otherwise right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from bot.kinds.base import References
from bot.kinds.route.spec import ObservedRoute, RouteClaim, RouteSpec
from bot.model.address import VpcRef
from bot.model.change import Change
from bot.model.cidr import Blocks, network, within
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.inventory import Inventory, Vpc
from bot.model.mesh import Member, Mesh

INTERNET = ("igw-", "nat-", "eigw-")


def shadowing(
    created: Iterable[Change[RouteSpec]],
    routes: Iterable[ObservedRoute],
    references: References,
) -> Iterator[Diagnostic]:
    """New routes that take traffic from a broader one, told once per broader route."""
    tables: dict[str, dict[str, ObservedRoute]] = defaultdict(dict)
    for route in routes:
        if not route.is_local and not route.to_prefix_list and not _ours(route, references):
            tables[route.table].setdefault(route.destination, route)
    blocks = {table: Blocks(held) for table, held in tables.items()}
    taken: dict[tuple[VpcRef, str, str, str], list[Change[RouteSpec]]] = defaultdict(list)
    for change in created if blocks else ():
        table = change.address.key.split("/", 1)[0]
        held = blocks.get(table)
        if held is None:
            continue
        assert change.after is not None
        for block, route in held.broader(change.after.destination):
            if not _only_internet(change.after.destination, block, route):
                taken[route.vpc, table, block, route.target].append(change)
            break
    for (vpc, table, block, target), changes in sorted(taken.items()):
        yield _shadow(vpc, table, f"{block} -> {target}", changes)


def _ours(route: ObservedRoute, references: References) -> bool:
    held = references.by_id.get(route.target)
    return held is not None and held.managed


def _only_internet(destination: str, block: str, route: ObservedRoute) -> bool:
    """Private addresses never meant to go to the internet lose nothing."""
    is_default = network(block).prefixlen == 0
    return is_default and route.target.startswith(INTERNET) and network(destination).is_private


def _shadow(vpc: VpcRef, table: str, route: str, changes: list[Change[RouteSpec]]) -> Diagnostic:
    blocks = sorted({c.after.destination for c in changes if c.after is not None})
    return Diagnostic(
        Severity.NOTICE,
        "shadowed-route",
        f"{vpc} {table}: {', '.join(blocks)} will be taken from {route}",
        "Traffic to these addresses went there until now; it will go to the peering.",
        min((line for c in changes for line in c.declared_at), default=None),
        frozenset().union(*(c.environments for c in changes)),
    )


def overlapping_claims(
    wanted: Mapping[VpcRef, Mapping[str, tuple[RouteClaim, ...]]],
) -> Iterator[Diagnostic]:
    """Claims of different length in one VPC, whose claims by destination are given."""
    for vpc in sorted(wanted, key=lambda vpc: vpc.sort_key):
        blocks = Blocks(
            {
                destination: claims[0]
                for destination, claims in wanted[vpc].items()
                if len({claim.peering for claim in claims}) == 1
            }
        )
        for destination, claim in sorted(blocks.within_others(), key=itemgetter(0)):
            for block, other in blocks.broader(destination):
                if other.peering != claim.peering:
                    yield _overlap(vpc, (destination, claim), (block, other))
                    break


def _overlap(
    vpc: VpcRef, narrow: tuple[str, RouteClaim], broad: tuple[str, RouteClaim]
) -> Diagnostic:
    (destination, claim), (block, other) = narrow, broad
    return Diagnostic(
        Severity.NOTICE,
        "overlapping-claims",
        f"in {vpc}, {claim.peer} gets {destination}, and {other.peer} the rest of {block}",
        "Both claim these addresses; the longer prefix wins.",
        claim.declared_at,
        frozenset({claim.environment, other.environment}),
    )


def outside_overrides(mesh: Mesh, inventory: Inventory) -> Iterator[Diagnostic]:
    """Overrides that no block of their own VPC holds."""
    for _, environment in mesh:
        for member in environment.present:
            vpc = inventory.vpcs.get(member.vpc)
            for override in member.cidr_overrides or ():
                if vpc is not None and not _held(override, vpc):
                    yield _outside(override, member, environment.name)


def _held(override: str, vpc: Vpc) -> bool:
    return any(within(override, block) for block in (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks))


def _outside(override: str, member: Member, environment: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "override-outside",
        f"override {override} of {member.vpc} is outside the VPC's CIDR blocks",
        "Peers will send traffic for it to this VPC, which has no such addresses.",
        member.overrides_declared_at or member.declared_at,
        frozenset({environment}),
    )

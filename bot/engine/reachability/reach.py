"""Who reaches whom in each environment: before a plan and after it, or now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.engine.observe import Facts
from bot.engine.reachability import network
from bot.engine.reachability.ask import ACLS
from bot.engine.reachability.blocks import block_of
from bot.engine.reachability.groups import flows
from bot.engine.reachability.judge import Judge, Way
from bot.kinds.route.desire import destinations_of
from bot.kinds.route.spec import RouteSpec
from bot.kinds.security_group_rule import RuleSpec
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import VpcRef
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Member, Mesh
from bot.model.reachability import SMALL, EnvironmentReach, PairReach, Tally
from bot.model.subnet import SubnetFacts
from bot.model.topology import connected_members

Ordered = tuple[VpcRef, VpcRef]


def concerned(plan: Plan, head: Mesh, base: Mesh | None) -> tuple[str, ...]:
    """The environments whose reachability a plan may change, sorted.

    Those that its changes belong to, and those with a VPC that something is changed in: what
    one environment routes there can take traffic from another, and so can a rule that goes.
    """
    names: set[str] = set().union(*{change.environments for change in plan.changes})
    specs = [change.after or change.before for change in plan.changes]
    touched = {spec.vpc for spec in specs if isinstance(spec, RouteSpec)}
    touched.update(*({s.requester, s.accepter} for s in specs if isinstance(s, PeeringSpec)))
    grouped = {spec.vpc for spec in specs if isinstance(spec, RuleSpec)}
    for mesh in (head, base):
        for _, environment in mesh or ():
            near = any(member.vpc in touched for member in environment.present)
            if near or not grouped.isdisjoint(_ruled(environment)):
                names.add(environment.name)
    return tuple(sorted(names.intersection(plan.environments)))


def _ruled(environment: Environment) -> Iterator[VpcRef]:
    """The VPCs that its entries for security groups are about."""
    for rule in environment.security_group_rules:
        yield from (rule.source.vpc, rule.destination.vpc)


def with_reachability(
    plan: Plan, head: Mesh, base: Mesh | None, facts: Facts, subnets: SubnetFacts
) -> Plan:
    """The plan with what it means to each environment that it concerns.

    An environment without changes of its own is told of only when its reachability changes.
    """
    names = concerned(plan, head, base)
    if not names:
        return plan
    now = network.before(facts, subnets)
    before, after = Judge(now), Judge(network.after(now, plan.changes))
    earlier = (base if base is not None and base.known else head).environments
    changed: set[str] = set().union(*{change.environments for change in plan.changes})
    found = []
    for name in names:
        wanted, had = head.environments.get(name), earlier.get(name)
        ways = Ways.of(name, wanted, facts.inventory)
        same = ways if wanted == had else Ways.of(name, had, facts.inventory)
        found.append(_compared(ways, after, same, before))
    told = {*plan.diagnostics, *unread(subnets)}
    return replace(
        plan,
        reachability=tuple(r for r in found if r.environment in changed or r.before != r.after),
        subnets=subnets,
        diagnostics=tuple(sorted(told, key=lambda d: d.sort_key)),
    )


def found_now(
    mesh: Mesh, names: Iterable[str], facts: Facts, subnets: SubnetFacts
) -> tuple[EnvironmentReach, ...]:
    """How far the members of these environments reach one another as things are."""
    judge = Judge(network.before(facts, subnets))
    return tuple(
        _compared(Ways.of(name, mesh.environments.get(name), facts.inventory), judge)
        for name in sorted(set(names))
    )


@dataclass(frozen=True, slots=True)
class Ways:
    """The ordered pairs that an environment wants, sorted; ``unrouted`` are without routes."""

    environment: str
    members: tuple[VpcRef, ...] = ()
    wanted: tuple[Way, ...] = ()
    unrouted: int = 0

    @classmethod
    def of(cls, name: str, environment: Environment | None, inventory: Inventory) -> Ways:
        """Those of an environment, by its members' routed blocks; none of one that is gone."""
        if environment is None:
            return cls(name)
        blocks = {
            member.vpc: destinations_of(environment, member, inventory)
            for member in environment.present
        }
        managed = flows(environment, inventory)
        wanted: list[Way] = []
        unrouted = 0
        for one, other in connected_members(environment):
            a, b = one.vpc, other.vpc
            way = Way(a, b, blocks[a], blocks[b], managed.get((a, b), ()))
            if _routed(one, other, way, inventory):
                wanted += [way, Way(b, a, way.theirs, way.mine, managed.get((b, a), ()))]
            else:
                unrouted += 2
        members = sorted(blocks, key=lambda vpc: vpc.sort_key)
        wanted.sort(key=lambda way: (way.source.sort_key, way.peer.sort_key))
        return cls(name, tuple(members), tuple(wanted), unrouted)


def _routed(one: Member, other: Member, way: Way, inventory: Inventory) -> bool:
    """Whether the two are routed to each other, as far as is known, in a common IP version."""
    for member, blocks in ((one, way.mine), (other, way.theirs)):
        if member.cidr_overrides is not None and not blocks:
            return False
    if not {one.vpc, other.vpc} <= inventory.vpcs.keys():
        return True
    mine, theirs = ({block_of(b).version for b in blocks} for blocks in (way.mine, way.theirs))
    return bool(mine & theirs)


def _compared(
    ways: Ways, after: Judge, earlier: Ways | None = None, before: Judge | None = None
) -> EnvironmentReach:
    was: dict[Ordered, bool] = {}
    if earlier is not None and before is not None:
        was = {(w.source, w.peer): before.reachable(w) for w in earlier.wanted}
    small = len(ways.members) <= SMALL
    found = [(way, after.obstacle(way)) for way in ways.wanted]
    reachable = sum(obstacle is None for _, obstacle in found)
    pairs = tuple(
        PairReach(way.source, way.peer, obstacle, was.get((way.source, way.peer)))
        for way, obstacle in found
        if small or obstacle is not None
    )
    return EnvironmentReach(
        ways.environment,
        ways.members,
        Tally(sum(was.values()), len(was)) if earlier is not None else None,
        Tally(reachable, len(found)),
        pairs,
        ways.unrouted,
    )


def unread(subnets: SubnetFacts) -> Iterator[Diagnostic]:
    """What was not known when reachability was judged: a note, and no gap."""
    for scope, problem in subnets.problems:
        action = problem.partition(": ")[0]
        what = "network ACLs" if action == ACLS else "subnets"
        yield Diagnostic(
            Severity.NOTICE,
            "subnets-unread",
            f"the {what} of {scope} could not be read; reachability is judged without them",
            f"{problem}. Allow {action} to the member role (docs/iam.md).",
        )

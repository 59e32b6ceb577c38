"""What plans and verify say of who reaches whom, against a packet walker that shares no code."""

from __future__ import annotations

from random import Random

from hypothesis import event, given

from bot.model.address import VpcRef
from bot.model.mesh import Environment, Mesh
from bot.model.reachability import EnvironmentReach, Tally
from bot.model.security_group import SECURITY_GROUP_RULE
from bot.usecases.verify import verify
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.world import FakeRule, FakeTable, World
from tests.oracle.walk import reachable
from tests.properties import grouping
from tests.properties.cases import (
    Case,
    bounded,
    build_with_peerd,
    draw_case,
    likely,
    put_route,
    randoms,
    some_live,
    some_table,
)

STATUSES = ("pending-acceptance", "provisioning", "failed", "deleted", "rejected")


def walked(world: World, environment: Environment) -> dict[tuple[VpcRef, VpcRef], bool]:
    """The wanted ordered pairs, by the walker."""
    found: dict[tuple[VpcRef, VpcRef], bool] = {}
    present = environment.present
    hubs = {m.vpc for m in present if m.role == "hub"}
    for one in present:
        for other in present:
            apart = environment.topology == "hub-and-spoke" and not {one.vpc, other.vpc} & hubs
            if one.vpc == other.vpc or apart:
                continue
            said = reachable(world, environment, one.vpc, other.vpc)
            if said is not None:
                found[one.vpc, other.vpc] = said
    return found


def assert_agree(reach: EnvironmentReach, wanted: dict[tuple[VpcRef, VpcRef], bool]) -> None:
    lost = {ends for ends, said in wanted.items() if not said}
    assert {(pair.source, pair.peer) for pair in reach.exceptions} == lost
    assert reach.after == Tally(len(wanted) - len(lost), len(wanted))


def add_subnets(rnd: Random, case: Case) -> None:
    """Subnets of every VPC, in its tables, and now and then an ACL."""
    world = case.world
    for number, (ref, vpc) in enumerate(sorted(world.vpcs.items())):
        tables = sorted(world.tables_of(ref), key=lambda t: t.id)
        for n in range(rnd.randint(0, 3)):
            block = vpc.v4[rnd.randint(0, len(vpc.v4) - 1)]
            first = block.split("/")[0].rpartition(".")[0].rpartition(".")[0]
            own = f"{first}.{n}.0/24" if block.endswith("/16") else block
            six = [vpc.v6[0].replace("/56", "/64")] if vpc.v6 and likely(rnd, 60) else []
            table = tables[rnd.randint(0, len(tables) - 1)].id if likely(rnd, 60) else ""
            subnet = world.subnet(f"subnet-{number:04x}{n:04x}", ref, own, *six, table=table)
            if likely(rnd, 30):
                world.acl(f"acl-{number:04x}{n:04x}", subnet, *_rules(rnd, world))


def _rules(rnd: Random, world: World) -> list[FakeRule]:
    """Mostly everything is let through in the end, but not what comes first."""
    blocks = ["0.0.0.0/0", "::/0", "10.0.0.0/8", "10.128.0.0/9", "192.0.2.0/24"]
    blocks += [block for vpc in world.vpcs.values() for block in (*vpc.v4, *vpc.v6)]
    blocks += [f"10.{n}.{m}.0/24" for n in range(3) for m in range(3)]
    ports = (None, (0, 65535), (22, 22), (443, 443), (0, 1023), (1024, 65535), (2000, 3000))
    drawn = [
        FakeRule(
            number,
            likely(rnd, 50),
            likely(rnd, 50),
            blocks[rnd.randint(0, len(blocks) - 1)],
            ("-1", "6", "6", "17")[rnd.randint(0, 3)],
            ports[rnd.randint(0, len(ports) - 1)],
        )
        for number in range(10, 10 + rnd.randint(0, 4))
    ]
    for egress in (True, False):
        if likely(rnd, 90):
            drawn += [FakeRule(500, egress, True, "0.0.0.0/0"), FakeRule(501, egress, True, "::/0")]
    return drawn


def break_something(rnd: Random, case: Case) -> None:
    """A route, a table, a peering or an account that is not as it should be."""
    table, live = some_table(rnd, case), some_live(rnd, case)
    kind = rnd.randint(0, 5)
    if kind == 0 and live is not None:
        live.status = STATUSES[rnd.randint(0, len(STATUSES) - 1)]
        if live.status == "provisioning":
            live.due.append((case.world.clock.now + 5.0, "active", "Active"))
    elif kind == 1 and table is not None:
        table.tags.clear()
    elif kind == 2 and likely(rnd, 30) and case.present():
        case.world.closed.add(case.present()[0].scope.account)
    elif table is not None:
        _break_route(rnd, case, table)


def _break_route(rnd: Random, case: Case, table: FakeTable) -> None:
    static = [r for r in table.routes if r.static and r.target != "local"]
    if static and likely(rnd, 40):
        table.routes.remove(static[rnd.randint(0, len(static) - 1)])
        return
    number = rnd.randint(0, 8)
    live = some_live(rnd, case)
    targets = ["tgw-1", "pcx-gone", *([live.id] if live else [])]
    target = targets[rnd.randint(0, len(targets) - 1)]
    lengths = (f"10.{number}.0.0/16", f"10.{number}.1.0/24", f"10.{number}.128.0/17", "10.0.0.0/8")
    destination = lengths[rnd.randint(0, len(lengths) - 1)]
    if likely(rnd, 20):
        destination = f"2001:db8:{number + 1:x}:100::/64"
    put_route(table, destination, target, broken=target == "pcx-gone" or likely(rnd, 10))


def mesh_files(case: Case) -> Mesh:
    """The files; every VPC of them has a table, as AWS sees to."""
    for ref in case.world.vpcs:
        if not any(case.world.tables_of(ref)):
            case.world.table(f"rtb-main-{ref.vpc_id}", ref, eligible=False)
    return case.head


@bounded(120)
@given(randoms)
def test_verify_says_what_the_walker_finds(rnd: Random) -> None:
    case = draw_case(rnd, 6)
    head = mesh_files(case)
    add_subnets(rnd, case)
    build_with_peerd(rnd, case)
    for _ in range(rnd.randint(0, 6)):
        break_something(rnd, case)

    found = verify(FakeAws(case.world), head)

    for reach in found.reachability:
        wanted = walked(case.world, head.environments[reach.environment])
        event(f"some {'reachable' if any(wanted.values()) else 'nothing'}")
        for pair in reach.exceptions:
            event(str(pair.obstacle and pair.obstacle.reason))
        assert_agree(reach, wanted)
    assert {r.environment for r in found.reachability} == head.environments.keys()


@bounded(60)
@given(randoms)
def test_a_plan_says_what_the_walker_finds_before_and_after_the_apply(rnd: Random) -> None:
    case = draw_case(rnd, 6)
    head = mesh_files(case)
    add_subnets(rnd, case)
    if likely(rnd, 60):
        build_with_peerd(rnd, case)
    for _ in range(rnd.randint(0, 4)):
        break_something(rnd, case)
    case.world.closed.clear()
    before = {name: walked(case.world, env) for name, env in head.environments.items()}

    aws = FakeAws(case.world)
    plan = run.plan(aws, head)
    report = run.apply(aws, head, None, plan)
    case.world.let_pass(60)

    assert report.succeeded, [outcome for outcome in report.outcomes if outcome.error]
    changed = {name for change in plan.changes for name in change.environments}
    told = {reach.environment: reach for reach in plan.reachability}
    assert changed <= told.keys()
    for name, environment in head.environments.items():
        after = walked(case.world, environment)
        if name not in told:
            assert sum(after.values()) == sum(before[name].values())
            continue
        assert_agree(told[name], after)
        assert told[name].before == Tally(sum(before[name].values()), len(before[name]))
        for pair in told[name].pairs:
            assert pair.before is before[name][pair.source, pair.peer]


# --- security groups


def drawn_with_groups(rnd: Random) -> tuple[Case, Mesh]:
    """A mesh that peerd built, mostly as it should be, with entries and groups."""
    case = grouping.pair_case(rnd) if likely(rnd, 60) else draw_case(rnd, 4)
    mesh_files(case)
    grouping.add_groups(rnd, case)
    build_with_peerd(rnd, case)
    return case, case.head


@bounded(200)
@given(randoms)
def test_verify_says_what_gets_through_security_groups(rnd: Random) -> None:
    case, head = drawn_with_groups(rnd)
    aws = FakeAws(case.world)
    if likely(rnd, 80):
        run.apply(aws, head, None, run.plan(aws, head))
        case.world.let_pass(60)
    for _ in range(rnd.randint(0, 6)):
        grouping.meddle(rnd, case)
    if likely(rnd, 20):
        break_something(rnd, case)

    found = verify(FakeAws(case.world), head)

    for reach in found.reachability:
        environment = head.environments[reach.environment]
        wanted = walked(case.world, environment)
        for pair in reach.exceptions:
            event(str(pair.obstacle and pair.obstacle.reason))
        ruled = {(r.source.vpc, r.destination.vpc) for r in environment.security_group_rules}
        event(f"some entry {'gets through' if any(map(wanted.get, ruled)) else 'does not'}")
        assert_agree(reach, wanted)


@bounded(150)
@given(randoms)
def test_a_plan_says_what_gets_through_security_groups_before_and_after(rnd: Random) -> None:
    case, head = drawn_with_groups(rnd)
    aws, base = FakeAws(case.world), None
    if likely(rnd, 60):
        run.apply(aws, head, None, run.plan(aws, head))
        case.world.let_pass(60)
        base = head
        grouping.edit_entries(rnd, case)
    if likely(rnd, 30):
        grouping.lose_a_peering(rnd, case)
    for _ in range(rnd.randint(0, 4)):
        grouping.meddle(rnd, case)
    head, earlier = case.head, base or case.head
    before = {name: walked(case.world, env) for name, env in earlier.environments.items()}

    plan = run.plan(aws, head, base)
    report = run.apply(aws, head, base, plan)
    case.world.let_pass(60)

    assert report.succeeded, [outcome for outcome in report.outcomes if outcome.error]
    event(f"rules change: {any(c.address.kind == SECURITY_GROUP_RULE for c in plan.changes)}")
    told = {reach.environment: reach for reach in plan.reachability}
    for name, environment in head.environments.items():
        after = walked(case.world, environment)
        if name in told:
            assert_agree(told[name], after)
            assert told[name].before == Tally(sum(before[name].values()), len(before[name]))
        elif base is None or base.environments[name] == environment:
            assert after == before[name]

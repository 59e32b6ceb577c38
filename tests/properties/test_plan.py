"""What a plan asks AWS, and what its fingerprint depends on."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given

from bot.kinds.peering_options import OptionsSpec
from bot.model.address import Scope, pair_of
from bot.model.change import Plan
from tests.fakes import run
from tests.fakes.aws import SIGN_IN, FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World
from tests.oracle.wishes import wishes_of
from tests.properties.cases import Case, bounded, randoms, shuffled
from tests.properties.mutations import FILE_EDITS, WORLD_EVENTS, close_account, mutate
from tests.properties.test_apply import a_mesh_that_stands, told
from tests.properties.test_quotas import GET_QUOTA

ATTRIBUTE = "ec2:DescribeVpcAttribute"
RULES = "ec2:DescribeSecurityGroupRules"
"""Asked at the ends of peerings that nobody wants: rules of ours go before them."""
SUBNETS = ("ec2:DescribeSubnets", "ec2:DescribeNetworkAcls")
DESCRIBES = ("ec2:DescribeVpcs", "ec2:DescribeVpcPeeringConnections", "ec2:DescribeRouteTables")


def _asks_of_names_what_goes_on(aws: FakeAws, plan: Plan) -> None:
    """Two attributes of each readable VPC with a peering on which a side goes on; no others."""
    specs = [c.after for c in plan.changes if isinstance(c.after, OptionsSpec)]
    pairs = [pair_of(s.peering) for s in specs if s.allow_dns_resolution_from_remote_vpc]
    gaps = {gap.scope for gap in plan.gaps}
    ends = {vpc for pair in pairs for vpc in (pair.first, pair.second)}
    going_on = {vpc.vpc_id for vpc in ends if vpc.scope not in gaps}
    asked = Counter(call.params["VpcId"] for call in aws.made(ATTRIBUTE))
    assert asked == Counter(dict.fromkeys(going_on, 2))


def _asks_for_rules_where_peerings_go(
    case: Case, standing: World, made: Counter[tuple[str, Scope]]
) -> None:
    """Once in each scope at the end of a peering that nobody wants, and nowhere else."""
    wanted = wishes_of(case.head, case.base).pairs()
    parting = {p.ends for p in standing.peerings.values() if p.live} - set(wanted)
    asked = {where: n for (action, where), n in made.items() if action == RULES}
    assert asked.keys() <= {end.scope for ends in parting for end in ends}
    assert set(asked.values()) <= {1}


@bounded(40)
@given(randoms)
def test_a_plan_reads_each_scope_with_three_describes_and_signs_in_once(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd, 7)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 3)
    if rnd.randint(0, 3) == 3:
        close_account(rnd, case)
    told(case)
    aws = FakeAws(case.world)
    standing = case.world.copy()

    plan = run.plan(aws, case.head, case.base)

    assert case.world == standing
    made = Counter((call.action, call.scope) for call in aws.calls if call.action != SIGN_IN)
    named = {m.vpc.scope for mesh in (case.head, case.base) for _, e in mesh for m in e.members}
    abandoned = set(case.head.abandoned_accounts)
    readable = {s for s in named if s.account not in case.world.closed | abandoned}
    assert {where for action, where in made if action == GET_QUOTA} <= readable
    _asks_of_names_what_goes_on(aws, plan)
    second = {k: n for k, n in made.items() if k[0] in SUBNETS}
    assert set(second.values()) <= {1}
    assert {where for _, where in second} <= (readable if plan.changes else set())
    _asks_for_rules_where_peerings_go(case, standing, made)
    besides = (GET_QUOTA, ATTRIBUTE, RULES, *SUBNETS)
    described = Counter({k: n for k, n in made.items() if k[0] not in besides})
    assert described == Counter({(action, scope): 1 for scope in readable for action in DESCRIBES})
    signed = Counter(call.scope.account for call in aws.made(SIGN_IN) if not call.refused)
    assert signed == Counter({scope.account for scope in readable})
    gaps = {s for s in named if s.account in case.world.closed and s.account not in abandoned}
    assert {gap.scope for gap in plan.gaps} == gaps
    assert plan.complete == (not gaps)


@bounded(40)
@given(randoms)
def test_a_fingerprint_is_the_same_whatever_the_order_of_files_and_answers(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd, 8)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 4)
    told(case)
    head, base = mesh_of(shuffled(rnd, case.head_files)), mesh_of(shuffled(rnd, case.base_files))

    one = run.plan(FakeAws(case.world), case.head, case.base)
    other = run.plan(FakeAws(case.world, shuffle=Random(rnd.randint(0, 9))), head, base)  # noqa: S311

    assert [c.canonical for c in one.changes] == [c.canonical for c in other.changes]
    assert one.fingerprint == other.fingerprint
    assert dict(one.fingerprints) == dict(other.fingerprints)
    assert {r.code for r in one.refusals} == {r.code for r in other.refusals}


@bounded(40)
@given(randoms)
def test_a_narrowed_plan_is_part_of_the_whole(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd, 7)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 4)
    told(case)
    whole = run.plan(FakeAws(case.world), case.head, case.base)
    seen = set()

    for name in whole.environments:
        part = run.plan(FakeAws(case.world), case.head, case.base, name)
        assert part.fingerprint == whole.fingerprints[name]
        assert set(part.changes) <= set(whole.changes)
        seen |= {change.address for change in part.changes}

    assert seen == {change.address for change in whole.changes}

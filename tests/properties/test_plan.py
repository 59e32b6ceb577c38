"""What a plan asks AWS, and what its fingerprint depends on."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given

from tests.fakes import run
from tests.fakes.aws import SIGN_IN, FakeAws
from tests.fakes.meshes import mesh_of
from tests.properties.cases import bounded, randoms, shuffled
from tests.properties.mutations import FILE_EDITS, WORLD_EVENTS, close_account, mutate
from tests.properties.test_apply import a_mesh_that_stands, told

DESCRIBES = ("ec2:DescribeVpcs", "ec2:DescribeVpcPeeringConnections", "ec2:DescribeRouteTables")


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
    assert made == Counter({(action, scope): 1 for scope in readable for action in DESCRIBES})
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

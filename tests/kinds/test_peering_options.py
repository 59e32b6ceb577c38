"""Peering options: what is asked and told, whose a change is, and how it ends when AWS refuses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bot.engine.part import closed
from bot.engine.subset import is_subset
from bot.kinds import peering_options
from bot.kinds.peering_options import OptionsSpec
from bot.model.address import AccountId, Pair, VpcRef, peering_address, peering_options_address
from bot.model.change import Action, Change, Plan, Result
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope

PATH = "meshes/net.yaml"
MODIFY, ASK = "ec2:ModifyVpcPeeringConnectionOptions", "ec2:DescribeVpcAttribute"
ONE, TWO, EAST, WEST = "111111111111", "222222222222", "us-east-1", "eu-west-1"


def ref(number: int, account: str = ONE, region: str = EAST) -> VpcRef:
    return VpcRef(scope(account, region), f"vpc-{number:08x}")


A, B, C = ref(1), ref(2, TWO, WEST), ref(3, TWO)


def member(vpc: VpcRef, **more: Any) -> dict[str, Any]:
    where = {"account_id": vpc.scope.account, "region": vpc.scope.region, "vpc_id": vpc.vpc_id}
    return where | more


def mesh(**environments: Any) -> Mesh:
    return mesh_of({PATH: {"environments": environments}})


def wants(value: bool | None, *vpcs: VpcRef) -> dict[str, Any]:
    """A full mesh of these VPCs with this ``dns_resolution``."""
    said = {} if value is None else {"dns_resolution": value}
    return {"vpcs": [member(vpc) for vpc in vpcs], **said}


def world_of(*vpcs: VpcRef, built: Mesh | None = None) -> FakeAws:
    world = World()
    for number, vpc in enumerate(vpcs, 1):
        world.vpc(vpc, f"10.{number}.0.0/16")
        world.table(f"rtb-{number:08x}", vpc)
    if built:
        peerd.build(built, world)
    return FakeAws(world)


def options(plan: Plan) -> list[Change[Any]]:
    return [change for change in plan.changes if change.address.kind == peering_options.NAME]


def asked(aws: FakeAws) -> Counter[str]:
    return Counter(str(call.params["VpcId"]) for call in aws.made(ASK))


# --- what is asked, and what is told


def test_attributes_are_asked_of_both_ends_of_what_goes_on_and_of_nobody_else() -> None:
    head = mesh(
        a={"vpcs": [member(A, dns_resolution=True), member(B), member(C, dns_resolution=False)]}
    )
    aws = world_of(A, B, C, built=head)
    (ab,) = (p for p in aws.world.peerings.values() if p.ends == {A, B})
    (bc,) = (p for p in aws.world.peerings.values() if p.ends == {B, C})
    ab.dns, bc.dns = {A}, {C}

    plan = run.plan(aws, head)

    assert {c.address for c in options(plan)} == {
        peering_options_address(A, C),
        peering_options_address(C, B),
    }
    assert asked(aws) == {A.vpc_id: 2, C.vpc_id: 2}


def test_a_plan_that_turns_nothing_on_asks_nothing_more() -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B)
    run.apply(aws, head, None, run.plan(aws, head))
    aws.calls.clear()

    again, off = run.plan(aws, head), run.plan(aws, mesh(a=wants(False, A, B)))

    assert (options(again), len(options(off))) == ([], 2)
    assert not asked(aws)


@pytest.mark.parametrize("attribute", ["enableDnsSupport", "enableDnsHostnames"])
def test_a_vpc_that_lacks_an_attribute_is_told_once_on_the_settings_line(attribute: str) -> None:
    head = mesh(a=wants(True, A, B, C))
    aws = world_of(A, B, C)
    fingerprint = run.plan(aws, head).fingerprint
    aws.world.vpcs[A].attributes[attribute] = False

    plan = run.plan(aws, head)

    (told,) = plan.diagnostics
    assert (told.code, told.severity, told.environments) == (
        "dns-attributes",
        "warning",
        frozenset({"a"}),
    )
    assert f"{A} has {attribute} off" in told.summary
    assert "2 peerings" in told.summary
    assert told.location == head.environments["a"].declared_at
    assert plan.fingerprint == fingerprint, "a remark is not a change"


def test_attributes_that_cannot_be_read_are_a_note_and_no_gap() -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B)
    aws.rules = [Rule(ASK, account=AccountId(TWO))]

    plan = run.plan(aws, head)

    (note,) = plan.diagnostics
    assert (note.code, note.severity, plan.complete) == ("dns-attributes-unread", "notice", True)
    assert str(B.scope) in note.summary
    assert "UnauthorizedOperation" in note.detail
    assert len(options(plan)) == 2


def test_nothing_more_is_asked_of_a_gap() -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B, built=head)
    aws.world.closed.add(AccountId(TWO))

    plan = run.plan(aws, head)

    assert [c.address for c in options(plan)] == [peering_options_address(A, B)]
    assert asked(aws) == {A.vpc_id: 2}
    assert [d.code for d in plan.diagnostics] == []


def test_an_answer_without_options_is_one_with_the_option_off() -> None:
    """AWS shows a side's options where it has some to show."""
    head = mesh(a=wants(False, A, B))
    item = {
        "VpcPeeringConnectionId": "pcx-1",
        "RequesterVpcInfo": {"OwnerId": ONE, "Region": EAST, "VpcId": A.vpc_id},
        "AccepterVpcInfo": {"OwnerId": TWO, "Region": WEST, "VpcId": B.vpc_id},
    }

    class Answers:
        def read(self, *_: Any, **__: Any) -> Any:
            return iter([item, {**item, "AccepterVpcInfo": None}])

    assert list(peering_options.observe(Answers(), A.scope)) == []
    assert options(run.plan(world_of(A, B, built=head), head)) == []


# --- whose a change is


def test_a_side_of_a_shared_pair_belongs_to_all_who_share_it() -> None:
    head = mesh(says=wants(True, A, B), silent=wants(None, A, B), other=wants(None, A, C))
    aws = world_of(A, B, C, built=head)

    plan = run.plan(aws, head)

    assert [c.environments for c in options(plan)] == [frozenset({"says", "silent"})] * 2
    assert {c.declared_at for c in options(plan)} == {(head.environments["says"].declared_at,)}


def test_a_frozen_side_names_both_and_neither_is_applied() -> None:
    head = mesh(yes=wants(True, A, B), no=wants(False, A, B))
    aws = world_of(A, B, built=head)

    plan = run.plan(aws, head)

    assert options(plan) == []
    assert {d.code for d in plan.diagnostics} == {"contested-dns-resolution"}
    assert all(d.environments == {"yes", "no"} for d in plan.diagnostics)
    assert plan.faulty
    assert not asked(aws)


def test_options_are_left_out_with_the_peering_that_they_need() -> None:
    head = mesh(a=wants(True, A, B))
    plan = run.plan(world_of(A, B), head)

    part = closed(plan.changes, lambda change: change.address.kind == peering_options.NAME)

    assert options(plan)
    assert part == ()


# --- fingerprint and subset


def spec(on: bool) -> OptionsSpec:
    return OptionsSpec(A, peering_address(Pair.of(A, B)), "requester", on)


def change(before: bool | None, after: bool) -> list[dict[str, Any]]:
    held = None if before is None else spec(before)
    return [Change(peering_options_address(A, B), held, spec(after)).canonical]


def test_what_is_left_of_a_new_peering_is_a_subset_and_the_opposite_is_not() -> None:
    assert is_subset(change(False, True), change(None, True))
    assert is_subset(change(False, True), change(False, True))
    assert not is_subset(change(None, True), change(False, True))
    assert not is_subset(change(True, False), change(None, True))
    assert not is_subset(change(False, True), change(True, False))


def test_who_requested_is_part_of_what_is_done() -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B, built=head)
    (peering,) = aws.world.peerings.values()
    one = run.plan(aws, head)
    peering.requester, peering.accepter = peering.accepter, peering.requester

    other = run.plan(aws, head)

    sides = [{c.after.vpc: c.after.side for c in options(plan) if c.after} for plan in (one, other)]
    assert sides == [{A: "requester", B: "accepter"}, {A: "accepter", B: "requester"}]
    assert one.fingerprint != other.fingerprint


# --- what is done


def test_a_new_peering_is_waited_for_in_the_region_of_the_side_that_is_set() -> None:
    plan = run.plan(world_of(A, B, C), mesh(a=wants(True, A, B), b=wants(True, B, C)))

    assert len(options(plan)) == 4
    for made in options(plan):
        waits = [step.scope for step in peering_options.steps(made) if step.until]
        assert made.after
        requests = made.after.side == "requester"
        assert waits == ([made.after.vpc.scope] if requests else [])


def test_a_standing_peering_is_not_waited_for() -> None:
    head = mesh(a=wants(True, A, B))
    plan = run.plan(world_of(A, B, built=head), head)

    assert [len(peering_options.steps(c)) for c in options(plan)] == [1, 1]


def test_a_refused_side_fails_with_advice_and_holds_up_nobody() -> None:
    head = mesh(a=wants(True, A, B, C))
    aws = world_of(A, B, C)
    aws.world.vpcs[A].attributes["enableDnsHostnames"] = False

    report = run.apply(aws, head, None, run.plan(aws, head))

    failed = {o.change.address: o for o in report.outcomes if o.result is not Result.APPLIED}
    assert failed.keys() == {
        peering_options_address(*ends) for ends in ((A, B), (B, A), (A, C), (C, A))
    }
    for outcome in failed.values():
        assert outcome.result is Result.FAILED
        assert "OperationNotPermitted" in outcome.error
        assert "enableDnsHostnames" in outcome.advice
    aws.world.vpcs[A].attributes["enableDnsHostnames"] = True
    rest = run.plan(aws, head)
    assert [c.action for c in rest.changes] == [Action.UPDATE] * 4
    assert run.apply(aws, head, None, rest).succeeded
    assert run.plan(aws, head).changes == ()


def test_options_are_skipped_when_their_peering_fails() -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B)
    aws.rules = [Rule("ec2:AcceptVpcPeeringConnection")]

    report = run.apply(aws, head, None, run.plan(aws, head))

    skipped = [o for o in report.outcomes if o.change.address.kind == peering_options.NAME]
    assert [o.result for o in skipped] == [Result.SKIPPED] * 2
    assert {o.because_of for o in skipped} == {peering_address(Pair.of(A, B))}
    assert not aws.made(MODIFY)


@pytest.mark.parametrize("lands", [True, False])
def test_a_lost_answer_is_no_failure(lands: bool) -> None:
    head = mesh(a=wants(True, A, B))
    aws = world_of(A, B, built=head)
    aws.rules = [Rule(MODIFY, code="ReadTimeoutError", times=1, lands=lands)]

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert report.succeeded
    assert len(aws.made(MODIFY)) == 3
    assert run.plan(aws, head).changes == ()


def test_two_sides_that_share_a_call_are_parted_when_it_is_refused() -> None:
    here, there = ref(1), ref(2)
    head = mesh(a=wants(True, here, there))
    aws = world_of(here, there, built=head)
    aws.rules = [Rule(MODIFY, code="SomethingOdd", times=2)]

    report = run.apply(aws, head, None, run.plan(aws, head))

    sent = [len([k for k in call.params if k.endswith("Options")]) for call in aws.made(MODIFY)]
    assert sent == [2, 1, 1]
    assert sorted(o.result for o in report.outcomes) == [Result.APPLIED, Result.FAILED]


def test_a_change_is_told_in_one_line() -> None:
    head = mesh(a=wants(True, A, B))
    (new, *_), (standing, *_) = (
        options(run.plan(aws, head)) for aws in (world_of(A, B), world_of(A, B, built=head))
    )

    assert peering_options.describe(new) == f"peering options of {A}: DNS resolution from {B} on"
    assert peering_options.describe(standing).endswith(" on (was off)")


@pytest.mark.parametrize(("said", "told"), [(True, 1), (False, 0), (None, 0)])
def test_what_the_base_turned_on_and_nobody_speaks_of_is_told(said: bool | None, told: int) -> None:
    base, head = mesh(prod=wants(said, A, B, C)), mesh(prod=wants(None, A, B, C))
    aws = world_of(A, B, C, built=base)
    run.apply(aws, base, None, run.plan(aws, base))

    plan = run.plan(aws, head, base)

    notices = [d for d in plan.diagnostics if d.code == "dns-resolution-left-on"]
    assert len(notices) == told
    assert all("6 sides" in d.summary and "prod" in d.summary for d in notices)
    assert plan.changes == ()
    assert not run.plan(aws, head).diagnostics
    other = mesh(prod=wants(None, A, B, C), more=wants(True, A, B, C))
    assert "dns-resolution-left-on" not in {d.code for d in run.plan(aws, other, base).diagnostics}

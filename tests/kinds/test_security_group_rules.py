"""Security group rules: whose they are, what is refused, and how it ends when AWS refuses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.graph_difference import graph_difference
from bot.engine.part import closed
from bot.engine.subset import is_subset
from bot.model.address import VpcRef
from bot.model.change import Action, Result
from bot.model.mesh import Mesh
from bot.model.security_group import SECURITY_GROUP_RULE
from bot.render.planfile import check_plan, parsed, plan_json
from bot.render.rebuilt import plan_of
from bot.render.wording import NO_CHANGES, no_changes
from bot.usecases.plan import make_plan
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.ec2 import Quotas
from tests.fakes.faults import Rule
from tests.fakes.group import FakeGroupRule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World
from tests.kinds.grouped import (
    DESCRIBE,
    FAR,
    IN,
    OUT,
    PATH,
    REVOKE_IN,
    A,
    B,
    C,
    codes,
    converged,
    entry,
    members,
    mesh,
    rules,
    world,
)
from tests.oracle import disagreements, expect


def test_no_section_no_question() -> None:
    aws = FakeAws(world())

    run.plan(aws, mesh())

    assert not {call.action for call in aws.calls} & set(DESCRIBE)


def test_two_questions_in_each_scope_that_is_named() -> None:
    head = mesh(entry())
    aws = FakeAws(converged(head, world()))

    assert run.plan(aws, head).changes == ()

    named = {A.scope, B.scope}
    assert {c.scope for c in aws.calls if c.action in DESCRIBE} == named
    assert Counter(c.action for c in aws.calls if c.action in DESCRIBE) == dict.fromkeys(
        DESCRIBE, 2
    )


def test_entries_that_come_to_one_rule_are_an_error_and_the_first_counts() -> None:
    by_id = {"vpc_id": B.vpc_id, "group_id": "sg-00000002"}
    head = mesh(entry(description="first"), entry(destination=by_id, description="second"))

    plan = run.plan(FakeAws(world()), head)

    assert {c.after.description for c in rules(plan) if c.after} == {"first"}
    assert codes(plan)["rule-twice"] == 1


def test_a_rule_of_two_environments_stays_when_one_drops_it() -> None:
    def both(*names: str) -> Mesh:
        entries = [entry(environment=name) for name in names]
        environments = {"edge": members(A, B), "prod": members(A, B)}
        return mesh_of({PATH: {"environments": environments, "security_group_rules": entries}})

    there = converged(both("edge", "prod"), world())
    plan = run.plan(FakeAws(there), both("prod"), both("edge", "prod"))

    assert [(c.action, c.environments) for c in rules(plan)] == [
        (Action.UPDATE, frozenset({"edge", "prod"}))
    ] * 2
    tags = {c.after.tags.get("meshbot_environment") for c in rules(plan) if c.after}
    assert tags == {"prod"}


@pytest.mark.parametrize("lands", [True, False])
def test_a_rule_whose_answer_was_lost_is_made_once(lands: bool) -> None:
    aws = FakeAws(world(), rules=[Rule(IN, code="RequestTimeout", times=1, lands=lands)])
    head = mesh(entry())

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert report.succeeded, report.outcomes
    assert len(aws.world.groups["sg-00000002"].rules) == 1
    assert len(aws.made(IN)) == (1 if lands else 2)


@pytest.mark.parametrize("tags", [{}, {"service_name": "other", "meshbot_environment": "prod"}])
def test_a_rule_that_somebody_makes_meanwhile_is_not_taken_for_ours(tags: dict[str, str]) -> None:
    aws, head = FakeAws(world()), mesh(entry(direction="ingress"))
    plan = run.plan(aws, head)
    theirs = FakeGroupRule("sgr-99", False, "tcp", 5432, 5432, "sg-00000001", "", tags)
    aws.world.groups["sg-00000002"].add(theirs)

    report = run.apply(aws, head, None, plan)

    (outcome,) = report.outcomes
    assert outcome.result is Result.FAILED
    assert "InvalidPermission.Duplicate" in outcome.error
    assert "adopt: true" in outcome.advice


def test_a_deletion_whose_answer_was_lost_is_seen_to_be_done() -> None:
    there = converged(mesh(entry()), world())
    aws = FakeAws(there, rules=[Rule(REVOKE_IN, code="RequestTimeout", times=1, lands=True)])

    report = run.apply(aws, mesh(), mesh(entry()), run.plan(aws, mesh(), mesh(entry())))

    assert report.succeeded
    assert len(aws.made(REVOKE_IN)) == 1


def test_a_failed_revoke_keeps_the_peering() -> None:
    there = converged(mesh(entry()), world())
    head = mesh(vpcs=(A, C, FAR), limits={"max_leaving_members": 9})
    aws = FakeAws(there, rules=[Rule(REVOKE_IN)])

    report = run.apply(aws, head, mesh(entry()), run.plan(aws, head, mesh(entry())))

    held = there.live_between(A, B)
    assert held is not None
    results = {str(o.change.address.kind): o.result for o in report.outcomes if o.error}
    assert results == {SECURITY_GROUP_RULE: Result.FAILED}


def test_the_peer_that_aws_names_counts_more_than_a_tag_that_was_changed() -> None:
    base = mesh(entry(direction="ingress"))
    there = converged(base, world())
    for rule in there.groups["sg-00000002"].rules.values():
        rule.tags["meshbot_peer"] = str(C)

    gap = FakeAws(there, rules=[Rule("ec2:DescribeVpcs", scope=A.scope)])
    assert not rules(run.plan(gap, mesh(), base))
    aws = FakeAws(there, rules=[Rule(REVOKE_IN)])
    head = mesh(vpcs=(B, C, FAR), limits={"max_leaving_members": 9})
    run.apply(aws, head, base, run.plan(aws, head, base))
    assert there.live_between(A, B) is not None


def test_parts_leave_out_what_needs_what_is_left_out() -> None:
    plan = run.plan(FakeAws(world(mesh(vpcs=(C, FAR)))), mesh(entry()))
    made = rules(plan)

    assert len(made) == 2
    assert closed(plan.changes, lambda change: change in made) == ()
    there = converged(mesh(entry()), world())
    going = run.plan(FakeAws(there), mesh(vpcs=(A, C, FAR)), mesh(entry()))
    peerings = [c for c in going.changes if c.address.kind == "vpc_peering_connection"]
    assert all(B in c.held.pair for c in peerings)
    kept = closed(going.changes, lambda change: change.address.kind != SECURITY_GROUP_RULE)
    assert not [c for c in kept if c.address.kind != "route" and A in c.held.pair]


def test_rules_deleted_between_members_that_stay_count_in_the_limit() -> None:
    base = mesh(entry(), entry(ports=22), limits={"max_other_deletes": 3})
    there = converged(base, world())

    plan = run.plan(FakeAws(there), mesh(), base)

    assert [(d.code, d.summary[:28]) for d in plan.refusals] == [
        ("limit-max-other-deletes", "4 connections and rules of p")
    ]
    offline = graph_difference(base, mesh())
    assert [d.code for d in offline.refusals] == ["limit-max-other-deletes"]
    assert len(offline.environments[0].remarks) == 3  # the limit goes, too


def test_a_plan_file_holds_rules_and_gives_them_back() -> None:
    plan = run.plan(
        FakeAws(world()), mesh(entry(description="x"), entry(protocol="icmp", ports=""))
    )

    text = plan_json(plan)

    data = parsed(text)
    check_plan(data)
    again = plan_of(data, {})
    assert again.fingerprint == plan.fingerprint
    assert {c.address for c in again.changes} == {c.address for c in plan.changes}


def test_a_half_made_plan_is_a_subset_and_a_changed_one_is_not() -> None:
    head = mesh(entry(), entry(ports=22))
    whole = run.plan(FakeAws(world()), head)
    there = world()
    aws = FakeAws(there, rules=[Rule(OUT, skip=1)])
    run.apply(aws, head, None, run.plan(aws, head))

    rest = run.plan(FakeAws(there), head)

    assert len(rules(rest)) == 1
    assert is_subset([c.canonical for c in rest.changes], [c.canonical for c in whole.changes])
    other = run.plan(FakeAws(world()), mesh(entry(ports=23)))
    assert not is_subset([c.canonical for c in other.changes], [c.canonical for c in whole.changes])


def test_a_full_group_is_told_before() -> None:
    base = mesh(entry(ports=1), entry(ports=2))
    there = converged(base, world())
    aws = FakeAws(there, quotas=Quotas(group_rules=2))

    full = run.plan(aws, mesh(*(entry(ports=port) for port in (1, 2, 3))), base)

    assert {d.code for d in full.refusals} == {"quota-exceeded"}
    assert "L-0EA8095F" in full.refusals[0].summary
    assert "IPv4 ingress in sg-00000002" in "".join(d.summary for d in full.refusals)
    assert "by: cidr" not in "".join(d.detail for d in full.refusals)
    blocks = run.plan(aws, mesh(entry(), *(entry(ports=n, by="cidr") for n in (2, 3, 4, 5))))
    assert "by: reference instead of by: cidr" in "".join(d.detail for d in blocks.refusals)
    # the new rule must be there before the old one goes: that makes one too many
    moved = run.plan(aws, mesh(entry(ports=2), entry(ports=3)), base)
    assert {d.code for d in moved.refusals} == {"quota-exceeded"}


def test_a_full_group_makes_room_with_what_nothing_replaces() -> None:
    from_cache = {"source": {"vpc_id": C.vpc_id, "group": "cache"}, "direction": "ingress"}
    base = mesh(entry(direction="ingress"), entry(**from_cache))
    there = converged(base, world())
    aws = FakeAws(there, quotas=Quotas(group_rules=2))
    head = mesh(entry(direction="ingress"), entry(ports=22, direction="ingress"))

    plan = run.plan(aws, head, base)

    assert not plan.refusals
    assert run.apply(aws, head, base, plan).succeeded
    made = [call.action for call in aws.calls if call.action in (IN, REVOKE_IN)]
    assert made == [REVOKE_IN, IN]


def test_drift_tells_stale_rules_and_who_else_names_a_group() -> None:
    head = mesh(entry())
    there = converged(head, world())
    for group, ports in (("sg-00000003", 22), ("sg-00000001", 99)):
        theirs = FakeGroupRule(f"sgr-{ports}", False, "tcp", ports, ports, "sg-00000001")
        near = there.groups[group]
        peering = there.live_between(near.vpc, A) if group == "sg-00000003" else None
        theirs.peering = peering.id if peering else "pcx-forgotten"
        near.add(theirs)
    aws = FakeAws(there)

    plan = make_plan(aws, head, None, drifting=True)

    assert plan.changes == ()
    told = {d.code: d.summary for d in plan.diagnostics}
    assert C.vpc_id in told["referenced-elsewhere"]
    assert "sg-00000001" in told["stale-rules"]
    calls = Counter(c.action for c in aws.calls)
    assert calls["ec2:DescribeStaleSecurityGroups"] == 2
    assert not {"ec2:DescribeStaleSecurityGroups"} & {
        call.action for call in _planned(there, head).calls
    }


def drifting(there: World, head: Mesh) -> dict[str, tuple[str, str]]:
    """What drift tells, by code."""
    plan = make_plan(FakeAws(there), head, None, drifting=True)
    return {d.code: (d.summary, d.detail) for d in plan.diagnostics}


def by_hand(there: World, allowed: str, peering: str) -> FakeGroupRule:
    """A rule of the group of A that names another one, which nobody asked for."""
    rule = FakeGroupRule("sgr-hand", False, "tcp", 9, 9, allowed, peering=peering)
    there.groups["sg-00000001"].add(rule)
    return rule


def test_a_rule_by_hand_whose_group_was_deleted_is_said_to_be_that() -> None:
    head = mesh(entry())
    there = converged(head, world())
    live = there.live_between(A, B)
    assert live
    by_hand(there, "sg-gone", live.id)

    summary, detail = drifting(there, head)["stale-rules"]

    assert "has rules that name sg-gone, a group that is gone" in summary
    assert "peering" not in summary
    assert "never will" in detail
    assert detail.endswith("meshbot did not make them: remove them by hand.")
    plan = make_plan(FakeAws(there), head, None, drifting=True)
    assert no_changes(plan) == f"{NO_CHANGES} 1 problem with what else is there."


def test_a_rule_by_hand_whose_peering_was_deleted_is_said_to_be_that() -> None:
    head = mesh(entry())
    there = converged(head, world())
    by_hand(there, "sg-00000002", there.peering(A, B, "deleted").id)

    summary, detail = drifting(there, head)["stale-rules"]

    assert "sg-00000002 over a peering that is gone" in summary
    assert detail.endswith("meshbot did not make them: remove them by hand.")


def test_a_stale_rule_of_ours_is_said_to_be_mended() -> None:
    head = mesh(entry())
    there = converged(head, world())
    live = there.live_between(A, B)
    assert live
    live.status = "deleted"

    _, detail = drifting(there, head)["stale-rules"]

    assert detail.endswith("meshbot mends its own once the peering is there again.")


def test_references_over_a_peering_that_is_gone_are_not_said_to_go_stale() -> None:
    head = mesh(entry())
    there = converged(head, world())
    near = there.groups["sg-00000003"]
    gone = there.peering(near.vpc, A, "deleted")
    rule = FakeGroupRule("sgr-hand", False, "tcp", 9, 9, "sg-00000001", peering=gone.id)
    near.add(rule)

    summary, detail = drifting(there, head)["referenced-elsewhere"]

    assert f"over {gone.id}, which is gone" in summary
    assert detail.startswith("They are stale and let nothing through")


@pytest.mark.parametrize("written", ["tcp", "6", "TCP"])
def test_a_protocol_is_known_however_it_is_written(written: str) -> None:
    head = mesh(entry())
    there = converged(head, world())
    (rule,) = there.groups["sg-00000002"].rules.values()
    rule.protocol = written

    assert run.plan(FakeAws(there), head).changes == ()


@pytest.mark.parametrize("written", ["tcp", "6"])
def test_a_lost_answer_is_found_however_aws_writes_the_protocol(written: str) -> None:
    head = mesh(entry(direction="ingress"))
    there = world()
    aws = FakeAws(there, rules=[Rule(IN, code="RequestTimeout", times=1, lands=True)])
    shown = aws.ec2.reads["ec2:DescribeSecurityGroupRules"]
    aws.ec2.reads["ec2:DescribeSecurityGroupRules"] = lambda where, **params: [
        item | {"IpProtocol": written} for item in shown(where, **params)
    ]

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert report.succeeded, report.outcomes
    assert len(aws.made(IN)) == 1


def test_drift_names_what_a_group_is_named_over() -> None:
    head = mesh(entry(direction="ingress"))
    aws = FakeAws(converged(head, world()))
    over = {"GroupId": "sg-00000001", "ReferencingVpcId": "vpc-1", "TransitGatewayId": "tgw-1"}
    aws.ec2.reads["ec2:DescribeSecurityGroupReferences"] = lambda where, **_: [
        {"SecurityGroupReferenceSet": [over] if where == A.scope else []}
    ]

    plan = make_plan(aws, head, None, drifting=True)

    (told,) = [d.summary for d in plan.diagnostics if d.code == "referenced-elsewhere"]
    assert "over tgw-1" in told


def test_a_rule_over_a_peering_that_aws_forgot_is_made_anew() -> None:
    """AWS keeps deleted peerings for some hours, and shows a status as long as it does."""
    head = mesh(entry(direction="ingress"))
    there = converged(head, world())
    (rule,) = there.groups["sg-00000002"].rules.values()
    rule.peering = "pcx-forgotten"
    aws = FakeAws(there)
    shown = aws.ec2.reads["ec2:DescribeSecurityGroupRules"]

    def silent(where: Any, **params: Any) -> list[dict[str, Any]]:
        found = shown(where, **params)
        for item in found:
            if item.get("ReferencedGroupInfo", {}).get("VpcPeeringConnectionId") == rule.peering:
                del item["ReferencedGroupInfo"]["PeeringStatus"]
        return found

    aws.ec2.reads["ec2:DescribeSecurityGroupRules"] = silent
    plan = run.plan(aws, head)

    (change,) = rules(plan)
    assert change.held.stale
    assert run.apply(aws, head, None, plan).succeeded
    assert run.plan(aws, head).changes == ()


def test_an_entry_without_a_peering_is_told_once() -> None:
    there = world(mesh(vpcs=(C, FAR)))
    hub = [m | {"role": "hub"} if m["vpc_id"] == C.vpc_id else m for m in members(A, B, C, FAR)]
    prod = {"topology": "hub-and-spoke", "vpcs": hub}
    asked = [entry(), entry(ports=22), entry(ports=23, direction="ingress")]
    head = mesh_of({PATH: {"environments": {"prod": prod}, "security_group_rules": asked}})

    told = [d for d in run.plan(FakeAws(there), head).diagnostics if d.code == "no-peering"]

    assert [(d.location.line, str(A) in d.summary) for d in told if d.location] == [
        (50, True),
        (51, True),
        (52, True),
    ]
    assert "tcp 5432 from sg-00000001 to sg-00000002" in told[0].summary


def test_an_entry_by_cidr_without_a_peering_makes_no_rule() -> None:
    """The spokes' blocks, or those of a VPC that overlaps, may be anybody's without a peering."""
    hub = [m | {"role": "hub"} if m["vpc_id"] == C.vpc_id else m for m in members(A, B, C)]
    prod = {"topology": "hub-and-spoke", "vpcs": hub}
    asked = [entry(by="cidr"), entry(by="cidr", ports=22)]
    spokes = mesh_of({PATH: {"environments": {"prod": prod}, "security_group_rules": asked}})
    there, overlapping = (world(mesh(vpcs=(C, FAR))) for _ in range(2))
    overlapping.vpcs[B].blocks["10.1.9.0/24"] = "associated"
    overlapping.vpcs[A].blocks["10.1.0.0/16"] = "associated"

    for shown, head in ((there, spokes), (overlapping, mesh(*asked))):
        plan = run.plan(FakeAws(shown), head)

        assert rules(plan) == []
        told = [d.summary for d in plan.diagnostics if d.code == "no-peering"]
        assert len(told) == 2
        assert "tcp 5432 is left out" in told[0]


def test_a_rule_by_cidr_that_is_there_goes_with_its_peering() -> None:
    there = converged(mesh(entry(by="cidr")), world())
    hub = [m | {"role": "hub"} if m["vpc_id"] == C.vpc_id else m for m in members(A, B, C)]
    prod = {"topology": "hub-and-spoke", "vpcs": hub}
    asked = [entry(by="cidr")]
    head = mesh_of({PATH: {"environments": {"prod": prod}, "security_group_rules": asked}})
    aws = FakeAws(there)

    plan = run.plan(aws, head)

    assert {change.action for change in rules(plan)} == {Action.DELETE}
    assert run.apply(aws, head, None, plan).succeeded
    assert run.plan(aws, head).changes == ()


def test_entries_by_cidr_that_come_to_one_rule_are_told_once() -> None:
    there = world()
    for number in range(5):
        there.vpcs[A].blocks[f"10.{100 + number}.0.0/16"] = "associated"
    by_id = {"vpc_id": B.vpc_id, "group_id": "sg-00000002"}
    head = mesh(entry(by="cidr"), entry(by="cidr", destination=by_id))

    assert codes(run.plan(FakeAws(there), head))["rule-twice"] == 1


def _planned(there: World, head: Mesh) -> FakeAws:
    aws = FakeAws(there)
    run.plan(aws, head)
    return aws


# --- what holds for every mesh and world

PORTS = st.sampled_from([22, 80, "8000-8080", ""])
GROUPS = {A: ("web", "sg-00000001"), B: ("db", "sg-00000002"), C: ("cache", "sg-00000003")}


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    one, other = draw(st.permutations([A, B, C]))[:2]
    by = draw(st.sampled_from(["reference", "cidr"]))
    protocol = draw(st.sampled_from(["tcp", "udp", "icmp", "all", 50]))

    def side(vpc: VpcRef) -> dict[str, Any]:
        name, id_ = GROUPS[vpc]
        named = draw(st.sampled_from([{"group": name}, {"group_id": id_}, {"group": "nobody"}]))
        return {"vpc_id": vpc.vpc_id, **named}

    return {
        "environment": "prod",
        "source": side(one),
        "destination": side(other),
        "protocol": protocol,
        "ports": draw(PORTS) if protocol in ("tcp", "udp") else "",
        "direction": draw(st.sampled_from(["both", "ingress", "egress"])),
        "by": by,
        "description": draw(st.sampled_from(["", "said"])),
    }


@st.composite
def standing(draw: st.DrawFn) -> World:
    """A world with rules of ours, of nobody, of others; some for peers, some of them stale."""
    made = world()
    for number in range(draw(st.integers(0, 5))):
        vpc, far = draw(st.permutations([A, B, C]))[:2]
        group = made.groups[GROUPS[vpc][1]]
        allowed = draw(st.sampled_from([GROUPS[far][1], "10.9.0.0/16", "0.0.0.0/0"]))
        ports = draw(st.sampled_from([(22, 22), (80, 80), (8000, 8080)]))
        rule = FakeGroupRule(f"sgr-{number:08x}", draw(st.booleans()), "tcp", *ports, allowed)
        held = made.live_between(vpc, far)
        if allowed.startswith("sg-") and held is not None:
            rule.peering = held.id
        prod = {"meshbot_environment": "prod"}
        ours, other = {"service_name": "peerd"}, {"service_name": "other"}
        marks = draw(st.sampled_from([None, ours | prod, other | prod, prod, ours, {}]))
        if marks is not None:
            marked = {"meshbot_created": "true", "meshbot_peer": str(far), "Keep": "me"}
            rule.tags = marked | marks
        if rule.identity not in {held.identity for held in group.rules.values()}:
            group.add(rule)
    return made


@settings(max_examples=60, deadline=None)
@given(
    st.lists(entries(), max_size=4),
    st.lists(entries(), max_size=3),
    standing(),
    st.booleans(),
    st.booleans(),
)
def test_apply_then_nothing_and_only_ours_is_touched(
    now: list[dict[str, Any]],
    before: list[dict[str, Any]],
    there: World,
    adopt: bool,
    leaves: bool,
) -> None:
    vpcs = (A, B, FAR) if leaves else (A, B, C, FAR)
    named = [e for e in now if not leaves or C.vpc_id not in str(e)]
    head = mesh(*named, vpcs=vpcs, adopt=adopt, limits={"max_leaving_percent": 100})
    base = mesh(*before)
    expected = expect(head, base, there.copy())
    aws = FakeAws(there)
    plan = run.plan(aws, head, base)
    assert run.plan(FakeAws(there), head, base).fingerprint == plan.fingerprint

    report = run.apply(aws, head, base, plan)

    assert report.succeeded, [o for o in report.outcomes if o.error]
    assert disagreements(expected, there) == []
    assert run.plan(FakeAws(there), head, base).changes == ()

"""Security group rules: what takes a rule's place, and what becomes of it with its peering."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.subset import beyond
from bot.model.change import Action, Plan, Result
from bot.model.mesh import Mesh
from bot.model.security_group import SECURITY_GROUP_RULE
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.group import FakeGroupRule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World
from tests.kinds.grouped import (
    FAR,
    IN,
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
    ref,
    rules,
    world,
)

D = ref(5)
CREATE = "ec2:CreateVpcPeeringConnection"


def left(there: World, *groups: str) -> set[tuple[str, int, str]]:
    """The rules of these groups."""
    return {(g, r.from_port, r.allowed) for g in groups for r in there.groups[g].rules.values()}


def peerings(plan: Plan) -> list[tuple[Action, str]]:
    """What becomes of which peering."""
    return [
        (c.action, c.address.key)
        for c in plan.changes
        if c.address.kind == "vpc_peering_connection"
    ]


# --- make before break


@pytest.mark.parametrize(
    "more",
    [
        {"ports": "5400-5500"},
        {"destination": {"vpc_id": B.vpc_id, "group": "db2"}},
        {"source": {"vpc_id": A.vpc_id, "group": "web2"}},
        {"by": "cidr"},
    ],
)
def test_the_old_rules_of_both_sides_stay_when_a_new_one_is_refused(more: dict[str, Any]) -> None:
    base, head = mesh(entry()), mesh(entry(**more))
    there = world()
    there.group("sg-0000000a", A, "web2")
    there.group("sg-0000000b", B, "db2")
    converged(base, there)
    old = left(there, *there.groups)
    aws = FakeAws(there, rules=[Rule(IN)])

    report = run.apply(aws, head, base, run.plan(aws, head, base))

    assert old <= left(there, *there.groups)
    gone = [o.result for o in report.outcomes if o.change.action is Action.DELETE]
    assert gone == [Result.SKIPPED] * 2
    again = FakeAws(there)
    assert run.apply(again, head, base, run.plan(again, head, base)).succeeded
    assert not old & left(there, *there.groups)
    made = [c.action for c in again.calls if "SecurityGroup" in c.action and "Desc" not in c.action]
    assert made == sorted(made)  # Authorize… before Revoke…


def test_what_nothing_replaces_goes_whatever_happens_elsewhere() -> None:
    from_cache = entry(source={"vpc_id": C.vpc_id, "group": "cache"}, direction="ingress")
    base = mesh(entry(direction="ingress"), from_cache)
    there = converged(base, world())
    head = mesh(entry(direction="ingress"), entry(ports=22, direction="ingress"))
    aws = FakeAws(there, rules=[Rule(IN)])

    report = run.apply(aws, head, base, run.plan(aws, head, base))

    ended = {o.change.action: o.result for o in report.outcomes}
    assert ended == {Action.CREATE: Result.FAILED, Action.DELETE: Result.APPLIED}


def test_a_rule_that_lost_its_peer_waits_for_every_new_one_of_its_vpc() -> None:
    base = mesh(entry(direction="ingress", by="cidr"))
    there = converged(base, world())
    for rule in there.groups["sg-00000002"].rules.values():
        del rule.tags["meshbot_peer"]
    plan = run.plan(FakeAws(there), mesh(entry(ports=1, direction="ingress")), base)

    made, gone = rules(plan)

    assert (made.action, gone.action) == (Action.CREATE, Action.DELETE)
    assert gone.needs == (made.address,)


def test_environments_do_not_wait_for_one_another() -> None:
    def both(*entries: dict[str, Any]) -> Mesh:
        environments = {"edge": members(A, B), "prod": members(A, B)}
        return mesh_of({PATH: {"environments": environments, "security_group_rules": entries}})

    base, head = both(entry()), both(entry(environment="edge", ports=1))
    plan = run.plan(FakeAws(converged(base, world())), head, base)

    assert {c.needs for c in rules(plan)} == {()}


# --- a peering that stays after all, or goes all the same


def crowded(built: Mesh) -> World:
    """The four VPCs but for the far one, and another one, peered as a mesh says."""
    made = World()
    for number, (vpc, name) in enumerate(((A, "web"), (B, "db"), (C, "cache"), (D, "d")), 1):
        made.vpc(vpc, f"10.{number}.0.0/16")
        made.table(f"rtb-{number:08x}", vpc)
        made.group(f"sg-{number:08x}", vpc, name)
    peerd.build(built, made)
    return made


def test_rules_stay_with_a_peering_that_a_contested_route_keeps() -> None:
    contested = {"cidr_overrides": ["192.168.7.0/24"]}
    a, b, c, d = members(A, B, C, D)
    asked = {"security_group_rules": [entry(environment="rr")]}
    hub = {"topology": "hub-and-spoke", "vpcs": [c | {"role": "hub"} | contested, a, b]}
    before = {"rr": [a, b | contested]}
    after = {"rr": hub, "xx": [a, d | contested]}
    base = mesh_of({PATH: {"environments": before, **asked}})
    head = mesh_of({PATH: {"environments": after, **asked}})
    there = converged(base, crowded(base))

    plan = run.plan(FakeAws(there), head, base)

    assert codes(plan)["contested-destination"] == 1
    assert Action.DELETE not in {action for action, _ in peerings(plan)}
    assert rules(plan) == []
    assert codes(plan)["no-peering"] == 0


def test_a_rule_that_is_held_holds_its_peering_and_what_goes_with_it() -> None:
    base = mesh(entry(), entry(ports=22))
    there = converged(base, world())
    unknown = entry(destination={"vpc_id": B.vpc_id, "group": "nobody"})
    a, b, c, far = members(A, B, C, FAR)
    hub = {"topology": "hub-and-spoke", "vpcs": [c | {"role": "hub"}, a, b, far]}
    asked = [unknown, entry(ports=22)]
    head = mesh_of({PATH: {"environments": {"prod": hub}, "security_group_rules": asked}})

    plan = run.plan(FakeAws(there), head, base)

    kept = there.live_between(A, B)
    assert kept is not None
    assert not [key for _, key in peerings(plan) if A.vpc_id in key and B.vpc_id in key]
    assert len(peerings(plan)) == 2
    assert rules(plan) == []
    told = [d.summary for d in plan.diagnostics if d.code == "delete-withheld"]
    assert any("security group rule" in text and str(A) in text for text in told)
    assert any(f"the peering between {A} and {B} is wanted by no environment" in t for t in told)
    aws = FakeAws(there)
    assert run.apply(aws, head, base, plan).succeeded
    assert "10.2.0.0/16" in {r.destination for r in there.tables["rtb-00000001"].routes}
    assert run.plan(FakeAws(there), head, base).changes == ()


def two_environments(owner: bool) -> Mesh:
    """``rr`` asks for the rule; its two spokes are connected by ``oo`` alone."""
    a, b, c = members(A, B, C)
    hub = {"topology": "hub-and-spoke", "vpcs": [c | {"role": "hub"}, a, b]}
    environments = {"rr": hub, "oo": [a, b] if owner else [a, c]}
    asked = [entry(environment="rr")]
    return mesh_of({PATH: {"environments": environments, "security_group_rules": asked}})


def test_a_wanted_rule_goes_together_with_the_peering_that_another_environment_drops() -> None:
    base, head = two_environments(True), two_environments(False)
    there = converged(base, world(base))

    plan = run.plan(FakeAws(there), head, base)
    theirs = run.plan(FakeAws(there), head, base, "oo")
    ours = run.plan(FakeAws(there), head, base, "rr")

    assert {c.environments for c in rules(plan)} == {frozenset({"oo", "rr"})}
    assert len(rules(theirs)) == 2
    assert [action for action, _ in peerings(theirs)] == [Action.DELETE]
    assert ours.changes == ()
    assert codes(ours)["needs-other-environment"] == 1
    aws = FakeAws(there)
    assert run.apply(aws, head, base, theirs).succeeded
    assert there.live_between(A, B) is None


# --- made anew


def stale_world(head: Mesh) -> World:
    """The rule is stale: its peering was deleted by hand. Somebody else tagged it."""
    there = converged(head, world())
    (rule,) = there.groups["sg-00000002"].rules.values()
    rule.tags |= {"CostCentre": "42", "aws:cloudformation:stack-name": "x"}
    peering = there.live_between(A, B)
    assert peering is not None
    peering.status = "deleted"
    return there


def test_a_rule_made_anew_keeps_the_tags_of_others() -> None:
    head = mesh(entry(direction="ingress", description="d"))
    there = stale_world(head)

    report = run.apply(FakeAws(there), head, None, run.plan(FakeAws(there), head))

    assert report.succeeded
    (rule,) = there.groups["sg-00000002"].rules.values()
    assert (rule.tags["CostCentre"], rule.tags["service_name"]) == ("42", "peerd")
    assert "aws:cloudformation:stack-name" not in rule.tags
    assert run.plan(FakeAws(there), head).changes == ()


@pytest.mark.parametrize("description", ["d", ""])
def test_the_second_half_of_making_a_rule_anew_was_reviewed(description: str) -> None:
    head = mesh(entry(direction="ingress", description=description))
    there = stale_world(head)
    (rule,) = there.groups["sg-00000002"].rules.values()
    rule.description = "d"
    reviewed = run.plan(FakeAws(there), head)
    run.apply(FakeAws(there, rules=[Rule(IN)]), head, None, reviewed)

    rest = run.plan(FakeAws(there), head)

    assert [c.action for c in rules(rest)] == [Action.CREATE]
    assert _beyond(rest, reviewed) == ()
    (first,) = rules(reviewed)
    other = mesh(entry(direction="ingress", description="another"))
    assert _beyond(run.plan(FakeAws(there), other), reviewed) != ()
    assert first.after is not None
    moved = first.canonical | {"before": None, "after": first.canonical["after"] | {"peer": str(C)}}
    assert beyond([moved], [first.canonical]) == (moved,)
    strange = first.canonical["after"]["tags"] | {"CostCentre": "43"}
    tagged = first.canonical | {"before": None, "after": moved["after"] | {"tags": strange}}
    assert beyond([tagged], [first.canonical]) == (tagged,)


def _beyond(current: Plan, reviewed: Plan) -> tuple[Any, ...]:
    now, then = ([c.canonical for c in plan.changes] for plan in (current, reviewed))
    return beyond(now, then)


def test_a_stale_rule_is_not_revoked_when_its_peering_cannot_be_made() -> None:
    head = mesh(entry(direction="ingress"))
    there = stale_world(head)
    aws = FakeAws(there, rules=[Rule(CREATE)])

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert not aws.made(REVOKE_IN)
    assert len(there.groups["sg-00000002"].rules) == 1
    skipped = [o.result for o in report.outcomes if o.change.address.kind == SECURITY_GROUP_RULE]
    assert skipped == [Result.SKIPPED]


# --- whose a rule is, and whose a peering


@pytest.mark.parametrize("lost", ["service_name", "meshbot_environment", "meshbot_created"])
def test_a_rule_that_lost_a_mark_is_nobodys_and_may_be_adopted(lost: str) -> None:
    head = mesh(entry(direction="ingress"))
    there = converged(head, world())
    (rule,) = there.groups["sg-00000002"].rules.values()
    del rule.tags[lost]

    plan = run.plan(FakeAws(there), head)

    assert plan.changes == ()
    assert dict(codes(plan)) == {"unmanaged-rule": 1}
    adopting = mesh(entry(direction="ingress"), adopt=True)
    converged(adopting, there)
    assert rule.tags[lost]


def test_a_rule_of_another_repository_stays_theirs() -> None:
    there = world()
    tags = {
        "meshbot_created": "true",
        "meshbot_environment": "prod",
        "service_name": "other",
    }
    rule = FakeGroupRule("sgr-1", False, "tcp", 5432, 5432, "sg-00000001", "", tags)
    there.groups["sg-00000002"].add(rule)

    plan = run.plan(FakeAws(there), mesh(entry(direction="ingress"), adopt=True))

    assert rules(plan) == []
    assert codes(plan)["foreign-rule"] == 1


@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning"])
def test_no_rule_names_a_group_over_somebody_elses_peering_before_it_is_active(status: str) -> None:
    there = world(mesh(vpcs=(C, FAR)))
    held = there.peering(A, B, status)
    head = mesh(entry(direction="ingress"))

    plan = run.plan(FakeAws(there), head)

    assert rules(plan) == []
    told = [d for d in plan.diagnostics if d.code == "no-peering"]
    assert [f"peering {held.id}" in d.summary for d in told] == [True]
    assert "not active" in told[0].summary
    held.status = "active"
    assert len(rules(run.plan(FakeAws(there), head))) == 1

"""Groups of accounts that a VPC is shared with: whose rules they are, and who may name them.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.change import Action
from bot.usecases.plan import make_plan
from tests.fakes import run, shapes
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Fault
from tests.fakes.group import FakeGroupRule
from tests.fakes.world import World, scope
from tests.kinds.grouped import (
    EAST,
    FAR,
    IN,
    A,
    B,
    C,
    codes,
    converged,
    entry,
    mesh,
    rules,
    world,
)

GUEST = "333333333333"
THEIRS = "sg-0000000d"
RULES = "ec2:DescribeSecurityGroupRules"


def shared(name: str = "theirs") -> World:
    """The VPC of B is shared with another account, which made a group in it."""
    made = world()
    group = made.group(THEIRS, B, name)
    group.participant = GUEST
    group.tags["Name"] = "theirs"
    return made


def to_theirs(**more: Any) -> dict[str, Any]:
    return entry(destination={"vpc_id": B.vpc_id, "group_id": THEIRS}, **more)


def test_the_fake_is_as_aws_documents() -> None:
    aws = FakeAws(shared())
    guest = scope(GUEST, EAST)
    seen = {
        (str(where.account), item["GroupId"], item["OwnerId"], len(item["Tags"]))
        for where in (B.scope, guest)
        for item in aws.ec2.reads["ec2:DescribeSecurityGroups"](where)
        if item["GroupId"] == THEIRS
    }

    assert seen == {(B.scope.account, THEIRS, GUEST, 0), (GUEST, THEIRS, GUEST, 1)}
    with pytest.raises(Fault):
        aws.ec2.writes[IN](B.scope, GroupId=THEIRS, IpPermissions=[])


def test_a_group_of_another_account_is_named_with_that_account() -> None:
    there = shared()

    converged(mesh(to_theirs(direction="egress")), there)

    (rule,) = there.groups["sg-00000001"].rules.values()
    assert (rule.allowed, rule.egress) == (THEIRS, True)


def test_the_account_is_told_in_the_plan() -> None:
    aws = FakeAws(shared())
    head = mesh(to_theirs(direction="egress"))
    plan = run.plan(aws, head)

    (change,) = rules(plan)
    run.apply(aws, head, None, plan)

    assert change.after is not None
    assert change.after.allowed_owner == GUEST
    (call,) = aws.made("ec2:AuthorizeSecurityGroupEgress")
    (pair,) = call.params["IpPermissions"][0]["UserIdGroupPairs"]
    assert (pair["GroupId"], pair["UserId"]) == (THEIRS, GUEST)


@pytest.mark.parametrize("direction", ["ingress", "both"])
def test_a_group_of_another_account_gets_no_rule(direction: str) -> None:
    aws = FakeAws(shared())
    head = mesh(to_theirs(direction=direction))

    plan = run.plan(aws, head)

    assert {c.after.group for c in rules(plan) if c.after} <= {"sg-00000001"}
    (told,) = [d for d in plan.diagnostics if d.code == "rule-unresolved"]
    assert f"belongs to account {GUEST}" in told.summary
    assert "direction: egress" in told.detail
    report = run.apply(aws, head, None, plan)
    assert report.succeeded
    assert not there_of(aws, THEIRS)
    assert run.plan(aws, head).changes == ()


def there_of(aws: FakeAws, group: str) -> list[FakeGroupRule]:
    return list(aws.world.groups[group].rules.values())


@pytest.mark.parametrize("named", [{"group": "theirs"}, {"group_tags": {"Name": "theirs"}}])
@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_by_name_nobody_elses_group_is_taken(named: dict[str, Any], direction: str) -> None:
    head = mesh(entry(destination={"vpc_id": B.vpc_id, **named}, direction=direction))

    plan = run.plan(FakeAws(shared()), head)

    assert rules(plan) == []
    (told,) = [d for d in plan.diagnostics if d.code == "rule-unresolved"]
    assert "there is no group" in told.summary
    assert f"theirs, of account {GUEST}" in told.detail


def test_an_own_group_of_that_name_is_the_one_that_is_meant() -> None:
    there = converged(mesh(entry()), shared("db"))

    assert len(there.groups["sg-00000002"].rules) == 1
    assert not there.groups[THEIRS].rules


def test_nothing_of_ours_is_held_because_a_group_is_another_accounts() -> None:
    base = mesh(entry(direction="ingress"))
    there = converged(base, shared())
    head = mesh(to_theirs(direction="ingress"))

    plan = run.plan(FakeAws(there), head, base)

    assert [c.action for c in rules(plan)] == [Action.DELETE]


def test_a_rule_of_another_accounts_group_is_never_changed_by_ours() -> None:
    """Though its tags said that it is ours, and though AWS showed them to the VPC's owner."""
    there = shared()
    tags = {"meshbot_created": "true", "meshbot_environment": "prod", "service_name": "peerd"}
    rule = FakeGroupRule("sgr-9", False, "tcp", 22, 22, "sg-00000001", "", tags)
    peering = there.live_between(A, B)
    assert peering is not None
    rule.peering = peering.id
    there.groups[THEIRS].add(rule)
    base = mesh(entry())
    aws = FakeAws(there)
    shown = aws.ec2.reads[RULES]
    aws.ec2.reads[RULES] = lambda where, **params: [
        item | {"Tags": shapes.tag_list(tags if item["GroupId"] == THEIRS else {})}
        for item in shown(where, **params)
    ]

    plan = run.plan(aws, mesh(vpcs=(A, C, FAR)), base)

    assert rules(plan) == []
    assert codes(plan)["reference-goes-stale"] == 1


def test_a_rule_that_names_another_accounts_group_goes_with_its_peering() -> None:
    """AWS tells the account of the group, which is not that of the VPC."""
    base = mesh(to_theirs(direction="egress"))
    there = converged(base, shared())
    aws = FakeAws(there)
    head = mesh(vpcs=(A, C, FAR))

    report = run.apply(aws, head, base, run.plan(aws, head, base))

    assert report.succeeded
    assert not there_of(aws, "sg-00000001")
    made = [call.action for call in aws.calls if call.mutating]
    gone = made.index("ec2:RevokeSecurityGroupEgress")
    assert gone < made.index("ec2:DeleteVpcPeeringConnection")
    (change,) = run.plan(FakeAws(converged(base, shared())), mesh(), base).changes
    assert change.held.peer == B


def test_drift_asks_nobody_about_groups_of_others() -> None:
    head = mesh(to_theirs(direction="egress"))
    aws = FakeAws(converged(head, shared()))

    plan = make_plan(aws, head, None, drifting=True)

    assert codes(plan) == {}
    asked = aws.made("ec2:DescribeSecurityGroupReferences")
    assert THEIRS not in {group for call in asked for group in call.params["GroupId"]}

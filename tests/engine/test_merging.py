"""Steps that may share a call wait for one another, and no longer than they must."""

from __future__ import annotations

from bot.engine.execute.graph import Node, State
from bot.engine.execute.merging import MOST, Groups, apart, together
from tests.engine.steps import EAST, WEST, names, node

TAG = "ec2:CreateTags"


def tagging(name: str, thing: str, value: str = "x", scope: object = EAST) -> Node:
    where = EAST if scope == EAST else WEST
    params = {"Resources": [thing], "Tags": [{"Key": "k", "Value": value}]}
    made = node(name, where, TAG, params=params, merge="Resources")
    made.state = State.WAITING
    return made


def ready(groups: Groups, *nodes: Node) -> list[list[str]]:
    """The calls that are complete after these became ready: what each is about."""
    calls = []
    for each in nodes:
        each.state = State.READY
        calls += list(groups.complete(each))
    return [[each.ref.address.key for each in call.nodes] for call in calls]


def test_a_group_goes_when_its_last_is_ready() -> None:
    nodes = [tagging(f"{n}", f"rtb-{n}") for n in range(3)]
    groups = Groups.of(nodes)

    assert ready(groups, nodes[0], nodes[2]) == []
    assert ready(groups, nodes[1]) == [["0", "1", "2"]]


def test_other_tags_and_other_scopes_are_other_groups() -> None:
    nodes = [tagging("a", "rtb-1"), tagging("b", "rtb-1", "y"), tagging("c", "rtb-1", scope=WEST)]

    assert ready(Groups.of(nodes), *nodes) == [["a"], ["b"], ["c"]]


def test_one_that_is_cancelled_holds_up_nobody() -> None:
    nodes = [tagging(name, f"rtb-{name}") for name in "abc"]
    groups = Groups.of(nodes)
    assert ready(groups, nodes[0], nodes[1]) == []

    nodes[2].state = State.CANCELLED
    (call,) = groups.complete(nodes[2])

    assert [each.ref.address.key for each in call.nodes] == ["a", "b"]


def test_a_call_is_full_by_its_things_and_not_by_the_steps_that_name_them() -> None:
    same = [tagging(f"{n}", f"rtb-{n % 8}") for n in range(3 * MOST)]
    different = [tagging(f"{n}", f"rtb-{n}") for n in range(2 * MOST + 1)]

    assert [len(call) for call in ready(Groups.of(same), *same)] == [3 * MOST]
    assert [len(call) for call in ready(Groups.of(different), *different)] == [MOST, MOST, 1]


def test_a_refused_call_is_parted_by_things() -> None:
    nodes = [tagging(f"{n}", f"rtb-{n % 2}") for n in range(6)]
    groups = Groups.of(nodes)
    for each in nodes:
        each.state = State.READY
    (call,) = [made for each in nodes for made in groups.complete(each)]

    parts = list(apart(call))

    assert names(parts) == ["0", "1"]
    assert [len(part.nodes) for part in parts] == [3, 3]
    assert all(part.apart for part in parts)


OPTIONS = "ec2:ModifyVpcPeeringConnectionOptions"


def setting(name: str, thing: str, own: str, on: bool = True) -> Node:
    params = {"VpcPeeringConnectionId": thing, own: {"Allow": on}}
    made = node(name, EAST, OPTIONS, params=params, merge=own)
    made.state = State.WAITING
    return made


def test_parameters_of_their_own_stand_beside_one_another() -> None:
    nodes = [setting("a", "pcx-1", "Requester"), setting("b", "pcx-1", "Accepter", on=False)]
    nodes.append(setting("c", "pcx-2", "Requester"))

    calls = ready(Groups.of(nodes), *nodes)

    assert calls == [["a", "b"], ["c"]]
    assert together(nodes[:2]) == {
        "VpcPeeringConnectionId": "pcx-1",
        "Requester": {"Allow": True},
        "Accepter": {"Allow": False},
    }


def test_items_of_a_list_are_put_together_once_each() -> None:
    nodes = [tagging("a", "rtb-1"), tagging("b", "rtb-2"), tagging("c", "rtb-1")]

    assert together(nodes)["Resources"] == ["rtb-1", "rtb-2"]
    assert together(nodes[:1]) == nodes[0].step.params


def test_a_refused_call_with_parameters_of_their_own_is_parted_by_them() -> None:
    nodes = [setting("a", "pcx-1", "Requester"), setting("b", "pcx-1", "Accepter")]
    groups = Groups.of(nodes)
    for each in nodes:
        each.state = State.READY
    (call,) = [made for each in nodes for made in groups.complete(each)]

    assert names(list(apart(call))) == ["a", "b"]

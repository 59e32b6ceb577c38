"""The calls that create, accept, tag and delete a peering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.kinds.vpc_peering.spec import (
    ACTIVE,
    DEAD,
    INITIATING,
    PENDING,
    PROVISIONING,
    PeeringSpec,
)
from bot.model.address import Scope
from bot.model.change import Action, Change
from bot.model.ownership import DATETIME
from bot.model.step import AppliedAt, Condition, IdOf, Slot, Step, StepRef
from bot.model.tags import Tags

POLL = "ec2:DescribeVpcPeeringConnections"
OUTSTANDING_REQUESTS = 25
"""Unaccepted requests that AWS allows at once (VPC quotas: outstanding peering requests)."""


def steps(change: Change[PeeringSpec]) -> tuple[Step, ...]:
    """Request, wait until visible, accept, wait until active, tag; or delete."""
    match change.action:
        case Action.CREATE:
            return _create(change)
        case Action.UPDATE:
            return _update(change)
        case Action.DELETE:
            return _delete(change)


def _create(change: Change[PeeringSpec]) -> tuple[Step, ...]:
    after = _spec(change.after)
    first_tags = after.requester_tags if after.requester_tags is not None else after.accepter_tags
    request = Step(
        "request",
        after.requester.scope,
        "ec2:CreateVpcPeeringConnection",
        {
            "VpcId": after.requester.vpc_id,
            "PeerVpcId": after.accepter.vpc_id,
            "PeerOwnerId": str(after.accepter.scope.account),
            "PeerRegion": str(after.accepter.scope.region),
            "TagSpecifications": [
                {"ResourceType": "vpc-peering-connection", "Tags": _tag_list(first_tags)}
            ],
        },
        result="VpcPeeringConnection.VpcPeeringConnectionId",
        slot=Slot("unaccepted requests", OUTSTANDING_REQUESTS, _ref(change, "accept")),
    )
    tags: tuple[Step, ...] = ()
    if after.requester_tags is not None:
        tags = (_tag(change, "tag accepter", after.accepter.scope, after.accepter_tags),)
    # AWS shows the requester alone that a request failed
    progress = {INITIATING, PENDING, PROVISIONING, ACTIVE}
    requested = _wait(
        change, "requested", after.requester.scope, progress, (_ref(change, "request"),)
    )
    return (request, requested, *_acceptance(change, after, _ref(change, "requested")), *tags)


def _acceptance(
    change: Change[PeeringSpec], spec: PeeringSpec, *before: StepRef
) -> tuple[Step, ...]:
    scope = spec.accepter.scope
    visible = _wait(change, "visible", scope, {PENDING, PROVISIONING, ACTIVE}, before)
    accept = Step(
        "accept",
        scope,
        "ec2:AcceptVpcPeeringConnection",
        {"VpcPeeringConnectionId": IdOf(change.address)},
        after=(_ref(change, "visible"),),
        tolerates=frozenset({"InvalidStateTransition"}),
    )
    return visible, accept, _wait(change, "active", scope, {ACTIVE}, (_ref(change, "accept"),))


def _update(change: Change[PeeringSpec]) -> tuple[Step, ...]:
    before, after = _spec(change.before), _spec(change.after)
    made: list[Step] = []
    if before.status in (INITIATING, PENDING):
        made += _acceptance(change, after)
    elif before.status == PROVISIONING:
        made.append(_wait(change, "active", after.accepter.scope, {ACTIVE}, ()))
    sides = (
        ("tag requester", after.requester.scope, before.requester_tags, after.requester_tags),
        ("tag accepter", after.accepter.scope, before.accepter_tags, after.accepter_tags),
    )
    for name, scope, held, wanted in sides:
        differing = wanted.missing_from(held or Tags()) if wanted else Tags()
        if differing.items:
            made.append(_tag(change, name, scope, differing))
    return tuple(made)


def _delete(change: Change[PeeringSpec]) -> tuple[Step, ...]:
    """Wait out what cannot be deleted yet; then the requester deletes, in every status.

    The requester's tags are unknown only when its account is closed, and then the
    accepter's side is left to do it.
    """
    spec = change.held
    closed = spec.requester_tags is None and spec.requester.scope != spec.accepter.scope
    side = spec.accepter if closed else spec.requester
    delete = Step(
        "delete",
        side.scope,
        "ec2:DeleteVpcPeeringConnection",
        {"VpcPeeringConnectionId": IdOf(change.address)},
        after=(_ref(change, "settled"),),
        tolerates=frozenset({"InvalidVpcPeeringConnectionID.NotFound"}),
    )
    if spec.status not in (INITIATING, PROVISIONING):
        return (delete,)
    settled = _wait(change, "settled", side.scope, {PENDING, ACTIVE, *DEAD}, ())
    return settled, delete


def _wait(
    change: Change[PeeringSpec],
    name: str,
    scope: Scope,
    wanted: set[str],
    after: tuple[StepRef, ...],
) -> Step:
    condition = Condition(
        IdOf(change.address),
        frozenset(wanted),
        DEAD - wanted,
        "vpc-peering-connection-id",
        "VpcPeeringConnectionId",
        "Status.Code",
        "Status.Message",
    )
    return Step(name, scope, POLL, after=after, until=condition)


def _tag(change: Change[PeeringSpec], name: str, scope: Scope, tags: Tags | None) -> Step:
    params: Mapping[str, Any] = {"Resources": [IdOf(change.address)], "Tags": _tag_list(tags)}
    after = (_ref(change, "active"),)
    return Step(name, scope, "ec2:CreateTags", params, after=after, merge="Resources")


def _tag_list(tags: Tags | None) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [
        {"Key": key, "Value": value} for key, value in (tags.items if tags else ())
    ]
    return [*listed, {"Key": DATETIME, "Value": AppliedAt()}]


def _ref(change: Change[PeeringSpec], step: str) -> StepRef:
    return StepRef(change.address, step)


def _spec(spec: PeeringSpec | None) -> PeeringSpec:
    assert spec is not None, "the side of a change that its action says is there"
    return spec


def describe(change: Change[PeeringSpec]) -> str:
    """``peering A <-> B``, and what is done to it."""
    spec = change.after or _spec(change.before)
    text = f"peering {spec.requester} <-> {spec.accepter}"
    if change.before is None or change.after is None:
        return text
    held, wanted = change.before, change.after
    done = [f"{held.status} -> {wanted.status}"] if held.status != wanted.status else []
    for side, old, new in (
        ("requester", held.requester_tags, wanted.requester_tags),
        ("accepter", held.accepter_tags, wanted.accepter_tags),
    ):
        differing = new.missing_from(old or Tags()) if new else Tags()
        done += [f"{side} tag {key}={value}" for key, value in differing.items]
    return f"{text}: {', '.join(done)}"

"""The calls that create, accept, tag and delete a peering."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bot.kinds.base import PEERING_STATES, peering_in
from bot.kinds.vpc_peering.observe import merged
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import Scope
from bot.model.change import Action, Change, Observed
from bot.model.ownership import DATETIME, OWNERSHIP_KEYS
from bot.model.peering_status import ACTIVE, DEAD, INITIATING, PENDING, PROGRESS, PROVISIONING
from bot.model.step import AppliedAt, Check, IdOf, Look, Occupied, Slot, Step, StepRef
from bot.model.tags import Tags

POLL = PEERING_STATES
UNACCEPTED = "unaccepted requests"
OUTSTANDING_REQUESTS = 25
"""Unaccepted requests that AWS allows at once (VPC quotas: outstanding peering requests)."""

SHOWN = frozenset({PENDING, PROVISIONING, ACTIVE})
UP = frozenset({ACTIVE})
SETTLED = frozenset({PENDING, ACTIVE, *DEAD})

GONE = frozenset(
    {
        "InvalidStateTransition",
        "InvalidVpcPeeringConnectionID.NotFound",
        "InvalidVpcPeeringConnectionId.NotFound",
    }
)
"""Refusals of a deletion when somebody did it before, which is looked for: NotFound may lag."""

UNSEEN_AFTER = 5.0
"""Seconds after which the requester is asked about a request that its accepter does not see."""

SHOWN_WITHIN = 30.0
"""Seconds after which a request that is not shown was not made. A second one would be refused
while the first lives (one peering per pair), so this need not be AWS's longest delay."""


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
        # a full VPC has room for it once another connection is gone
        after=tuple(StepRef(need, "delete") for need in change.needs),
        result="VpcPeeringConnection.VpcPeeringConnectionId",
        look=_requested(after),
        slot=_place(change, after),
    )
    tags: tuple[Step, ...] = ()
    if after.requester_tags is not None:
        tags = (_tag(change, "tag accepter", after.accepter.scope, after.accepter_tags),)
    requested = _ref(change, "request")
    return (request, *_refusal(change, after), *_acceptance(change, after, requested), *tags)


def _refusal(change: Change[PeeringSpec], spec: PeeringSpec) -> tuple[Step, ...]:
    """AWS shows the requester alone that a request failed: asked for when it is not seen."""
    if spec.requester.scope == spec.accepter.scope:
        return ()
    wait = _wait(change, "requested", spec.requester.scope, SHOWN, (_ref(change, "request"),))
    assert wait.until is not None, "it was just given"
    until = replace(wait.until, needless_after=_ref(change, "visible"), not_before=UNSEEN_AFTER)
    return (replace(wait, until=until),)


def _acceptance(
    change: Change[PeeringSpec], spec: PeeringSpec, *before: StepRef
) -> tuple[Step, ...]:
    scope = spec.accepter.scope
    visible = _wait(change, "visible", scope, SHOWN, before)
    accept = Step(
        "accept",
        scope,
        "ec2:AcceptVpcPeeringConnection",
        {"VpcPeeringConnectionId": IdOf(change.address)},
        after=(_ref(change, "visible"),),
        tolerates=frozenset({"InvalidStateTransition"}),
        look=_standing(change, frozenset({PROVISIONING, ACTIVE})),
    )
    return visible, accept, _wait(change, "active", scope, UP, (_ref(change, "accept"),))


def _place(change: Change[PeeringSpec], spec: PeeringSpec, *, taken: bool = False) -> Slot:
    """A request's place among those that the requester may have, until it is accepted."""
    return Slot(
        UNACCEPTED,
        spec.requester.scope,
        OUTSTANDING_REQUESTS,
        _ref(change, "accept"),
        spec.accepter.scope,
        taken,
    )


def occupied(observed: Collection[Observed[PeeringSpec]]) -> Iterator[Occupied]:
    """The places that requests which are there take, whoever made them."""
    open_ = {view.id for view in observed if view.spec.status in (INITIATING, PENDING)}
    for peering in merged(view for view in observed if view.id in open_).values():
        spec = peering.spec
        if spec.status in (INITIATING, PENDING):
            yield Occupied(UNACCEPTED, spec.requester.scope, peering.id, spec.accepter.scope)


def _update(change: Change[PeeringSpec]) -> tuple[Step, ...]:
    before, after = _spec(change.before), _spec(change.after)
    made: list[Step] = []
    if before.status in (INITIATING, PENDING):
        place = _place(change, before, taken=True)
        made += (
            replace(step, slot=place) if step.name == "accept" else step
            for step in _acceptance(change, after)
        )
    elif before.status == PROVISIONING:
        made.append(_wait(change, "active", after.accepter.scope, UP, ()))
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
        look=_standing(change, frozenset(PROGRESS), gone=True),
        check=_as_planned(change, spec.accepter_tags if side == spec.accepter else None),
    )
    if spec.status not in (INITIATING, PROVISIONING):
        return (delete,)
    settled = _wait(change, "settled", side.scope, SETTLED, ())
    return settled, delete


def _wait(
    change: Change[PeeringSpec],
    name: str,
    scope: Scope,
    wanted: frozenset[str],
    after: tuple[StepRef, ...],
) -> Step:
    return Step(name, scope, POLL, after=after, until=peering_in(change.address, wanted))


def _requested(spec: PeeringSpec) -> Look:
    """Ours is the one with this run's time among its tags: a request is made with its tags.

    Another one between these VPCs is somebody else's, and is left alone.
    """
    return Look(
        POLL,
        "requester-vpc-info.vpc-id",
        spec.requester.vpc_id,
        {
            "RequesterVpcInfo.VpcId": spec.requester.vpc_id,
            "AccepterVpcInfo.VpcId": spec.accepter.vpc_id,
            f"Tags[{DATETIME}]": AppliedAt(),
        },
        result="VpcPeeringConnectionId",
        codes=frozenset({"VpcPeeringConnectionAlreadyExists"}),
        lag=SHOWN_WITHIN,
    )


def _standing(change: Change[PeeringSpec], states: frozenset[str], *, gone: bool = False) -> Look:
    """The peering is in one of the states, or with ``gone`` in none of them any more."""
    of = IdOf(change.address)
    return Look(
        POLL,
        "vpc-peering-connection-id",
        of,
        {"VpcPeeringConnectionId": of, "Status.Code": states},
        gone=gone,
        codes=GONE if gone else frozenset(),
    )


def _as_planned(change: Change[PeeringSpec], tags: Tags | None) -> Check:
    """It still joins the two VPCs, and its tags on the side that deletes still say the same."""
    spec, of = change.held, IdOf(change.address)
    held = tags or spec.requester_tags or spec.accepter_tags or Tags()
    return Check(
        POLL,
        "vpc-peering-connection-id",
        of,
        {"VpcPeeringConnectionId": of, "Status.Code": frozenset(PROGRESS)},
        {
            "RequesterVpcInfo.VpcId": spec.requester.vpc_id,
            "AccepterVpcInfo.VpcId": spec.accepter.vpc_id,
            **{f"Tags[{key}]": held.get(key) or "" for key in sorted(OWNERSHIP_KEYS)},
        },
    )


def _tag(change: Change[PeeringSpec], name: str, scope: Scope, tags: Tags | None) -> Step:
    params: Mapping[str, Any] = {"Resources": [IdOf(change.address)], "Tags": _tag_list(tags)}
    after = (_ref(change, "active"),)
    return Step(
        name, scope, "ec2:CreateTags", params, after=after, merge="Resources", repeatable=True
    )


@lru_cache(maxsize=4096)
def _tag_list(tags: Tags | None) -> list[dict[str, Any]]:
    """One value for all the peerings that a VPC requests from a scope."""
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

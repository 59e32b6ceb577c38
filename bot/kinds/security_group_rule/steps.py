"""The calls that make, mend and delete a security group rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.kinds.security_group_rule.spec import NAME, RuleSpec
from bot.model.address import Address, Scope
from bot.model.change import Action, Change
from bot.model.cidr import is_ipv6
from bot.model.ownership import SERVICE_NAME
from bot.model.rule_tags import ENVIRONMENT
from bot.model.security_group import Direction, spellings
from bot.model.step import Look, Step, StepRef
from bot.model.tags import Tags

RULES = "ec2:DescribeSecurityGroupRules"
OWNER = (ENVIRONMENT, SERVICE_NAME)
"""The tags that tell a rule of ours from one of another repository with an environment of that
name."""

AUTHORIZE = {
    Direction.INGRESS: "ec2:AuthorizeSecurityGroupIngress",
    Direction.EGRESS: "ec2:AuthorizeSecurityGroupEgress",
}
REVOKE = {
    Direction.INGRESS: "ec2:RevokeSecurityGroupIngress",
    Direction.EGRESS: "ec2:RevokeSecurityGroupEgress",
}
GONE = frozenset(
    {
        "InvalidGroup.NotFound",  # deleted, and its rules with it
        "InvalidPermission.NotFound",
        "InvalidSecurityGroupID.NotFound",
        "InvalidSecurityGroupRuleId.NotFound",
    }
)
"""Codes which say that a rule that is to go is not there any more."""
DESCRIBE_ANEW = {
    Direction.INGRESS: "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    Direction.EGRESS: "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
}


def steps(change: Change[RuleSpec]) -> tuple[Step, ...]:
    """One call to make or delete it; mending takes one for the description, one for tags.

    A rule that names a group waits for its peering; the peering's deletion waits for it. What
    takes a rule's place is there before it goes, save where the two would be the same rule.
    """
    match change.action:
        case Action.CREATE:
            return (_authorize(change, _after(change)),)
        case Action.UPDATE:
            return _update(change)
        case Action.DELETE:
            return (_revoke(change, after=_needed(change), before=_releases(change)),)


def _scope(change: Change[RuleSpec]) -> Scope:
    return change.address.scopes[0]


def _ref(change: Change[RuleSpec], step: str) -> StepRef:
    return StepRef(change.address, step)


def _needed(change: Change[RuleSpec]) -> tuple[StepRef, ...]:
    """Make before break, or room before a rule that would be one too many.

    What else a deletion needs is there to keep parts of a plan together: the peering's deletion
    comes later.
    """
    return tuple(StepRef(need, "rule") for need in change.needs if need.kind == NAME)


def _connected(spec: RuleSpec) -> tuple[StepRef, ...]:
    return (StepRef(spec.peering, "active"),) if spec.peering is not None else ()


def _authorize(change: Change[RuleSpec], spec: RuleSpec, *after: StepRef) -> Step:
    return Step(
        "rule",
        _scope(change),
        AUTHORIZE[spec.direction],
        {
            "GroupId": spec.group,
            "IpPermissions": [_permission(spec)],
            "TagSpecifications": [
                {"ResourceType": "security-group-rule", "Tags": _tag_list(spec.tags)}
            ],
        },
        after=(*_connected(spec), *_needed(change), *after),
        look=Look(
            RULES,
            "group-id",
            spec.group,
            {**_match(spec), **{f"Tags[{key}]": spec.tags.get(key) for key in OWNER}},
            codes=frozenset({"InvalidPermission.Duplicate"}),
        ),
    )


def _permission(spec: RuleSpec) -> Mapping[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": spec.protocol}
    if spec.traffic.numbered:
        permission |= {"FromPort": spec.from_port, "ToPort": spec.to_port}
    said = {"Description": spec.description} if spec.description else {}
    if spec.by_reference:
        assert spec.peer is not None, "a rule that is made is for a peer"
        owner = spec.allowed_owner or spec.peer.scope.account
        pair = {"GroupId": spec.allowed, "UserId": owner}
        return {**permission, "UserIdGroupPairs": [{**pair, **said}]}
    if is_ipv6(spec.allowed):
        return {**permission, "Ipv6Ranges": [{"CidrIpv6": spec.allowed, **said}]}
    return {**permission, "IpRanges": [{"CidrIp": spec.allowed, **said}]}


def _match(spec: RuleSpec) -> dict[str, Any]:
    """The rule among those of its group, in DescribeSecurityGroupRules' answer."""
    match: dict[str, Any] = {
        "GroupId": spec.group,
        "IsEgress": str(spec.direction is Direction.EGRESS),
        "IpProtocol": spellings(spec.protocol),
    }
    if spec.traffic.numbered:
        match |= {"FromPort": str(spec.from_port), "ToPort": str(spec.to_port)}
    if spec.by_reference:
        return {**match, "ReferencedGroupInfo.GroupId": spec.allowed}
    return {**match, "CidrIpv6" if is_ipv6(spec.allowed) else "CidrIpv4": spec.allowed}


def _update(change: Change[RuleSpec]) -> tuple[Step, ...]:
    before, after = change.held, _after(change)
    if before.stale:
        gone = _revoke(change, name="stale rule", after=_connected(after))
        return gone, _authorize(change, after, _ref(change, "stale rule"))
    made: list[Step] = []
    if before.description != after.description:
        made.append(_description(change, after))
    differing = after.tags.missing_from(before.tags)
    if differing.items:
        made.append(_tag(change, differing))
    return tuple(made)


def _description(change: Change[RuleSpec], spec: RuleSpec) -> Step:
    described = {"SecurityGroupRuleId": change.id, "Description": spec.description}
    return Step(
        "description",
        _scope(change),
        DESCRIBE_ANEW[spec.direction],
        {"GroupId": spec.group, "SecurityGroupRuleDescriptions": [described]},
        repeatable=True,
    )


def _tag(change: Change[RuleSpec], tags: Tags) -> Step:
    return Step(
        "tags",
        _scope(change),
        "ec2:CreateTags",
        {"Resources": [change.id], "Tags": _tag_list(tags)},
        merge="Resources",
        repeatable=True,
    )


def _tag_list(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items]


def _revoke(
    change: Change[RuleSpec],
    name: str = "rule",
    after: tuple[StepRef, ...] = (),
    before: tuple[StepRef, ...] = (),
) -> Step:
    spec = change.held
    return Step(
        name,
        _scope(change),
        REVOKE[spec.direction],
        {"GroupId": spec.group, "SecurityGroupRuleIds": [change.id]},
        after=after,
        before=before,
        tolerates=GONE,
        look=Look(
            RULES,
            "security-group-rule-id",
            change.id,
            {"SecurityGroupRuleId": change.id},
            gone=True,
        ),
    )


def _releases(change: Change[RuleSpec]) -> tuple[StepRef, ...]:
    """The deletion of the peering that the rule needs waits for this."""
    peering = change.held.peering
    return (StepRef(peering, "delete"),) if isinstance(peering, Address) else ()


def _after(change: Change[RuleSpec]) -> RuleSpec:
    assert change.after is not None, "the side of a change that its action says is there"
    return change.after

"""What IAM is asked for a call: which actions on which resources, and what it then knows.

From "Actions, resources, and condition keys for Amazon EC2" of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html), "Grant
permission to tag resources during creation" of the EC2 User Guide, "Identity and access management
for VPC peering" of the peering guide, and "Pass session tags" of the IAM User Guide.

Where AWS's documents leave open whether a key is known, both cases are demanded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.emulator.aws.peerings import Side
from bot.emulator.aws.world import World
from tests.iam.judge import Context, Demand

Values = Mapping[str, str]
"""The parameters of a call, in the flat form of AWS's query protocol."""

_KINDS = {"pcx": "vpc-peering-connection", "rtb": "route-table", "vpc": "vpc", "subnet": "subnet"}
_KINDS |= {"eni": "network-interface", "nip": "network-insights-path"}
_KINDS |= {"nia": "network-insights-analysis"}
_KINDS |= {"sg": "security-group", "sgr": "security-group-rule"}


@dataclass(frozen=True)
class Caller:
    """Where a call is made."""

    world: World
    account: str
    region: str

    def arn(self, identifier: str) -> str:
        """The ARN of a resource of the caller's account, by the form of its id."""
        kind = _KINDS[identifier.partition("-")[0]]
        return f"arn:aws:ec2:{self.region}:{self.account}:{kind}/{identifier}"

    def held(self, identifier: str) -> dict[str, tuple[str, ...]]:
        """The tags that the caller's account has on it in the Region, under both names."""
        tags = self.world.backend(self.account, self.region).tags.get(identifier, {})
        prefixes = ("aws:ResourceTag/", "ec2:ResourceTag/")
        return {f"{prefix}{key}": (value,) for key, value in tags.items() for prefix in prefixes}

    def sides(self, identifier: str) -> Context:
        """Both VPCs of a peering; nothing for one that is not there."""
        peering = self.world.peerings.get(identifier)
        return _sides(peering.requester, peering.accepter) if peering else {}


def demands(caller: Caller, action: str, values: Values) -> tuple[Demand, ...]:
    """The demands of a call through a member role."""
    asked = _ASKED.get(action)
    return tuple(asked(caller, action, values)) if asked else (Demand(action, "*"),)


def _request(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    vpc = values["VpcId"]
    account = values.get("PeerOwnerId", caller.account)
    region = values.get("PeerRegion", caller.region)
    sides = {
        "ec2:RequesterVpc": (caller.arn(vpc),),
        "ec2:AccepterVpc": (f"arn:aws:ec2:{region}:{account}:vpc/{values['PeerVpcId']}",),
    }
    new = caller.arn("pcx-*")
    tags = _request_tags(values, "TagSpecification.1.Tag")
    yield Demand(action, caller.arn(vpc), caller.held(vpc))
    yield Demand(action, new, {**sides, **tags})
    if tags:
        tagging = {**tags, "ec2:CreateAction": (action.partition(":")[2],)}
        yield Demand("ec2:CreateTags", new, tagging)
        yield Demand("ec2:CreateTags", new, {**sides, **tagging})


def _accept(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    identifier = values["VpcPeeringConnectionId"]
    peering = caller.world.peerings.get(identifier)
    if peering:
        own = peering.accepter.vpc
        yield Demand(action, caller.arn(own), caller.held(own))
    yield from _peering(caller, action, values)


def _peering(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    identifier = values["VpcPeeringConnectionId"]
    context = {**caller.held(identifier), **caller.sides(identifier)}
    yield Demand(action, caller.arn(identifier), context)


def _tags(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    given = _request_tags(values, "Tag")
    for name in sorted(name for name in values if re.fullmatch(r"ResourceId\.\d+", name)):
        identifier = values[name]
        context = {**caller.held(identifier), **given}
        yield Demand(action, caller.arn(identifier), context)
        if sides := caller.sides(identifier):
            yield Demand(action, caller.arn(identifier), {**context, **sides})


def _route(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    table = values["RouteTableId"]
    yield Demand(action, caller.arn(table), caller.held(table))


def _rule(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    """A rule of a group; with tags, the new rule is a resource of its own."""
    group, new = values["GroupId"], caller.arn("sgr-*")
    yield Demand(action, caller.arn(group), caller.held(group))
    tags = _request_tags(values, "TagSpecification.1.Tag")
    if tags:
        yield Demand(action, new, tags)
        tagging = {**tags, "ec2:CreateAction": (action.partition(":")[2],)}
        yield Demand("ec2:CreateTags", new, tagging)


def _referenced(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    for name in sorted(name for name in values if re.fullmatch(r"GroupId\.\d+", name)):
        yield Demand(action, caller.arn(values[name]), caller.held(values[name]))


def _path(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    for end in ("Source", "Destination"):
        given = values[end]
        own = not given.startswith("arn:")
        yield Demand(action, caller.arn(given) if own else given, caller.held(given) if own else {})
    yield from _marked(caller, action, values, "nip-*")


def _analysis(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    path = values["NetworkInsightsPathId"]
    yield Demand(action, caller.arn(path), caller.held(path))
    yield from _marked(caller, action, values, "nia-*")


def _marked(caller: Caller, action: str, values: Values, made: str) -> Iterator[Demand]:
    """Something new with its tags."""
    tags, new = _request_tags(values, "TagSpecification.1.Tag"), caller.arn(made)
    yield Demand(action, new, tags)
    if tags:
        tagging = {**tags, "ec2:CreateAction": (action.partition(":")[2],)}
        yield Demand("ec2:CreateTags", new, tagging)


def _insight(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    identifier = values.get("NetworkInsightsAnalysisId") or values["NetworkInsightsPathId"]
    yield Demand(action, caller.arn(identifier), caller.held(identifier))


def _request_tags(values: Values, prefix: str) -> Context:
    found: dict[str, tuple[str, ...]] = {}
    keys = [name for name in values if re.fullmatch(rf"{re.escape(prefix)}\.\d+\.Key", name)]
    for name in keys:
        value = values.get(f"{name.removesuffix('.Key')}.Value", "")
        found[f"aws:RequestTag/{values[name]}"] = (value,)
    return {**found, "aws:TagKeys": tuple(values[name] for name in keys)} if keys else {}


def _sides(requester: Side, accepter: Side) -> dict[str, tuple[str, ...]]:
    return {
        f"ec2:{name}Vpc": (f"arn:aws:ec2:{side.place.region}:{side.place.account}:vpc/{side.vpc}",)
        for name, side in (("Requester", requester), ("Accepter", accepter))
    }


def assuming(values: Values) -> tuple[Demand, ...]:
    """The demands of an AssumeRole, of the caller's policy and of the role's trust alike."""
    arn, known = values["RoleArn"], values.get("ExternalId")
    tags = _request_tags(values, "Tags.member")
    context: Context = {**tags, **({"sts:ExternalId": (known,)} if known is not None else {})}
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] if tags else []
    actions += ["sts:SetSourceIdentity"] if "SourceIdentity" in values else []
    return tuple(Demand(action, arn, context) for action in actions)


def _attribute(caller: Caller, action: str, values: Values) -> Iterator[Demand]:
    vpc = values["VpcId"]
    yield Demand(action, caller.arn(vpc), caller.held(vpc))


_ASKED: Mapping[str, Callable[[Caller, str, Values], Iterator[Demand]]] = {
    "ec2:CreateVpcPeeringConnection": _request,
    "ec2:AcceptVpcPeeringConnection": _accept,
    "ec2:DeleteVpcPeeringConnection": _peering,
    "ec2:ModifyVpcPeeringConnectionOptions": _peering,
    "ec2:CreateNetworkInsightsPath": _path,
    "ec2:DeleteNetworkInsightsAnalysis": _insight,
    "ec2:DeleteNetworkInsightsPath": _insight,
    "ec2:StartNetworkInsightsAnalysis": _analysis,
    "ec2:DescribeVpcAttribute": _attribute,
    "ec2:CreateTags": _tags,
    "ec2:DeleteTags": _tags,
    "ec2:CreateRoute": _route,
    "ec2:ReplaceRoute": _route,
    "ec2:DeleteRoute": _route,
    "ec2:DescribeSecurityGroupReferences": _referenced,
    "ec2:AuthorizeSecurityGroupEgress": _rule,
    "ec2:AuthorizeSecurityGroupIngress": _rule,
    "ec2:RevokeSecurityGroupEgress": _rule,
    "ec2:RevokeSecurityGroupIngress": _rule,
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress": _rule,
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress": _rule,
}

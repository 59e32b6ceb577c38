"""The calls on security groups and their rules, as AWS documents them (EC2 API reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from bot.model.address import Scope, VpcRef
from tests.fakes import shapes
from tests.fakes.faults import Fault
from tests.fakes.group import FakeGroup, FakeGroupRule
from tests.fakes.world import FakePeering, World

RULES = "L-0EA8095F"
NO_GROUP, NO_RULE = "InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound"
PORTED = ("tcp", "udp", "icmp", "icmpv6")
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


class SecurityGroups:
    """Security groups in every account and region of a World."""

    def __init__(self, world: World, quota: Callable[[Scope, str], int]) -> None:
        self.world, self.quota = world, quota
        self.reads: dict[str, Callable[..., list[dict[str, Any]]]] = {
            "ec2:DescribeSecurityGroups": self.describe_groups,
            "ec2:DescribeSecurityGroupRules": self.describe_rules,
            "ec2:DescribeStaleSecurityGroups": self.describe_stale,
            "ec2:DescribeSecurityGroupReferences": self.describe_references,
        }
        self.writes: dict[str, Callable[..., dict[str, Any]]] = {
            "ec2:AuthorizeSecurityGroupIngress": self.authorize_ingress,
            "ec2:AuthorizeSecurityGroupEgress": self.authorize_egress,
            "ec2:RevokeSecurityGroupIngress": self.revoke_ingress,
            "ec2:RevokeSecurityGroupEgress": self.revoke_egress,
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress": self.describe_anew,
            "ec2:UpdateSecurityGroupRuleDescriptionsEgress": self.describe_anew,
        }

    # Describe

    def describe_groups(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeSecurityGroups; of their rules nothing, as nobody asks."""
        found = [
            {
                "GroupId": group.id,
                "GroupName": group.name,
                "VpcId": group.vpc.vpc_id,
                "OwnerId": group.owner,
                "Tags": shapes.tag_list(group.tags if group.owner == where.account else {}),
            }
            for group in self._groups(where)
        ]
        return shapes.filtered(found, params, "GroupIds", "GroupId", NO_GROUP)

    def describe_rules(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeSecurityGroupRules."""
        found = [self._shape(g, rule) for g in self._groups(where) for rule in g.rules.values()]
        theirs = {g.id for g in self._groups(where) if g.owner != where.account}
        found = [item | ({"Tags": []} if item["GroupId"] in theirs else {}) for item in found]
        key = "SecurityGroupRuleId"
        return shapes.filtered(found, params, f"{key}s", key, NO_RULE)

    def describe_stale(self, where: Scope, *, VpcId: str) -> list[dict[str, Any]]:
        """DescribeStaleSecurityGroups: rules of a VPC's groups whose peering or group is gone."""
        found = []
        for group in self._groups(where):
            stale = [r for r in group.rules.values() if group.vpc.vpc_id == VpcId and self._dead(r)]
            if stale:
                found.append(
                    {
                        "GroupId": group.id,
                        "GroupName": group.name,
                        "VpcId": VpcId,
                        "StaleIpPermissions": [_permission(r) for r in stale if not r.egress],
                        "StaleIpPermissionsEgress": [_permission(r) for r in stale if r.egress],
                    }
                )
        return found

    def describe_references(self, where: Scope, *, GroupId: list[str]) -> list[dict[str, Any]]:
        """DescribeSecurityGroupReferences: the VPCs on the other side of a peering."""
        for group_id in GroupId:
            self._group(where, group_id)
        seen = {
            (rule.allowed, group.vpc.vpc_id, rule.peering)
            for group in self.world.groups.values()
            for rule in group.rules.values()
            if rule.allowed in GroupId and rule.peering
        }
        found = [
            {"GroupId": g, "ReferencingVpcId": vpc, "VpcPeeringConnectionId": pcx}
            for g, vpc, pcx in sorted(seen)
        ]
        return [{"SecurityGroupReferenceSet": found}]  # no pages: the whole answer

    def _groups(self, where: Scope) -> Iterator[FakeGroup]:
        return (g for g in self.world.groups.values() if g.seen_from(where))

    def _group(self, where: Scope, group_id: str) -> FakeGroup:
        group = self.world.groups.get(group_id)
        region = group.vpc.scope.region if group is not None else ""
        if group is None or (group.owner, region) != (where.account, where.region):
            raise Fault(NO_GROUP, f"The security group '{group_id}' does not exist")
        return group

    def rule(self, where: Scope, rule_id: str) -> FakeGroupRule:
        """A rule of a scope, by id."""
        for group in self._groups(where):
            if rule_id in group.rules:
                return group.rules[rule_id]
        raise Fault(NO_RULE, f"The security group rule ID '{rule_id}' does not exist")

    def _dead(self, rule: FakeGroupRule) -> bool:
        peering = self.world.peerings.get(rule.peering)
        lost = rule.allowed not in self.world.groups
        return bool(rule.peering) and (peering is None or not peering.live or lost)

    def _shape(self, group: FakeGroup, rule: FakeGroupRule) -> dict[str, Any]:
        return {
            "SecurityGroupRuleId": rule.id,
            "GroupId": group.id,
            "GroupOwnerId": group.owner,
            "IsEgress": rule.egress,
            "IpProtocol": rule.protocol,
            "FromPort": rule.from_port,
            "ToPort": rule.to_port,
            **self._allowed(group, rule),
            **({"Description": rule.description} if rule.description else {}),
            "Tags": shapes.tag_list(rule.tags),
        }

    def _allowed(self, group: FakeGroup, rule: FakeGroupRule) -> dict[str, Any]:
        if rule.allowed.startswith("pl-"):
            return {"PrefixListId": rule.allowed}
        if not rule.allowed.startswith("sg-"):
            return {"CidrIpv6" if ":" in rule.allowed else "CidrIpv4": rule.allowed}
        referenced = self.world.groups.get(rule.allowed)
        info: dict[str, Any] = {"GroupId": rule.allowed}
        if referenced is not None:
            info["UserId"] = referenced.owner
        if rule.peering:
            held = self.world.peerings.get(rule.peering)
            info["PeeringStatus"] = held.status if held else "deleted"
            info["VpcPeeringConnectionId"] = rule.peering
            info["VpcId"] = referenced.vpc.vpc_id if referenced else ""
        return {"ReferencedGroupInfo": info}

    # Changes

    def authorize_ingress(self, where: Scope, **params: Any) -> dict[str, Any]:
        """AuthorizeSecurityGroupIngress."""
        return self._authorize(where, egress=False, **params)

    def authorize_egress(self, where: Scope, **params: Any) -> dict[str, Any]:
        """AuthorizeSecurityGroupEgress."""
        return self._authorize(where, egress=True, **params)

    def _authorize(
        self,
        where: Scope,
        *,
        egress: bool,
        GroupId: str,
        IpPermissions: Any,
        TagSpecifications: Any = (),
    ) -> dict[str, Any]:
        group = self._group(where, GroupId)
        made = [r for p in IpPermissions for r in self._permitted(group, p, egress=egress)]
        for rule in made:
            for spec in TagSpecifications:
                if spec["ResourceType"] != "security-group-rule":
                    raise Fault("InvalidParameterValue", "ResourceType")
                shapes.put_tags(rule.tags, spec["Tags"])
        known = {rule.identity for rule in group.rules.values()}
        if any(rule.identity in known for rule in made):
            raise Fault("InvalidPermission.Duplicate", "the specified rule already exists")
        standing = sum(rule.egress is egress for rule in group.rules.values())
        if standing + len(made) > self.quota(where, RULES):
            raise Fault("RulesPerSecurityGroupLimitExceeded", f"{GroupId} is full")
        for rule in made:
            group.add(rule)
        return {"Return": True, "SecurityGroupRules": [self._shape(group, r) for r in made]}

    def _permitted(
        self, group: FakeGroup, permission: Mapping[str, Any], *, egress: bool
    ) -> Iterator[FakeGroupRule]:
        given = str(permission["IpProtocol"])
        protocol = NAMES.get(given, given)
        numbered = protocol in PORTED
        if protocol in ("tcp", "udp", "icmp") and not {"FromPort", "ToPort"} <= permission.keys():
            raise Fault("MissingParameter", "a port range is required")
        ends = (permission.get(key, -1) if numbered else -1 for key in ("FromPort", "ToPort"))
        first, last = ends
        for pair in permission.get("UserIdGroupPairs", ()):
            peering = self._reference(group, pair["GroupId"], pair.get("UserId", ""))
            yield self._new(egress, protocol, first, last, pair["GroupId"], pair, peering)
        for key, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            for item in permission.get(key, ()):
                block = str(ip_network(item[name], strict=False))
                yield self._new(egress, protocol, first, last, block, item, "")

    def _new(
        self,
        egress: bool,
        protocol: str,
        first: int,
        last: int,
        allowed: str,
        item: Mapping[str, Any],
        peering: str,
    ) -> FakeGroupRule:
        self.world.serial += 1
        rule_id = f"sgr-{self.world.serial:017x}"
        said = item.get("Description", "")
        return FakeGroupRule(rule_id, egress, protocol, first, last, allowed, said, peering=peering)

    def _reference(self, group: FakeGroup, other_id: str, owner: str) -> str:
        """The peering over which a group may be named; none within one VPC."""
        other = self.world.groups.get(other_id)
        wrong_owner = bool(other and owner and other.owner != owner)
        if other is None or wrong_owner or other.vpc.scope.region != group.vpc.scope.region:
            raise Fault(NO_GROUP, f"You have specified two resources: {other_id}")
        if other.vpc == group.vpc:
            return ""
        peering = self._active(group.vpc, other.vpc)
        if peering is None:
            raise Fault(NO_GROUP, f"{other_id} is not reachable over an active peering")
        return peering.id

    def _active(self, one: VpcRef, other: VpcRef) -> FakePeering | None:
        held = self.world.live_between(one, other)
        return held if held is not None and held.status == "active" else None

    def revoke_ingress(self, where: Scope, **params: Any) -> dict[str, Any]:
        """RevokeSecurityGroupIngress."""
        return self._revoke(where, egress=False, **params)

    def revoke_egress(self, where: Scope, **params: Any) -> dict[str, Any]:
        """RevokeSecurityGroupEgress."""
        return self._revoke(where, egress=True, **params)

    def _revoke(
        self, where: Scope, *, egress: bool, GroupId: str, SecurityGroupRuleIds: list[str]
    ) -> dict[str, Any]:
        group = self._group(where, GroupId)
        for rule_id in SecurityGroupRuleIds:
            held = group.rules.get(rule_id)
            if held is None or held.egress is not egress:
                raise Fault(NO_RULE, f"The security group rule ID '{rule_id}' does not exist")
        for rule_id in SecurityGroupRuleIds:
            del group.rules[rule_id]
        return {"Return": True}

    def describe_anew(
        self, where: Scope, *, GroupId: str, SecurityGroupRuleDescriptions: Any
    ) -> dict[str, Any]:
        """UpdateSecurityGroupRuleDescriptionsIngress and Egress."""
        group = self._group(where, GroupId)
        for item in SecurityGroupRuleDescriptions:
            rule = group.rules.get(item["SecurityGroupRuleId"])
            if rule is None:
                raise Fault(NO_RULE, "no such rule")
            rule.description = item.get("Description", "")
        return {"Return": True}


def _permission(rule: FakeGroupRule) -> dict[str, Any]:
    return {
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "UserIdGroupPairs": [{"GroupId": rule.allowed, "VpcPeeringConnectionId": rule.peering}],
    }

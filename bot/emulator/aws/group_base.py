"""What the calls on security groups share: finding groups and rules, and how a rule is shown."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError
from bot.emulator.aws.group_rules import GroupRule

_SHOWN = {"IpRanges": "CidrIpv4", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}
_NO_RULE = "InvalidSecurityGroupRuleId.NotFound"


class GroupBase(Calls):
    """Groups are moto's, their rules ours."""

    def _groups(self) -> list[Any]:
        return [g for held in self.backend.groups.values() for g in held.values()]

    def _group(self, identifier: str) -> Any:
        for group in self._groups():
            if group.id == identifier:
                return group
        raise InvalidSecurityGroupNotFoundError(identifier)

    def _rules_of(self, group: Any) -> dict[str, GroupRule]:
        return self.world.group_rules.of(group)

    def _value(self, rule: GroupRule) -> dict[str, Any]:
        if rule.kind == "UserIdGroupPairs":
            allowed: dict[str, Any] = {"ReferencedGroupInfo": self._referenced(rule)}
        else:
            allowed = {_SHOWN[rule.kind]: rule.allowed}
        return {
            "SecurityGroupRuleId": rule.id,
            "GroupId": rule.group,
            "GroupOwnerId": self.place.account,
            "IsEgress": rule.egress,
            "IpProtocol": rule.protocol,
            "FromPort": rule.from_port,
            "ToPort": rule.to_port,
            **allowed,
            "Description": rule.description or None,
            "Tags": self.tag_set(rule.id),
        }

    def _referenced(self, rule: GroupRule) -> dict[str, Any]:
        value = {"GroupId": rule.allowed, "UserId": rule.owner}
        if not rule.peering:
            return value
        peering = self.world.peerings.get(rule.peering)
        status = peering.status(self.world.now()).value if peering else "deleted"
        more = {"VpcId": rule.vpc, "VpcPeeringConnectionId": rule.peering}
        return {**value, **more, "PeeringStatus": status}


def no_rule(identifier: str) -> EC2ClientError:
    """There is no rule of that id, or none in that direction."""
    return EC2ClientError(_NO_RULE, f"The security group rule ID '{identifier}' does not exist")

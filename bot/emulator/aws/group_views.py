"""Security groups as EC2 describes them: groups with their rules, rules, references, stale ones.

Sources: the page of each action in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ and
API_IpPermission there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

from bot.emulator.aws.filters import Getter
from bot.emulator.aws.group_base import GroupBase, no_rule
from bot.emulator.aws.group_rules import GONE, NUMBERED, GroupRule

_RULE_FILTERS: Mapping[str, Getter[GroupRule]] = {
    "group-id": lambda rule: [rule.group],
    "security-group-rule-id": lambda rule: [rule.id],
}

_BLOCKS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}
"""Under which key of IpPermission something is let through, and the key of what it is."""


def _of_kind(kind: str) -> Callable[[GroupRule], Any]:
    return lambda rule: rule.allowed if rule.kind == kind else None


_OF_A_RULE: Mapping[str, Callable[[GroupRule], Any]] = {
    "cidr": _of_kind("IpRanges"),
    "from-port": lambda rule: rule.from_port,
    "group-id": _of_kind("UserIdGroupPairs"),
    "ipv6-cidr": _of_kind("Ipv6Ranges"),
    "prefix-list-id": _of_kind("PrefixListIds"),
    "protocol": lambda rule: rule.protocol,
    "to-port": lambda rule: rule.to_port,
    "user-id": lambda rule: rule.owner or None,
}
"""The filters ``ip-permission.…`` and ``egress.ip-permission.…``, by their last part."""


class GroupViews(GroupBase):
    """The Describe actions."""

    def describe_security_groups(self) -> ActionResult:
        names = self._get_param("GroupNames") or []
        items = {g.id: g for g in self._groups() if not names or g.name in names}
        if missing := set(names) - {group.name for group in items.values()}:
            raise InvalidSecurityGroupNotFoundError(sorted(missing)[0])
        return self.listing(
            "DescribeSecurityGroups",
            "SecurityGroups",
            ids="GroupIds",
            items=items,
            missing=InvalidSecurityGroupNotFoundError,
            getters=self._group_filters(),
            value=self._group_value,
        )

    def describe_security_group_rules(self) -> ActionResult:
        items = {
            rule.id: rule for group in self._groups() for rule in self._rules_of(group).values()
        }
        return self.listing(
            "DescribeSecurityGroupRules",
            "SecurityGroupRules",
            ids="SecurityGroupRuleIds",
            items=items,
            missing=no_rule,
            getters=_RULE_FILTERS,
            value=self._value,
        )

    def describe_security_group_references(self) -> ActionResult:
        """ "The VPCs on the other side of a VPC peering connection" that reference the groups."""
        self.error_on_dryrun()
        asked = [str(group) for group in self._get_param("GroupId") or []]
        for group in asked:
            self._group(group)
        owners = self._owners()
        found = sorted(
            {
                (rule.allowed, owners[rule.group], rule.peering)
                for rule in self.world.group_rules.made()
                if rule.peering and rule.allowed in asked and rule.group in owners
            }
        )
        values = [
            {"GroupId": group, "ReferencingVpcId": vpc, "VpcPeeringConnectionId": peering}
            for group, vpc, peering in found
        ]
        answer = {"SecurityGroupReferenceSet": values}
        return self.answer("DescribeSecurityGroupReferences", answer)

    def describe_stale_security_groups(self) -> ActionResult:
        """Rules of a VPC's groups that reference a peer's group over a peering that is gone."""
        self.error_on_dryrun()
        vpc = self.required("VpcId")
        found = []
        for group in self._groups():
            stale = [r for r in self._rules_of(group).values() if self._stale(r)]
            if group.vpc_id == vpc and stale:
                found.append(self._stale_group(group, stale))
        return self.answer("DescribeStaleSecurityGroups", {"StaleSecurityGroupSet": found})

    # Groups

    def _group_filters(self) -> Mapping[str, Getter[Any]]:
        plain: dict[str, Getter[Any]] = {
            "description": lambda group: [group.description],
            "group-id": lambda group: [group.id],
            "group-name": lambda group: [group.name],
            "owner-id": lambda group: [group.owner_id],
            "vpc-id": lambda group: [group.vpc_id],
        }
        for name, value in _OF_A_RULE.items():
            plain[f"ip-permission.{name}"] = self._of_rules(value, egress=False)
            plain[f"egress.ip-permission.{name}"] = self._of_rules(value, egress=True)
        return plain

    def _of_rules(self, value: Callable[[GroupRule], Any], *, egress: bool) -> Getter[Any]:
        return lambda group: [
            value(rule) for rule in self._rules_of(group).values() if rule.egress is egress
        ]

    def _group_value(self, group: Any) -> dict[str, Any]:
        rules = self._rules_of(group).values()
        return {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": group.owner_id,
            "VpcId": group.vpc_id,
            "IpPermissions": self._permissions(r for r in rules if not r.egress),
            "IpPermissionsEgress": self._permissions(r for r in rules if r.egress),
            "Tags": self.tag_set(group.id),
        }

    def _permissions(self, rules: Iterable[GroupRule]) -> list[dict[str, Any]]:
        """Rules for the same traffic are one IpPermission, with all that it lets through."""
        found: dict[tuple[object, ...], dict[str, Any]] = {}
        for rule in rules:
            traffic = (rule.protocol, rule.from_port, rule.to_port)
            item = found.setdefault(traffic, _traffic(rule) | {key: [] for key in _KINDS})
            item[rule.kind].append(self._let_through(rule))
        return list(found.values())

    def _let_through(self, rule: GroupRule) -> dict[str, Any]:
        said = {"Description": rule.description or None}
        if rule.kind == "UserIdGroupPairs":
            return self._referenced(rule) | said
        return {_BLOCKS[rule.kind]: rule.allowed} | said

    # Stale rules

    def _owners(self) -> dict[str, str]:
        """The VPC of every group, in every account of this Region that has peerings."""
        accounts = {self.place.account}
        for peering in self.world.peerings.every():
            accounts |= {s.place.account for s in peering.sides if s.place.region == self.region}
        return {
            group.id: str(group.vpc_id)
            for account in accounts
            for held in self.world.backend(account, self.region).groups.values()
            for group in held.values()
        }

    def _stale(self, rule: GroupRule) -> bool:
        if not rule.peering:
            return False
        peering = self.world.peerings.get(rule.peering)
        return peering is None or peering.status(self.world.now()) in GONE

    def _stale_group(self, group: Any, stale: list[GroupRule]) -> dict[str, Any]:
        return {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "VpcId": group.vpc_id,
            "StaleIpPermissions": [self._stale_permission(r) for r in stale if not r.egress],
            "StaleIpPermissionsEgress": [self._stale_permission(r) for r in stale if r.egress],
        }

    def _stale_permission(self, rule: GroupRule) -> dict[str, Any]:
        return _traffic(rule) | {"UserIdGroupPairs": [self._referenced(rule)]}


_KINDS = (*_BLOCKS, "UserIdGroupPairs")


def _traffic(rule: GroupRule) -> dict[str, Any]:
    """The part of an IpPermission that says which traffic; ports where the protocol has them."""
    numbered = rule.protocol in NUMBERED
    return {
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port if numbered else None,
        "ToPort": rule.to_port if numbered else None,
    }

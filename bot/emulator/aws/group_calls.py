"""The calls on security groups and their rules.

Sources: the page of each action in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ and
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html .
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError, invalid_value
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.group_rules import GONE, NUMBERED, GroupRule, Traffic, new_rule, referencing

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_BLOCKS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}
_SHOWN = {"IpRanges": "CidrIpv4", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}

_FILTERS: Mapping[str, Getter[GroupRule]] = {
    "group-id": lambda rule: [rule.group],
    "security-group-rule-id": lambda rule: [rule.id],
}

_NO_RULE = "InvalidSecurityGroupRuleId.NotFound"


class GroupCalls(Calls):
    """Authorize, revoke, describe and describe anew; references and stale rules."""

    def authorize_security_group_ingress(self) -> ActionResult:
        return self._authorize("AuthorizeSecurityGroupIngress", egress=False)

    def authorize_security_group_egress(self) -> ActionResult:
        return self._authorize("AuthorizeSecurityGroupEgress", egress=True)

    def revoke_security_group_ingress(self) -> ActionResult:
        return self._revoke("RevokeSecurityGroupIngress", egress=False)

    def revoke_security_group_egress(self) -> ActionResult:
        return self._revoke("RevokeSecurityGroupEgress", egress=True)

    def update_security_group_rule_descriptions_ingress(self) -> ActionResult:
        return self._describe_anew("UpdateSecurityGroupRuleDescriptionsIngress", egress=False)

    def update_security_group_rule_descriptions_egress(self) -> ActionResult:
        return self._describe_anew("UpdateSecurityGroupRuleDescriptionsEgress", egress=True)

    def describe_security_group_rules(self) -> ActionResult:
        items = {
            rule.id: rule for group in self._groups() for rule in self._rules_of(group).values()
        }
        return self.listing(
            "DescribeSecurityGroupRules",
            "SecurityGroupRules",
            ids="SecurityGroupRuleIds",
            items=items,
            missing=_missing,
            getters=_FILTERS,
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

    def _groups(self) -> list[Any]:
        return [g for held in self.backend.groups.values() for g in held.values()]

    def _group(self, identifier: str) -> Any:
        for group in self._groups():
            if group.id == identifier:
                return group
        raise InvalidSecurityGroupNotFoundError(identifier)

    def _rules_of(self, group: Any) -> dict[str, GroupRule]:
        return self.world.group_rules.of(group)

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

    # Changes

    def _authorize(self, action: str, *, egress: bool) -> ActionResult:
        self.error_on_dryrun()
        group, rules = self._named()
        tags = self.specified_tags("security-group-rule")
        permissions = self._get_param("IpPermissions") or []
        made = [rule for p in permissions for rule in self._permitted(group, p, egress=egress)]
        self._check_new(group, rules, made)
        for rule in made:
            rules[rule.id] = rule
            self.write_tags(rule.id, tags)
        values = [self._value(rule) for rule in made]
        return self.answer(action, {"Return": True, "SecurityGroupRules": values})

    def _named(self) -> tuple[Any, dict[str, GroupRule]]:
        group = self._group(self.required("GroupId"))
        return group, self._rules_of(group)

    def _check_new(self, group: Any, rules: Mapping[str, GroupRule], made: list[GroupRule]) -> None:
        known = {rule.identity for rule in rules.values()}
        for rule in made:
            if rule.identity in known:
                raise EC2ClientError(
                    "InvalidPermission.Duplicate",
                    f'the specified rule "peer: {rule.allowed}, {rule.protocol}" already exists',
                )
            known.add(rule.identity)
        limit = self.world.settings.quota("L-0EA8095F", *self.place)
        for egress in (False, True):
            for ipv6 in (False, True):
                every = [*rules.values(), *made]
                counted = [r for r in every if r.egress is egress and _counts(r, ipv6=ipv6)]
                if len(counted) > limit:
                    raise EC2ClientError(
                        "RulesPerSecurityGroupLimitExceeded",
                        f"The maximum number of rules per security group has been reached: {limit}",
                    )

    def _permitted(
        self, group: Any, permission: Mapping[str, Any], *, egress: bool
    ) -> Iterator[GroupRule]:
        traffic = _traffic(permission)
        for kind, key in _BLOCKS.items():
            for item in permission.get(kind) or ():
                allowed = str(item[key])
                if kind != "PrefixListIds":
                    allowed = _block(allowed)
                said = item.get("Description") or ""
                yield new_rule(group.id, egress, traffic, kind, allowed, said)
        for item in permission.get("UserIdGroupPairs") or ():
            said = item.get("Description") or ""
            named = str(item.get("GroupId"))
            rule = new_rule(group.id, egress, traffic, "UserIdGroupPairs", named, said)
            self._refer(group, rule, str(item.get("UserId") or self.place.account))
            yield rule

    def _refer(self, group: Any, rule: GroupRule, owner: str) -> None:
        """The group of the rule's own VPC, or of one that an active peering leads to."""
        held = self.world.backend(owner, self.region).groups.values()
        found = next((g for groups in held for g in groups.values() if g.id == rule.allowed), None)
        if found is None:
            raise InvalidSecurityGroupNotFoundError(rule.allowed)
        rule.owner, rule.vpc = owner, str(found.vpc_id)
        if found.vpc_id != group.vpc_id:
            ends, now = (str(group.vpc_id), rule.vpc), self.world.now()
            rule.peering = referencing(self.world.peerings, *ends, self.place, now)
            if not rule.peering:
                raise InvalidSecurityGroupNotFoundError(rule.allowed)

    def _revoke(self, action: str, *, egress: bool) -> ActionResult:
        self.error_on_dryrun()
        group, rules = self._named()
        given = self._get_param("SecurityGroupRuleIds")
        if given:
            doomed = [self._one(rules, identifier, egress=egress) for identifier in given]
        else:
            wanted = [
                rule.identity
                for permission in self._get_param("IpPermissions") or []
                for rule in self._permitted(group, permission, egress=egress)
            ]
            doomed = [rule for rule in rules.values() if rule.identity in wanted]
            if len(doomed) < len(wanted):
                why = "The specified rule does not exist in this security group."
                raise EC2ClientError("InvalidPermission.NotFound", why)
        for rule in doomed:
            del rules[rule.id]
            self.backend.tags.pop(rule.id, None)
        return self.answer(action, {"Return": True})

    @staticmethod
    def _one(rules: Mapping[str, GroupRule], identifier: str, *, egress: bool) -> GroupRule:
        rule = rules.get(identifier)
        if rule is None or rule.egress is not egress:
            raise _missing(identifier)
        return rule

    def _describe_anew(self, action: str, *, egress: bool) -> ActionResult:
        self.error_on_dryrun()
        _, rules = self._named()
        for item in self._get_param("SecurityGroupRuleDescriptions") or []:
            rule = self._one(rules, item["SecurityGroupRuleId"], egress=egress)
            rule.description = item.get("Description") or ""
        return self.answer(action, {"Return": True})

    # Answers

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
        numbered = rule.protocol in NUMBERED
        return {
            "IpProtocol": rule.protocol,
            "FromPort": rule.from_port if numbered else None,
            "ToPort": rule.to_port if numbered else None,
            "UserIdGroupPairs": [self._referenced(rule)],
        }


def _traffic(permission: Mapping[str, Any]) -> Traffic:
    """ "For tcp, udp, and icmp, you must specify a port range" (API_IpPermission)."""
    given = str(permission.get("IpProtocol", ""))
    protocol = _NAMES.get(given, given)
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if protocol not in NUMBERED:
        return Traffic(protocol, -1, -1)
    if protocol != "icmpv6" and (first is None or last is None):
        why = (
            "Invalid value 'null' for portRange. Must specify both from and to ports with TCP/UDP."
        )
        raise EC2ClientError("InvalidParameterValue", why)
    ends = (-1 if first is None else int(first), -1 if last is None else int(last))
    if protocol in {"tcp", "udp"} and not 0 <= ends[0] <= ends[1] <= 65535:
        raise invalid_value(f"{ends[0]}-{ends[1]}", "portRange", "Ports are 0 to 65535.")
    return Traffic(protocol, *ends)


def _block(cidr: str) -> str:
    try:
        return str(ip_network(cidr, strict=False))
    except ValueError:
        raise invalid_value(cidr, "cidr", "This is not a valid CIDR block.") from None


def _counts(rule: GroupRule, *, ipv6: bool) -> bool:
    """IPv4 and IPv6 rules are counted apart; a reference counts in both (quotas page)."""
    if rule.kind == "IpRanges":
        return not ipv6
    return ipv6 if rule.kind == "Ipv6Ranges" else True


def _missing(identifier: str) -> EC2ClientError:
    return EC2ClientError(_NO_RULE, f"The security group rule ID '{identifier}' does not exist")

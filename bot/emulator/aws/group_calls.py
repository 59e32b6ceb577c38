"""The calls that change the rules of security groups.

Sources: the page of each action in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ and
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html .
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

from bot.emulator.aws.errors import EC2ClientError, invalid_value
from bot.emulator.aws.group_base import GroupBase, no_rule
from bot.emulator.aws.group_rules import NUMBERED, GroupRule, Traffic, new_rule, referencing

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_BLOCKS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}


class GroupCalls(GroupBase):
    """Authorize, revoke, and describe anew."""

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
            raise no_rule(identifier)
        return rule

    def _describe_anew(self, action: str, *, egress: bool) -> ActionResult:
        self.error_on_dryrun()
        _, rules = self._named()
        for item in self._get_param("SecurityGroupRuleDescriptions") or []:
            rule = self._one(rules, item["SecurityGroupRuleId"], egress=egress)
            rule.description = item.get("Description") or ""
        return self.answer(action, {"Return": True})


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

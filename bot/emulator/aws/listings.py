"""Subnets and network ACLs: moto's, in pages and with the documented filters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from bot.emulator.aws import filters, pages
from bot.emulator.aws.base import Calls
from bot.emulator.aws.vpcs import cidr_blocks

_SUBNET_FILTERS = (
    "availability-zone",
    "availability-zone-id",
    "available-ip-address-count",
    "cidr-block",
    "default-for-az",
    "ipv6-cidr-block-association.association-id",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-cidr-block-association.state",
    "owner-id",
    "state",
    "subnet-arn",
    "subnet-id",
    "tag-key",
    "vpc-id",
)

_ACL_FILTERS = (
    "association.association-id",
    "association.network-acl-id",
    "association.subnet-id",
    "default",
    "entry.cidr",
    "entry.egress",
    "entry.protocol",
    "entry.rule-action",
    "entry.rule-number",
    "network-acl-id",
    "owner-id",
    "tag-key",
    "vpc-id",
)


class ListCalls(Calls):
    """DescribeSubnets and DescribeNetworkAcls."""

    def describe_network_acls(self) -> ActionResult:
        self.error_on_dryrun()
        asked = self.question("DescribeNetworkAcls", "NetworkAclIds")
        filters.read(self._get_param("Filters"), _ACL_FILTERS)
        found = self.backend.describe_network_acls(
            self._get_param("NetworkAclIds", []), self._filters_from_querystring()
        )
        for acl in found:
            self._rules_for_ipv6(acl)
        return self._page("NetworkAcls", asked, found)

    def _rules_for_ipv6(self, acl: Any) -> None:
        """The default ACL of a VPC with IPv6 lets IPv6 through: moto's knows IPv4 alone.

        Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
        """
        vpc = self.backend.vpcs.get(acl.vpc_id)
        known = any(entry.ipv6_cidr_block for entry in acl.entries)
        if not acl.default or known or vpc is None or not cidr_blocks(vpc, ipv6=True):
            return
        for egress in (True, False):
            for number, action in ((101, "allow"), (32768, "deny")):
                rule = (acl.id, number, "-1", action, egress, "", None, None, None, None, "::/0")
                self.backend.create_network_acl_entry(*rule)

    def describe_subnets(self) -> ActionResult:
        self.error_on_dryrun()
        asked = self.question("DescribeSubnets", "SubnetIds")
        filters.read(self._get_param("Filters"), _SUBNET_FILTERS)
        found = self.backend.describe_subnets(
            self._get_param("SubnetIds"), self._filters_from_querystring()
        )
        return self._page("Subnets", asked, found)

    def _page(self, result: str, asked: pages.Question, found: list[Any]) -> ActionResult:
        page, token = pages.page(asked, self.world.settings, found, lambda item: str(item.id))
        return ActionResult({result: list(page), "NextToken": token})

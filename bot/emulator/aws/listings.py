"""Subnets and security groups: moto's, in pages and with the documented filters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from bot.emulator.aws import filters, pages
from bot.emulator.aws.base import Calls

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

_GROUP_FILTERS = (
    "description",
    "egress.ip-permission.cidr",
    "egress.ip-permission.from-port",
    "egress.ip-permission.group-id",
    "egress.ip-permission.protocol",
    "egress.ip-permission.to-port",
    "group-id",
    "group-name",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.group-id",
    "ip-permission.protocol",
    "ip-permission.to-port",
    "owner-id",
    "tag-key",
    "vpc-id",
)


class ListCalls(Calls):
    """DescribeSubnets and DescribeSecurityGroups."""

    def describe_subnets(self) -> ActionResult:
        self.error_on_dryrun()
        asked = self.question("DescribeSubnets", "SubnetIds")
        filters.read(self._get_param("Filters"), _SUBNET_FILTERS)
        found = self.backend.describe_subnets(
            self._get_param("SubnetIds"), self._filters_from_querystring()
        )
        return self._page("Subnets", asked, found)

    def describe_security_groups(self) -> ActionResult:
        self.error_on_dryrun()
        asked = self.question("DescribeSecurityGroups", "GroupIds")
        filters.read(self._get_param("Filters"), _GROUP_FILTERS)
        found = self.backend.describe_security_groups(
            group_ids=self._get_param("GroupIds", []),
            groupnames=self._get_param("GroupNames", []),
            filters=self._filters_from_querystring(),
        )
        return self._page("SecurityGroups", asked, found)

    def _page(self, result: str, asked: pages.Question, found: list[Any]) -> ActionResult:
        page, token = pages.page(asked, self.world.settings, found, lambda item: str(item.id))
        return ActionResult({result: list(page), "NextToken": token})

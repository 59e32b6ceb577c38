"""CreateTags, DeleteTags and DescribeTags.

A peering has a tag set for each account and Region that it belongs to: "Any tags that you create
for your VPC peering connection are only applied in the account or Region in which you create
them" (https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from moto.core.responses import ActionResult
from moto.ec2.models import validate_resource_ids
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from bot.emulator.aws import filters, pages
from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError, not_found
from bot.emulator.aws.tags import check_reserved, checked


class _Tag(NamedTuple):
    key: str
    value: str
    resource: str

    @property
    def type(self) -> str:
        return EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.resource), "")


_FILTERS: dict[str, filters.Getter[_Tag]] = {
    "key": lambda tag: [tag.key],
    "value": lambda tag: [tag.value],
    "resource-id": lambda tag: [tag.resource],
    "resource-type": lambda tag: [tag.type],
}


class TagCalls(Calls):
    """Tags, on any resource that the caller's account has in the caller's Region."""

    def create_tags(self) -> ActionResult:
        self.error_on_dryrun()
        resources = self._resources()
        given = self._get_param("Tags") or []
        settings = self.world.settings
        new = [checked(given, self.tags_of(r), settings) for r in resources]
        for resource, tags in zip(resources, new, strict=True):
            self.write_tags(resource, tags)
        return self.answer("CreateTags", {})

    def delete_tags(self) -> ActionResult:
        self.error_on_dryrun()
        resources = self._resources()
        given = self._get_param("Tags")
        for tag in given or []:
            check_reserved(tag["Key"])
        for resource in resources:
            standing = self.tags_of(resource)
            wanted = given or [{"Key": key} for key in standing if not key.startswith("aws:")]
            for tag in wanted:
                # Without a value the key goes; with one, only if the value is that one.
                if tag.get("Value") in {None, standing.get(tag["Key"])}:
                    standing.pop(tag["Key"], None)
        return self.answer("DeleteTags", {})

    def describe_tags(self) -> ActionResult:
        self.error_on_dryrun()
        asked = self.question("DescribeTags", "")
        wanted = filters.read(self._get_param("Filters"), _FILTERS)
        every = [
            _Tag(key, value, resource)
            for resource, tags in self.backend.tags.items()
            for key, value in tags.items()
        ]
        found = filters.matching(every, wanted, _FILTERS, lambda tag: {tag.key: tag.value})
        page, token = pages.page(
            asked, self.world.settings, found, lambda tag: f"{tag.resource} {tag.key}"
        )
        values = [
            {"Key": t.key, "Value": t.value, "ResourceId": t.resource, "ResourceType": t.type}
            for t in page
        ]
        return self.answer("DescribeTags", {"Tags": values, "NextToken": token})

    def _resources(self) -> Sequence[str]:
        resources: list[str] = self._get_param("Resources") or []
        limit = self.world.settings.resources_per_tag_call
        if len(resources) > limit:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The number of resources in a request cannot be greater than {limit}.",
            )
        validate_resource_ids(resources)
        for resource in resources:
            self._check_exists(resource)
        return resources

    def _check_exists(self, resource: str) -> None:
        if resource.startswith("sgr-"):
            self._check_rule(resource)
            return
        if not resource.startswith("pcx-"):
            self.backend.do_resources_exist([resource])
            return
        peering = self.world.peerings.get(resource)
        if peering is None or not peering.visible(self.place, self.world.now()):
            raise not_found("InvalidVpcPeeringConnectionID", "vpcPeeringConnection", resource)

    def _check_rule(self, resource: str) -> None:
        groups = [g for held in self.backend.groups.values() for g in held.values()]
        if not any(resource in self.world.group_rules.of(group) for group in groups):
            code = "InvalidSecurityGroupRuleId.NotFound"
            raise EC2ClientError(code, f"The security group rule ID '{resource}' does not exist")

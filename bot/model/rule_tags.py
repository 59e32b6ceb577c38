"""The tags that say whose a security group rule is. Ours alone: peerd makes no such rules."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.model.address import VpcRef, vpc_ref
from bot.model.mesh import Metadata
from bot.model.ownership import SERVICE_NAME
from bot.model.tags import Tags

CREATED = "meshbot_created"
ENVIRONMENT = "meshbot_environment"
PEER = "meshbot_peer"
SUPPORT = "meshbot_support"

MARK = frozenset({CREATED, ENVIRONMENT, PEER, SERVICE_NAME})
"""The keys by which a rule is known to be ours, and which peer it is for."""


_VPC = re.compile(r"([0-9]{12})/([a-z0-9-]{1,40})/(vpc-[0-9a-f]{1,32})", re.ASCII)


def rule_tags(environment: str, metadata: Metadata, peer: VpcRef) -> Tags:
    """What meshbot leaves on a rule that an environment owns."""
    return Tags.of(
        {
            CREATED: "true",
            ENVIRONMENT: environment,
            PEER: str(peer),
            SERVICE_NAME: metadata.service_name,
            SUPPORT: metadata.support,
            "resource_owner": metadata.resource_owner,
            "business_unit": metadata.business_unit,
        }
    )


def owner(tags: Tags, service_names: Mapping[str, frozenset[str]]) -> str | None:
    """The environment of ours that a rule's tags name, or None when it is not ours.

    ``service_names`` are those that the environments' files write (``Ownership``): other
    repositories work in the same accounts, so that an environment's name proves nothing.
    """
    held = tags.mapping
    name = held.get(ENVIRONMENT, "")
    if held.get(CREATED) != "true" or held.get(SERVICE_NAME) not in service_names.get(name, ()):
        return None
    return name


def foreign(tags: Tags, service_names: Mapping[str, frozenset[str]]) -> bool:
    """True when the tags say that another repository's meshbot made the rule.

    Without an environment or a service name they say of nobody that it is theirs.
    """
    if tags.get(CREATED) != "true" or owner(tags, service_names) is not None:
        return False
    return bool(tags.get(ENVIRONMENT) and tags.get(SERVICE_NAME))


def peer_of(tags: Tags) -> VpcRef | None:
    """The VPC that a rule is for, by its tag; None when that is missing or says no VPC."""
    match = _VPC.fullmatch(tags.get(PEER) or "")
    return vpc_ref(*match.groups()) if match else None

"""What a schema cannot state about one environment: its members, topology and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement

from bot.config.draft import EnvironmentDraft, MemberDraft
from bot.config.fault import Faults, quoted
from bot.config.node import Mapping, Scalar
from bot.model.address import partition
from bot.model.mesh import MemberRole, MemberState, Topology
from bot.model.ownership import CREATED, ENVIRONMENT

PEERD_TAGS = frozenset(
    {
        "Name",
        "resource_owner",
        "business_unit",
        "service_name",
        "peerd_created",
        "peerd_support",
        "peerd_datetime",
        "peerd_role",
        "peerd_environment",
    }
)
"""The keys that every peering carries (peerd's)."""

MAX_TAGS = 50
"""Tags AWS allows on a resource (EC2's CreateTags)."""


def check_environment(draft: EnvironmentDraft, faults: Faults) -> None:
    """Record what is wrong inside an environment."""
    for rule in _RULES:
        rule(draft, faults)


def _vpc_once(draft: EnvironmentDraft, faults: Faults) -> None:
    """Each VPC stands in an environment once, whatever its state."""
    first: dict[str, MemberDraft] = {}
    for item in draft.members:
        if not item.identified:
            continue
        vpc = item.member.vpc
        before = first.setdefault(vpc.vpc_id, item).member
        names = (draft.environment.name,)
        if before is item.member:
            continue
        if before.vpc == vpc:
            summary = f"{vpc.vpc_id} is in the environment {quoted(names[0])} twice"
            detail = f"It is there already, at {before.declared_at}: remove one."
            faults.error("vpc-twice", summary, detail, item.node.at, environments=names)
        else:
            summary = f"{vpc.vpc_id} is in {vpc.scope} here and in {before.vpc.scope} elsewhere"
            detail = f"Ids of VPCs are unique: one is wrong, here or at {before.declared_at}."
            faults.warning("vpc-elsewhere", summary, detail, item.node.at, environments=names)


def _hub(draft: EnvironmentDraft, faults: Faults) -> None:
    """Spokes need a hub."""
    environment = draft.environment
    present = environment.present
    if environment.topology is not Topology.HUB_AND_SPOKE or not present or not draft.entire:
        return
    if any(member.role is MemberRole.HUB for member in present):
        return
    summary = f"the hub-and-spoke environment {quoted(environment.name)} has no hub"
    left = any(member.role is MemberRole.HUB for member in environment.members)
    detail = (
        "Its hubs are not present any more: give another present member role: hub."
        if left
        else "Give at least one present member role: hub, or make it a full-mesh."
    )
    at = environment.declared_at
    faults.error("no-hub", summary, detail, at, environments=(environment.name,))


def _roles(draft: EnvironmentDraft, faults: Faults) -> None:
    """A role in a full mesh says that its author meant another topology."""
    if draft.environment.topology is not Topology.FULL_MESH or _broken_topology(draft):
        return
    name = draft.environment.name
    for item in draft.members:
        entry = item.node.entries.get("role")
        if entry and not entry.value.broken:
            summary = f"role: {item.member.role} in the full mesh {quoted(name)}"
            detail = "Set topology: hub-and-spoke (long form), or remove the role."
            faults.error("role-in-full-mesh", summary, detail, entry.key.at, environments=(name,))


def _broken_topology(draft: EnvironmentDraft) -> bool:
    """True when a setting is misspelt or not sound: perhaps it is the topology."""
    settings = draft.node.entries.values() if isinstance(draft.node, Mapping) else ()
    return any(entry.key.broken or entry.value.broken for entry in settings)


def _ownership_tags(draft: EnvironmentDraft, faults: Faults) -> None:
    """Tags that say whose a peering is cannot be set by hand."""
    for key in _tag_keys(draft):
        if key.text in (CREATED, ENVIRONMENT):
            summary = f"peering_tags must not set {key.text}"
            detail = "It says whose the peering is; with another value nobody would manage it."
            names = (draft.environment.name,)
            faults.error("ownership-tag", summary, detail, key.at, environments=names)


def _tag_keys(draft: EnvironmentDraft) -> Iterator[Scalar]:
    for item in draft.members:
        tags = item.node.get("peering_tags")
        if isinstance(tags, Mapping):
            for entry in tags.entries.values():
                yield entry.key


def _tag_count(draft: EnvironmentDraft, faults: Faults) -> None:
    """A peering carries peerd's tags and those of both members."""
    told: set[int] = set()
    for total, one, other in _full_pairs(draft):
        if id(other) in told:
            continue
        told.add(id(other))
        at = other.node.entries["peering_tags"].key.at
        summary = f"a peering would carry {total} tags, and AWS allows {MAX_TAGS}"
        detail = (
            f"{len(PEERD_TAGS)} are peerd's, the others of this member and of the one at "
            f"{one.member.declared_at}."
        )
        names = (draft.environment.name,)
        faults.error("too-many-tags", summary, detail, at, environments=names)


def _full_pairs(draft: EnvironmentDraft) -> Iterator[tuple[int, MemberDraft, MemberDraft]]:
    """How many tags, and whose, where a pair that peers has too many; other may be one.

    Members with the same keys are looked at once, so that large environments stay quick.
    """
    mesh = draft.environment.topology is Topology.FULL_MESH
    groups: dict[tuple[frozenset[str], bool], MemberDraft] = {}
    for item in draft.members:
        keys = frozenset(key for key, _ in item.member.peering_tags) - PEERD_TAGS
        if keys and item.member.state is MemberState.PRESENT:
            groups[keys, mesh or item.member.role is MemberRole.HUB] = item
    room = MAX_TAGS - len(PEERD_TAGS)
    if len(frozenset().union(*(keys for keys, _ in groups))) <= room:
        return
    pairs = combinations_with_replacement(groups.items(), 2)
    for ((keys, hub), one), ((others, other_hub), other) in pairs:
        if len(keys) + len(others) > room and (hub or other_hub or keys == others):
            total = len(keys | others)
            if total > room:
                yield total + len(PEERD_TAGS), one, other


def _partitions(draft: EnvironmentDraft, faults: Faults) -> None:
    """AWS does not peer VPCs of different partitions."""
    present = [i for i in draft.members if i.identified and i.member.state is MemberState.PRESENT]
    if not present:
        return
    name = draft.environment.name
    home = present[0].member.vpc.scope.region
    for item in present:
        region = item.member.vpc.scope.region
        if partition(region) != partition(home):
            summary = f"{region} is in the partition {partition(region)}, {home} is not"
            detail = (
                f"AWS cannot peer them, and both are in the environment {quoted(name)}: "
                "give each partition environments of its own."
            )
            at = item.node.entries["region"].value.at
            faults.error("partitions", summary, detail, at, environments=(name,))


_RULES: tuple[Callable[[EnvironmentDraft, Faults], None], ...] = (
    _vpc_once,
    _hub,
    _roles,
    _ownership_tags,
    _tag_count,
    _partitions,
)

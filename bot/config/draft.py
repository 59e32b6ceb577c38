"""Mesh files as far as they are sound, with the nodes they were read from.

A rule of meaning needs both: the values to judge, and the nodes to say where. What the
schema found wrong is left out, so that the rest is still judged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from bot.config.node import Entry, Mapping, Node, Scalar, Sequence, free_text, sound
from bot.config.scalar import Value
from bot.model.address import vpc_ref
from bot.model.cidr import canonical
from bot.model.diagnostic import SourceLine
from bot.model.mesh import (
    Environment,
    Limits,
    Member,
    MemberRole,
    MemberState,
    MeshFile,
    Metadata,
    OrphanRoutes,
    Topology,
)


@dataclass(frozen=True, slots=True)
class MemberDraft:
    """A member and its mapping; ``identified`` when it says which VPC it is."""

    member: Member
    node: Mapping
    identified: bool


@dataclass(frozen=True, slots=True)
class EnvironmentDraft:
    """An environment, the key that names it, and its members.

    ``entire`` when nothing of it had to be left out: only then is anything missing.
    """

    environment: Environment
    key: Scalar
    node: Node
    members: tuple[MemberDraft, ...]
    entire: bool


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A mesh file; ``metadata`` is None when it is not sound."""

    path: str
    metadata: Metadata | None
    metadata_node: Node | None
    limits: Limits
    environments: tuple[EnvironmentDraft, ...]
    rules_node: Node | None = None

    def finished(self) -> MeshFile:
        """The mesh file of a draft in which no fault was found."""
        assert self.metadata is not None
        environments = tuple(draft.environment for draft in self.environments)
        return MeshFile(self.path, self.metadata, environments, self.limits)


def drafted(path: str, root: Node) -> FileDraft:
    """What a file says, as far as it is sound."""
    top = root if isinstance(root, Mapping) else Mapping(root.at, root.defined)
    limits = _limits(top, Limits())
    environments = top.get("environments")
    entries = environments.entries.values() if isinstance(environments, Mapping) else ()
    return FileDraft(
        path,
        _metadata(top),
        top.get("metadata"),
        limits,
        tuple(_environment(entry, limits) for entry in entries if not entry.key.broken),
        top.get("security_group_rules"),
    )


def _metadata(top: Mapping) -> Metadata | None:
    node = top.get("metadata")
    if not isinstance(node, Mapping) or not sound(node):
        return None
    names = {field.name for field in fields(Metadata)} & node.entries.keys()
    return Metadata(**{name: free_text(node.entries[name].value) for name in names})


def _limits(mapping: Mapping, above: Limits) -> Limits:
    """The limits of a mapping over those above it, key by key."""
    node = mapping.get("limits")
    if not isinstance(node, Mapping):
        return above
    given: dict[str, Any] = {}
    for field in fields(Limits):
        value = value_of(node, field.name)
        if isinstance(value, bool | int | float):
            # 5.0 is a whole number to JSON Schema
            given[field.name] = int(value) if field.type == "int" else value
    return replace(above, **given)


def _environment(entry: Entry, above: Limits) -> EnvironmentDraft:
    node = entry.value
    settings = node if isinstance(node, Mapping) else Mapping(node.at, node.defined)
    vpcs = settings.get("vpcs") if isinstance(node, Mapping) else node
    items = vpcs.items if isinstance(vpcs, Sequence) else []
    members = tuple(_member(item) for item in items if isinstance(item, Mapping))
    environment = Environment(
        name=entry.key.text,
        members=tuple(draft.member for draft in members),
        declared_at=entry.key.at,
        topology=Topology(_text(settings, "topology") or Topology.FULL_MESH),
        dns_resolution=_truth(settings, "dns_resolution"),
        dns_declared_at=_key_line(settings, "dns_resolution"),
        ipv6=bool(_truth(settings, "ipv6")),
        aggregate_routes=bool(_truth(settings, "aggregate_routes")),
        adopt=bool(_truth(settings, "adopt")),
        orphan_routes=OrphanRoutes(_text(settings, "orphan_routes") or OrphanRoutes.KEEP),
        limits=_limits(settings, above),
    )
    return EnvironmentDraft(environment, entry.key, node, members, sound(node))


def _member(node: Mapping) -> MemberDraft:
    account, region, vpc_id = (_text(node, key) for key in ("account_id", "region", "vpc_id"))
    note, overrides = node.get("note"), node.entries.get("cidr_overrides")
    member = Member(
        vpc=vpc_ref(account, region, vpc_id),
        declared_at=node.at,
        role=MemberRole(_text(node, "role") or MemberRole.SPOKE),
        state=MemberState(_text(node, "state") or MemberState.PRESENT),
        note=free_text(note) if note else "",
        cidr_overrides=_overrides(overrides.value) if overrides else None,
        overrides_declared_at=_key_line(node, "cidr_overrides"),
        peering_tags=_tags(node.get("peering_tags")),
        dns_resolution=_truth(node, "dns_resolution"),
        dns_declared_at=_key_line(node, "dns_resolution"),
    )
    return MemberDraft(member, node, bool(account and region and vpc_id))


def _overrides(node: Node) -> tuple[str, ...]:
    """Networks in AWS's spelling."""
    items = node.items if isinstance(node, Sequence) else []
    return tuple(canonical(free_text(item)) for item in items)


def _tags(node: Node | None) -> tuple[tuple[str, str], ...]:
    entries = node.entries if isinstance(node, Mapping) else {}
    return tuple(sorted((key, free_text(entry.value)) for key, entry in entries.items()))


def value_of(mapping: Mapping, key: str) -> Value:
    """The value of a key, or None when it is not there or not sound."""
    node = mapping.get(key)
    return node.value if isinstance(node, Scalar) and not node.broken else None


def _text(mapping: Mapping, key: str) -> str:
    value = value_of(mapping, key)
    return value if isinstance(value, str) else ""


def _key_line(mapping: Mapping, key: str) -> SourceLine | None:
    """Where a key stands, or None when it is not there."""
    entry = mapping.entries.get(key)
    return entry.key.at if entry else None


def _truth(mapping: Mapping, key: str) -> bool | None:
    value = value_of(mapping, key)
    return value if isinstance(value, bool) else None

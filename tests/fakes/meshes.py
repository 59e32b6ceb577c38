"""Mesh values from plain data, without the loader that is under test elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model.address import VpcRef
from bot.model.diagnostic import SourceLine
from bot.model.mesh import (
    Environment,
    Limits,
    Member,
    MemberRole,
    MemberState,
    Mesh,
    MeshFile,
    Metadata,
    OrphanRoutes,
    Topology,
)
from tests.fakes.world import scope

METADATA = Metadata(
    resource_owner="netops",
    business_unit="PaaS",
    service_name="peerd",
    support="net@example.org",
    common_principal_name="peerd-bot",
    role_session_name="peerd",
    plan_principal_name="peerd-bot-plan",
)


def mesh_of(files: Mapping[str, Mapping[str, Any]]) -> Mesh:
    """A mesh from the plain data of each file, by path."""
    return Mesh(tuple(_file(path, data) for path, data in sorted(files.items())))


def _file(path: str, data: Mapping[str, Any]) -> MeshFile:
    limits = Limits(**data.get("limits", {}))
    environments = tuple(
        _environment(path, name, body, limits) for name, body in data["environments"].items()
    )
    metadata = Metadata(**data["metadata"]) if "metadata" in data else METADATA
    return MeshFile(path, metadata, environments, limits)


def _environment(path: str, name: str, body: Any, limits: Limits) -> Environment:
    long: dict[str, Any] = {"vpcs": body} if isinstance(body, list) else dict(body)
    members = tuple(_member(path, line, item) for line, item in enumerate(long.pop("vpcs"), 10))
    if "topology" in long:
        long["topology"] = Topology(long["topology"])
    if "orphan_routes" in long:
        long["orphan_routes"] = OrphanRoutes(long["orphan_routes"])
    own = long.pop("limits", None)
    return Environment(
        name,
        members,
        SourceLine(path, 9),
        limits=limits if own is None else Limits(**own),
        **long,
    )


def _member(path: str, line: int, item: Mapping[str, Any]) -> Member:
    overrides = item.get("cidr_overrides")
    where = SourceLine(path, line)
    return Member(
        VpcRef(scope(item["account_id"], item["region"]), item["vpc_id"]),
        where,
        role=MemberRole(item.get("role", "spoke")),
        state=MemberState(item.get("state", "present")),
        note=item.get("note", ""),
        cidr_overrides=None if overrides is None else tuple(overrides),
        overrides_declared_at=None if overrides is None else where,
        peering_tags=tuple(item.get("peering_tags", {}).items()),
    )

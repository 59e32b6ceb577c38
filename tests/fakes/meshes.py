"""Mesh values from plain data, without the loader that is under test elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
from bot.model.security_group import Direction, RuleBy, RuleSide, Traffic, WantedRule
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
        with_rules(_environment(path, name, body, limits), data.get("security_group_rules"))
        for name, body in data["environments"].items()
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


def with_rules(
    environment: Environment, entries: Iterable[Mapping[str, Any]] | None
) -> Environment:
    """The environment with those of a file's rules that name it; None: there is no section."""
    listed = list(entries or ())
    found = tuple(
        _rule(environment, line, item)
        for line, item in enumerate(listed, 50)
        if item["environment"] == environment.name
    )
    emptied = entries is not None and not listed
    return replace(environment, security_group_rules=found, rules_emptied=emptied)


def _rule(environment: Environment, line: int, item: Mapping[str, Any]) -> WantedRule:
    first, _, last = str(item.get("ports", "")).partition("-")
    ends = (int(first), int(last or first)) if first else (None, None)
    if "icmp_type" in item:
        ends = (item["icmp_type"], item.get("icmp_code"))
    named = item.get("direction", "both")
    return WantedRule(
        _side(environment, item["source"]),
        _side(environment, item["destination"]),
        Traffic.of(str(item["protocol"]), *ends),
        tuple(Direction) if named == "both" else (Direction(named),),
        SourceLine(environment.declared_at.file, line),
        RuleBy(item.get("by", "reference")),
        item.get("description", ""),
    )


def _side(environment: Environment, item: Mapping[str, Any]) -> RuleSide:
    vpc = next(m.vpc for m in environment.members if m.vpc.vpc_id == item["vpc_id"])
    tags = tuple(sorted(item.get("group_tags", {}).items()))
    return RuleSide(vpc, item.get("group_id", ""), item.get("group", ""), tags)


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
        dns_resolution=item.get("dns_resolution"),
        dns_declared_at=where if "dns_resolution" in item else None,
    )

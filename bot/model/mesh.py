"""Mesh files as their author meant them: valid, typed, with the lines they stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from bot.model.address import AccountId, Scope, VpcRef
from bot.model.diagnostic import SourceLine
from bot.model.security_group import WantedRule


class Topology(StrEnum):
    """Who peers with whom inside an environment."""

    FULL_MESH = "full-mesh"
    HUB_AND_SPOKE = "hub-and-spoke"


class MemberRole(StrEnum):
    """A member's place in a hub-and-spoke environment."""

    HUB = "hub"
    SPOKE = "spoke"


class MemberState(StrEnum):
    """Whether a member belongs to the mesh, left it, or belonged to an account that closed."""

    PRESENT = "present"
    ABSENT = "absent"
    ABANDONED = "abandoned"


class OrphanRoutes(StrEnum):
    """What to do with blackhole routes to dead peerings at destinations nobody wants."""

    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The six peerd keys and their optional companions (shared by a whole mesh file)."""

    resource_owner: str
    business_unit: str
    service_name: str
    support: str
    common_principal_name: str
    role_session_name: str
    plan_principal_name: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one plan may take away (product: safety). Zero means zero."""

    max_leaving_members: int = 3
    max_leaving_percent: float = 50
    max_other_deletes: int = 25
    max_route_delete_percent: float = 50
    allow_empty_environment: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One VPC of an environment.

    ``cidr_overrides`` is None when the author gave none, and empty when they gave an
    empty list (no routes to this VPC). ``dns_resolution`` is None when the environment's holds.
    ``declared_at`` is the line the member starts on.
    """

    vpc: VpcRef
    declared_at: SourceLine
    role: MemberRole = MemberRole.SPOKE
    state: MemberState = MemberState.PRESENT
    note: str = ""
    cidr_overrides: tuple[str, ...] | None = None
    overrides_declared_at: SourceLine | None = None
    peering_tags: tuple[tuple[str, str], ...] = ()
    dns_resolution: bool | None = None
    dns_declared_at: SourceLine | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """A named mesh inside a mesh file; the unit that owns, limits, fingerprints and reports.

    ``rules_emptied``: its file has a section of security group rules, with none in it. Then ours
    are looked for wherever its members live.
    """

    name: str
    members: tuple[Member, ...]
    declared_at: SourceLine
    topology: Topology = Topology.FULL_MESH
    dns_resolution: bool | None = None
    dns_declared_at: SourceLine | None = None
    ipv6: bool = False
    aggregate_routes: bool = False
    adopt: bool = False
    orphan_routes: OrphanRoutes = OrphanRoutes.KEEP
    limits: Limits = field(default_factory=Limits)
    security_group_rules: tuple[WantedRule, ...] = ()
    rules_emptied: bool = False

    @property
    def present(self) -> tuple[Member, ...]:
        """The members that the mesh connects."""
        return tuple(m for m in self.members if m.state is MemberState.PRESENT)


@dataclass(frozen=True, slots=True)
class MeshFile:
    """One YAML file: metadata and environments. ``limits`` are the file's own."""

    path: str
    metadata: Metadata
    environments: tuple[Environment, ...]
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Mesh:
    """Every mesh file of a repository at one revision, sorted by path.

    ``known`` is false when the revision's files could not be understood: then nothing
    follows from what they lack. It has no slots, so that what is looked up often is kept.
    """

    files: tuple[MeshFile, ...]
    known: bool = True

    def __iter__(self) -> Iterator[tuple[MeshFile, Environment]]:
        """Every environment with the file it stands in, in file order."""
        return ((file, env) for file in self.files for env in file.environments)

    @cached_property
    def environments(self) -> Mapping[str, Environment]:
        """Environments by name (names are unique across files)."""
        return {env.name: env for _, env in self}

    def file_of(self, environment: str) -> MeshFile | None:
        """The file an environment stands in, or None."""
        return self._files.get(environment)

    @cached_property
    def _files(self) -> Mapping[str, MeshFile]:
        files: dict[str, MeshFile] = {}
        for file, environment in self:
            files.setdefault(environment.name, file)
        return files

    @cached_property
    def abandoned_accounts(self) -> frozenset[AccountId]:
        """Accounts that are closed: never read, cleaned from the near sides alone."""
        return frozenset(
            member.vpc.scope.account
            for _, env in self
            for member in env.members
            if member.state is MemberState.ABANDONED
        )

    @cached_property
    def rule_scopes(self) -> frozenset[Scope]:
        """The scopes at both ends of the security group rules, abandoned accounts left out.

        Of environments whose section was emptied, those of every member and tombstone.
        """
        closed = self.abandoned_accounts
        named = {
            side.vpc.scope
            for _, env in self
            for rule in env.security_group_rules
            for side in (rule.source, rule.destination)
        }
        emptied = (env for _, env in self if env.rules_emptied)
        named |= {member.vpc.scope for env in emptied for member in env.members}
        return frozenset(scope for scope in named if scope.account not in closed)

    @property
    def scopes(self) -> frozenset[Scope]:
        """Every scope that a member or a tombstone names, abandoned accounts left out."""
        closed = self.abandoned_accounts
        return frozenset(
            member.vpc.scope
            for _, env in self
            for member in env.members
            if member.vpc.scope.account not in closed
        )

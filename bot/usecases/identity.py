"""Which member role is assumed in which account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model.address import AccountId, Scope
from bot.model.mesh import Mesh, MeshFile
from bot.model.step import Role


def roles_for(
    scopes: Iterable[Scope],
    meshes: Iterable[Mesh | None],
    environments: dict[Scope, str],
    *,
    applying: bool,
) -> dict[AccountId, Role]:
    """A role per account: that of the file which names the account.

    An account that no file names (the far end of a peering) has the role of the file of
    the environment that owns the peering, given in ``environments``. The first mesh that
    knows an account or an environment decides, so the head goes before the base.
    """
    known = [mesh for mesh in meshes if mesh is not None]
    naming = _naming(known)
    roles: dict[AccountId, Role] = {}
    for scope in sorted(scopes):
        file = naming.get(scope.account) or _owning(environments.get(scope, ""), known)
        if file is not None:
            roles.setdefault(scope.account, _role(scope.account, file, applying))
    return roles


def _naming(meshes: list[Mesh]) -> dict[AccountId, MeshFile]:
    """The first file that names each account."""
    naming: dict[AccountId, MeshFile] = {}
    for mesh in meshes:
        for file, environment in mesh:
            for member in environment.members:
                naming.setdefault(member.vpc.scope.account, file)
    return naming


def _owning(environment: str, meshes: list[Mesh]) -> MeshFile | None:
    return next((file for mesh in meshes if (file := mesh.file_of(environment))), None)


def _role(account: AccountId, file: MeshFile, applying: bool) -> Role:
    metadata = file.metadata
    plan_name = metadata.plan_principal_name or metadata.common_principal_name
    name = metadata.common_principal_name if applying else plan_name
    return Role(account, name, metadata.role_session_name, metadata.external_id, writes=applying)


def analyzer_roles(
    scopes: Iterable[Scope], mesh: Mesh, environments: dict[Scope, str]
) -> dict[AccountId, Role]:
    """Apply's role per account, for sessions that only have Reachability Analyzer look."""
    roles = roles_for(scopes, (mesh,), environments, applying=True)
    return {account: replace(role, writes=False, analyzes=True) for account, role in roles.items()}

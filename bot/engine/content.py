"""What environments ask for, apart from how and where it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.model.change import plain
from bot.model.mesh import Environment, Mesh, MeshFile

PLACES = frozenset({"declared_at", "dns_declared_at", "overrides_declared_at", "note"})
"""Fields for people: they move no fingerprint."""


def contents(mesh: Mesh) -> Mapping[str, Any]:
    """Each environment by name, with its file's metadata, as comparable plain data."""
    return {env.name: (_without_places(plain(file.metadata)), _of(env)) for file, env in mesh}


def _of(environment: Environment) -> Any:
    return _without_places(plain(environment))


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items() if key not in PLACES}
    return [_without_places(item) for item in value] if isinstance(value, list) else value


def same_environment(name: str, one: Mesh, other: Mesh) -> bool:
    """Whether an environment is in both, and asks for the same in both."""
    here, there = one.file_of(name), other.file_of(name)
    if here is None or there is None or here.metadata != there.metadata:
        return False
    mine, theirs = one.environments[name], other.environments[name]
    return mine == theirs or _of(mine) == _of(theirs)


def differing(before: Mesh, after: Mesh) -> frozenset[str]:
    """Environments that ask for something else, that came or that went."""
    one, other = contents(before), contents(after)
    return frozenset(name for name in {*one, *other} if one.get(name) != other.get(name))


def files_digest(files: Mapping[str, bytes]) -> str:
    """sha256, in hex, over the paths and contents of mesh files, whatever their order."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        name = path.encode("utf-8", "surrogateescape")
        digest.update(b"%d %d\n" % (len(name), len(content)) + name + content)
    return digest.hexdigest()


def composed(applied: Mapping[str, Mesh], fallback: Mesh) -> Mesh:
    """The mesh in which each environment is as it was when it was last applied.

    ``applied`` has, by environment, the whole mesh of that commit. An environment that was
    never applied is as in ``fallback``; one that not even that knows, as any commit has it.
    """
    found: dict[str, tuple[MeshFile, Environment]] = {}
    for mesh in (*applied.values(), fallback):
        found.update({env.name: (file, env) for file, env in mesh})
    for name, mesh in applied.items():
        here = next(((file, env) for file, env in mesh if env.name == name), None)
        if here is None:
            found.pop(name, None)
        else:
            found[name] = here
    known = all(mesh.known for mesh in (*applied.values(), fallback))
    return replace(_mesh(found), known=known)


def _mesh(found: Mapping[str, tuple[MeshFile, Environment]]) -> Mesh:
    """One path may stand twice, when its environments were applied at two of its revisions."""
    files: dict[tuple[Any, ...], list[Environment]] = {}
    for _, (file, environment) in sorted(found.items()):
        files.setdefault((file.path, file.metadata, file.limits), []).append(environment)
    made = [
        MeshFile(path, metadata, tuple(environments), limits)
        for (path, metadata, limits), environments in files.items()
    ]
    return Mesh(tuple(sorted(made, key=lambda file: file.path)))

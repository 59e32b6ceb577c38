"""Mesh files in, a mesh out: offline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bot.adapters.files import read_mesh_files
from bot.config import Loaded, load
from bot.errors import UsageError
from bot.model.mesh import Mesh


def load_mesh(path: Path) -> Loaded:
    """The mesh that the files say, with warnings. Raises MeshInvalid with every fault."""
    return load(read_mesh_files(path))


def check_environments(environments: Iterable[str], head: Mesh, base: Mesh | None) -> None:
    """Raises UsageError for the first name that no file holds, at head or at base."""
    known = {*head.environments, *(base.environments if base else ())}
    for name in environments:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise UsageError(f"no environment is called {name!r}. There are: {listed}.")

"""Mesh files in, a mesh out: offline."""

from __future__ import annotations

from pathlib import Path

from bot.adapters.files import read_mesh_files
from bot.config import Loaded, load


def load_mesh(path: Path) -> Loaded:
    """The mesh that the files say, with warnings. Raises MeshInvalid with every fault."""
    return load(read_mesh_files(path))

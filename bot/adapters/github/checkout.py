"""The workspace: which commit it holds and which mesh files. The image holds no git."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from bot.errors import UsageError
from bot.model.github import ActionContext

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


def head_commit(workspace: Path) -> str:
    """The commit that is checked out, or nothing when the workspace does not tell.

    Reads ``HEAD``, loose and packed refs as gitrepository-layout(5) describes them.
    """
    git = workspace / ".git"
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else ""
    ref = head.removeprefix("ref: ")
    if ".." in PurePosixPath(ref).parts or not ref.startswith("refs/"):
        return ""
    loose = _text(git / ref)
    return loose if _COMMIT.fullmatch(loose) else _packed(git, ref)


def _packed(git: Path, ref: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.fullmatch(commit):
            return commit
    return ""


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def checkout_files(
    context: ActionContext, read: Callable[[Path], Mapping[str, bytes]]
) -> dict[str, bytes]:
    """The mesh files of the workspace by their path in the repository.

    The working directory must be the workspace, so that faults name paths as annotations
    need them. ``read`` is ``bot.adapters.files.read_mesh_files``. Nothing when there are
    no mesh files: a pull request may remove the last one. Raises UsageError when the input
    ``meshes`` leads out of the workspace; and MeshInvalid.
    """
    path = Path(mesh_path(context.inputs.meshes))
    if not path.resolve().is_relative_to(Path.cwd().resolve()):
        raise UsageError(f"The input meshes leads out of the workspace: {path}")
    try:
        return dict(read(path))
    except UsageError:
        return {}


def mesh_path(meshes: str) -> str:
    """The input ``meshes`` as a path inside the repository. Raises UsageError."""
    path = PurePosixPath(meshes or "meshes")
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(f"The input meshes must be a path inside the repository: {meshes}")
    return str(path)

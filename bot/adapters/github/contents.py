"""Mesh files as they were at a commit, through the API: the image holds no git."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.adapters.files import MAX_FILES, MAX_TOTAL, SUFFIXES
from bot.adapters.github.session import Session
from bot.errors import GitHubError

REGULAR_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    mode: str
    type: str
    sha: str
    size: int


class Contents:
    """The files of a repository at any commit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], dict[str, bytes]] = {}

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        """The mesh files under ``path`` (a folder or one file) at a commit, by path.

        Empty when the path is not there; links are left out, what they lead to is read in
        its own place. Raises GitHubError, also when there are too many files.
        """
        if (revision, path) not in self._known:  # what a commit holds does not change
            self._known[revision, path] = self._mesh_files(revision, path, known)
        return dict(self._known[revision, path])

    def _mesh_files(self, revision: str, path: str, known: Iterable[bytes]) -> dict[str, bytes]:
        at_hand = {git_id(content): content for content in known}
        entry = self._descend(revision, PurePosixPath(path))
        entries = [entry] if entry and entry.type == "blob" else self._folder(entry, path)
        blobs = [entry for entry in entries if _is_mesh_file(entry, path)]
        if len(blobs) > MAX_FILES or sum(blob.size for blob in blobs) > MAX_TOTAL:
            raise GitHubError(
                f"{path} at {revision[:12]} holds more than {MAX_FILES:,} mesh files or "
                f"{MAX_TOTAL >> 20} MiB. Choose a smaller folder with the input meshes."
            )
        return {b.path: at_hand.get(b.sha) or self._blob(b.sha, b.path) for b in blobs}

    def _descend(self, revision: str, path: PurePosixPath) -> _Entry | None:
        """The entry of a path, one tree at a time: a whole tree may be too large to list."""
        here: _Entry | None = _Entry("", "040000", "tree", self._root(revision), 0)
        for name in path.parts:
            entries = self._tree(here.sha, recursive=False) if _is_tree(here) and here else []
            here = next((entry for entry in entries if entry.path == name), None)
        return here and _Entry(str(path), here.mode, here.type, here.sha, here.size)

    def _root(self, revision: str) -> str:
        return self._session.call(
            f"show commit {revision[:12]}",
            lambda: str(self._session.repository.get_git_commit(revision).tree.sha),
        )

    def _folder(self, folder: _Entry | None, path: str) -> list[_Entry]:
        if not _is_tree(folder) or folder is None:
            return []
        prefix = "" if path in ("", ".") else f"{path}/"
        return [
            _Entry(f"{prefix}{entry.path}", entry.mode, entry.type, entry.sha, entry.size)
            for entry in self._tree(folder.sha, recursive=True)
            if entry.type == "blob"
        ]

    def _tree(self, sha: str, *, recursive: bool) -> list[_Entry]:
        def entries() -> tuple[list[_Entry], bool]:
            tree = self._session.repository.get_git_tree(sha, recursive=recursive)
            found = [_Entry(e.path, e.mode, e.type, e.sha, e.size or 0) for e in tree.tree]
            return found, bool(tree.raw_data.get("truncated"))

        found, truncated = self._session.call(f"list the tree {sha[:12]}", entries)
        if truncated:
            raise GitHubError(
                f"GitHub lists the tree {sha[:12]} only in part, it is too large. "
                "Choose a smaller folder with the input meshes."
            )
        return found

    def _blob(self, sha: str, path: str) -> bytes:
        def content() -> bytes:
            blob = self._session.repository.get_git_blob(sha)
            return b64decode(blob.content) if blob.encoding == "base64" else blob.content.encode()

        return self._session.call(f"read {path}", content)


def git_id(content: bytes) -> str:
    """The id git gives a blob with this content (in a repository of the SHA-1 format)."""
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _is_mesh_file(entry: _Entry, folder: str) -> bool:
    """As bot.adapters.files reads a folder: plain files, nothing hidden below it."""
    path = PurePosixPath(entry.path)
    below = path.parts[len(PurePosixPath(folder).parts) :]
    return (
        entry.mode in REGULAR_FILES
        and path.suffix in SUFFIXES
        and not any(part.startswith(".") for part in below)
    )


def _is_tree(entry: _Entry | None) -> bool:
    return entry is not None and entry.type == "tree"

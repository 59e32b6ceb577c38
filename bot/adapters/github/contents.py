"""Mesh files as they were at a commit, through the API: the image holds no git."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath

from bot.adapters.github.session import Session
from bot.errors import GitHubError

SUFFIXES = (".yaml", ".yml")
MAX_FILES = 2_000
MAX_BYTES = 10_000_000
_SYMLINK = "120000"


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

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        """The mesh files under ``path`` (a folder or one file) at a commit, by path.

        Empty when the path is not there. Links are followed inside the folder and left
        out when they lead elsewhere. Raises GitHubError, also when there are too many.
        """
        at_hand = {git_id(content): content for content in known}
        entry = self._descend(revision, PurePosixPath(path))
        entries = [entry] if entry and entry.type == "blob" else self._folder(entry, path)
        blobs = list(_resolved(self._read_links(entries)))
        if len(blobs) > MAX_FILES or sum(blob.size for blob in blobs) > MAX_BYTES:
            raise GitHubError(
                f"{path} at {revision[:12]} holds more than {MAX_FILES:,} mesh files or "
                f"{MAX_BYTES:,} bytes. Choose a smaller folder with the input meshes."
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

    def _read_links(self, entries: list[_Entry]) -> list[tuple[_Entry, str]]:
        """Each entry with the path that it stands for: its own, or what its link says."""
        return [
            (entry, entry.path if entry.mode != _SYMLINK else self._target(entry))
            for entry in entries
        ]

    def _target(self, link: _Entry) -> str:
        if not link.path.endswith(SUFFIXES):
            return link.path
        target = self._blob(link.sha, link.path).decode("utf-8", "replace")
        return normpath(str(PurePosixPath(link.path).parent / target))

    def _blob(self, sha: str, path: str) -> bytes:
        def content() -> bytes:
            blob = self._session.repository.get_git_blob(sha)
            return b64decode(blob.content) if blob.encoding == "base64" else blob.content.encode()

        return self._session.call(f"read {path}", content)


def git_id(content: bytes) -> str:
    """The id git gives a blob with this content (in a repository of the SHA-1 format)."""
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _resolved(entries: list[tuple[_Entry, str]]) -> Iterator[_Entry]:
    files = {entry.path: entry for entry, _ in entries if entry.mode != _SYMLINK}
    for entry, target in entries:
        if entry.path.endswith(SUFFIXES) and target in files:
            found = files[target]
            yield _Entry(entry.path, found.mode, found.type, found.sha, found.size)


def _is_tree(entry: _Entry | None) -> bool:
    return entry is not None and entry.type == "tree"

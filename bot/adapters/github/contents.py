"""Mesh files as they were at a commit, through the API: the image holds no git."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable
from pathlib import PurePosixPath

from bot.adapters.commit_tree import LINK, CommitTree, Entry
from bot.adapters.files import MAX_FILES, MAX_TOTAL
from bot.adapters.github.session import Session
from bot.errors import GitHubError

FOLDER = "040000"


class Contents:
    """The files of a repository at any commit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], dict[str, bytes]] = {}

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        """The mesh files under ``path`` (a folder or one file) at a commit, by path.

        The very files that ``bot.adapters.files.read_mesh_files`` would read in a checkout of
        it; none when the path is not there. A submodule, or a link that leads nowhere or out
        of the folder, is left out. Raises GitHubError, also when there are too many files.
        """
        if (revision, path) not in self._known:  # what a commit holds does not change
            self._known[revision, path] = self._mesh_files(revision, path, known)
        return dict(self._known[revision, path])

    def _mesh_files(self, revision: str, path: str, known: Iterable[bytes]) -> dict[str, bytes]:
        at_hand = {git_id(content): content for content in known}
        where = "" if path == "." else path
        tree = CommitTree(self._entries(revision, where), lambda e: self._blob(e.id, e.path))
        found = tree.mesh_files(where).files
        if len(found) > MAX_FILES or sum(entry.size for entry in found.values()) > MAX_TOTAL:
            raise GitHubError(
                f"{path} at {revision[:12]} holds more than {MAX_FILES:,} mesh files or "
                f"{MAX_TOTAL >> 20} MiB. Choose a smaller folder with the input meshes."
            )
        return {p: at_hand.get(e.id) or self._blob(e.id, p) for p, e in found.items()}

    def _entries(self, revision: str, path: str) -> list[Entry]:
        """The entry of a path, or those below it; everything when a link is on the way.

        One tree at a time: a whole repository's may be too large to list.
        """
        root = here = Entry("", FOLDER, self._root(revision))
        for name in PurePosixPath(path).parts:
            below = self._below(here, recursive=False) if here.mode == FOLDER else []
            wanted = f"{here.path}/{name}" if here.path else name
            found = next((entry for entry in below if entry.path == wanted), None)
            if found is None:
                return []
            here = found
            if here.mode == LINK:
                return self._below(root, recursive=True)
        return self._below(here, recursive=True) if here.mode == FOLDER else [here]

    def _below(self, folder: Entry, *, recursive: bool) -> list[Entry]:
        start = f"{folder.path}/" if folder.path else ""
        return [
            Entry(f"{start}{entry.path}", entry.mode, entry.id, entry.size)
            for entry in self._tree(folder.id, recursive=recursive)
            if not (recursive and entry.mode == FOLDER)
        ]

    def _root(self, revision: str) -> str:
        return self._session.call(
            f"show commit {revision[:12]}",
            lambda: str(self._session.repository.get_git_commit(revision).tree.sha),
        )

    def _tree(self, sha: str, *, recursive: bool) -> list[Entry]:
        def entries() -> tuple[list[Entry], bool]:
            tree = self._session.repository.get_git_tree(sha, recursive=recursive)
            found = [Entry(e.path, e.mode, e.sha, e.size or 0) for e in tree.tree]
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

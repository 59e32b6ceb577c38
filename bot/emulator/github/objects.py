"""Git's object model in memory: blobs, trees and commits under their real SHA-1 names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

FILE = "100644"
TREE = "040000"
SYMLINK = "120000"
SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree, or one path of a commit's files. ``mode`` is git's six digits."""

    mode: str
    sha: str

    @property
    def type(self) -> str:
        """``blob``, ``tree`` or ``commit``, as the API calls them."""
        return {TREE: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote a commit, and when."""

    name: str
    email: str
    date: datetime

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {int(self.date.timestamp())} +0000"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; ``login`` names the GitHub users its addresses belong to, if known."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Signature
    committer: Signature
    login: str | None = None


Files = Mapping[str, Entry]
"""Path → entry of every file of a revision; directories are implied."""


@dataclass(slots=True)
class Objects:
    """The objects of a repository and its forks, which share them as on GitHub."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, dict[str, Entry]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)

    def add_blob(self, content: bytes) -> str:
        """Store a file's content; its SHA."""
        sha = named("blob", content)
        self.blobs[sha] = content
        return sha

    def add_tree(self, files: Files) -> str:
        """Store the tree of these files, and the trees below it; its SHA."""
        entries: dict[str, Entry] = {}
        below: dict[str, dict[str, Entry]] = {}
        for path, entry in files.items():
            first, slash, rest = path.partition("/")
            if slash:
                below.setdefault(first, {})[rest] = entry
            else:
                entries[first] = entry
        for name, inner in below.items():
            entries[name] = Entry(TREE, self.add_tree(inner))
        ordered = dict(sorted(entries.items(), key=git_order))
        content = b"".join(
            f"{entry.mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(entry.sha)
            for name, entry in ordered.items()
        )
        sha = named("tree", content)
        self.trees[sha] = ordered
        return sha

    def add_commit(
        self,
        files: Files,
        parents: Iterable[str],
        message: str,
        author: Signature,
        login: str | None = None,
        committer: Signature | None = None,
    ) -> Commit:
        """Store a commit of these files."""
        tree, parents, committer = self.add_tree(files), tuple(parents), committer or author
        lines = [f"tree {tree}", *(f"parent {p}" for p in parents)]
        lines += [f"author {author}", f"committer {committer}", "", message]
        sha = named("commit", "\n".join(lines).encode())
        commit = Commit(sha, tree, parents, message, author, committer, login)
        self.commits[sha] = commit
        return commit

    def files(self, tree: str) -> dict[str, Entry]:
        """Every file below a tree, by path."""
        found: dict[str, Entry] = {}
        for name, entry in self.trees[tree].items():
            if entry.mode == TREE:
                found |= {f"{name}/{path}": e for path, e in self.files(entry.sha).items()}
            else:
                found[name] = entry
        return found

    def files_at(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit, by path."""
        return self.files(self.commits[commit].tree)

    def content(self, entry: Entry | None) -> bytes:
        """A file's bytes; empty for no file and for a submodule."""
        return self.blobs.get(entry.sha, b"") if entry else b""


def named(kind: str, content: bytes) -> str:
    """The name git gives an object."""
    header = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def git_order(item: tuple[str, Entry]) -> str:
    """Git sorts a directory as if its name ended in a slash."""
    name, entry = item
    return f"{name}/" if entry.mode == TREE else name

"""Which files of a commit are mesh files: the very ones that a checkout of it would give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.adapters.files import is_mesh_file, is_visible

REGULAR_FILES = frozenset({"100644", "100755"})
LINK = "120000"
MAX_LINKS = 40
"""Links that lead to links; Linux follows as many."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, symbolic link or submodule of a commit, by its path from the repository's root."""

    path: str
    mode: str
    id: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The mesh files by the path they are read through, and what hides some that may be there.

    ``unread`` are submodules, and links that lead nowhere or out of the folder.
    """

    files: dict[str, Entry]
    unread: tuple[str, ...] = ()


class CommitTree:
    """Entries of a commit; ``read`` answers a blob's content, and is asked about links alone."""

    def __init__(self, entries: Iterable[Entry], read: Callable[[Entry], bytes]) -> None:
        self._entries = {entry.path: entry for entry in entries}
        paths = map(PurePosixPath, self._entries)
        self._folders = {_text(folder) for path in paths for folder in path.parents} | {""}
        self._read = read

    def mesh_files(self, path: str) -> Found:
        """What ``bot.adapters.files.read_mesh_files`` reads under a folder, or as the one file.

        ``path`` is relative to the repository's root, which is the empty path.
        """
        parent, _, name = path.rpartition("/")
        home = self._real(parent)
        place = None if home is None else _below(home, name)
        if home is None or place is None:
            return Found({})
        if place not in self._entries:
            return self._folder(path, place, home=place)
        real = self._inside(place, home)
        if real is None:
            return Found({}, (path,))
        if real in self._entries:
            return Found({path: self._entries[real]})
        return self._folder(path, real, home=home)

    def _folder(self, shown: str, folder: str, home: str) -> Found:
        files: dict[str, Entry] = {}
        links: dict[str, str] = {}
        unread = []
        for below, entry in self._visible(folder):
            place = _below(shown, below)
            if entry.mode in REGULAR_FILES:
                if is_mesh_file(PurePosixPath(below)):
                    files[place] = entry
                continue
            real = self._inside(entry.path, home) if entry.mode == LINK else None
            if real is None:
                unread.append(place)
            elif real in self._entries and is_mesh_file(PurePosixPath(below)):
                links[place] = real
        known = {entry.path for entry in files.values()}
        for place, real in sorted(links.items()):  # each file once, however many links lead to it
            if real not in known:
                known.add(real)
                files[place] = self._entries[real]
        return Found(dict(sorted(files.items())), tuple(unread))

    def _visible(self, folder: str) -> Iterator[tuple[str, Entry]]:
        start = f"{folder}/" if folder else ""
        for path in sorted(self._entries):
            below = path.removeprefix(start)
            if path.startswith(start) and is_visible(PurePosixPath(below)):
                yield below, self._entries[path]

    def _inside(self, path: str, home: str) -> str | None:
        """Where a path leads, if that is a file or a folder in ``home``."""
        real = self._real(path)
        if real is None or not (home in ("", real) or real.startswith(f"{home}/")):
            return None
        entry = self._entries.get(real)
        there = entry.mode in REGULAR_FILES if entry else real in self._folders
        return real if there else None

    def _real(self, path: str) -> str | None:
        """A path without links; None when they leave the repository or go in a circle."""
        at: list[str] = []
        ahead = path.split("/")[::-1]
        links = 0
        while ahead:
            name = ahead.pop()
            if name == ".." and not at:
                return None
            if name in ("", ".", ".."):
                del at[len(at) - (name == "..") :]
                continue
            entry = self._entries.get("/".join([*at, name]))
            if entry is None or entry.mode != LINK:
                at.append(name)
                continue
            target, links = self._read(entry).decode(errors="replace"), links + 1
            if target.startswith("/") or links > MAX_LINKS:
                return None
            ahead += target.split("/")[::-1]
        return "/".join(at)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _text(path: PurePosixPath) -> str:
    return "" if path == PurePosixPath(".") else str(path)

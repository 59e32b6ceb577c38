"""Mesh files from the disk, wherever a pull request may try to make them point."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from bot.config.fault import Faults
from bot.config.text import MAX_SIZE
from bot.errors import MeshInvalid, NoMeshFiles, UsageError
from bot.model.diagnostic import SourceLine

SUFFIXES = (".yaml", ".yml")
MAX_FILES = 1_000
MAX_TOTAL = 32 << 20
"""Bytes of all mesh files together."""


def read_mesh_files(path: Path) -> dict[str, bytes]:
    """The mesh files of a folder and those below it, or the one file: path as typed → bytes.

    Sorted; hidden files and folders are left out. A symbolic link may lead to another
    place of the folder, not out of it: the author of a pull request chooses where. A file
    that is too large comes back cut just above the limit that ``bot.config`` sets.
    Raises NoMeshFiles when there is nothing to read, MeshInvalid with every file that
    cannot be read.
    """
    if not path.exists() and not path.is_symlink():
        raise NoMeshFiles(
            f"{path}: no such file or folder. Say where the mesh files are (--meshes)."
        )
    search = _Search(_home(path))
    if search.leads_out(path, path):
        raise MeshInvalid(search.faults.errors)
    found = [path] if path.is_file() else search.mesh_files(path)
    files = dict(search.contents(found))
    if search.faults.errors:
        raise MeshInvalid(search.faults.errors)
    if not files:
        raise NoMeshFiles(
            f"{path}: no mesh files (*.yaml, *.yml) in this folder. To take every environment"
            " away, keep a file with its metadata and `environments: {}`, and give the base."
        )
    return files


def is_mesh_file(path: PurePath) -> bool:
    """True for a path, relative to the folder of mesh files, that names one: nothing hidden."""
    return path.suffix in SUFFIXES and is_visible(path)


def is_visible(path: PurePath) -> bool:
    """True for a path, relative to the folder of mesh files, of which no part is hidden."""
    return not any(part.startswith(".") for part in path.parts)


def _home(path: Path) -> Path:
    """The folder that links must not lead out of."""
    return path.parent.resolve() if path.is_symlink() or path.is_file() else path.resolve()


@dataclass(slots=True)
class _Search:
    """One look through a folder; ``faults`` are the files that cannot be read."""

    home: Path
    faults: Faults = field(default_factory=Faults)

    def mesh_files(self, folder: Path) -> list[Path]:
        """The mesh files, sorted by path, each once however many links lead to it."""
        found = list(self._walk(folder))
        real = {path.resolve() for path in found if not path.is_symlink()}
        files: list[Path] = []
        for path in sorted(found, key=str):
            if path.is_symlink() and path.resolve() in real:
                continue
            real.add(path.resolve())
            files.append(path)
        if len(files) > MAX_FILES:
            self._fault(folder, "too-many-files", f"more than {MAX_FILES} mesh files")
            return []
        return files

    def contents(self, files: list[Path]) -> Iterator[tuple[str, bytes]]:
        """What is in the files, up to the limit of all together."""
        total = 0
        for path in files:
            try:
                with path.open("rb") as file:
                    content = file.read(MAX_SIZE + 1)
            except OSError as error:
                self._fault(path, "unreadable", f"cannot be read: {error.strerror}")
                continue
            total += len(content)
            if total > MAX_TOTAL:
                self._fault(path, "too-large", f"mesh files are more than {MAX_TOTAL >> 20} MiB")
                return
            yield str(path), content

    def leads_out(self, path: Path, shown: Path) -> bool:
        """True, and recorded, for a link that must not be followed."""
        if not path.is_symlink():
            return False
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
            self._fault(shown, "symlink", "a symbolic link that leads nowhere")
            return True
        if target.is_relative_to(self.home):
            return False
        self._fault(shown, "symlink", "a symbolic link that leads out of the folder")
        return True

    def _walk(self, folder: Path) -> Iterator[Path]:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            self._fault(folder, "unreadable", f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            if entry.name.startswith(".") or self.leads_out(entry, entry):
                continue
            if entry.is_dir():
                if not entry.is_symlink():  # what it leads to is read in its own place
                    yield from self._walk(entry)
            elif entry.suffix in SUFFIXES and self._usable(entry):
                yield entry

    def _usable(self, path: Path) -> bool:
        if not path.name.isprintable():
            self._fault(path, "file-name", "a file name with characters that cannot be shown")
        elif not path.is_file():
            self._fault(path, "unreadable", "not a file")
        else:
            return True
        return False

    def _fault(self, path: Path, code: str, summary: str) -> None:
        shown = str(path) if str(path).isprintable() else ascii(str(path))
        detail = "Mesh files are plain files under the folder that --meshes names."
        self.faults.error(code, summary, detail, SourceLine(shown, 1))


def read_bytes(path: Path) -> bytes:
    """A file that the command line names. Raises UsageError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def check_writable(path: Path, option: str) -> None:
    """Raises UsageError when a file that ``option`` names could not be written."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"{option} {path}: no file can be written there.")


def write_text(path: Path, pieces: Iterable[str]) -> None:
    """Write a file that the command line names, from pieces of its text.

    Raises UsageError when it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as stream:
            stream.writelines(pieces)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error

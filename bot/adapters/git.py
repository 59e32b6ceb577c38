"""Mesh files of an earlier revision, from the git repository that holds them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bot.adapters.commit_tree import LINK, CommitTree, Entry
from bot.adapters.files import is_mesh_file, read_mesh_files
from bot.errors import MeshInvalid, NoMeshFiles, UsageError

TIMEOUT = 60


def mesh_files_at(path: Path, revision: str) -> dict[str, bytes]:
    """The mesh files under a folder (or the one file) as they were at a revision.

    The very files that ``bot.adapters.files.read_mesh_files`` would read in a checkout of
    it, and with the same keys. A folder that was not there gives an empty dict. Raises
    UsageError when git cannot answer, or when the revision hides a file that is there now.
    """
    inside = path.is_dir() and not path.is_symlink()
    folder = path if inside else path.parent
    if not folder.is_dir():
        raise UsageError(f"{folder} is not there, so its repository is not known either.")
    if not revision or revision.startswith("-"):
        raise UsageError(f"--base {revision!r} is not a revision.")
    commit_id = _commit(folder, revision)
    start = _git(folder, "rev-parse", "--show-prefix").decode(errors="replace").rstrip("\n")
    where = start.rstrip("/") if inside else f"{start}{path.name}"
    found = _tree(folder, commit_id, where).mesh_files(where)
    for place in found.unread:
        _check_not_hidden(_typed(path, where, place), path, revision)
    return {
        str(_typed(path, where, place)): _git(folder, "cat-file", "blob", entry.id)
        for place, entry in found.files.items()
    }


def _tree(folder: Path, commit_id: str, where: str) -> CommitTree:
    """The entries at ``where``; all of the commit's when one is a link, which may lead anywhere."""
    entries = _entries(folder, commit_id, where)
    if not entries or any(entry.mode == LINK for entry in entries):
        entries = _entries(folder, commit_id, "")
    return CommitTree(entries, lambda entry: _git(folder, "cat-file", "blob", entry.id))


def _entries(folder: Path, commit_id: str, where: str) -> list[Entry]:
    paths = ("--", where) if where else ()
    listing = _git(folder, "ls-tree", "-r", "-z", "--full-tree", commit_id, *paths)
    return [_entry(line) for line in listing.decode(errors="replace").split("\0") if line]


def _typed(path: Path, where: str, place: str) -> Path:
    """The path of an entry, as the command line named the folder."""
    below = place.removeprefix(where).lstrip("/")
    return path / below if below else path


def _check_not_hidden(place: Path, path: Path, revision: str) -> None:
    """Raises UsageError when mesh files are read at a place that the revision hides."""
    try:
        if place == path or place.is_dir() or is_mesh_file(place.relative_to(path)):
            read_mesh_files(place)
        else:
            return
    except (NoMeshFiles, MeshInvalid):
        return
    raise UsageError(
        f"{place}: at --base {revision!r} this is a submodule, or a symbolic link that leads"
        " nowhere or out of the folder, so what it said then is not known. Name a base where it"
        " is a file."
    )


def _commit(folder: Path, revision: str) -> str:
    if _asked(folder, "rev-parse", "--is-inside-work-tree").returncode:
        where = folder.resolve()
        raise UsageError(f"--base needs the mesh files in a git repository; {where} is in none.")
    wanted = f"{revision}^{{commit}}"
    found = _asked(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    if found.returncode:
        raise UsageError(
            f"--base {revision!r}: git knows no such commit here. Fetch it (in CI: fetch-depth: 0),"
            " or name another."
        )
    return found.stdout.decode().strip()


def _entry(line: str) -> Entry:
    """``<mode> <type> <id>\\t<path>``."""
    head, path = line.split("\t", 1)
    mode, _, identity = head.split(" ")
    return Entry(path, mode, identity)


def _git(folder: Path, *arguments: str) -> bytes:
    done = _asked(folder, *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"git in {folder}: {said[-1] if said else 'failed'}")
    return done.stdout


def _asked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), "--literal-pathspecs", *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603
    except FileNotFoundError:
        raise UsageError("--base needs git, which is not installed.") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {TIMEOUT} s in {folder}.") from None

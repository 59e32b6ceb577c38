"""Mesh files of an earlier revision, from the git repository that holds them."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from bot.adapters.files import is_mesh_file
from bot.errors import UsageError

TIMEOUT = 60
REGULAR_FILES = frozenset({"100644", "100755"})


def mesh_files_at(path: Path, revision: str) -> dict[str, bytes]:
    """The mesh files under a folder (or the one file) as they were at a revision.

    Keys are paths as ``bot.adapters.files.read_mesh_files`` would show them. A folder that
    was not there gives an empty dict. Raises UsageError when git cannot answer.
    """
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise UsageError(f"{folder} is not there, so its repository is not known either.")
    if not revision or revision.startswith("-"):
        raise UsageError(f"--base {revision!r} is not a revision.")
    commit_id = _commit(folder, revision)
    where = "." if path.is_dir() else f"./{path.name}"
    listing = _git(folder, "ls-tree", "-r", "-z", commit_id, "--", where)
    names = [_entry(line) for line in listing.decode(errors="replace").split("\0") if line]
    return {
        str(PurePosixPath(folder.as_posix()) / name): _git(
            folder, "cat-file", "blob", f"{commit_id}:./{name}"
        )
        for mode, name in sorted(names)
        if mode in REGULAR_FILES and is_mesh_file(PurePosixPath(name))
    }


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


def _entry(line: str) -> tuple[str, str]:
    """``<mode> blob <id>\\t<path>`` as mode and path, the path relative to the folder."""
    head, name = line.split("\t", 1)
    return head.split(" ", 1)[0], name


def _git(folder: Path, *arguments: str) -> bytes:
    done = _asked(folder, *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"git in {folder}: {said[-1] if said else 'failed'}")
    return done.stdout


def _asked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603
    except FileNotFoundError:
        raise UsageError("--base needs git, which is not installed.") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {TIMEOUT} s in {folder}.") from None

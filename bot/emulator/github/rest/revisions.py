"""From what a caller calls a revision to its commit."""

from __future__ import annotations

import re

from bot.emulator.github.world import Repository


def resolve(repository: Repository, ref: str) -> str | None:
    """The commit of a branch, tag, full reference or SHA (at least 7 digits); None for none."""
    for name in (ref, f"refs/{ref}", f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if name in repository.refs:
            return repository.refs[name]
    if re.fullmatch(r"[0-9a-f]{7,40}", ref):
        known = repository.objects.commits
        found = [ref] if ref in known else [sha for sha in known if sha.startswith(ref)]
        return found[0] if len(found) == 1 else None
    return None


def is_branch(repository: Repository, ref: str) -> bool:
    """Whether a name is that of a branch."""
    return ref.removeprefix("refs/heads/") in repository.branches

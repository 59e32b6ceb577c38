"""Commits with their people, and changed files."""

from __future__ import annotations

from urllib.parse import quote

from bot.emulator.github.calls import Json
from bot.emulator.github.changes import FileChange, changed_files
from bot.emulator.github.objects import Commit
from bot.emulator.github.views.accounts import node_id, user
from bot.emulator.github.views.repositories import (
    UNSIGNED,
    api_url,
    html_url,
    parents,
    signature,
)
from bot.emulator.github.world import Repository, World


def commit(world: World, repository: Repository, found: Commit) -> Json:
    """``commit``, without files."""
    api, html = api_url(world, repository), html_url(world, repository)
    person = user(world, found.login) if found.login else None
    return {
        "url": f"{api}/commits/{found.sha}",
        "sha": found.sha,
        "node_id": node_id("Commit", found.sha),
        "html_url": f"{html}/commit/{found.sha}",
        "comments_url": f"{api}/commits/{found.sha}/comments",
        "commit": {
            "url": f"{api}/git/commits/{found.sha}",
            "author": signature(found.author),
            "committer": signature(found.committer),
            "message": found.message,
            "comment_count": 0,
            "tree": {"sha": found.tree, "url": f"{api}/git/trees/{found.tree}"},
            "verification": UNSIGNED,
        },
        "author": person,
        "committer": person,
        "parents": parents(world, repository, found, "commits"),
    }


def stats(files: list[FileChange]) -> Json:
    """Lines added and deleted over all files."""
    additions, deletions = sum(f.additions for f in files), sum(f.deletions for f in files)
    return {"additions": additions, "deletions": deletions, "total": additions + deletions}


def commit_files(repository: Repository, found: Commit) -> list[FileChange]:
    """What a commit changes against its first parent."""
    objects = repository.objects
    before = objects.files_at(found.parents[0]) if found.parents else {}
    return changed_files(objects, before, objects.files_at(found.sha))


def diff_entry(world: World, repository: Repository, change: FileChange, sha: str) -> Json:
    """``diff-entry``; ``sha`` is the revision its links show."""
    path = quote(change.path)
    html = html_url(world, repository)
    body = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{html}/blob/{sha}/{path}",
        "raw_url": f"{html}/raw/{sha}/{path}",
        "contents_url": f"{api_url(world, repository)}/contents/{path}?ref={sha}",
    }
    if change.patch is not None:
        body["patch"] = change.patch
    if change.previous_path:
        body["previous_filename"] = change.previous_path
    return body

"""Repositories, and the git objects in them."""

from __future__ import annotations

import base64

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.objects import Commit, Entry, Signature
from bot.emulator.github.views.accounts import node_id, user
from bot.emulator.github.world import Repository, World

TEMPLATES = {
    "archive": "{archive_format}{/ref}", "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}", "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}", "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}", "contents": "contents/{+path}",
    "contributors": "contributors", "deployments": "deployments", "downloads": "downloads",
    "events": "events", "forks": "forks", "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}", "git_tags": "git/tags{/sha}", "hooks": "hooks",
    "issue_comment": "issues/comments{/number}", "issue_events": "issues/events{/number}",
    "issues": "issues{/number}", "keys": "keys{/key_id}", "labels": "labels{/name}",
    "languages": "languages", "merges": "merges", "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}", "pulls": "pulls{/number}",
    "releases": "releases{/id}", "stargazers": "stargazers", "statuses": "statuses/{sha}",
    "subscribers": "subscribers", "subscription": "subscription", "tags": "tags",
    "teams": "teams", "trees": "git/trees{/sha}",
}  # fmt: skip


def api_url(world: World, repository: Repository) -> str:
    """Where the API answers for a repository."""
    return f"{world.url}/repos/{repository.full_name}"


def html_url(world: World, repository: Repository) -> str:
    """The page people would open."""
    return f"{world.url}/{repository.full_name}"


def minimal(world: World, repository: Repository) -> Json:
    """``minimal-repository``."""
    api = api_url(world, repository)
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": user(world, repository.owner),
        "private": repository.private,
        "html_url": html_url(world, repository),
        "description": None,
        "fork": repository.parent is not None,
        "url": api,
        **{f"{name}_url": f"{api}/{path}" for name, path in TEMPLATES.items()},
    }


def full(world: World, repository: Repository) -> Json:
    """``repository``, as pulls and events contain it."""
    html = html_url(world, repository)
    flags = {"has_issues": True, "has_projects": False, "has_wiki": False, "has_pages": False,
             "has_downloads": False, "has_discussions": False, "archived": False,
             "disabled": False, "allow_forking": True, "is_template": False,
             "web_commit_signoff_required": False}  # fmt: skip
    counts = dict.fromkeys(
        ("forks_count", "stargazers_count", "watchers_count", "size", "forks", "watchers"), 0
    )
    opened = sum(issue.state == "open" for issue in repository.issues.values())
    return minimal(world, repository) | flags | counts | {
        "git_url": f"git://{html.partition('://')[2]}.git",
        "ssh_url": f"git@github.invalid:{repository.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "custom_properties": {},
        "visibility": "private" if repository.private else "public",
        "open_issues_count": opened,
        "open_issues": opened,
        "default_branch": repository.default_branch,
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at),
        "pushed_at": stamp(repository.pushed_at),
    }  # fmt: skip


def detailed(world: World, repository: Repository) -> Json:
    """``full-repository``: with merge settings and, for a fork, its parent."""
    body = full(world, repository) | {"subscribers_count": 0, "network_count": 0}
    body |= {"allow_merge_commit": True, "allow_squash_merge": True, "allow_rebase_merge": True}
    if repository.parent and repository.parent in world.repositories:
        parent = full(world, world.repositories[repository.parent])
        body |= {"parent": parent, "source": parent}
    return body


def signature(who: Signature) -> Json:
    """``git-user``."""
    return {"name": who.name, "email": who.email, "date": stamp(who.date)}


def parents(world: World, repository: Repository, commit: Commit, path: str) -> list[Json]:
    """A commit's parents; ``path`` is ``commits`` or ``git/commits``."""
    api, html = api_url(world, repository), html_url(world, repository)
    return [
        {"sha": sha, "url": f"{api}/{path}/{sha}", "html_url": f"{html}/commit/{sha}"}
        for sha in commit.parents
    ]


UNSIGNED = {
    "verified": False, "reason": "unsigned", "signature": None, "payload": None,
    "verified_at": None,
}  # fmt: skip


def git_commit(world: World, repository: Repository, commit: Commit) -> Json:
    """``git-commit``: the object itself."""
    api = api_url(world, repository)
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "url": f"{api}/git/commits/{commit.sha}",
        "html_url": f"{html_url(world, repository)}/commit/{commit.sha}",
        "author": signature(commit.author),
        "committer": signature(commit.committer),
        "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
        "message": commit.message,
        "parents": parents(world, repository, commit, "git/commits"),
        "verification": UNSIGNED,
    }


def simple_commit(commit: Commit) -> Json:
    """``simple-commit``, as runs and suites contain it."""
    people = {
        name: {"name": who.name, "email": who.email}
        for name, who in (("author", commit.author), ("committer", commit.committer))
    }
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        **people,
    }


def ref(world: World, repository: Repository, name: str, sha: str) -> Json:
    """``git-ref``; ``name`` is ``refs/heads/main``."""
    api = api_url(world, repository)
    return {
        "ref": name,
        "node_id": node_id("Ref", f"{repository.full_name}:{name}"),
        "url": f"{api}/git/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{api}/git/commits/{sha}"},
    }


def tree_entry(world: World, repository: Repository, path: str, entry: Entry) -> Json:
    """One element of ``git-tree``."""
    body: Json = {"path": path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
    api = api_url(world, repository)
    if entry.type == "blob":
        body["size"] = len(repository.objects.blobs[entry.sha])
    if entry.type != "commit":
        body["url"] = f"{api}/git/{entry.type}s/{entry.sha}"
    return body


def wrapped_base64(content: bytes) -> str:
    """Base64 with a newline after every 60 characters, as GitHub sends it."""
    text = base64.b64encode(content).decode()
    return "".join(text[start : start + 60] + "\n" for start in range(0, len(text), 60))

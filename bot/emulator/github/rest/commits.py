"""Commits, comparisons, and the pull requests behind a commit."""

from __future__ import annotations

from collections.abc import Iterator

from bot.emulator.github.calls import REPO, Call, Reply, moment, route
from bot.emulator.github.changes import changed_files
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.history import log, merge_base, touching
from bot.emulator.github.pull_requests import commits_of
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.views import commits as view
from bot.emulator.github.views import pulls
from bot.emulator.github.views.repositories import api_url, html_url
from bot.emulator.github.world import Pull, Repository

FILES_LIMIT = 300
"""Files in a comparison or a commit's first page (REST: commits)."""
COMMITS_LIMIT = 250
"""Commits in a comparison that is not paged."""


def list_commits(call: Call) -> Reply:
    """History from a branch, tag or SHA, newest first; by path, time and author."""
    repository, query = call.repository, call.query
    tip = resolve(repository, query.get("sha") or repository.default_branch)
    if tip is None:
        raise not_found()
    commits, shas = repository.objects.commits, log(repository.objects, tip)
    if query.get("path"):
        shas = touching(repository.objects, shas, query["path"])
    since, until = (moment(query[k]) if query.get(k) else None for k in ("since", "until"))
    author = query.get("author")
    found = [
        commits[sha]
        for sha in shas
        if (since is None or commits[sha].committer.date >= since)
        and (until is None or commits[sha].committer.date <= until)
        and (not author or author in (commits[sha].login, commits[sha].author.email))
    ]
    return call.page(found, lambda c: view.commit(call.world, repository, c))


def get_commit(call: Call) -> Reply:
    """One commit with its changed files, by SHA or name."""
    repository, ref = call.repository, call.params["ref"]
    sha = resolve(repository, ref)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {ref}")
    found = repository.objects.commits[sha]
    files = view.commit_files(repository, found)
    if call.headers.get("accept", "").endswith((".sha", ".sha+json")):
        return Reply(sha.encode())
    shown, headers = call.slice(files)
    if "per_page" not in call.query:
        shown, headers = files[:FILES_LIMIT], {}
    entries = [view.diff_entry(call.world, repository, change, sha) for change in shown]
    body = view.commit(call.world, repository, found)
    return Reply(body | {"stats": view.stats(files), "files": entries}, headers=headers)


def list_pulls(call: Call) -> Reply:
    """Merged pull requests that introduced a commit of the default branch, else open ones with it.

    REST, "List pull requests associated with a commit".
    """
    repository, sha = call.repository, call.params["commit_sha"]
    if sha not in repository.objects.commits:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    default = repository.branches.get(repository.default_branch)
    merged = default is not None and sha in set(log(repository.objects, default))
    found = list(introducing(repository, sha, merged))
    return call.page(found, lambda pull: pulls.simple(call.world, repository, pull))


def introducing(repository: Repository, sha: str, merged: bool) -> Iterator[Pull]:
    """The pull requests a commit belongs to."""
    for pull in repository.pulls.values():
        if merged and pull.merged_at and sha in (*pull.landed, *commits_of(repository, pull)):
            yield pull
        if not merged and pull.issue.state == "open" and sha in commits_of(repository, pull):
            yield pull


def compare(call: Call) -> Reply:
    """``BASE...HEAD``: commits and files since the merge base."""
    repository, objects = call.repository, call.repository.objects
    left, dots, right = call.params["basehead"].partition("...")
    base, head = (resolve(repository, name.rpartition(":")[2]) for name in (left, right))
    ancestor = merge_base(objects, head, base) if base and head else None
    if not dots or base is None or head is None or ancestor is None:
        raise not_found()
    ahead = list(log(objects, head, frozenset({base})))[::-1]
    behind = list(log(objects, base, frozenset({head})))
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    files = changed_files(objects, objects.files_at(ancestor), objects.files_at(head))
    paged = {"page", "per_page"} & set(call.query)
    shown, headers = call.slice(ahead) if paged else (ahead[:COMMITS_LIMIT], {})
    name = f"compare/{left}...{right}"
    api, html = f"{api_url(call.world, repository)}/{name}", html_url(call.world, repository)
    return Reply({
        "url": api,
        "html_url": f"{html}/{name}",
        "permalink_url": f"{html}/compare/{base}...{head}",
        "diff_url": f"{html}/{name}.diff",
        "patch_url": f"{html}/{name}.patch",
        "base_commit": view.commit(call.world, repository, objects.commits[base]),
        "merge_base_commit": view.commit(call.world, repository, objects.commits[ancestor]),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [view.commit(call.world, repository, objects.commits[sha]) for sha in shown],
        "files": [view.diff_entry(call.world, repository, c, head) for c in files[:FILES_LIMIT]],
    }, headers=headers)  # fmt: skip


ROUTES = (
    route("GET", f"{REPO}/commits", list_commits, "contents:read"),
    # Documented under "Pull requests", not under "Contents".
    route("GET", f"{REPO}/commits/{{commit_sha}}/pulls", list_pulls, "pull_requests:read"),
    route("GET", f"{REPO}/compare/{{basehead*}}", compare, "contents:read"),
)
LAST = (route("GET", f"{REPO}/commits/{{ref*}}", get_commit, "contents:read"),)
"""After every other route below ``commits/``: a ref may contain slashes."""

"""Pull requests."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Json, Reply, route
from bot.emulator.github.errors import ApiError, invalid, not_found
from bot.emulator.github.identity import authorize
from bot.emulator.github.pull_requests import (
    METHODS,
    changes_of,
    commits_of,
    merge,
    mergeable,
    refresh,
)
from bot.emulator.github.rest.comments import check_length
from bot.emulator.github.rest.issues import may_push, new_issue, set_state
from bot.emulator.github.views import commits
from bot.emulator.github.views import pulls as view
from bot.emulator.github.world import Pull, Repository, World

FILES_LIMIT = 3000
COMMITS_LIMIT = 250
"""REST: "a maximum of 3000 files", "a maximum of 250 commits" of a pull request."""
NULL = type(None)


def list_pulls(call: Call) -> Reply:
    """Pull requests, open ones by default; ``head`` is ``owner:branch``."""
    query = call.query
    state, base, head = query.get("state", "open"), query.get("base"), query.get("head")
    found = [
        pull
        for pull in call.repository.pulls.values()
        if state in (pull.issue.state, "all")
        and (not base or base == pull.base_ref)
        # Without an owner GitHub ignores the filter.
        and (not head or ":" not in head or head == owner_and_branch(pull))
    ]
    updated = query.get("sort") == "updated"
    found.sort(key=lambda p: (p.issue.updated_at if updated else p.issue.created_at, p.number))
    if query.get("direction", "asc" if query.get("sort") in ("updated",) else "desc") == "desc":
        found.reverse()
    return call.page(found, lambda pull: view.simple(call.world, call.repository, pull))


def owner_and_branch(pull: Pull) -> str:
    """The head as lists are filtered by it."""
    return f"{pull.head_repository.partition('/')[0]}:{pull.head_ref}"


def create_pull(call: Call) -> Reply:
    """Open one from a branch here or, as ``owner:branch``, in a fork."""
    body = call.fields(title=str, head=str, base=str, body=(str, NULL), draft=bool)
    for name in ("head", "base"):
        if not body.get(name):
            raise invalid("PullRequest", name, "missing_field")
    if not body.get("title", "").strip():
        raise invalid("PullRequest", "title", "missing_field")
    check_length(body.get("body"), "PullRequest")
    pull = open_pull(call.world, call.repository, call.login, body)
    shown = view.detailed(call.world, call.repository, pull)
    return Reply(shown, 201, {"Location": shown["url"]})


def open_pull(world: World, repository: Repository, login: str, body: Json) -> Pull:
    """Open a pull request. Raises ApiError 422 as GitHub does."""
    owner, colon, branch = body["head"].rpartition(":")
    source = head_repository(world, repository, owner) if colon else repository
    if source is None or branch not in source.branches:
        raise invalid("PullRequest", "head")
    if body["base"] not in repository.branches:
        raise invalid("PullRequest", "base")
    head, base = source.branches[branch], repository.branches[body["base"]]
    check_new(repository, source, branch, body["base"], head, base)
    issue = new_issue(world, repository, login, body["title"], body.get("body"))
    draft = bool(body.get("draft"))
    number, target = world.new_id(), body["base"]
    pull = Pull(number, issue, source.full_name, branch, head, target, base, draft)
    repository.pulls[issue.number] = pull
    refresh(world, repository)
    return pull


def head_repository(world: World, repository: Repository, owner: str) -> Repository | None:
    """The repository of this network that an owner has."""
    return next((r for r in world.network(repository) if r.owner == owner), None)


def check_new(
    repository: Repository, source: Repository, branch: str, target: str, head: str, base: str
) -> None:
    """Raise ApiError 422 for one that is open already, or would be empty."""
    label = f"{source.owner}:{branch}"
    for pull in repository.pulls.values():
        if pull.issue.state == "open" and (owner_and_branch(pull), pull.base_ref) == (
            label,
            target,
        ):
            said = f"A pull request already exists for {label}."
            raise invalid("PullRequest", "head", "custom", said)
    probe = Pull(0, None, source.full_name, branch, head, target, base)  # type: ignore[arg-type]
    if not commits_of(repository, probe):
        said = f"No commits between {target} and {branch}"
        raise invalid("PullRequest", "base", "custom", said)


def get_pull(call: Call) -> Reply:
    """One pull request; raw Accept types for diff and patch are not emulated."""
    pull = call.entry(call.repository.pulls, "pull_number")
    return Reply(view.detailed(call.world, call.repository, pull))


def update_pull(call: Call) -> Reply:
    """Change title, body or state. For its author and those who triage."""
    pull = call.entry(call.repository.pulls, "pull_number")
    if pull.issue.user != call.login and not may_push(call):
        raise ApiError(403, "Must have push access to repository")
    body = call.fields(title=str, body=(str, NULL), state=str, base=str)
    check_length(body.get("body"), "PullRequest")
    issue = pull.issue
    issue.title, issue.body = body.get("title", issue.title), body.get("body", issue.body)
    if pull.merged_at and body.get("state") == "open":
        raise invalid("PullRequest", "state", "custom", "state cannot be changed: it was merged")
    set_state(call, issue, body)
    issue.updated_at = call.world.now()
    return Reply(view.detailed(call.world, call.repository, pull))


def list_files(call: Call) -> Reply:
    """Changed files with their patches."""
    repository = call.repository
    pull = call.entry(repository.pulls, "pull_number")
    files = changes_of(repository, pull)[:FILES_LIMIT]
    return call.page(
        files, lambda f: commits.diff_entry(call.world, repository, f, pull.head_sha)
    )  # fmt: skip


def list_commits(call: Call) -> Reply:
    """Its commits, oldest first."""
    repository = call.repository
    pull = call.entry(repository.pulls, "pull_number")
    shas = commits_of(repository, pull)[:COMMITS_LIMIT]
    known = repository.objects.commits
    return call.page(shas, lambda sha: commits.commit(call.world, repository, known[sha]))


def is_merged(call: Call) -> Reply:
    """204 if it was merged, else 404."""
    if call.entry(call.repository.pulls, "pull_number").merged_at is None:
        raise not_found()
    return Reply(status=204)


def merge_pull(call: Call) -> Reply:
    """Merge, if ``sha`` (where given) is still the head."""
    pull = call.entry(call.repository.pulls, "pull_number")
    body = {} if call.body is None else call.fields(
        sha=str, merge_method=str, commit_title=str, commit_message=str
    )  # fmt: skip
    authorize(call.repository, call.identity, ("contents:write",))
    method = body.get("merge_method", "merge")
    if method not in METHODS:
        raise ApiError(422, f"Invalid request.\n\n{method!r} is not a merge method.")
    if pull.issue.state != "open" or pull.draft or not mergeable(call.repository, pull):
        raise ApiError(405, "Pull Request is not mergeable")
    if body.get("sha", pull.head_sha) != pull.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    title, message = body.get("commit_title"), body.get("commit_message")
    sha = merge(call.world, call.repository, pull, call.login, method, title, message)
    said = "Pull Request successfully merged"
    return Reply({"sha": sha, "merged": True, "message": said})


READ, WRITE = "pull_requests:read", "pull_requests:write"
PULL = f"{REPO}/pulls/{{pull_number}}"
ROUTES = (
    route("GET", f"{REPO}/pulls", list_pulls, READ),
    route("POST", f"{REPO}/pulls", create_pull, WRITE),
    route("GET", PULL, get_pull, READ, "contents:read"),
    route("PATCH", PULL, update_pull, WRITE),
    route("GET", f"{PULL}/files", list_files, READ),
    route("GET", f"{PULL}/commits", list_commits, READ),
    route("GET", f"{PULL}/merge", is_merged, READ),
    route("PUT", f"{PULL}/merge", merge_pull, "contents:write"),
)

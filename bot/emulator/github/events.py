"""Event payloads, as GitHub writes them to ``GITHUB_EVENT_PATH``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.history import log
from bot.emulator.github.objects import Commit
from bot.emulator.github.pull_requests import merged_files
from bot.emulator.github.views import pulls
from bot.emulator.github.views.accounts import user
from bot.emulator.github.views.commits import commit_files
from bot.emulator.github.views.repositories import full, html_url
from bot.emulator.github.world import Pull, Repository, World

ZERO = "0" * 40


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: the payload, and what a run of a workflow on it is told.

    ``head_sha`` is the commit that is shown with the run; for pull requests ``sha``
    (``GITHUB_SHA``) is the test merge.
    """

    name: str
    payload: Json
    ref: str
    sha: str
    head_sha: str
    head_repository: str
    actor: str
    head_ref: str = ""
    base_ref: str = ""
    pulls: tuple[int, ...] = ()

    @property
    def from_fork(self) -> bool:
        """Whether a token of this event's run is read-only and there is no OIDC."""
        return bool(self.pulls) and self.name in ("pull_request", "pull_request_review") and (
            self.payload["pull_request"]["head"]["repo"]
            != self.payload["pull_request"]["base"]["repo"]
        )  # fmt: skip


def event(world: World, repository: Repository, name: str, wanted: Mapping[str, Any]) -> Event:
    """An event of this name. Raises ValueError for one that GitHub would not deliver."""
    if name not in MAKERS:
        raise ValueError(f"no event {name!r}; one of {', '.join(MAKERS)}")
    return MAKERS[name](world, repository, **wanted)


def common(world: World, repository: Repository, sender: str) -> Json:
    """What every payload has; the owner is in it twice for organizations."""
    body = {"repository": full(world, repository), "sender": user(world, sender)}
    owner = world.account(repository.owner)
    if owner.type == "Organization":
        url = f"{world.url}/orgs/{owner.login}"
        lists = ("hooks", "issues", "members{/member}", "public_members{/member}", "repos")
        body["organization"] = {
            **{key: body["repository"]["owner"][key] for key in ("login", "id", "node_id")},
            **{f"{path.partition('{')[0]}_url": f"{url}/{path}" for path in (*lists, "events")},
            "url": url,
            "avatar_url": body["repository"]["owner"]["avatar_url"],
            "description": None,
        }
    return body


def pull_request(
    world: World,
    repository: Repository,
    number: int,
    action: str = "opened",
    before: str = "",
    actor: str = "",
) -> Event:
    """``opened``, ``synchronize`` (after a push), ``reopened`` or ``closed``."""
    pull = repository.pulls[number]
    actor = actor or pull.issue.user
    payload = {
        "action": action,
        "number": number,
        "pull_request": pulls.detailed(world, repository, pull),
        **common(world, repository, actor),
    }
    if action == "synchronize":
        parents = repository.objects.commits[pull.head_sha].parents
        payload |= {"before": before or parents[0], "after": pull.head_sha}
    return pull_event(world, repository, pull, "pull_request", payload, actor)


def pull_request_review(
    world: World, repository: Repository, number: int, review: int = 0, action: str = "submitted"
) -> Event:
    """A review was submitted: the given one or the newest."""
    pull = repository.pulls[number]
    found = next((r for r in pull.reviews if r.id == review), pull.reviews[-1])
    shown = pulls.review(world, repository, pull, found)
    payload = {
        "action": action,
        "review": shown | {"state": found.state.lower(), "body": found.body or None},
        "pull_request": pulls.simple(world, repository, pull),
        **common(world, repository, found.user),
    }
    return pull_event(world, repository, pull, "pull_request_review", payload, found.user)


def pull_event(
    world: World, repository: Repository, pull: Pull, name: str, payload: Json, actor: str
) -> Event:
    """Both run on the test merge, so on a conflict they do not; after the merge on the base."""
    number = pull.number
    ref = f"refs/heads/{pull.base_ref}" if pull.merged_at else f"refs/pull/{number}/merge"
    sha = pull.merge_commit if pull.merged_at else repository.refs.get(ref)
    if sha is None:
        raise ValueError(f"pull request {number} has a conflict: GitHub runs no workflow for it")
    return Event(name, payload, ref, sha, pull.head_sha, pull.head_repository, actor,
                 pull.head_ref, pull.base_ref, (number,))  # fmt: skip


def push(
    world: World,
    repository: Repository,
    ref: str = "",
    before: str = "",
    after: str = "",
    actor: str = "",
) -> Event:
    """A branch moved from ``before`` to ``after`` (its tip, and that one's first parent)."""
    ref = ref or f"refs/heads/{repository.default_branch}"
    after = after or repository.refs[ref]
    objects = repository.objects
    parents = objects.commits[after].parents
    before = before or (parents[0] if parents else ZERO)
    stop = frozenset({before}) if before != ZERO else frozenset()
    commits = [objects.commits[sha] for sha in log(objects, after, stop)][::-1]
    actor = actor or commits[-1].login or repository.owner
    html, shown = html_url(world, repository), common(world, repository, actor)
    pushed = repository.pushed_at
    shown["repository"] |= {
        "created_at": int(repository.created_at.timestamp()),
        "pushed_at": int(pushed.timestamp()),
        "stargazers": 0,
        "master_branch": repository.default_branch,
        "url": html,
    }
    shown["repository"]["owner"] |= {"name": repository.owner, "email": None}
    details = [pushed_commit(world, repository, c) for c in commits[:2048]]
    payload = {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == ZERO,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{html}/compare/{before[:12]}...{after[:12]}",
        "commits": details,
        "head_commit": details[-1] if details else None,
        "pusher": {"name": actor, "email": world.account(actor).signature_email},
        **shown,
    }
    return Event("push", payload, ref, after, after, repository.full_name, actor)


def pushed_commit(world: World, repository: Repository, commit: Commit) -> Json:
    """A commit as a push shows it."""
    files = commit_files(repository, commit)
    people = {
        name: {"name": who.name, "email": who.email, "username": commit.login or who.name}
        for name, who in (("author", commit.author), ("committer", commit.committer))
    }
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        "url": f"{html_url(world, repository)}/commit/{commit.sha}",
        **people,
        "added": [f.path for f in files if f.status in ("added", "renamed")],
        "removed": [f.previous_path or f.path for f in files if f.status in ("removed", "renamed")],
        "modified": [f.path for f in files if f.status == "modified"],
    }


def workflow_dispatch(
    world: World,
    repository: Repository,
    ref: str = "",
    inputs: Mapping[str, str] | None = None,
    actor: str = "",
    workflow: str = ".github/workflows/apply.yml",
) -> Event:
    """Somebody pressed "Run workflow" on a branch."""
    ref = ref or f"refs/heads/{repository.default_branch}"
    actor, sha = actor or repository.owner, repository.refs[ref]
    payload = {
        "inputs": dict(inputs) if inputs else None,
        "ref": ref,
        "workflow": workflow,
        **common(world, repository, actor),
    }
    return Event("workflow_dispatch", payload, ref, sha, sha, repository.full_name, actor)


def schedule(
    world: World,
    repository: Repository,
    cron: str = "17 5 * * *",
    actor: str = "",
    workflow: str = ".github/workflows/drift.yml",
) -> Event:
    """Cron fired; it always runs on the default branch."""
    ref = f"refs/heads/{repository.default_branch}"
    sha, actor = repository.refs[ref], actor or repository.owner
    shown = common(world, repository, actor)
    del shown["sender"]
    payload = {"schedule": cron, "workflow": workflow, **shown}
    return Event("schedule", payload, ref, sha, sha, repository.full_name, actor)


def merge_group(
    world: World, repository: Repository, pulls: tuple[int, ...] = (), actor: str = ""
) -> Event:
    """The merge queue made a branch of the base and these pull requests, in this order."""
    queued = [repository.pulls[number] for number in pulls]
    base_ref = queued[0].base_ref
    base = tip = repository.branches[base_ref]
    for pull in queued:
        files = merged_files(repository, tip, pull.head_sha)
        title = f"Merge pull request #{pull.number} from {pull.head_ref}\n\n{pull.issue.title}"
        login = pull.issue.user
        author, parents = world.signature(login), (tip, pull.head_sha)
        tip = repository.objects.add_commit(files, parents, title, author, login).sha
    name = f"gh-readonly-queue/{base_ref}/pr-{pulls[-1]}-{base}"
    ref = f"refs/heads/{name}"
    repository.refs[ref] = tip
    commit, actor = repository.objects.commits[tip], actor or queued[-1].issue.user
    people = {
        key: {"name": who.name, "email": who.email}
        for key, who in (("author", commit.author), ("committer", commit.committer))
    }
    payload = {
        "action": "checks_requested",
        "merge_group": {
            "head_sha": tip,
            "head_ref": ref,
            "base_sha": base,
            "base_ref": f"refs/heads/{base_ref}",
            "head_commit": {
                "id": tip, "tree_id": commit.tree, "message": commit.message,
                "timestamp": stamp(commit.committer.date), **people,
            },
        },
        **common(world, repository, actor),
    }  # fmt: skip
    return Event("merge_group", payload, ref, tip, tip, repository.full_name, actor)


MAKERS: dict[str, Callable[..., Event]] = {
    "pull_request": pull_request,
    "pull_request_review": pull_request_review,
    "push": push,
    "workflow_dispatch": workflow_dispatch,
    "schedule": schedule,
    "merge_group": merge_group,
}

"""Pull requests and reviews."""

from __future__ import annotations

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.pull_requests import changes_of, commits_of, mergeable
from bot.emulator.github.views.accounts import association, node_id, user
from bot.emulator.github.views.commits import stats
from bot.emulator.github.views.issues import labels, page_url
from bot.emulator.github.views.repositories import api_url, full
from bot.emulator.github.world import Pull, Repository, Review, World


def simple(world: World, repository: Repository, pull: Pull) -> Json:
    """``pull-request-simple``, as lists show it."""
    found = pull.issue
    url = f"{api_url(world, repository)}/pulls/{found.number}"
    people = [user(world, login) for login in found.assignees]
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        **page_links(world, repository, pull),
        **{f"{name}_url": link for name, link in links(world, repository, pull).items()},
        "number": found.number,
        "state": found.state,
        "locked": False,
        "active_lock_reason": None,
        "title": found.title,
        "user": user(world, found.user),
        "body": found.body,
        "labels": labels(world, repository, found),
        "milestone": None,
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "closed_at": stamp(found.closed_at),
        "merged_at": stamp(pull.merged_at),
        "merge_commit_sha": pull.merge_commit,
        "assignee": people[0] if people else None,
        "assignees": people,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": side(world, pull.head_repository, pull.head_ref, pull.head_sha),
        "base": side(world, repository.full_name, pull.base_ref, pull.base_sha),
        "_links": {
            name: {"href": link}
            for name, link in {
                **links(world, repository, pull),
                "self": url,
                "html": page_url(world, repository, found.number),
            }.items()
        },
        "author_association": association(repository, found.user),
        "auto_merge": None,
        "draft": pull.draft,
    }


def page_links(world: World, repository: Repository, pull: Pull) -> Json:
    """Where people read it."""
    page = page_url(world, repository, pull.number)
    return {"html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}


def links(world: World, repository: Repository, pull: Pull) -> dict[str, str]:
    """Relation → URL of what belongs to a pull request."""
    api = api_url(world, repository)
    url = f"{api}/pulls/{pull.number}"
    return {
        "issue": f"{api}/issues/{pull.number}",
        "commits": f"{url}/commits",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "comments": f"{api}/issues/{pull.number}/comments",
        "statuses": f"{api}/statuses/{pull.head_sha}",
    }


def side(world: World, full_name: str, ref: str, sha: str) -> Json:
    """``head`` or ``base``; the repository is null once it was deleted."""
    owner = full_name.partition("/")[0]
    repository = world.repositories.get(full_name)
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(world, owner),
        "repo": full(world, repository) if repository else None,
    }


def detailed(world: World, repository: Repository, pull: Pull) -> Json:
    """``pull-request``: with counts, and whether it can be merged."""
    files = changes_of(repository, pull)
    opened = pull.issue.state == "open"
    clean = mergeable(repository, pull) if opened else None
    total = stats(files)
    return simple(world, repository, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": clean,
        "rebaseable": clean,
        "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[clean],
        "merged_by": user(world, pull.merged_by) if pull.merged_by else None,
        "comments": sum(c.issue == pull.number for c in repository.comments.values()),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(commits_of(repository, pull)),
        "additions": total["additions"],
        "deletions": total["deletions"],
        "changed_files": len(files),
    }


def minimal(world: World, repository: Repository, pull: Pull) -> Json:
    """``pull-request-minimal``, as check runs and workflow runs list it."""
    api = api_url(world, repository)

    def end(full_name: str, ref: str, sha: str) -> Json:
        found = world.repositories.get(full_name)
        number = found.id if found else 0
        name = full_name.partition("/")[2]
        return {
            "ref": ref,
            "sha": sha,
            "repo": {"id": number, "url": f"{world.url}/repos/{full_name}", "name": name},
        }

    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{api}/pulls/{pull.number}",
        "head": end(pull.head_repository, pull.head_ref, pull.head_sha),
        "base": end(repository.full_name, pull.base_ref, pull.base_sha),
    }


def open_at(world: World, repository: Repository, sha: str) -> list[Json]:
    """Open pull requests of this repository's own branches with this head.

    "Pushes to a branch in a forked repository are not detected" (REST: checks).
    """
    return [
        minimal(world, repository, pull)
        for pull in repository.pulls.values()
        if pull.head_sha == sha
        and pull.issue.state == "open"
        and pull.head_repository == repository.full_name
    ]


def review(world: World, repository: Repository, pull: Pull, found: Review) -> Json:
    """``pull-request-review``; a pending one has no time of submission."""
    page = f"{page_url(world, repository, pull.number)}#pullrequestreview-{found.id}"
    url = f"{api_url(world, repository)}/pulls/{pull.number}"
    body: Json = {
        "id": found.id,
        "node_id": node_id("PullRequestReview", found.id),
        "user": user(world, found.user),
        "body": found.body,
        "state": found.state,
        "html_url": page,
        "pull_request_url": url,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "commit_id": found.commit,
        "author_association": association(repository, found.user),
    }
    if found.submitted_at:
        body["submitted_at"] = stamp(found.submitted_at)
    return body

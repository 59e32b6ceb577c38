"""Issues, labels and comments."""

from __future__ import annotations

from urllib.parse import quote

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.views.accounts import association, node_id, user
from bot.emulator.github.views.repositories import api_url, html_url
from bot.emulator.github.world import Comment, Issue, Label, Repository, World


def label(world: World, repository: Repository, found: Label) -> Json:
    """``label``."""
    return {
        "id": found.id,
        "node_id": node_id("Label", found.id),
        "url": f"{api_url(world, repository)}/labels/{quote(found.name)}",
        "name": found.name,
        # Pull requests describe it as a string, everything else as nullable.
        "description": found.description or "",
        "color": found.color,
        "default": False,
    }


def labels(world: World, repository: Repository, issue: Issue) -> list[Json]:
    """An issue's labels."""
    return [label(world, repository, repository.labels[name]) for name in issue.labels]


def page_url(world: World, repository: Repository, number: int) -> str:
    """The page of an issue or pull request."""
    kind = "pull" if number in repository.pulls else "issues"
    return f"{html_url(world, repository)}/{kind}/{number}"


def issue(world: World, repository: Repository, found: Issue) -> Json:
    """``issue``; one of a pull request says so under ``pull_request``."""
    api = api_url(world, repository)
    url = f"{api}/issues/{found.number}"
    people = [user(world, login) for login in found.assignees]
    body: Json = {
        "id": found.id,
        "node_id": node_id("Issue", found.id),
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page_url(world, repository, found.number),
        "number": found.number,
        "state": found.state,
        "state_reason": found.state_reason,
        "title": found.title,
        "body": found.body,
        "user": user(world, found.user),
        "labels": labels(world, repository, found),
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": sum(c.issue == found.number for c in repository.comments.values()),
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "closed_at": stamp(found.closed_at),
        "closed_by": user(world, found.closed_by) if found.closed_by else None,
        "author_association": association(repository, found.user),
        "reactions": reactions(f"{url}/reactions"),
    }
    if pull := repository.pulls.get(found.number):
        page = page_url(world, repository, found.number)
        body["draft"] = pull.draft
        body["pull_request"] = {
            "url": f"{api}/pulls/{found.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": stamp(pull.merged_at),
        }
    return body


def reactions(url: str) -> Json:
    """``reaction-rollup`` of something nobody reacted to."""
    kinds = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
    return {"url": url, "total_count": 0} | dict.fromkeys(kinds, 0)


def comment(world: World, repository: Repository, found: Comment) -> Json:
    """``issue-comment``."""
    url = f"{api_url(world, repository)}/issues/comments/{found.id}"
    page = page_url(world, repository, found.issue)
    return {
        "id": found.id,
        "node_id": node_id("IssueComment", found.id),
        "url": url,
        "html_url": f"{page}#issuecomment-{found.id}",
        "issue_url": f"{api_url(world, repository)}/issues/{found.issue}",
        "user": user(world, found.user),
        "body": found.body,
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "author_association": association(repository, found.user),
        "reactions": reactions(f"{url}/reactions"),
        "performed_via_github_app": None,
    }

"""Comments on issues and pull requests."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Reply, moment, route
from bot.emulator.github.errors import ApiError, invalid
from bot.emulator.github.identity import at_least, authorize, role
from bot.emulator.github.views.issues import comment as view
from bot.emulator.github.world import Comment, Repository

BODY_LIMIT = 65536
"""Characters of a comment's, issue's or pull request's body."""


def list_comments(call: Call) -> Reply:
    """An issue's comments by id; ``since`` is about the last change."""
    issue = call.entry(call.repository.issues, "issue_number")
    demand(call, call.repository, issue.number, "read")
    since = moment(call.query["since"]) if call.query.get("since") else None
    found = [
        comment
        for comment in call.repository.comments.values()
        if comment.issue == issue.number and (since is None or comment.updated_at >= since)
    ]
    return call.page(found, lambda c: view(call.world, call.repository, c))


def create_comment(call: Call) -> Reply:
    """A comment by the caller."""
    issue = call.entry(call.repository.issues, "issue_number")
    demand(call, call.repository, issue.number, "write")
    body = checked_body(call, "IssueComment")
    now = call.world.now()
    comment = Comment(call.world.new_id(), issue.number, call.login, body, now, now)
    call.repository.comments[comment.id] = comment
    issue.updated_at = now
    url = view(call.world, call.repository, comment)["url"]
    return Reply(view(call.world, call.repository, comment), 201, {"Location": url})


def get_comment(call: Call) -> Reply:
    """One comment."""
    comment = call.entry(call.repository.comments, "comment_id")
    demand(call, call.repository, comment.issue, "read")
    return Reply(view(call.world, call.repository, comment))


def update_comment(call: Call) -> Reply:
    """A new body, by its author or someone who may write."""
    comment = owned(call)
    comment.body = checked_body(call, "IssueComment")
    comment.updated_at, comment.editor = call.world.now(), call.login
    return Reply(view(call.world, call.repository, comment))


def delete_comment(call: Call) -> Reply:
    """Delete, by its author or someone who may write."""
    del call.repository.comments[owned(call).id]
    return Reply(status=204)


def owned(call: Call) -> Comment:
    """The comment of the path, if the caller may change it. Raises ApiError."""
    comment = call.entry(call.repository.comments, "comment_id")
    demand(call, call.repository, comment.issue, "write")
    may_write = call.identity.is_actions or at_least(role(call.repository, call.login), "write")
    if comment.user != call.login and not may_write:
        raise ApiError(403, "Must have admin rights to Repository.")
    return comment


def demand(call: Call, repository: Repository, number: int, access: str) -> None:
    """Raise ApiError 403 unless the caller may do this to the comments of an issue.

    The permission ``pull_requests`` covers comments on pull requests alone.
    """
    needs = [f"issues:{access}"]
    if number in repository.pulls:
        needs.append(f"pull_requests:{access}")
    authorize(repository, call.identity, tuple(needs))


def checked_body(call: Call, resource: str) -> str:
    """The request's ``body``. Raises ApiError 422 when it is missing, blank or too long."""
    text = call.fields(body=str).get("body", "")
    if not text.strip():
        raise invalid(resource, "body", "missing_field", "Body cannot be blank")
    check_length(text, resource)
    return str(text)


def check_length(text: str | None, resource: str) -> None:
    """Raise ApiError 422 for a body that is too long."""
    if text and len(text) > BODY_LIMIT:
        said = f"body is too long (maximum is {BODY_LIMIT} characters)"
        raise invalid(resource, "body", "custom", said)


READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")
ROUTES = (
    route("GET", f"{REPO}/issues/{{issue_number}}/comments", list_comments, *READ),
    route("POST", f"{REPO}/issues/{{issue_number}}/comments", create_comment, *WRITE),
    route("GET", f"{REPO}/issues/comments/{{comment_id}}", get_comment, *READ),
    route("PATCH", f"{REPO}/issues/comments/{{comment_id}}", update_comment, *WRITE),
    route("DELETE", f"{REPO}/issues/comments/{{comment_id}}", delete_comment, *WRITE),
)

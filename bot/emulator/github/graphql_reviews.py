"""The reviews of a pull request as GraphQL shows them: REST does not say whether one was edited."""

from __future__ import annotations

from collections.abc import Callable

from bot.emulator.github.calls import Call, Json, stamp
from bot.emulator.github.errors import ApiError
from bot.emulator.github.views.accounts import node_id
from bot.emulator.github.views.repositories import html_url
from bot.emulator.github.world import Account, Pull, Repository, Review

LARGEST_PAGE = 100
SCHEMA = """
scalar GitObjectID
enum PullRequestReviewState { APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING }
type Commit implements Node { id: ID! oid: GitObjectID! }
type PullRequestReview implements Node {
  id: ID! fullDatabaseId: BigInt body: String! author: Actor commit: Commit
  state: PullRequestReviewState! lastEditedAt: DateTime submittedAt: DateTime url: URI!
}
type PullRequestReviewConnection {
  nodes: [PullRequestReview] pageInfo: PageInfo! totalCount: Int!
}
"""
Actor = Callable[[Call, Account], Json]


def connection(
    call: Call,
    repository: Repository,
    pull: Pull,
    actor: Actor,
    first: int | None = None,
    after: str | None = None,
) -> Json:
    """One page, oldest first; a pending review is its author's alone. A cursor is a node id."""
    if first is None or not 0 <= first <= LARGEST_PAGE:
        said = "You must provide a `first` value of at most 100 to paginate"
        raise ApiError(422, f"{said} the `reviews` connection.")
    found = [r for r in pull.reviews if r.state != "PENDING" or r.user == call.identity.login]
    ids = [node_id("PullRequestReview", review.id) for review in found]
    start = ids.index(after) + 1 if after in ids else 0
    end = min(len(ids), start + first)
    return {
        "nodes": [node(call, repository, pull, review, actor) for review in found[start:end]],
        "totalCount": len(found),
        "pageInfo": {
            "hasNextPage": end < len(found),
            "hasPreviousPage": start > 0,
            "startCursor": ids[start] if start < end else None,
            "endCursor": ids[end - 1] if start < end else None,
        },
    }


def node(call: Call, repository: Repository, pull: Pull, found: Review, actor: Actor) -> Json:
    """``PullRequestReview``."""
    page = f"{html_url(call.world, repository)}/pull/{pull.number}"
    return {
        "__typename": "PullRequestReview",
        "id": node_id("PullRequestReview", found.id),
        "fullDatabaseId": str(found.id),
        "body": found.body,
        "author": actor(call, call.world.account(found.user)),
        "commit": {"id": node_id("Commit", pull.number), "oid": found.commit},
        "state": found.state,
        "lastEditedAt": stamp(found.edited_at),
        "submittedAt": stamp(found.submitted_at),
        "url": f"{page}#pullrequestreview-{found.id}",
    }

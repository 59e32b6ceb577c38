"""The part of the GraphQL API that finds a viewer's comments, executed by graphql-core.

The schema below is a subset of GitHub's, signatures unchanged. In GraphQL an app's bot is called
without ``[bot]``, but ``viewer`` is called with it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from bot.emulator.github import graphql_reviews
from bot.emulator.github.calls import Call, Json, Reply, stamp
from bot.emulator.github.errors import ApiError
from bot.emulator.github.identity import authorize, visible
from bot.emulator.github.rest.comments import demand
from bot.emulator.github.views.accounts import node_id, profile_url
from bot.emulator.github.views.issues import comment as comment_view
from bot.emulator.github.views.issues import page_url
from bot.emulator.github.world import Account, Comment, Issue, Repository

LARGEST_PAGE = 100
SCHEMA = """
scalar BigInt
scalar DateTime
scalar URI
interface Actor { login: String! url: URI! }
interface Node { id: ID! }
type User implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type Bot implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type PageInfo {
  endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String
}
interface Minimizable { isMinimized: Boolean! minimizedReason: String }
type IssueComment implements Node & Minimizable {
  id: ID! databaseId: Int fullDatabaseId: BigInt body: String! author: Actor editor: Actor
  viewerDidAuthor: Boolean! isMinimized: Boolean! minimizedReason: String
  includesCreatedEdit: Boolean! lastEditedAt: DateTime createdAt: DateTime! updatedAt: DateTime!
  url: URI!
}
type IssueCommentConnection { nodes: [IssueComment] pageInfo: PageInfo! totalCount: Int! }
type Issue implements Node {
  id: ID! number: Int! title: String! body: String! url: URI!
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
}
type PullRequest implements Node {
  id: ID! number: Int! title: String! body: String! url: URI!
  headRefName: String! baseRefName: String!
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
  reviews(after: String, first: Int): PullRequestReviewConnection
}
type Repository implements Node {
  id: ID! databaseId: Int name: String! nameWithOwner: String!
  issue(number: Int!): Issue
  pullRequest(number: Int!): PullRequest
}
enum ReportedContentClassifiers { ABUSE DUPLICATE OFF_TOPIC OUTDATED RESOLVED SPAM }
input MinimizeCommentInput {
  classifier: ReportedContentClassifiers! clientMutationId: String subjectId: ID!
}
type MinimizeCommentPayload { clientMutationId: String minimizedComment: Minimizable }
input UnminimizeCommentInput { clientMutationId: String subjectId: ID! }
type UnminimizeCommentPayload { clientMutationId: String unminimizedComment: Minimizable }
type Query {
  viewer: User!
  node(id: ID!): Node
  repository(followRenames: Boolean, name: String!, owner: String!): Repository
}
type Mutation {
  minimizeComment(input: MinimizeCommentInput!): MinimizeCommentPayload
  unminimizeComment(input: UnminimizeCommentInput!): UnminimizeCommentPayload
}
"""


@cache
def schema() -> Any:
    """The schema, parsed once."""
    from graphql import build_schema

    return build_schema(SCHEMA + graphql_reviews.SCHEMA)


def execute(call: Call) -> Reply:
    """Run a query; errors are in a reply of status 200, as everywhere in GraphQL."""
    from graphql import graphql_sync

    if call.identity.login is None:
        raise ApiError(401, "This endpoint requires you to be authenticated.")
    body = call.fields(query=str, variables=(dict, type(None)), operationName=(str, type(None)))
    if "query" not in body:
        raise ApiError(400, "A query attribute must be specified and must be a string.")
    root = Root(call)
    result = graphql_sync(
        schema(), body["query"], root, variable_values=body.get("variables") or {},
        operation_name=body.get("operationName"),
    )  # fmt: skip
    errors = [formatted(error) for error in result.errors or ()]
    reply: Json = {"data": result.data} if result.data is not None or not errors else {}
    return Reply(reply | ({"errors": errors} if errors else {}))


def formatted(error: Any) -> Json:
    """An error with the type that GitHub adds."""
    found: Json = dict(error.formatted)
    original = error.original_error
    if isinstance(original, ApiError):
        found["type"] = "NOT_FOUND" if original.status == 404 else "FORBIDDEN"
        found["message"] = original.body["message"]
    return found


class Root:
    """Resolvers of Query and Mutation; graphql-core calls methods with (info, **arguments)."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def viewer(self, _info: Any) -> Json:
        """The caller."""
        world, login = self.call.world, self.call.login
        return actor(self.call, world.account(login), login)

    def repository(self, _info: Any, owner: str, name: str, **_: Any) -> Json | None:
        """A repository by name."""
        found = self.call.world.repositories.get(f"{owner}/{name}")
        if found is None or not visible(self.call.identity, found):
            said = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise ApiError(404, said)
        return {
            "id": node_id("Repository", found.id),
            "databaseId": found.id,
            "name": found.name,
            "nameWithOwner": found.full_name,
            "issue": lambda _info, number: self.issue(found, number, pull=False),
            "pullRequest": lambda _info, number: self.issue(found, number, pull=True),
        }

    def issue(self, repository: Repository, number: int, pull: bool) -> Json:
        """An issue or a pull request."""
        need = "pull_requests:read" if pull else "issues:read"
        authorize(repository, self.call.identity, (need,))
        kind = "PullRequest" if pull else "Issue"
        found = repository.issues.get(number)
        if found is None or (number in repository.pulls) is not pull:
            raise ApiError(404, f"Could not resolve to a {kind} with the number of {number}.")
        body: Json = {
            "__typename": kind,
            "id": node_id(kind, found.id),
            "number": number,
            "title": found.title,
            "body": found.body or "",
            "url": page_url(self.call.world, repository, number),
            "comments": lambda _info, **page: self.comments(repository, found, **page),
        }
        if pull:
            record = repository.pulls[number]
            body |= {
                "headRefName": record.head_ref,
                "baseRefName": record.base_ref,
                "reviews": lambda _info, **page: graphql_reviews.connection(
                    self.call, repository, record, actor, **page
                ),
            }
        return body

    def comments(
        self,
        repository: Repository,
        issue: Issue,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
    ) -> Json:
        """One page of an issue's comments; a cursor is a comment's node id."""
        size = first if first is not None else last
        if size is None or not 0 <= size <= LARGEST_PAGE:
            said = "You must provide a `first` or `last` value (of at most 100) to paginate"
            raise ApiError(422, f"{said} the `comments` connection.")
        every = [c for c in repository.comments.values() if c.issue == issue.number]
        found = self.call.settled(every)
        ids = [node_id("IssueComment", c.id) for c in found]
        start = ids.index(after) + 1 if after in ids else 0
        end = ids.index(before) if before in ids else len(ids)
        start, end = (start, min(end, start + size)) if first is not None else (
            max(start, end - size), end
        )  # fmt: skip
        shown = found[start:end]
        return {
            "nodes": [self.comment(repository, c) for c in shown],
            "totalCount": len(found),
            "pageInfo": {
                "hasNextPage": end < len(found),
                "hasPreviousPage": start > 0,
                "startCursor": ids[start] if shown else None,
                "endCursor": ids[end - 1] if shown else None,
            },
        }

    def comment(self, repository: Repository, found: Comment) -> Json:
        """``IssueComment``. ``databaseId`` is 32 bits wide, newer ids need ``fullDatabaseId``."""
        call = self.call
        editor = actor(call, call.world.account(found.editor)) if found.editor else None
        return {
            "__typename": "IssueComment",
            "id": node_id("IssueComment", found.id),
            "databaseId": found.id,
            "fullDatabaseId": str(found.id),
            "body": found.body,
            "author": actor(call, call.world.account(found.user)),
            "editor": editor,
            "viewerDidAuthor": found.user == call.identity.login,
            "isMinimized": found.minimized is not None,
            "minimizedReason": found.minimized,
            "includesCreatedEdit": found.editor is not None,
            "lastEditedAt": stamp(found.updated_at) if found.editor else None,
            "createdAt": stamp(found.created_at),
            "updatedAt": stamp(found.updated_at),
            "url": comment_view(call.world, repository, found)["html_url"],
        }

    def found_comment(self, identifier: str) -> tuple[Repository, Comment]:
        """A comment by its node id, if the caller may read it. Raises ApiError 404."""
        for repository in self.call.world.repositories.values():
            for comment in repository.comments.values():
                known = node_id("IssueComment", comment.id) == identifier
                if known and visible(self.call.identity, repository):
                    return repository, comment
        raise ApiError(404, f"Could not resolve to a node with the global id of '{identifier}'")

    def node(self, _info: Any, id: str) -> Json:
        """A comment by its node id; other nodes are not emulated."""
        repository, comment = self.found_comment(id)
        demand(self.call, repository, comment.issue, "read")
        return self.comment(repository, comment)

    def minimize(self, identifier: str, reason: str | None) -> Json:
        """Hide or show a comment, as someone who may write."""
        repository, comment = self.found_comment(identifier)
        demand(self.call, repository, comment.issue, "write")
        comment.minimized = reason
        return self.comment(repository, comment)

    def minimizeComment(self, _info: Any, input: Json) -> Json:
        """Hide a comment for a reason."""
        reason = str(input["classifier"]).lower().replace("_", "-")
        shown = self.minimize(input["subjectId"], reason)
        return {"clientMutationId": input.get("clientMutationId"), "minimizedComment": shown}

    def unminimizeComment(self, _info: Any, input: Json) -> Json:
        """Show a hidden comment."""
        shown = self.minimize(input["subjectId"], None)
        return {"clientMutationId": input.get("clientMutationId"), "unminimizedComment": shown}


def actor(call: Call, account: Account, login: str = "") -> Json:
    """An account as an Actor."""
    bot = account.type == "Bot"
    return {
        "__typename": "Bot" if bot else "User",
        "id": node_id(account.type, account.id),
        "databaseId": account.id,
        "login": login or account.login.removesuffix("[bot]"),
        "url": profile_url(call.world, account),
    }

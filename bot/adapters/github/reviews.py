"""Reviews of pull requests, and who may write to the repository."""

from __future__ import annotations

from typing import Any

from bot.adapters.github.session import Session
from bot.errors import GitHubRefused
from bot.model.record import Review, ReviewState

QUERY = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviews(first: 100, after: $after) {
        nodes { author { __typename login } state body commit { oid } lastEditedAt }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
"""Only GraphQL says whether a review was edited."""
WRITERS = frozenset({"admin", "maintain", "write"})
MAX_PAGES = 20


class Reviews:
    """The reviews of a repository's pull requests."""

    def __init__(self, session: Session) -> None:
        self._session = session.needing("pull-requests: read")

    def of(self, number: int) -> tuple[Review, ...]:
        """All of them, in the order in which they were made."""
        owner, _, name = self._session.name.partition("/")
        found: list[Review] = []
        after: str | None = None
        for _ in range(MAX_PAGES):
            given = {"owner": owner, "name": name, "number": number, "after": after}
            page = self._session.call(
                f"list the reviews of pull request #{number}",
                lambda given=given: self._page(given),  # type: ignore[misc]
            )
            found += [_review(node) for node in page["nodes"] if node]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        return tuple(found)

    def _page(self, given: dict[str, Any]) -> dict[str, Any]:
        _, answer = self._session.github.requester.graphql_query(QUERY, given)
        page: dict[str, Any] = answer["data"]["repository"]["pullRequest"]["reviews"]
        return page

    def may_write(self, login: str) -> bool:
        """True for somebody with write access or more; false for a login that is nobody's."""

        def permission() -> str:
            return str(self._session.repository.get_collaborator_permission(login))

        try:
            held = self._session.needing("metadata: read").call(
                f"say what {login} may do", permission
            )
        except GitHubRefused:
            return False
        return held in WRITERS


def _review(node: dict[str, Any]) -> Review:
    """A bot is nobody: a workflow of the pull request could make it approve anything."""
    author, commit = node.get("author") or {}, node.get("commit") or {}
    person = author.get("__typename") == "User"
    return Review(
        str(author.get("login", "")) if person else "",
        ReviewState(node["state"]),
        str(commit.get("oid", "")),
        str(node.get("body") or ""),
        node.get("lastEditedAt") is not None,
    )

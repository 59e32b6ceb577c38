"""Whose the token is. A job's token may not ``GET /user``; GraphQL tells it all the same."""

from __future__ import annotations

from bot.adapters.github.session import Session


class Viewer:
    """The token's user, asked for once."""

    def __init__(self, session: Session) -> None:
        self._session, self._login = session, ""

    def login(self) -> str:
        """The login, for example ``github-actions[bot]``. Raises GitHubError."""
        if not self._login:
            requester = self._session.github.requester

            def ask() -> str:
                _, answer = requester.graphql_query("query { viewer { login } }", {})
                return str(answer["data"]["viewer"]["login"])

            self._login = self._session.call("say whose the token is", ask)
        return self._login

"""Commits and pull requests, as far as the flow asks about them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from bot.adapters.github.session import Session
from bot.model.github import PullRequest

MOST_OPEN = 100


class Pulls:
    """The pull requests and the history of a repository."""

    def __init__(self, session: Session) -> None:
        self._session, self._reading = session, session.needing("pull-requests: read")

    def pull(self, number: int) -> PullRequest:
        """The state of a pull request now."""

        def state() -> PullRequest:
            return _read(self._session.repository.get_pull(number))

        return self._reading.call(f"show pull request #{number}", state)

    def of_commit(self, revision: str, branch: str) -> tuple[PullRequest, ...]:
        """The pull requests that brought a commit into ``branch``, or are about to, by number.

        Those that were closed without being merged are none of them.
        """

        def read() -> tuple[PullRequest, ...]:
            pulls = self._session.repository.get_commit(revision).get_pulls()
            found = {pull.number: _read(pull) for pull in pulls if pull.base.ref == branch}
            return tuple(p for _, p in sorted(found.items()) if p.merged or p.open)

        return self._reading.call(f"list the pull requests of commit {revision[:12]}", read)

    def open_into(self, branch: str) -> tuple[PullRequest, ...]:
        """The open pull requests into a branch, at most the hundred that changed last."""

        def read() -> tuple[PullRequest, ...]:
            pulls = self._session.repository.get_pulls(
                state="open", base=branch, sort="updated", direction="desc"
            )
            return tuple(_read(pull) for pull in islice(pulls, MOST_OPEN))

        return self._reading.call(f"list the open pull requests into {branch}", read)

    def subject(self, revision: str) -> str:
        """The first line of a commit's message."""
        return self._session.call(
            f"show commit {revision[:12]}",
            lambda: str(self._session.repository.get_git_commit(revision).message).split("\n")[0],
        )

    def parents(self, revision: str) -> tuple[str, ...]:
        """The ids of a commit's parents, first parent first."""

        def ids() -> tuple[str, ...]:
            commit = self._session.repository.get_git_commit(revision)
            return tuple(str(parent.sha) for parent in commit.parents)

        return self._session.call(f"show commit {revision[:12]}", ids)


def _read(pull: Any) -> PullRequest:
    return PullRequest(
        int(pull.number),
        str(pull.head.sha),
        pull.state == "open",
        pull.merged_at is not None,
        pull.user.login if pull.user else "",
        str(pull.base.ref),
    )

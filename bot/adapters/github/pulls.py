"""Commits and pull requests, as far as the flow asks about them."""

from __future__ import annotations

from bot.adapters.github.session import Session
from bot.model.github import PullRequest


class Pulls:
    """The pull requests and the history of a repository."""

    def __init__(self, session: Session) -> None:
        self._session, self._reading = session, session.needing("pull-requests: read")

    def pull(self, number: int) -> PullRequest:
        """The state of a pull request now."""

        def state() -> PullRequest:
            pull = self._session.repository.get_pull(number)
            return PullRequest(number, str(pull.head.sha), pull.state == "open")

        return self._reading.call(f"show pull request #{number}", state)

    def merged(self, revision: str, branch: str) -> tuple[int, ...]:
        """Numbers of the pull requests merged into ``branch`` that brought a commit, sorted."""

        def numbers() -> tuple[int, ...]:
            pulls = self._session.repository.get_commit(revision).get_pulls()
            merged = (p for p in pulls if p.merged_at and p.base.ref == branch)
            return tuple(sorted({pull.number for pull in merged}))

        return self._reading.call(f"list the pull requests of commit {revision[:12]}", numbers)

    def parents(self, revision: str) -> tuple[str, ...]:
        """The ids of a commit's parents, first parent first."""

        def ids() -> tuple[str, ...]:
            commit = self._session.repository.get_git_commit(revision)
            return tuple(str(parent.sha) for parent in commit.parents)

        return self._session.call(f"show commit {revision[:12]}", ids)

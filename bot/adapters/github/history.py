"""The history of a branch, as far as it changes mesh files."""

from __future__ import annotations

from bot.adapters.github.session import Session
from bot.errors import GitHubError
from bot.model.record import Relation

MOST = 2_000
"""Commits between two applies that are looked through; beyond them somebody has to look."""
PAGE = 100


class History:
    """The commits of a repository."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def branch_head(self, branch: str) -> str:
        """The newest commit of a branch."""
        return self._session.call(
            f"show the branch {branch}",
            lambda: str(self._session.repository.get_branch(branch).commit.sha),
        )

    def relation(self, base: str, head: str) -> Relation:
        """How ``head`` stands to ``base``."""

        def status() -> Relation:
            found = self._session.repository.compare(base, head, comparison_commits_per_page=1)
            return Relation(found.status)

        return self._session.call(f"compare {base[:12]} with {head[:12]}", status)

    def commits_touching(self, base: str, head: str, path: str) -> tuple[str, ...]:
        """Commits of ``head`` that ``base`` lacks and that change files at ``path``, oldest first.

        Without ``base`` all that ``head`` has. Raises GitHubError when there are too many.
        """
        what = f"list the commits from {base[:12] or 'the start'} to {head[:12]}"
        new = self._session.call(what, lambda: self._between(base, head)) if base else None
        if new is not None and not new:
            return ()
        return self._session.call(what, lambda: self._listed(new, head, path))

    def _between(self, base: str, head: str) -> frozenset[str]:
        comparison = self._session.repository.compare(base, head, comparison_commits_per_page=PAGE)
        if comparison.total_commits > MOST:
            raise _too_many(base, head)
        return frozenset(commit.sha for commit in comparison.commits)

    def _listed(self, new: frozenset[str] | None, head: str, path: str) -> tuple[str, ...]:
        """GitHub lists newest first: a whole page of older ones means that the rest is older."""
        repository, found, older = self._session.repository, [], 0
        commits = (
            repository.get_commits(sha=head, path=path)
            if path not in ("", ".")
            else repository.get_commits(sha=head)
        )
        for commit in commits:
            if new is None or commit.sha in new:
                found.append(str(commit.sha))
                older = 0
            else:
                older += 1
            if older >= PAGE:
                break
            if len(found) > MOST:
                raise _too_many("", head)
        return tuple(reversed(found))


def _too_many(base: str, head: str) -> GitHubError:
    return GitHubError(
        f"There are more than {MOST:,} commits from {base[:12] or 'the start'} to {head[:12]}: too "
        "many to find out what was reviewed. Start the workflow by hand and approve the plan "
        "with expect-fingerprint."
    )

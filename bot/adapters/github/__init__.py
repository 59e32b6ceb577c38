"""GitHub behind the ports: one repository, the event that started the run, OIDC tokens.

github = bot.adapters.github.connect(os.environ)
context = bot.adapters.github.action_context(os.environ)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from bot.adapters.github.artifacts import Artifacts
from bot.adapters.github.checks import Checks
from bot.adapters.github.comments import Comments
from bot.adapters.github.contents import Contents
from bot.adapters.github.context import INPUTS, TOKEN_INPUT, action_context, read_input
from bot.adapters.github.deployments import Deployments
from bot.adapters.github.history import History
from bot.adapters.github.issues import Issues
from bot.adapters.github.oidc import token_supplier
from bot.adapters.github.pulls import Pulls
from bot.adapters.github.records import Records
from bot.adapters.github.reviews import Reviews
from bot.adapters.github.session import Session, open_session
from bot.adapters.github.viewer import Viewer
from bot.model.github import CheckRun, Conclusion, PullRequest
from bot.model.record import Deployment, OwnCheck, Relation, Review
from bot.ports import Stop

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

__all__ = ["INPUTS", "Client", "action_context", "connect", "read_input", "token_supplier"]


class Client:
    """``bot.ports.GitHub`` on PyGithub."""

    def __init__(self, open_: Callable[[], Session]) -> None:
        self._open = open_
        self._opened: _Parts | None = None

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        """See the port."""
        return self._parts.contents.mesh_files(revision, path, known)

    def parents(self, revision: str) -> tuple[str, ...]:
        """See the port."""
        return self._parts.pulls.parents(revision)

    def pull(self, number: int) -> PullRequest:
        """See the port."""
        return self._parts.pulls.pull(number)

    def branch_head(self, branch: str) -> str:
        """See the port."""
        return self._parts.history.branch_head(branch)

    def relation(self, base: str, head: str) -> Relation:
        """See the port."""
        return self._parts.history.relation(base, head)

    def commits_touching(self, base: str, head: str, path: str) -> tuple[str, ...]:
        """See the port."""
        return self._parts.history.commits_touching(base, head, path)

    def pulls_of(self, revision: str, branch: str) -> tuple[PullRequest, ...]:
        """See the port."""
        return self._parts.pulls.of_commit(revision, branch)

    def subject(self, revision: str) -> str:
        """See the port."""
        return self._parts.pulls.subject(revision)

    def open_pulls(self, branch: str) -> tuple[PullRequest, ...]:
        """See the port."""
        return self._parts.pulls.open_into(branch)

    def own_checks(self, commit: str, check: str) -> tuple[OwnCheck, ...]:
        """See the port."""
        return self._parts.records.on(commit, check)

    def rewrite(
        self, check: OwnCheck, conclusion: Conclusion, title: str, summary: str, text: str
    ) -> None:
        """See the port."""
        self._parts.records.rewrite(check, conclusion, title, summary, text)

    def plan_files(self, run_id: str, artifact: str) -> Iterator[bytes]:
        """See the port."""
        return self._parts.artifacts.plan_files(run_id, artifact)

    def shard_files(self, run_id: str, prefix: str) -> Mapping[str, bytes]:
        """See the port."""
        return self._parts.artifacts.shard_files(run_id, prefix)

    def reviews(self, number: int) -> tuple[Review, ...]:
        """See the port."""
        return self._parts.reviews.of(number)

    def may_write(self, login: str) -> bool:
        """See the port."""
        return self._parts.reviews.may_write(login)

    def applied(self, task: str) -> Mapping[str, str]:
        """See the port."""
        return self._parts.deployments.applied(task)

    def deployed(self, deployment: Deployment) -> None:
        """See the port."""
        self._parts.deployments.record(deployment)

    def own_comment(self, number: int, marker: str) -> str:
        """See the port."""
        return self._parts.comments.body(number, marker)

    def comment(self, number: int, marker: str, body: str, *, create: bool = True) -> str:
        """See the port."""
        return self._parts.comments.put(number, marker, body, create=create)

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str:
        """See the port."""
        return self._parts.issues.put(marker, title, body, wanted=wanted)

    def open_issues(self, start: str) -> tuple[str, ...]:
        """See the port."""
        return self._parts.issues.open_with(start)

    def report(self, check: CheckRun) -> str:
        """See the port."""
        return self._parts.checks.report(check)

    @property
    def _parts(self) -> _Parts:
        if self._opened is None:
            self._opened = _Parts(self._open())
        return self._opened


class _Parts:
    def __init__(self, session: Session) -> None:
        self.contents = Contents(session)
        self.pulls = Pulls(session)
        viewer = Viewer(session)
        self.comments = Comments(session, viewer)
        self.issues = Issues(session, viewer)
        self.checks = Checks(session)
        self.history = History(session)
        self.records = Records(session, viewer)
        self.artifacts = Artifacts(session)
        self.reviews = Reviews(session)
        self.deployments = Deployments(session, viewer)


def connect(
    environ: Mapping[str, str],
    *,
    seconds_between_writes: float | None = None,
    sleep: Callable[[float], object] = time.sleep,
    until: Stop | None = None,
) -> Client:
    """The repository that the environment names, with the input ``github-token``.

    Nothing is asked, and nothing of the environment judged, before the first call, which
    raises UsageError when the environment cannot be used. A client belongs to one thread.
    With ``until`` it is for what can be left out: nothing is repeated or waited for, and
    once that is set nothing more is sent; GitHubError says so.
    """
    return Client(
        lambda: open_session(
            environ.get("GITHUB_API_URL", ""),
            read_input(environ, TOKEN_INPUT),
            environ.get("GITHUB_REPOSITORY", ""),
            seconds_between_writes=(
                _pause(environ.get("GITHUB_API_URL", ""))
                if seconds_between_writes is None
                else seconds_between_writes
            ),
            sleep=sleep,
            until=until,
        )
    )


def _pause(api_url: str) -> float:
    """GitHub wants a second between writes; a stand-in on this machine wants none."""
    return 0.0 if urlsplit(api_url).hostname in LOOPBACK else 1.0

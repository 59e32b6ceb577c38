"""GitHub behind the ports: one repository, the event that started the run, OIDC tokens.

github = bot.adapters.github.connect(os.environ)
context = bot.adapters.github.action_context(os.environ)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from bot.adapters.github.checks import Checks
from bot.adapters.github.comments import Comments
from bot.adapters.github.contents import Contents
from bot.adapters.github.context import INPUTS, TOKEN_INPUT, action_context, read_input
from bot.adapters.github.oidc import token_supplier
from bot.adapters.github.pulls import Pulls
from bot.adapters.github.session import Session, open_session
from bot.model.github import CheckRun, PullRequest

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

    def merged_pulls(self, revision: str, branch: str) -> tuple[int, ...]:
        """See the port."""
        return self._parts.pulls.merged(revision, branch)

    def comment(self, number: int, marker: str, body: str, *, create: bool = True) -> str:
        """See the port."""
        return self._parts.comments.put(number, marker, body, create=create)

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
        self.comments = Comments(session)
        self.checks = Checks(session)


def connect(
    environ: Mapping[str, str],
    *,
    seconds_between_writes: float = 1.0,
    sleep: Callable[[float], object] = time.sleep,
) -> Client:
    """The repository that the environment names, with the input ``github-token``.

    Nothing is asked, and nothing of the environment judged, before the first call, which
    raises UsageError when the environment cannot be used.
    """
    return Client(
        lambda: open_session(
            environ.get("GITHUB_API_URL", ""),
            read_input(environ, TOKEN_INPUT),
            environ.get("GITHUB_REPOSITORY", ""),
            seconds_between_writes=seconds_between_writes,
            sleep=sleep,
        )
    )

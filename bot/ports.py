"""The doors to the outside, as Protocols. Adapters implement them, tests fake them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from bot.model.address import AccountId, Scope
from bot.model.github import Annotation, CheckRun, Conclusion, PullRequest
from bot.model.record import Deployment, OwnCheck, Relation, Review
from bot.model.step import Role

T = TypeVar("T")


class Reader(Protocol):
    """Asks AWS. Sends Describe, Get and List calls only; anything else is refused."""

    def read(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Every item of a paginated answer, for example of ``ec2:DescribeVpcs``.

        Equal questions within one reader are asked once. Raises AwsError.
        """


class Writer(Protocol):
    """Changes AWS. The engine's alone."""

    def write(self, scope: Scope, action: str, **params: Any) -> Mapping[str, Any]:
        """One call, sent once (never retried once it may have arrived). Raises AwsError."""

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Like Reader.read, always fresh."""


class Aws(Protocol):
    """Where readers and writers come from; signs in once per account."""

    def reader(self, roles: Mapping[AccountId, Role]) -> Reader:
        """A reader with an empty memory, through these roles."""

    def writer(self, roles: Mapping[AccountId, Role]) -> Writer:
        """A writer through these roles."""


class Progress(Protocol):
    """Told what is going on, for people; null by default."""

    def update(self, activity: str, done: int, total: int) -> None:
        """``done`` of ``total`` in an activity such as "reading scopes"."""


class Quiet:
    """The Progress that says nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to take away."""

    def update(self, activity: str, done: int, total: int) -> None:
        """Nothing."""


class Stop(Protocol):
    """A ``threading.Event``, or a fake."""

    def is_set(self) -> bool:
        """True when nothing new may be started."""


class Dispatcher(Protocol):
    """Runs calls beside one another and tells the time; a simulation in tests."""

    def submit(self, work: Callable[[], T], token: object) -> None:
        """Start ``work``; its end is reported by ``next`` with the same token."""

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        """The next (token, result, error) that ended, or None after ``timeout`` seconds."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""


# GitHub and its runner


class History(Protocol):
    """The commits of the repository, and the pull requests that brought them."""

    def branch_head(self, branch: str) -> str:
        """The newest commit of a branch."""

    def relation(self, base: str, head: str) -> Relation:
        """How ``head`` stands to ``base``."""

    def commits_touching(self, base: str, head: str, path: str) -> tuple[str, ...]:
        """Commits of ``head`` that ``base`` lacks and that change files at ``path``, oldest first.

        Without ``base`` all of them.
        """

    def pulls_of(self, revision: str, branch: str) -> tuple[PullRequest, ...]:
        """The pull requests that brought a commit into ``branch``, or are about to."""

    def subject(self, revision: str) -> str:
        """The first line of a commit's message. It is hostile text."""

    def open_pulls(self, branch: str) -> tuple[PullRequest, ...]:
        """The open pull requests into a branch, as many as can be looked after."""


class Records(Protocol):
    """What plan jobs recorded, and who approved it."""

    def own_checks(self, commit: str, check: str) -> tuple[OwnCheck, ...]:
        """Our own finished check runs of this name on a commit, newest first."""

    def rewrite(
        self, check: OwnCheck, conclusion: Conclusion, title: str, summary: str, text: str
    ) -> None:
        """Gives a check run of ours another conclusion and other words."""

    def plan_files(self, run_id: str, artifact: str) -> Iterator[bytes]:
        """plan.json of each artifact of this name that a run left, newest first.

        Raises GitHubRefused for one that is gone or is not as meshbot makes them.
        """

    def reviews(self, number: int) -> tuple[Review, ...]:
        """The reviews of a pull request, in the order in which they were made."""

    def may_write(self, login: str) -> bool:
        """True for somebody with write access to the repository."""


class Deployments(Protocol):
    """At which commit each environment was last applied."""

    def applied(self, task: str) -> Mapping[str, str]:
        """The commit at which each environment was last applied as a whole, by its name."""

    def deployed(self, deployment: Deployment) -> None:
        """Notes that an environment was applied at a commit, or that it failed."""


class GitHub(History, Records, Deployments, Protocol):
    """One repository on GitHub. Every method raises GitHubError.

    GitHubRefused means that the token may not do it (403) or that it is not there (404).
    """

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        """The mesh files under ``path`` at a commit, by path; none when there is no such path.

        ``known`` are contents at hand: a file that equals one of them is not fetched.
        """

    def parents(self, revision: str) -> tuple[str, ...]:
        """The ids of a commit's parents, first parent first."""

    def pull(self, number: int) -> PullRequest:
        """The state of a pull request now."""

    def comment(self, number: int, marker: str, body: str, *, create: bool = True) -> str:
        """Leaves exactly one comment of ours with this first line, and answers its URL.

        With ``create`` false only a comment that exists is edited; else the answer is "".
        """

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str:
        """Leaves at most one issue of ours with this first line, and answers its URL.

        ``wanted``: it is open, re-opened or made; else the one that is there is closed, and
        the answer is "" when there is none. ``body`` starts with the marker; an empty
        ``title`` leaves the one that is there.
        """

    def open_issues(self, start: str) -> tuple[str, ...]:
        """The first lines of our open issues, of those that start so, sorted."""

    def own_comment(self, number: int, marker: str) -> str:
        """What our comment with this first line says, for people; "" when there is none."""

    def report(self, check: CheckRun) -> str:
        """Makes a check run with all its annotations and answers its URL."""


class Runner(Protocol):
    """The GitHub Actions runner: takes outputs, annotations, the job summary and files."""

    def output(self, name: str, value: str) -> None:
        """Sets an output of the action."""

    def annotate(self, annotation: Annotation) -> None:
        """Shows an annotation in the log and on its line."""

    def log(self, text: str, title: str = "") -> None:
        """Writes text that may be hostile to the log, folded under a title if there is one."""

    def summary(self, *texts: str) -> None:
        """Adds the first of the Markdown texts that fits to the job summary."""

    def keep(self, name: str, text: str) -> str:
        """Writes a file for later steps and answers its path, relative to the workspace."""

"""The doors to the outside, as Protocols. Adapters implement them, tests fake them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from bot.model.address import AccountId, Region, Scope
from bot.model.doctor import Caller
from bot.model.github import Annotation, CheckRun, Conclusion, PullRequest
from bot.model.lease import LeaseRecord, Seen
from bot.model.progress import Progressed
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
        """One call, sent once (never retried once it may have arrived). Raises AwsError.

        With a fence, it is signed in to the account before that is entered.
        """

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Like Reader.read, always fresh."""


class Fence(Protocol):
    """What a call that changes AWS passes right before it is sent, and leaves at its end."""

    def __call__(self, scope: Scope, action: str) -> AbstractContextManager[None]:
        """Entered for each sending. Entering raises AwsError for what must not be sent."""


def unfenced(scope: Scope, action: str) -> AbstractContextManager[None]:
    """The Fence that lets everything pass."""
    return nullcontext()


class Aws(Protocol):
    """Where readers and writers come from; signs in once per account."""

    def reader(self, roles: Mapping[AccountId, Role]) -> Reader:
        """A reader with an empty memory, through these roles."""

    def writer(self, roles: Mapping[AccountId, Role], fence: Fence = unfenced) -> Writer:
        """A writer through these roles.

        What may take long, such as signing in, is done before the fence: nothing comes
        between it and the sending. A call that is sent again, with a new session after AWS
        called the old one over, passes it again.
        """


class Identities(Protocol):
    """Who we are, and whom we may become. Asks, and changes nothing; raises AwsError."""

    def caller(self, region: Region) -> Caller:
        """Who AWS says that the initial identity is, in the partition of a region."""

    def trust_of_initial(self, role_name: str, region: Region) -> object:
        """The trust policy of the initial identity's role: what JSON can hold, or text."""

    def session(self, role: Role, scope: Scope) -> str:
        """Assumes a member role, once, and answers the session's ARN."""


class Progress(Protocol):
    """Told what is going on, for people; null by default."""

    def update(self, activity: str, done: int, total: int) -> None:
        """``done`` of ``total`` in an activity such as "reading scopes"."""

    def progressed(self, state: Progressed) -> None:
        """How far an apply is, at most once a second and at its end."""


class Quiet:
    """The Progress that says nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to take away."""

    def update(self, activity: str, done: int, total: int) -> None:
        """Nothing."""

    def progressed(self, state: Progressed) -> None:
        """Nothing."""


class Stop(Protocol):
    """A flag that a signal sets, or a ``threading.Event``."""

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


class LeaseStore(Protocol):
    """Keeps one record, and writes it on a condition only.

    Every method raises AwsError; after that of a write nobody knows whether it was carried
    out, unless ``read`` tells. Nothing is sent twice.
    """

    def read(self) -> Seen:
        """What is there now; never what was there a moment ago."""

    def write(self, record: LeaseRecord, over: str) -> Seen | None:
        """Writes over exactly what has the mark ``over``; empty: only where there is nothing.

        None when the condition did not hold, else the record with its new mark.
        """

    def delete(self, over: str) -> bool:
        """Deletes exactly what has this mark; False when the condition did not hold."""


class Lease(Protocol):
    """The right to change AWS, which can be lost at any time. For many threads."""

    @property
    def lost(self) -> str:
        """Why it is not certainly held any more, for good; empty while it is."""

    def enter(self) -> str:
        """Why a call must not be sent, or nothing: then ``leave`` follows at the call's end.

        It asks the store, unless it did just now. May take a while.
        """

    def leave(self) -> None:
        """A call that was let through has ended."""


class Unleased:
    """The Lease of those who want none: it is always held."""

    lost = ""

    def enter(self) -> str:
        """Everything may be sent."""
        return ""

    def leave(self) -> None:
        """Nothing."""


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

    def shard_files(self, run_id: str, prefix: str) -> Mapping[str, bytes]:
        """shard.json of every artifact of a run whose name starts so, by that name.

        Of several with one name the newest. Raises GitHubRefused as ``plan_files`` does.
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

    def group(self, title: str) -> AbstractContextManager[Callable[[str], None]]:
        """Folds what the log gets meanwhile under a title; answers what writes a line at once."""

    def summary(self, *texts: str) -> None:
        """Adds the first of the Markdown texts that fits to the job summary."""

    def keep(self, name: str, pieces: Iterable[str]) -> str:
        """Writes a file for later steps and answers its path, relative to the workspace.

        Its text comes in pieces: that of a large plan is larger than the plan.
        """

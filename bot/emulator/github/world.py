"""What the emulated GitHub knows: accounts, repositories and everything in them.

Plain mutable records; ids count up from one start and time is a clock that advances a second at
each reading, so that one story gives the same state twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.emulator.github.objects import Objects, Signature

ACTIONS_APP_ID = 15368
ACTIONS_LOGIN = "github-actions[bot]"
ACTIONS_USER_ID = 41898282
EPOCH = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)


@dataclass(slots=True)
class Account:
    """A user, a bot or an organization (``type`` as the API spells them)."""

    id: int
    login: str
    type: str
    created_at: datetime

    @property
    def signature_email(self) -> str:
        """The address GitHub gives an account's commits."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(slots=True)
class App:
    """A GitHub App; check runs belong to one."""

    id: int
    slug: str
    name: str


@dataclass(slots=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(slots=True)
class Comment:
    """A comment on an issue or pull request. ``editor`` is the last to change it, if any."""

    id: int
    issue: int
    user: str
    body: str
    created_at: datetime
    updated_at: datetime
    minimized: str | None = None
    editor: str | None = None


@dataclass(slots=True)
class Issue:
    """An issue; a pull request has one too, under the same number."""

    id: int
    number: int
    user: str
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Review:
    """A review of a pull request; ``commit`` is the head it was made for."""

    id: int
    user: str
    body: str
    state: str
    commit: str
    submitted_at: datetime | None
    edited_at: datetime | None = None


@dataclass(slots=True)
class Pull:
    """A pull request. ``head_sha`` follows the head branch while it is open."""

    id: int
    issue: Issue
    head_repository: str
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    landed: tuple[str, ...] = ()
    reviews: list[Review] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Shared with its issue."""
        return self.issue.number


@dataclass(slots=True)
class CheckSuite:
    """One app's checks for one commit."""

    id: int
    app: App
    head_sha: str
    head_branch: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class CheckRun:
    """A check run; ``annotations`` in API form."""

    id: int
    suite: CheckSuite
    name: str
    status: str
    started_at: datetime
    conclusion: str | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class DeploymentStatus:
    """One state a deployment went through."""

    id: int
    state: str
    creator: str
    created_at: datetime
    description: str = ""
    environment: str = ""
    log_url: str = ""
    environment_url: str = ""


@dataclass(slots=True)
class Deployment:
    """A deployment of ``sha`` (what ``ref`` was) to an environment; statuses oldest first."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    creator: str
    created_at: datetime
    updated_at: datetime
    payload: Any = field(default_factory=dict)
    description: str | None = None
    transient: bool = False
    production: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """A workflow run. ``claims`` are those of its OIDC tokens, ``event`` its payload's name.

    ``started_by`` is the whole event (``events.Event``), which another attempt gets again.
    """

    id: int
    number: int
    suite: CheckSuite
    event: str
    workflow: str
    head_branch: str | None
    head_sha: str
    head_repository: str
    actor: str
    title: str
    created_at: datetime
    updated_at: datetime
    pulls: tuple[int, ...] = ()
    attempt: int = 1
    status: str = "in_progress"
    conclusion: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    started_by: Any = None


@dataclass(slots=True)
class Artifact:
    """An uploaded artifact: a ZIP archive and the run it came from."""

    id: int
    name: str
    content: bytes
    run: Run
    created_at: datetime
    expires_at: datetime
    expired: bool = False


@dataclass(slots=True)
class Repository:
    """A repository; ``refs`` maps ``refs/heads/main`` to a commit, ``roles`` login to role."""

    id: int
    owner: str
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    pushed_at: datetime
    objects: Objects
    parent: str | None = None
    refs: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def branches(self) -> dict[str, str]:
        """Branch name → commit, by name."""
        heads = {ref.removeprefix("refs/heads/"): sha for ref, sha in self.refs.items()
                 if ref.startswith("refs/heads/")}  # fmt: skip
        return dict(sorted(heads.items()))


@dataclass(slots=True)
class World:
    """Everything. ``url`` is where the API answers, ``storage_url`` where archives lie."""

    url: str = ""
    storage_url: str = ""
    clock: datetime = EPOCH
    last_id: int = 2_400_000_000
    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.apps[ACTIONS_APP_ID] = App(ACTIONS_APP_ID, "github-actions", "GitHub Actions")
        self.accounts[ACTIONS_LOGIN] = Account(ACTIONS_USER_ID, ACTIONS_LOGIN, "Bot", EPOCH)

    def now(self) -> datetime:
        """The next second of the emulated clock."""
        self.clock += timedelta(seconds=1)
        return self.clock

    def new_id(self) -> int:
        """A new id, beyond 31 bits as GitHub's are."""
        self.last_id += 7
        return self.last_id

    def account(self, login: str, kind: str = "User") -> Account:
        """The account, made on first use."""
        if login not in self.accounts:
            self.accounts[login] = Account(self.new_id(), login, kind, self.now())
        return self.accounts[login]

    def signature(self, login: str) -> Signature:
        """A commit signature of this account, now."""
        return Signature(login, self.account(login).signature_email, self.now())

    def network(self, repository: Repository) -> Iterator[Repository]:
        """The repositories that share objects with this one: itself, parent and forks."""
        return (r for r in self.repositories.values() if r.objects is repository.objects)

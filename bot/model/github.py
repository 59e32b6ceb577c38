"""What GitHub says and is told, as values: events, pull requests, check runs, annotations."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bot.model.diagnostic import SourceLine


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A ``pull_request`` event.

    ``same_repository`` compares repository ids: false for a fork, and for a fork that is
    gone. ``base_changed`` is true when the event says that the pull request now targets
    another branch.
    """

    action: str
    number: int
    head_sha: str
    base_sha: str
    base_branch: str
    default_branch: str
    same_repository: bool
    base_changed: bool = False


@dataclass(frozen=True, slots=True)
class PushEvent:
    """A ``push`` event. ``ref`` is a full one; ``before`` is empty when there was nothing."""

    ref: str
    default_branch: str
    before: str
    after: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DispatchEvent:
    """A ``workflow_dispatch`` event. ``ref`` is a full one."""

    ref: str
    default_branch: str


@dataclass(frozen=True, slots=True)
class ScheduleEvent:
    """A ``schedule`` event: it always runs on the default branch's newest commit."""


@dataclass(frozen=True, slots=True)
class MergeGroupEvent:
    """A ``merge_group`` event: the queue's branch ``head_ref`` (a full one) waits for its checks.

    ``base_branch`` is the name of the branch that it is to become, without ``refs/heads/``.
    """

    action: str
    head_sha: str
    head_ref: str
    base_sha: str
    base_branch: str
    default_branch: str


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """A ``pull_request_review`` event. ``same_repository`` is that of a PullRequestEvent."""

    action: str
    number: int
    head_sha: str
    default_branch: str
    same_repository: bool


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """An event that meshbot does not act on; ``fault`` says why, when it is a payload's."""

    name: str
    fault: str = ""


Event = (
    PullRequestEvent
    | PushEvent
    | DispatchEvent
    | ScheduleEvent
    | MergeGroupEvent
    | ReviewEvent
    | OtherEvent
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The action's inputs as they arrived, not yet checked. The token is not among them."""

    command: str = "auto"
    meshes: str = "meshes"
    environments: str = ""
    expect_fingerprint: str = ""
    comment: str = "always"
    role_to_assume: str = ""
    aws_region: str = ""
    audience: str = "sts.amazonaws.com"
    require_pull_request: str = "true"
    session_tags: str = "false"
    lock: str = ""
    lock_wait: str = "0"
    rates: str = ""
    shard: str = ""
    max_shards: str = "8"


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One run of the action: what started it, where, with which inputs.

    ``sha`` is GITHUB_SHA, ``checkout_sha`` the commit that the workspace holds (empty when
    that cannot be told). ``repository`` is ``owner/name``; the URLs are web pages.
    """

    event: Event
    inputs: Inputs = field(default_factory=Inputs)
    repository: str = ""
    sha: str = ""
    checkout_sha: str = ""
    run_id: str = ""
    run_attempt: str = "1"
    server_url: str = ""
    workspace: Path = Path()

    @property
    def repository_url(self) -> str:
        """The repository's web page, or nothing."""
        return f"{self.server_url}/{self.repository}" if self.server_url else ""

    @property
    def run_url(self) -> str:
        """The web page of this run and attempt, or nothing."""
        if not (self.repository_url and self.run_id):
            return ""
        return f"{self.repository_url}/actions/runs/{self.run_id}/attempts/{self.run_attempt}"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The state of a pull request now; ``open`` is false once it is merged or closed.

    ``author`` is empty when the account is gone; ``branch`` is the one it merges into.
    """

    number: int
    head_sha: str
    open: bool
    merged: bool = False
    author: str = ""
    branch: str = ""


class AnnotationLevel(StrEnum):
    """GitHub's three levels of an annotation."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Annotation:
    """Plain text beside a line of a file; without ``place`` it belongs to the run."""

    level: AnnotationLevel
    message: str
    title: str = ""
    place: SourceLine | None = None


class Conclusion(StrEnum):
    """How a check run ends."""

    SUCCESS = "success"
    NEUTRAL = "neutral"
    FAILURE = "failure"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A finished check run on a commit; ``summary`` and ``text`` are Markdown.

    ``external_id`` is this run's own, so that a check run that may or may not have been
    made can be found.
    """

    name: str
    head_sha: str
    conclusion: Conclusion
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()
    external_id: str = ""
    details_url: str = ""
    text: str = ""

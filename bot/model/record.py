"""What is remembered on GitHub of plans and applies: records, reviews, deployments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Record:
    """What a plan job recorded of its plan, in its check run on the pull request's head.

    ``head`` and ``base`` are full commit ids, ``branch`` is the one it merges into,
    ``meshes`` is a sha256 over the mesh files as planned, ``digest`` that of plan.json.
    ``fingerprints`` are those of the environments; empty when they did not fit. ``refused``
    are the environments over a limit, ``faulty`` says that the plan has errors besides.
    ``run_id`` and ``artifact`` say where plan.json is. ``stale`` says why the plan is no
    longer true, once it is not.
    """

    number: int
    head: str
    base: str
    branch: str
    meshes: str
    digest: str
    fingerprint: str
    headline: str
    run_id: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    faulty: bool = False
    complete: bool = True
    artifact: str = "meshbot-plan"
    stale: str = ""


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """A finished check run of our own app; ``summary`` and ``text`` are its Markdown."""

    id: int
    text: str
    title: str = ""
    summary: str = ""
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """A check run of ours and the record in its text."""

    own: OwnCheck
    record: Record


class ReviewState(StrEnum):
    """GitHub's states of a review that was submitted."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a pull request. ``author`` is empty when the account is gone or a bot's."""

    author: str
    state: ReviewState
    commit: str
    body: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """That an environment was applied at a commit, or that it failed.

    ``task`` tells meshbot's deployments of one folder of mesh files from all others.
    """

    task: str
    environment: str
    sha: str
    succeeded: bool
    description: str = ""
    fingerprint: str = ""
    run_url: str = ""


class Relation(StrEnum):
    """How one commit stands to another: what GitHub's comparison calls its status."""

    IDENTICAL = "identical"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"

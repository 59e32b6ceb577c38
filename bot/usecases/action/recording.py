"""The record of a plan: what is written into the check run, and what that run concludes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from bot.engine.content import files_digest
from bot.engine.override import approvers
from bot.model.change import Plan
from bot.model.diagnostic import Severity
from bot.model.github import Conclusion, PullRequestEvent
from bot.model.record import Record, RecordedCheck
from bot.render.record import read_record
from bot.usecases.action import pages
from bot.usecases.action.job import Job

CHECK = "meshbot"
"""The check run's name, which a branch protection rule asks for."""
DEFAULT_MESHES = "meshes"


def check_name(job: Job) -> str:
    """The name of this run's check runs: one for each folder of mesh files."""
    meshes = job.context.inputs.meshes
    return CHECK if meshes == DEFAULT_MESHES else f"{CHECK} ({meshes})"


def record_of(job: Job, event: PullRequestEvent, base: str, plan: Plan, digest: str) -> Record:
    """What the plan of a pull request is remembered by; ``digest`` is plan.json's.

    Raises BotError.
    """
    return Record(
        number=event.number,
        head=event.head_sha,
        base=base,
        branch=event.base_branch,
        meshes=files_digest(job.doors.files()),
        digest=digest,
        fingerprint=plan.fingerprint,
        headline=pages.headline(plan),
        run_id=job.context.run_id,
        fingerprints=dict(plan.fingerprints),
        refused=refused(plan),
        faulty=any(
            d.severity is Severity.ERROR and d not in plan.refusals for d in plan.diagnostics
        ),
        complete=plan.complete,
    )


class Digest:
    """sha256 of a text that is written piece by piece."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def over(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces, which count from then on."""
        for piece in pieces:
            self._sha256.update(piece.encode())
            yield piece

    @property
    def value(self) -> str:
        """In hex, of what was written so far."""
        return self._sha256.hexdigest()


def digest(content: bytes) -> str:
    """sha256 of plan.json as it is uploaded, in hex."""
    return hashlib.sha256(content).hexdigest()


def refused(plan: Plan) -> tuple[str, ...]:
    """The environments that are over a limit; all of them for a refusal that names none."""
    names = {name for r in plan.refusals for name in (r.environments or plan.environments)}
    return tuple(sorted(names))


def newest(job: Job, commit: str, number: int) -> RecordedCheck | None:
    """The newest check run of ours on a commit that records a plan of this pull request.

    Two pull requests may have one head. Raises GitHubError.
    """
    for own in job.doors.github.own_checks(commit, check_name(job)):
        record = read_record(own.text)
        if record and record.number == number and record.head == commit:
            return RecordedCheck(own, record)
    return None


def approver(job: Job, author: str, record: Record) -> str:
    """Who approved the recorded plan beyond its limits, or nothing. Raises GitHubError."""
    if not record.refused:
        return ""
    github = job.doors.github
    candidates = approvers(
        github.reviews(record.number),
        author=author,
        head=record.head,
        fingerprint=record.fingerprint,
    )
    return next((login for login in candidates if github.may_write(login)), "")


def conclusion(record: Record, approved_by: str) -> Conclusion:
    """What the check run of a recorded plan ends with."""
    if record.faulty or (record.refused and not approved_by):
        return Conclusion.FAILURE
    return Conclusion.SUCCESS if record.complete else Conclusion.NEUTRAL


def title(record: Record, approved_by: str) -> str:
    """The check run's title, as plain text."""
    said = f" (limits approved by {approved_by})" if record.refused and approved_by else ""
    return f"{record.headline}{said}"

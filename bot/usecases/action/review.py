"""``pull_request_review``: does a review approve the recorded plan beyond its limits?

From the record alone, without AWS. Only meshbot's own check run is touched.
"""

from __future__ import annotations

from bot.model.github import AnnotationLevel, ReviewEvent
from bot.render.record import record_text
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.recording import approver, check_name, conclusion, newest, title

ACTIVITIES = frozenset({"submitted", "edited", "dismissed"})


def run(job: Job, event: ReviewEvent) -> Ending:
    """Judges the reviews of the pull request's head anew. Raises BotError."""
    said = _judged(job, event)
    job.say(AnnotationLevel.NOTICE, said)
    return Ending()


def _judged(job: Job, event: ReviewEvent) -> str:
    if event.action not in ACTIVITIES:
        return f"Nothing to do after the activity {event.action!r} of a review."
    if not event.same_repository:
        return f"Pull request #{event.number} comes from a fork: no plan was recorded for it."
    github = job.doors.github
    pull = github.pull(event.number)
    check = newest(job, pull.head_sha, pull.number) if pull.open else None
    if check is None:
        return f"No plan is recorded for pull request #{event.number} as it is now."
    record = check.record
    if not record.refused:
        return "The recorded plan is within its limits: it needs no approval."
    if record.stale:
        return "The recorded plan is stale: plan again, then have it approved."
    who = approver(job, pull.author, record)
    ends, words = conclusion(record, who), title(record, who)
    if (str(ends), words) != (check.own.conclusion, check.own.title):
        github.rewrite(check.own, ends, words, check.own.summary, record_text(record))
    name = check_name(job)
    return f"The check {name} of {record.head[:12]} is now: {ends}" + (
        f", approved by {who}." if who else ", as no review approves the plan by its fingerprint."
    )

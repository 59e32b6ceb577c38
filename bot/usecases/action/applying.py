"""Carries out what may be applied, and shows how far it is: in the log and in comments."""

from __future__ import annotations

from bot.model.change import Plan, Report, Result
from bot.model.github import AnnotationLevel
from bot.usecases.action.inputs import CommentMode
from bot.usecases.action.job import Job
from bot.usecases.action.pages import Page, View
from bot.usecases.action.remarks import Remarks
from bot.usecases.action.telling import tell_comment
from bot.usecases.action.watching import Together, Watched
from bot.usecases.leasing import check_held
from bot.usecases.local import Revisions


def applied(
    job: Job, both: Revisions, allowed: Plan, numbers: tuple[int, ...], mode: CommentMode
) -> Report:
    """What became of each change. ``numbers`` are the pull requests that it is about.

    Raises BotError.
    """
    if not allowed.changes:
        return Report(allowed)
    check_held(job.lease)
    remarks = _remarks(job, numbers, mode)
    stopped = True
    try:
        with Watched(job.doors.runner, "Applying", job.doors.paces.applying) as log:
            report = job.doors.apply(both, allowed, job.lease, Together(log, *remarks))
        stopped = bool(report.count(Result.INTERRUPTED))
    finally:
        for remark in remarks:
            remark.end(hasty=stopped)
    return report


def _remarks(job: Job, numbers: tuple[int, ...], mode: CommentMode) -> tuple[Remarks, ...]:
    """Whoever keeps the comments up to date, if there are any."""
    if mode is CommentMode.NEVER or not numbers:
        return ()
    view, doors = View.of(job.context), job.doors
    job.remarks = made = Remarks(
        numbers, view.marker, view.applying, doors.aside, doors.beside(), doors.paces.comment
    )
    return (made,)


def tell_outcome(job: Job, numbers: tuple[int, ...], page: Page, mode: CommentMode) -> None:
    """The comments' last word on an apply, or on why there was none."""
    if mode is CommentMode.NEVER:
        return
    marker = View.of(job.context).marker
    trouble = job.remarks.outlast(lambda: tell_comment(job, numbers, marker, page))
    if trouble:
        said = f"The comment did not always show how far the apply was. {trouble}"
        job.say(AnnotationLevel.NOTICE, said)

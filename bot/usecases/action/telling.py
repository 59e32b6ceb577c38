"""Results to people: outputs, files and summary of a run; comment and check run of a commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic
from bot.model.github import Annotation, CheckRun, Conclusion
from bot.render import escape
from bot.usecases.action import pages
from bot.usecases.action.job import Job
from bot.usecases.action.pages import Page, View
from bot.usecases.action.recording import Digest, check_name

REPORT = "report.html"


def tell_run(job: Job, page: Page) -> None:
    """The job summary."""
    job.attempt(lambda: job.doors.runner.summary(page.summary, page.comment))


def tell_plan(job: Job, plan: Plan, view: View) -> str:
    """A plan's outputs, files and log; answers plan.json's digest, in hex.

    Raises BotError when a file cannot be written.
    """
    runner, summary = job.doors.runner, plan.summary
    runner.log(pages.log_text(plan), pages.headline(plan))
    runner.output("has-changes", "true" if plan.changes else "false")
    runner.output("creates", str(summary.create))
    runner.output("updates", str(summary.update))
    runner.output("deletes", str(summary.delete))
    runner.output("fingerprint", plan.fingerprint)
    found = Digest()
    kept = runner.keep("plan.json", found.over(pages.plan_json(plan)))
    runner.output("plan-json-path", kept)
    runner.output("report-html-path", runner.keep(REPORT, view.report(plan)))
    return found.value


def log_faults(job: Job, diagnostics: Iterable[Diagnostic]) -> None:
    """Faults as text for whoever opens the log; the check run has them on their lines."""
    lines = (escape.visible(line) for d in diagnostics for line in str(d).splitlines())
    job.doors.runner.log("\n".join(lines), "The mesh files have errors")


def annotate(job: Job, notes: Iterable[Annotation]) -> None:
    """Annotations through the runner, where no check run carries them."""
    for note in notes:
        job.doors.runner.annotate(note)


@dataclass(frozen=True, slots=True)
class Result:
    """What a check run says of a commit."""

    conclusion: Conclusion
    title: str
    page: Page
    notes: tuple[Annotation, ...] = ()
    external: str = ""
    text: str = ""
    """The record, in Markdown."""


def tell_check(job: Job, head_sha: str, result: Result) -> None:
    """A check run on a commit; its annotations go to the log when it cannot be made."""
    context = job.context
    check = CheckRun(
        check_name(job),
        head_sha,
        result.conclusion,
        result.title,
        result.page.comment.split("\n", 1)[-1],  # the marker is the comment's alone
        result.notes,
        external_id=":".join((context.run_id, context.run_attempt, result.external)),
        details_url=context.run_url,
        text=result.text,
    )
    made = job.attempt(lambda: job.doors.github.report(check))
    unplaced = (note for note in result.notes if made is None or note.place is None)
    annotate(job, unplaced)


def tell_comment(
    job: Job, numbers: Iterable[int], marker: str, page: Page, *, create: bool = True
) -> None:
    """The comment on pull requests; the first one's address is an output."""
    urls = [
        job.attempt(
            lambda number=number: job.doors.github.comment(  # type: ignore[misc]
                number, marker, page.comment, create=create
            )
        )
        for number in numbers
    ]
    url = next((url for url in urls if url), "")
    if url:
        job.doors.runner.output("comment-url", url)

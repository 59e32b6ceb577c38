"""Everything the action shows, as text: the one place that knows the renderers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.errors import BotError
from bot.model.change import Outcome, Plan, Report
from bot.model.diagnostic import Diagnostic
from bot.model.github import ActionContext
from bot.model.progress import Progressed
from bot.render import escape, html, markdown, planfile, terminal
from bot.render.context import Context, markdown_link, marker_of
from bot.render.wording import count, no_changes, to_do

SHORT_ERROR = 2_000


@dataclass(frozen=True, slots=True)
class Page:
    """A text for the pull request's comment and one for the job summary."""

    comment: str
    summary: str


@dataclass(frozen=True, slots=True)
class View:
    """Where a run's pages link to."""

    context: Context

    @classmethod
    def of(cls, run: ActionContext, head: str = "", base: str = "", branch: str = "") -> View:
        """For a run about the commit ``head``, compared with ``base`` of ``branch``."""
        return cls(
            Context(
                marker=marker_of(run.inputs.meshes),
                repository_url=run.repository_url,
                head_sha=head,
                base_sha=base,
                base=branch,
                run_url=run.run_url,
            )
        )

    def merging(self, applies: bool) -> View:
        """The same, for a pull request whose merge applies the plan or does not."""
        return View(replace(self.context, applies_on_merge=applies))

    @property
    def marker(self) -> str:
        """The comment's first line."""
        return self.context.marker

    def plan(self, plan: Plan) -> Page:
        """A plan."""
        return Page(markdown.comment(plan, self.context), markdown.job_summary(plan, self.context))

    def applying(self, comment: str, state: Progressed) -> str:
        """What our comment says while the plan is applied."""
        return markdown.applying_comment(comment, state, self.context)

    def outcome(self, report: Report) -> Page:
        """What an apply did."""
        return Page(
            markdown.outcome_comment(report, self.context),
            markdown.outcome_summary(report, self.context),
        )

    def refusal(self, refusal: markdown.Refusal) -> Page:
        """An apply that was refused, in whole or in part."""
        return Page(
            markdown.refusal_comment(refusal, self.context),
            markdown.refusal_summary(refusal, self.context),
        )

    def report(self, plan: Plan, outcomes: Sequence[Outcome] = ()) -> Iterator[str]:
        """The page to keep, in pieces: a plan, and what became of it once it was applied."""
        return html.pieces(plan, self.context, outcomes)

    def invalid(self, diagnostics: tuple[Diagnostic, ...]) -> Page:
        """Mesh files with errors."""
        return Page(
            markdown.invalid_comment(diagnostics, self.context),
            markdown.invalid_summary(diagnostics, self.context),
        )

    def valid(self, environments: int) -> Page:
        """Mesh files without errors that nothing was planned for."""
        return self._note(
            "The mesh files are valid",
            f"{count(environments, 'environment')}; nothing was planned and AWS was not asked.",
        )

    def untouched(self) -> Page:
        """A pull request that changes no mesh file."""
        return self._note(
            "No mesh changes",
            "This pull request changes no mesh file, so nothing was planned and AWS was not asked.",
        )

    def failure(self, failure: BotError) -> Page:
        """A run that could not do its work. The message may quote anything."""
        lines = [escape.text(line, SHORT_ERROR) for line in str(failure).splitlines()[:20]]
        return self._note(f"No result: {failure.reason or 'error'}", "\n\n".join(lines))

    def _note(self, title: str, text: str) -> Page:
        link = markdown_link("The run", self.context.run_url) if self.context.run_url else ""
        body = "\n\n".join(part for part in (f"### {title}", text, link) if part) + "\n"
        return Page(f"{self.marker}\n{body}", body)


def headline(plan: Plan) -> str:
    """A plan in one line of plain text."""
    return f"Plan: {to_do(plan.summary)}" if plan.changes else no_changes(plan)


def log_text(plan: Plan) -> str:
    """A plan for the log."""
    return terminal.text(plan, width=120, colour=False)


def plan_json(plan: Plan) -> Iterator[str]:
    """The plan as schema/plan.schema.json says, in pieces."""
    return planfile.plan_pieces(plan)

"""Plans and reports as GitHub Markdown: the comment, the job summary, the whole document."""

from bot.render.markdown.outcome import outcome_comment, outcome_document, outcome_summary
from bot.render.markdown.plan import comment, document, job_summary
from bot.render.markdown.problems import invalid_comment, invalid_summary

__all__ = [
    "comment",
    "document",
    "invalid_comment",
    "invalid_summary",
    "job_summary",
    "outcome_comment",
    "outcome_document",
    "outcome_summary",
]

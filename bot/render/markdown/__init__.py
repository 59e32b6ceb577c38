"""Plans and reports as GitHub Markdown: the comment, the job summary, the whole document."""

from bot.render.markdown.applying import applying_comment
from bot.render.markdown.difference import difference_summary
from bot.render.markdown.drift import drift_issue, drift_title, no_drift
from bot.render.markdown.outcome import outcome_comment, outcome_document, outcome_summary
from bot.render.markdown.plan import comment, document, job_summary
from bot.render.markdown.problems import invalid_comment, invalid_summary
from bot.render.markdown.refusal import Refusal, refusal_comment, refusal_summary
from bot.render.markdown.stale import lacking, stale_comment, stale_summary

__all__ = [
    "Refusal",
    "applying_comment",
    "comment",
    "difference_summary",
    "document",
    "drift_issue",
    "drift_title",
    "invalid_comment",
    "invalid_summary",
    "job_summary",
    "lacking",
    "no_drift",
    "outcome_comment",
    "outcome_document",
    "outcome_summary",
    "refusal_comment",
    "refusal_summary",
    "stale_comment",
    "stale_summary",
]

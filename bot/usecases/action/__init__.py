"""``meshbot action``: an event in, the right command out, every result where GitHub shows it.

    pull_request (same repository) ── validate, plan ──> check run, comment, summary, files
    push to the default branch ────── plan, apply ─────> comment on the merged pull request
    workflow_dispatch (likewise) ──── plan or apply
    anything else ─────────────────── refused

A failure of GitHub never undoes or hides what was planned or applied: the rest is still
told, and a run that would have succeeded ends with 1 and ``failure-reason: github``. One
that ended otherwise keeps its own exit code. A missing permission is only a notice.
"""

from bot.model.github import ActionContext
from bot.usecases.action.job import Doors
from bot.usecases.action.route import run
from bot.usecases.action.wiring import main

__all__ = ["ActionContext", "Doors", "main", "run"]

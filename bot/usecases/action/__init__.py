"""``meshbot action``: an event in, the right command out, every result where GitHub shows it.

    pull_request (same repository) ── validate, plan ──> check run with the plan's record, comment,
                                                         summary, files to upload
    pull_request (a fork) ─────────── validate, offline
    pull_request_review ───────────── is the recorded plan approved beyond its limits? ──> check run
    merge_group ───────────────────── plan ──> check run: only what was reviewed?
    push to the default branch ────── plan, judge against the records, apply what was reviewed
                                      ──> comment, deployments, stale marks
    workflow_dispatch (likewise) ──── plan or apply, with a fingerprint exactly that plan
    schedule ──────────────────────── plan ──> one issue for each environment that drifted
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

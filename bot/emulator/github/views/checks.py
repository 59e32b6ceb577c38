"""Check suites, check runs and annotations."""

from __future__ import annotations

from urllib.parse import quote

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.views.accounts import app, node_id
from bot.emulator.github.views.pulls import open_at
from bot.emulator.github.views.repositories import api_url, html_url, minimal, simple_commit
from bot.emulator.github.world import CheckRun, CheckSuite, Repository, World

ORDER = ("failure", "timed_out", "cancelled", "action_required", "neutral", "skipped", "success")
"""Which run's conclusion a suite takes: the worst."""


def check_run(world: World, repository: Repository, found: CheckRun) -> Json:
    """``check-run``."""
    url = f"{api_url(world, repository)}/check-runs/{found.id}"
    page = f"{html_url(world, repository)}/runs/{found.id}"
    return {
        "id": found.id,
        "head_sha": found.suite.head_sha,
        "node_id": node_id("CheckRun", found.id),
        "external_id": found.external_id,
        "url": url,
        "html_url": page,
        "details_url": found.details_url or page,
        "status": found.status,
        "conclusion": found.conclusion,
        "started_at": stamp(found.started_at),
        "completed_at": stamp(found.completed_at),
        "output": {
            **{key: found.output.get(key) for key in ("title", "summary", "text")},
            "annotations_count": len(found.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": found.name,
        "check_suite": {"id": found.suite.id},
        "app": app(world, found.suite.app),
        "pull_requests": open_at(world, repository, found.suite.head_sha),
    }


def annotation(world: World, repository: Repository, run: CheckRun, found: Json) -> Json:
    """``check-annotation``."""
    sha, path = run.suite.head_sha, found["path"]
    optional = ("start_column", "end_column", "title", "raw_details")
    return {
        **{key: found[key] for key in ("path", "start_line", "end_line")},
        **{key: found.get(key) for key in optional},
        "annotation_level": found["annotation_level"],
        "message": found["message"],
        "blob_href": f"{html_url(world, repository)}/blob/{sha}/{quote(path)}",
    }


def runs_of(repository: Repository, suite: CheckSuite) -> list[CheckRun]:
    """The suite's check runs, oldest first."""
    return [run for run in repository.check_runs.values() if run.suite is suite]


def suite_state(runs: list[CheckRun]) -> tuple[str, str | None]:
    """Status and conclusion of a suite, from its runs."""
    if not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    conclusions = [run.conclusion for run in runs]
    return "completed", next((c for c in ORDER if c in conclusions), None)


def check_suite(world: World, repository: Repository, found: CheckSuite) -> Json:
    """``check-suite``."""
    runs = runs_of(repository, found)
    status, conclusion = suite_state(runs)
    commit = repository.objects.commits[found.head_sha]
    url = f"{api_url(world, repository)}/check-suites/{found.id}"
    return {
        "id": found.id,
        "node_id": node_id("CheckSuite", found.id),
        "head_branch": found.head_branch,
        "head_sha": found.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": commit.parents[0] if commit.parents else None,
        "after": found.head_sha,
        "pull_requests": open_at(world, repository, found.head_sha),
        "app": app(world, found.app),
        "repository": minimal(world, repository),
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "head_commit": simple_commit(commit),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
    }

"""Workflow runs and artifacts."""

from __future__ import annotations

from collections.abc import Iterable

from bot.emulator.github.calls import REPO, Call, Reply, route
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.views import actions as view
from bot.emulator.github.world import Artifact


def list_artifacts(call: Call) -> Reply:
    """Artifacts of the repository, newest first."""
    return listed(call, call.repository.artifacts.values())


def list_run_artifacts(call: Call) -> Reply:
    """Artifacts of one run, newest first."""
    run = call.entry(call.repository.runs, "run_id")
    return listed(call, [a for a in call.repository.artifacts.values() if a.run is run])


def listed(call: Call, artifacts: Iterable[Artifact]) -> Reply:
    """One page; ``name`` filters by exact name."""
    name = call.query.get("name")
    found = [a for a in artifacts if name in (None, a.name)][::-1]
    shown, headers = call.slice(found)
    entries = [view.artifact(call.world, call.repository, a) for a in shown]
    return Reply({"total_count": len(found), "artifacts": entries}, headers=headers)


def get_artifact(call: Call) -> Reply:
    """One artifact."""
    found = call.entry(call.repository.artifacts, "artifact_id")
    return Reply(view.artifact(call.world, call.repository, found))


def download_artifact(call: Call) -> Reply:
    """Redirect to the archive, which lies on another host and wants no token."""
    found = call.entry(call.repository.artifacts, "artifact_id")
    if call.params["archive_format"] != "zip":
        raise not_found()
    if found.expired:
        raise ApiError(410, "Artifact has expired")
    url = f"{call.world.storage_url}/artifacts/{found.id}.zip?signature=emulated"
    return Reply(status=302, headers={"Location": url})


def get_run(call: Call) -> Reply:
    """One workflow run."""
    found = call.entry(call.repository.runs, "run_id")
    return Reply(view.run(call.world, call.repository, found))


def list_runs(call: Call) -> Reply:
    """Workflow runs, newest first."""
    query = call.query
    found = [
        run
        for run in reversed(call.repository.runs.values())
        if query.get("event") in (None, run.event)
        and query.get("branch") in (None, run.head_branch)
        and query.get("head_sha") in (None, run.head_sha)
        and query.get("actor") in (None, run.actor)
        and query.get("status") in (None, run.status, run.conclusion)
    ]
    shown, headers = call.slice(found)
    entries = [view.run(call.world, call.repository, run) for run in shown]
    return Reply({"total_count": len(found), "workflow_runs": entries}, headers=headers)


READ = "actions:read"
ARTIFACT = f"{REPO}/actions/artifacts/{{artifact_id}}"
ROUTES = (
    route("GET", f"{REPO}/actions/artifacts", list_artifacts, READ),
    route("GET", ARTIFACT, get_artifact, READ),
    route("GET", f"{ARTIFACT}/{{archive_format}}", download_artifact, READ),
    route("GET", f"{REPO}/actions/runs", list_runs, READ),
    route("GET", f"{REPO}/actions/runs/{{run_id}}", get_run, READ),
    route("GET", f"{REPO}/actions/runs/{{run_id}}/artifacts", list_run_artifacts, READ),
)

"""Workflow runs and artifacts."""

from __future__ import annotations

import hashlib

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.views.accounts import node_id, user
from bot.emulator.github.views.pulls import minimal as minimal_pull
from bot.emulator.github.views.repositories import api_url, html_url, minimal, simple_commit
from bot.emulator.github.world import Artifact, Repository, Run, World


def run(world: World, repository: Repository, found: Run) -> Json:
    """``workflow-run``."""
    api = api_url(world, repository)
    url = f"{api}/actions/runs/{found.id}"
    head = world.repositories.get(found.head_repository, repository)
    actor = user(world, found.actor)
    actions = {"jobs": "jobs", "logs": "logs", "artifacts": "artifacts", "cancel": "cancel",
               "rerun": "rerun"}  # fmt: skip
    return {
        "id": found.id,
        "name": found.workflow,
        "node_id": node_id("WorkflowRun", found.id),
        "check_suite_id": found.suite.id,
        "check_suite_node_id": node_id("CheckSuite", found.suite.id),
        "head_branch": found.head_branch,
        "head_sha": found.head_sha,
        "path": found.workflow,
        "run_number": found.number,
        "run_attempt": found.attempt,
        "referenced_workflows": [],
        "event": found.event,
        "display_title": found.title,
        "status": found.status,
        "conclusion": found.conclusion,
        "workflow_id": 1,
        "url": url,
        "html_url": f"{html_url(world, repository)}/actions/runs/{found.id}",
        "pull_requests": [
            minimal_pull(world, repository, repository.pulls[number]) for number in found.pulls
        ],
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "run_started_at": stamp(found.created_at),
        "actor": actor,
        "triggering_actor": actor,
        **{f"{name}_url": f"{url}/{path}" for name, path in actions.items()},
        "previous_attempt_url": None,
        "check_suite_url": f"{api}/check-suites/{found.suite.id}",
        "workflow_url": f"{api}/actions/workflows/1",
        "head_commit": simple_commit(repository.objects.commits[found.head_sha]),
        "repository": minimal(world, repository),
        "head_repository": minimal(world, head),
    }


def artifact(world: World, repository: Repository, found: Artifact) -> Json:
    """``artifact``."""
    url = f"{api_url(world, repository)}/actions/artifacts/{found.id}"
    source = found.run
    head = world.repositories.get(source.head_repository, repository)
    return {
        "id": found.id,
        "node_id": node_id("Artifact", found.id),
        "name": found.name,
        "size_in_bytes": len(found.content),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": found.expired,
        "digest": f"sha256:{hashlib.sha256(found.content).hexdigest()}",
        "created_at": stamp(found.created_at),
        "expires_at": stamp(found.expires_at),
        "updated_at": stamp(found.created_at),
        "workflow_run": {
            "id": source.id,
            "repository_id": repository.id,
            "head_repository_id": head.id,
            "head_branch": source.head_branch,
            "head_sha": source.head_sha,
        },
    }

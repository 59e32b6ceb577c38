"""Starting a workflow run: the token, environment and OIDC claims its job gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.emulator.github.calls import Json
from bot.emulator.github.events import Event
from bot.emulator.github.identity import Identity, Tokens
from bot.emulator.github.rest.checks import suite_for
from bot.emulator.github.world import ACTIONS_APP_ID, ACTIONS_LOGIN, Repository, Run, World

SCOPES = ("actions", "checks", "contents", "deployments", "issues", "pull_requests", "statuses")


def start(world: World, repository: Repository, event: Event, workflow: str) -> Run:
    """Record a run of a workflow file for an event."""
    suite = suite_for(world, repository, world.apps[ACTIONS_APP_ID], event.head_sha)
    branch = event.head_ref or event.ref.removeprefix("refs/heads/")
    now = world.now()
    title = repository.objects.commits[event.head_sha].message.partition("\n")[0]
    # The API lists pull requests of the repository's own branches alone.
    own = event.pulls if event.head_repository == repository.full_name else ()
    run = Run(
        world.new_id(), len(repository.runs) + 1, suite, event.name, workflow, branch,
        event.head_sha, event.head_repository, event.actor, title, now, now, own,
        started_by=event,
    )  # fmt: skip
    repository.runs[run.id] = run
    return run


def job(
    world: World,
    tokens: Tokens,
    repository: Repository,
    event: Event,
    run: Run,
    permissions: Mapping[str, str],
    environment: str,
    immutable_subject: bool,
) -> Json:
    """What a job of the run is given: ``token``, ``environment`` (variables) and ``payload``.

    ``permissions`` is spelt as in a workflow. For a pull request from a fork what would be
    ``write`` is ``read``, and there is no OIDC (Actions: GITHUB_TOKEN in forked repositories).
    """
    wanted = {name.replace("-", "_"): access for name, access in permissions.items()}
    if event.from_fork:
        wanted = dict.fromkeys((name for name in wanted if name != "id_token"), "read")
    held = {name: access for name, access in wanted.items() if name in SCOPES}
    identity = Identity(ACTIONS_LOGIN, repository.full_name, held, run.id)
    variables = variables_of(world, repository, event, run)
    if wanted.get("id_token") == "write":
        request = f"{world.url}/_actions/runs/{run.id}/idtoken?api-version=2.0"
        variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = request
        variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = tokens.issue_request(identity)
        run.claims = claims(world, repository, event, run, environment, immutable_subject)
    return {
        "run_id": run.id,
        "event": event.name,
        "payload": event.payload,
        "sha": event.sha,
        "token": tokens.issue(identity),
        "environment": variables,
    }


def variables_of(world: World, repository: Repository, event: Event, run: Run) -> dict[str, str]:
    """The default environment variables, except those that name files."""
    actor, owner = world.account(event.actor), world.account(repository.owner)
    workflow_ref = f"{repository.full_name}/{run.workflow}@{event.ref}"
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": event.actor,
        "GITHUB_ACTOR_ID": str(actor.id),
        "GITHUB_TRIGGERING_ACTOR": event.actor,
        "GITHUB_API_URL": world.url,
        "GITHUB_GRAPHQL_URL": f"{world.url}/graphql",
        "GITHUB_SERVER_URL": world.url,
        "GITHUB_EVENT_NAME": event.name,
        "GITHUB_SHA": event.sha,
        "GITHUB_REF": event.ref,
        "GITHUB_REF_NAME": event.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_PROTECTED": str(is_protected(repository, event)).lower(),
        "GITHUB_HEAD_REF": event.head_ref,
        "GITHUB_BASE_REF": event.base_ref,
        "GITHUB_REPOSITORY": repository.full_name,
        "GITHUB_REPOSITORY_ID": str(repository.id),
        "GITHUB_REPOSITORY_OWNER": repository.owner,
        "GITHUB_REPOSITORY_OWNER_ID": str(owner.id),
        "GITHUB_RUN_ID": str(run.id),
        "GITHUB_RUN_NUMBER": str(run.number),
        "GITHUB_RUN_ATTEMPT": str(run.attempt),
        "GITHUB_RETENTION_DAYS": "90",
        "GITHUB_WORKFLOW": run.workflow,
        "GITHUB_WORKFLOW_REF": workflow_ref,
        "GITHUB_WORKFLOW_SHA": event.sha,
        "GITHUB_JOB": "meshes",
        "RUNNER_OS": "Linux",
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }


def is_protected(repository: Repository, event: Event) -> bool:
    """Whether the run's ref is a protected branch."""
    return event.ref.removeprefix("refs/heads/") in repository.protected


def claims(
    world: World,
    repository: Repository,
    event: Event,
    run: Run,
    environment: str,
    immutable_subject: bool,
) -> dict[str, Any]:
    """The OIDC token's claims, except times and audience (Actions: OIDC reference)."""
    owner = world.account(repository.owner)
    name = repository.full_name
    if immutable_subject:
        # Repositories made, renamed or transferred since 15 July 2026.
        name = f"{repository.owner}@{owner.id}/{repository.name}@{repository.id}"
    about = f"environment:{environment}" if environment else (
        "pull_request" if event.name.startswith("pull_request") else f"ref:{event.ref}"
    )  # fmt: skip
    workflow_ref = f"{repository.full_name}/{run.workflow}@{event.ref}"
    found = {
        "sub": f"repo:{name}:{about}",
        "iss": "https://token.actions.githubusercontent.com",
        "ref": event.ref,
        "ref_type": "branch",
        "ref_protected": str(is_protected(repository, event)).lower(),
        "sha": event.sha,
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner,
        "repository_owner_id": str(owner.id),
        "repository_visibility": "private" if repository.private else "public",
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "actor": event.actor,
        "actor_id": str(world.account(event.actor).id),
        "event_name": event.name,
        "head_ref": event.head_ref,
        "base_ref": event.base_ref,
        "workflow": run.workflow,
        "workflow_ref": workflow_ref,
        "workflow_sha": event.sha,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": event.sha,
        "runner_environment": "github-hosted",
    }
    return found | ({"environment": environment} if environment else {})

"""Deployments and their statuses."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Json, Reply, route
from bot.emulator.github.errors import ApiError, invalid, not_found
from bot.emulator.github.history import reachable
from bot.emulator.github.rest.revisions import is_branch, resolve
from bot.emulator.github.views import deployments as view
from bot.emulator.github.world import Deployment, DeploymentStatus, Repository

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
PASSING = ("success", "neutral", "skipped")
NULL = type(None)


def list_deployments(call: Call) -> Reply:
    """Deployments, newest first, by ``sha``, ``ref``, ``task`` and ``environment``."""
    wanted = {
        name: call.query[name]
        for name in ("sha", "ref", "task", "environment")
        if call.query.get(name, "none") != "none"
    }
    found = [
        deployment
        for deployment in reversed(call.repository.deployments.values())
        if all(getattr(deployment, name) == value for name, value in wanted.items())
    ]
    return call.page(found, lambda d: view.deployment(call.world, call.repository, d))


def create_deployment(call: Call) -> Reply:
    """Deploy a ref. By default it is merged up to date first, and its checks must have passed."""
    body = call.fields(
        ref=str, task=str, auto_merge=bool, required_contexts=(list, NULL), payload=(dict, str),
        environment=str, description=(str, NULL), transient_environment=bool,
        production_environment=bool,
    )  # fmt: skip
    if not body.get("ref"):
        raise invalid("Deployment", "ref", "missing_field")
    ref, repository = body["ref"], call.repository
    sha = resolve(repository, ref)
    if sha is None:
        raise ApiError(422, f"No ref found for: {ref}")
    if body.get("auto_merge", True) and is_branch(repository, ref) and is_behind(repository, sha):
        said = f"Auto-merged {repository.default_branch} into {ref} on deployment."
        return Reply({"message": said}, 202)
    check_contexts(repository, ref, sha, body.get("required_contexts"))
    deployment = new_deployment(call, ref, sha, body)
    shown = view.deployment(call.world, repository, deployment)
    return Reply(shown, 201, {"Location": shown["url"]})


def new_deployment(call: Call, ref: str, sha: str, body: Json) -> Deployment:
    """Put a deployment with GitHub's defaults."""
    environment, now = body.get("environment", "production"), call.world.now()
    deployment = Deployment(
        call.world.new_id(), sha, ref, body.get("task", "deploy"), environment, call.login, now,
        now, body.get("payload") or {}, body.get("description"),
        body.get("transient_environment", False),
        body.get("production_environment", environment == "production"),
    )  # fmt: skip
    call.repository.deployments[deployment.id] = deployment
    return deployment


def is_behind(repository: Repository, sha: str) -> bool:
    """Whether a commit lacks something the default branch has."""
    default = repository.branches[repository.default_branch]
    return default not in reachable(repository.objects, sha)


def check_contexts(repository: Repository, ref: str, sha: str, wanted: list[str] | None) -> None:
    """Raise ApiError 409 unless these checks passed: all there are by default, none for []."""
    runs = {r.name: r for r in repository.check_runs.values() if r.suite.head_sha == sha}
    names = list(runs) if wanted is None else wanted
    failed = [n for n in names if n not in runs or runs[n].conclusion not in PASSING]
    if failed:
        raise ApiError(409, f"Conflict: Commit status checks failed for {ref}.")


def get_deployment(call: Call) -> Reply:
    """One deployment."""
    found = call.entry(call.repository.deployments, "deployment_id")
    return Reply(view.deployment(call.world, call.repository, found))


def delete_deployment(call: Call) -> Reply:
    """Delete an inactive deployment, or the only one."""
    found = call.entry(call.repository.deployments, "deployment_id")
    active = bool(found.statuses) and found.statuses[-1].state != "inactive"
    if active and len(call.repository.deployments) > 1:
        raise ApiError(422, "We cannot delete an active deployment unless it is the only one")
    del call.repository.deployments[found.id]
    return Reply(status=204)


def list_statuses(call: Call) -> Reply:
    """A deployment's statuses, newest first."""
    found = call.entry(call.repository.deployments, "deployment_id")
    return call.page(
        found.statuses[::-1], lambda s: view.status(call.world, call.repository, found, s)
    )  # fmt: skip


def create_status(call: Call) -> Reply:
    """A new state; a success makes earlier deployments of the environment inactive."""
    found = call.entry(call.repository.deployments, "deployment_id")
    body = call.fields(
        state=str, target_url=str, log_url=str, description=str, environment=str,
        environment_url=str, auto_inactive=bool,
    )  # fmt: skip
    if body.get("state") not in STATES:
        raise invalid("DeploymentStatus", "state")
    # REST: "Maximum length of 140 characters" is GitHub's limit of a status' description.
    if len(body.get("description", "")) > 140:
        said = "description is too long (maximum is 140 characters)"
        raise invalid("DeploymentStatus", "description", "custom", said)
    status = put_status(call, found, body)
    if body["state"] == "success" and body.get("auto_inactive", True):
        retire(call, found)
    return Reply(view.status(call.world, call.repository, found, status), 201)


def put_status(call: Call, found: Deployment, body: Json) -> DeploymentStatus:
    """Add a status to a deployment."""
    now = call.world.now()
    status = DeploymentStatus(
        call.world.new_id(), body["state"], call.login, now, body.get("description", ""),
        body.get("environment", ""), body.get("log_url") or body.get("target_url", ""),
        body.get("environment_url", ""),
    )  # fmt: skip
    found.statuses.append(status)
    found.updated_at = now
    return status


def retire(call: Call, current: Deployment) -> None:
    """Make prior successes inactive: non-transient, non-production, of the same environment."""
    for other in call.repository.deployments.values():
        if other is current:
            return
        lasting = not other.transient and not other.production
        success = bool(other.statuses) and other.statuses[-1].state == "success"
        if other.environment == current.environment and lasting and success:
            put_status(call, other, {"state": "inactive"})


def get_status(call: Call) -> Reply:
    """One status of a deployment."""
    found = call.entry(call.repository.deployments, "deployment_id")
    status = next((s for s in found.statuses if s.id == call.number("status_id")), None)
    if status is None:
        raise not_found()
    return Reply(view.status(call.world, call.repository, found, status))


READ, WRITE = "deployments:read", "deployments:write"
DEPLOYMENT = f"{REPO}/deployments/{{deployment_id}}"
ROUTES = (
    route("GET", f"{REPO}/deployments", list_deployments, READ),
    route("POST", f"{REPO}/deployments", create_deployment, WRITE),
    route("GET", DEPLOYMENT, get_deployment, READ),
    route("DELETE", DEPLOYMENT, delete_deployment, WRITE),
    route("GET", f"{DEPLOYMENT}/statuses", list_statuses, READ),
    route("POST", f"{DEPLOYMENT}/statuses", create_status, WRITE),
    route("GET", f"{DEPLOYMENT}/statuses/{{status_id}}", get_status, READ),
)

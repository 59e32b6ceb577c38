"""Deployments and their statuses."""

from __future__ import annotations

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.views.accounts import node_id, user
from bot.emulator.github.views.repositories import api_url
from bot.emulator.github.world import Deployment, DeploymentStatus, Repository, World


def deployment(world: World, repository: Repository, found: Deployment) -> Json:
    """``deployment``."""
    api = api_url(world, repository)
    url = f"{api}/deployments/{found.id}"
    return {
        "url": url,
        "id": found.id,
        "node_id": node_id("Deployment", found.id),
        "sha": found.sha,
        "ref": found.ref,
        "task": found.task,
        "payload": found.payload,
        "original_environment": found.environment,
        "environment": found.environment,
        "description": found.description,
        "creator": user(world, found.creator),
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "statuses_url": f"{url}/statuses",
        "repository_url": api,
        "transient_environment": found.transient,
        "production_environment": found.production,
        "performed_via_github_app": None,
    }


def status(world: World, repository: Repository, of: Deployment, found: DeploymentStatus) -> Json:
    """``deployment-status``."""
    api = api_url(world, repository)
    url = f"{api}/deployments/{of.id}"
    created = stamp(found.created_at)
    return {
        "url": f"{url}/statuses/{found.id}",
        "id": found.id,
        "node_id": node_id("DeploymentStatus", found.id),
        "state": found.state,
        "creator": user(world, found.creator),
        "description": found.description,
        "environment": found.environment or of.environment,
        "target_url": found.log_url,
        "log_url": found.log_url,
        "environment_url": found.environment_url,
        "created_at": created,
        "updated_at": created,
        "deployment_url": url,
        "repository_url": api,
        "performed_via_github_app": None,
    }

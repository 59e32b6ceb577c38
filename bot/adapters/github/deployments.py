"""Deployments: at which commit each environment was applied last, and when it failed.

GitHub does not tell environments apart by case and bounds their names, so ours are spelt in
a form that can be read back and keeps different names different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bot.adapters.github.session import Session
from bot.adapters.github.viewer import Viewer
from bot.model.record import Deployment

PREFIX = "mesh/"
MAX_NAME = 255
"""Characters of an environment's name (docs: managing environments for deployment)."""
MAX_DESCRIPTION = 140
MOST = 500
"""Deployments that are looked through, newest first."""
TRIES = 10
"""Deployments of one environment that are asked whether they succeeded."""
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._")
VERSION = 1


def spelt(environment: str) -> str:
    """An environment of the mesh as GitHub knows it: ``mesh/prod~2Deu``."""
    name = "".join(
        c if c in _SAFE else "".join(f"~{byte:02x}" for byte in c.encode("utf-8", "surrogatepass"))
        for c in environment
    )
    if len(PREFIX + name) > MAX_NAME:
        name = f"~~{hashlib.sha256(name.encode()).hexdigest()}"
    return PREFIX + name


class Deployments:
    """The deployments of a repository, as far as they are ours."""

    def __init__(self, session: Session, viewer: Viewer) -> None:
        self._reading, self._viewer = session.needing("deployments: read"), viewer
        self._writing = session.needing("deployments: write")

    def applied(self, task: str) -> dict[str, str]:
        """The commit at which each environment was last applied as a whole."""
        found: dict[str, str] = {}
        tries: dict[str, int] = {}
        for name, deployment in self._own(task):
            if name in found or tries.get(name, 0) >= TRIES:
                continue
            tries[name] = tries.get(name, 0) + 1
            if self._succeeded(deployment):
                found[name] = str(deployment.sha)
        return found

    def record(self, deployment: Deployment) -> None:
        """Notes that an environment was applied at a commit, or that it failed.

        Made twice after a lost answer it says the same thing twice, which does no harm.
        """
        repository = self._writing.repository
        made = self._writing.call(
            f"record the deployment of {deployment.environment!r}",
            lambda: repository.create_deployment(
                deployment.sha,
                task=deployment.task,
                auto_merge=False,
                required_contexts=[],
                payload={
                    "version": VERSION,
                    "environment": deployment.environment,
                    "fingerprint": deployment.fingerprint,
                },
                environment=spelt(deployment.environment),
                description=deployment.description[:MAX_DESCRIPTION],
                transient_environment=False,
                production_environment=False,
            ),
        )
        optional: dict[str, Any] = {"target_url": deployment.run_url} if deployment.run_url else {}
        self._writing.call(
            f"record how the deployment of {deployment.environment!r} ended",
            lambda: made.create_status(
                "success" if deployment.succeeded else "failure",
                description=deployment.description[:MAX_DESCRIPTION],
                **optional,
            ),
        )

    def _own(self, task: str) -> list[tuple[str, Any]]:
        """Ours with the name of their environment, newest first."""
        viewer = self._viewer.login()

        def listed() -> list[tuple[str, Any]]:
            deployments = self._reading.repository.get_deployments(task=task)
            own = (found for found in islice(deployments, MOST) if _by(found, viewer))
            named = ((_environment(found), found) for found in own)
            return [(name, found) for name, found in named if name is not None]

        return self._reading.call("list the deployments", listed)

    def _succeeded(self, deployment: Any) -> bool:
        """True also when a later success made it inactive, or somebody did by hand."""
        viewer = self._viewer.login()

        def states() -> Iterator[str]:
            return (s.state for s in deployment.get_statuses() if _by(s, viewer))

        return self._reading.call(
            "list a deployment's statuses", lambda: "success" in set(states())
        )


def _by(thing: Any, login: str) -> bool:
    return thing.creator is not None and thing.creator.login == login


def _environment(deployment: Any) -> str | None:
    """The mesh's name for it, if the deployment is spelt as that name is."""
    from github import BadAttributeException

    try:
        payload = deployment.payload
    except BadAttributeException:
        return None  # a text instead of an object: not made by us
    name = payload.get("environment") if isinstance(payload, dict) else None
    if not isinstance(name, str) or payload.get("version") != VERSION:
        return None
    return name if deployment.environment == spelt(name) else None

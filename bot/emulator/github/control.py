"""The control endpoint ``/_emulator/…``: seeds, faults, the state and the record, as JSON.

POST /_emulator/call/VERB     arguments of a method of Seeds
POST /_emulator/faults        one rule; DELETE: none
GET  /_emulator/state         repositories and what is in them
GET  /_emulator/exchanges     every call so far; DELETE: forget them
POST /_emulator/record        {"record": bool}
POST /_emulator/reset         forget everything
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bot.emulator.github.calls import Json
from bot.emulator.github.emulator import Emulator, Request, Response
from bot.emulator.github.errors import ApiError
from bot.emulator.github.faults import Faults
from bot.emulator.github.identity import Tokens
from bot.emulator.github.seeds import Seeds
from bot.emulator.github.views import checks, deployments, issues, pulls
from bot.emulator.github.world import Repository, World

PREFIX = "/_emulator/"


def answer(emulator: Emulator, request: Request) -> Response:
    """The response of the control endpoint; 400 with ``error`` for what cannot be done."""
    path = request.path.removeprefix(PREFIX)
    try:
        with emulator.lock:
            body = json.loads(request.body) if request.body else {}
            result = handle(emulator, request.method, path, body)
    except (ApiError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = error.body if isinstance(error, ApiError) else str(error)
        return as_json(400, {"error": type(error).__name__, "message": said})
    return as_json(200, {"result": result})


def as_json(status: int, body: Json) -> Response:
    """A JSON response."""
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def handle(emulator: Emulator, method: str, path: str, body: Json) -> Any:
    """Do one thing. Raises KeyError for a path that is none."""
    kind, _, verb = path.partition("/")
    if kind == "call" and not verb.startswith("_"):
        seeds = Seeds(emulator)
        if not hasattr(Seeds, verb):
            raise KeyError(f"no verb {verb}")
        return getattr(seeds, verb)(**body)
    actions: dict[tuple[str, str], Callable[[], Any]] = {
        ("POST", "faults"): lambda: emulator.faults.add(body),
        ("DELETE", "faults"): emulator.faults.clear,
        ("GET", "state"): lambda: state(emulator.world),
        ("GET", "exchanges"): lambda: list(emulator.exchanges),
        ("DELETE", "exchanges"): emulator.exchanges.clear,
        ("POST", "record"): lambda: setattr(emulator, "record", bool(body["record"])),
        ("POST", "reset"): lambda: reset(emulator),
    }
    return actions[method, path]()


def reset(emulator: Emulator) -> None:
    """Forget everything but the address."""
    world = emulator.world
    emulator.world = World(world.url, world.storage_url)
    emulator.tokens, emulator.faults = Tokens(), Faults()
    emulator.exchanges.clear()


def state(world: World) -> Json:
    """Everything people and programs made, in the API's form, without going through it."""
    return {"repositories": {n: contents(world, r) for n, r in world.repositories.items()}}


def contents(world: World, repository: Repository) -> Json:
    """One repository's part of the state."""
    return {
        "id": repository.id,
        "refs": repository.refs,
        "issues": [issues.issue(world, repository, i) for i in repository.issues.values()],
        "pulls": [pulls.detailed(world, repository, p) for p in repository.pulls.values()],
        "comments": [issues.comment(world, repository, c) for c in repository.comments.values()],
        "reviews": {
            str(p.number): [pulls.review(world, repository, p, r) for r in p.reviews]
            for p in repository.pulls.values()
        },
        "check_runs": [
            checks.check_run(world, repository, run) | {"annotations": run.annotations}
            for run in repository.check_runs.values()
        ],
        "deployments": [
            deployments.deployment(world, repository, d)
            | {"statuses": [deployments.status(world, repository, d, s) for s in d.statuses]}
            for d in repository.deployments.values()
        ],
        "runs": [
            {"id": run.id, "event": run.event, "head_sha": run.head_sha, "status": run.status,
             "conclusion": run.conclusion, "attempt": run.attempt}
            for run in repository.runs.values()
        ],
        "artifacts": [
            {"id": a.id, "name": a.name, "run": a.run.id, "expired": a.expired}
            for a in repository.artifacts.values()
        ],
    }  # fmt: skip

"""Answers calls: who asks, which handler, faults, headers, and the record of it all."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl

from bot.emulator.github import graphql, oidc
from bot.emulator.github.calls import Call, Json, Reply, Route, matched
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.faults import Faults, Rule
from bot.emulator.github.identity import ANONYMOUS, Identity, Tokens, authorize, visible
from bot.emulator.github.rest import ROUTES
from bot.emulator.github.world import World

GRAPHQL_PATHS = ("/graphql", "/api/graphql")
LARGEST_REQUEST = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in: ``path`` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out. ``drop``: end the connection instead."""

    status: int
    headers: dict[str, str]
    body: bytes
    drop: bool = False


@dataclass(slots=True)
class Emulator:
    """The whole GitHub. ``record`` keeps bodies in ``exchanges``, which otherwise have none."""

    world: World = field(default_factory=World)
    tokens: Tokens = field(default_factory=Tokens)
    faults: Faults = field(default_factory=Faults)
    signer: oidc.Signer = field(default_factory=oidc.Signer)
    record: bool = True
    exchanges: list[Json] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    def answer(self, request: Request) -> Response:
        """The response to one request, with the faults that hit it."""
        with self.lock:
            rule = self.faults.strike(request.method, request.path)
            reply, identity = self._reply(request, rule)
            response = rendered(reply, rule)
            self._note(request, response, reply, identity, rule)
        if rule and rule.kind == "delay":
            time.sleep(rule.seconds)
        return response

    def _reply(self, request: Request, rule: Rule | None) -> tuple[Reply, Identity]:
        identity = ANONYMOUS
        try:
            identity = self._identify(request)
            reply = self._handle(request, identity) if not rule or rule.happens else Reply()
            if rule and rule.hides and isinstance(reply.body, dict):
                self.faults.lagging[reply.body.get("id", 0)] = rule.hides
        except ApiError as error:
            reply = Reply(error.body, error.status)
        if rule and rule.kind in ("error", "rate_limit", "forbidden"):
            status, body, headers = rule.reply()
            reply = Reply(body, status, headers)
        return reply, identity

    def _identify(self, request: Request) -> Identity:
        if request.path.startswith("/_actions/"):
            return ANONYMOUS
        if not request.headers.get("user-agent"):
            said = "Request forbidden by administrative rules. Please make sure your request has a"
            raise ApiError(403, f"{said} User-Agent header.")
        return self.tokens.identify(request.headers.get("authorization"))

    def _handle(self, request: Request, identity: Identity) -> Reply:
        call = Call(
            self.world, self.faults, identity, request.method, request.path,
            dict(parse_qsl(request.query, keep_blank_values=True)), request.headers,
            decoded(request.body),
        )  # fmt: skip
        if request.path.startswith("/_actions/"):
            return oidc.token_reply(self.world, self.tokens, self.signer, call)
        if request.path == "/.well-known/jwks":
            return Reply(self.signer.keys())
        if request.path in GRAPHQL_PATHS and request.method == "POST":
            return graphql.execute(call)
        found = matched(ROUTES, request.method, request.path)
        if found is None:
            raise not_found()
        return self._dispatch(call, *found)

    def _dispatch(self, call: Call, route: Route, params: dict[str, str]) -> Reply:
        call.params = params
        if "repo" in params:
            call.found = self.world.repositories.get(f"{params['owner']}/{params['repo']}")
            if call.found is None or not visible(call.identity, call.found):
                raise not_found()
            authorize(call.found, call.identity, route.needs)
        return route.handler(call)

    def _note(
        self,
        request: Request,
        response: Response,
        reply: Reply,
        identity: Identity,
        rule: Rule | None,
    ) -> None:
        bodies: Json = {}
        if self.record:
            bodies = {
                "request_body": readable(request.body),
                "response_body": None if response.drop else shown(reply),
            }
        self.exchanges.append({
            "api": api_of(request.path),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "login": identity.login,
            "authorized": "authorization" in request.headers,
            "status": response.status,
            "fault": rule.kind if rule and rule.kind not in ("lag", "delay") else None,
            **bodies,
        })  # fmt: skip

    def storage(self, request: Request) -> Response:
        """An artifact's archive, from the host that artifacts are redirected to.

        Like the real one it refuses a request that brings the API's token along.
        """
        name = request.path.removeprefix("/artifacts/").removesuffix(".zip")
        with self.lock:
            found = [
                artifact.content
                for repository in self.world.repositories.values()
                for artifact in repository.artifacts.values()
                if str(artifact.id) == name and not artifact.expired
            ]
            status = 200 if found else 404
            if "authorization" in request.headers:
                status, found = 400, []
            noted = {"api": "storage", "method": request.method, "path": request.path,
                     "query": request.query, "login": None, "status": status, "fault": None,
                     "authorized": "authorization" in request.headers}  # fmt: skip
            self.exchanges.append(noted)
        kind = {"Content-Type": "application/zip"}
        return Response(status, kind, found[0] if found else b"")


def decoded(body: bytes) -> Any:
    """A request's JSON; None for no body. Raises ApiError."""
    if len(body) > LARGEST_REQUEST:
        raise ApiError(413, "Payload too large")
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None


def readable(body: bytes) -> Any:
    """A body for the record: JSON where it is, else text; None for none."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")


def shown(reply: Reply) -> Any:
    """A reply's body for the record."""
    return reply.body.decode("utf-8", "replace") if isinstance(reply.body, bytes) else reply.body


def rendered(reply: Reply, rule: Rule | None) -> Response:
    """Bytes and headers, cut or dropped where a fault says so."""
    headers = {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "4999",
        "X-RateLimit-Reset": "4102444800",
        "X-RateLimit-Used": "1",
        "X-RateLimit-Resource": "core",
        "X-GitHub-Request-Id": "EMUL:ATED",
        **reply.headers,
    }
    if isinstance(reply.body, bytes):
        content, headers["Content-Type"] = reply.body, "application/vnd.github.raw+json"
    elif reply.body is None:
        content = b""
    else:
        content = json.dumps(reply.body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json; charset=utf-8"
    if rule and rule.kind == "cut":
        content = content[: rule.bytes]
    return Response(reply.status, headers, content, bool(rule and rule.kind == "drop"))


def api_of(path: str) -> str:
    """Which of GitHub's interfaces a path belongs to."""
    if path in GRAPHQL_PATHS:
        return "graphql"
    return "oidc" if path.startswith(("/_actions/", "/.well-known/")) else "rest"

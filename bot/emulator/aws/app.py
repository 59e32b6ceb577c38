"""The WSGI application: counts, delays, refuses or drops each call, then lets moto answer it."""

from __future__ import annotations

import io
import json
import re
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from html import unescape
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    create_backend_app,
)

from bot.emulator.aws import xml
from bot.emulator.aws.base import Calls
from bot.emulator.aws.calls import SEED, Call, Request, is_mutating, read_request
from bot.emulator.aws.control import Control
from bot.emulator.aws.errors import Refused
from bot.emulator.aws.faults import Fault
from bot.emulator.aws.group_calls import GroupCalls
from bot.emulator.aws.group_views import GroupViews
from bot.emulator.aws.insight_calls import InsightCalls
from bot.emulator.aws.listings import ListCalls
from bot.emulator.aws.peering_calls import PeeringCalls
from bot.emulator.aws.quotas import QuotaCalls
from bot.emulator.aws.route_calls import RouteCalls
from bot.emulator.aws.sts import StsCalls
from bot.emulator.aws.tag_calls import TagCalls
from bot.emulator.aws.vpcs import VpcCalls
from bot.emulator.aws.world import World

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers and body."""

_STATUS = {
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "InternalFailure": 500,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "AuthFailure": 401,
    "ExpiredToken": 403,
}
"""HTTP statuses of the common errors; 400 for any other code."""

NO_FAULT = Fault()

_OWN_HEADERS = frozenset({"status", "content-length", "connection"})

_CODE = re.compile(rb"<Code>(.*?)</Code>|\"__type\": ?\"(?:[^\"]*#)?([^\"]*)\"")


class Dropped(ConnectionError):
    """The connection was cut on purpose; the server treats it like a client that left."""


_EC2 = (
    GroupCalls,
    GroupViews,
    PeeringCalls,
    RouteCalls,
    TagCalls,
    VpcCalls,
    ListCalls,
    InsightCalls,
)


class Services:
    """Finds what answers a call: a class of this package, or nothing (then moto does)."""

    def __init__(self, world: World) -> None:
        # moto finds a resource's tags by matching its id against every tag there is.
        setattr(TaggedEC2Resource, "get_tags", _tags)  # noqa: B010  (mypy forbids the assignment)
        self._others: Mapping[str, Any] = {
            "sts": _bound(StsCalls, world),
            "servicequotas": _bound(QuotaCalls, world),
        }
        self._ec2: Mapping[str, Any] = {
            name: bound
            for calls in _EC2
            for bound in (_bound(calls, world),)
            for name in vars(calls)
            if not name.startswith("_")
        }
        self._rest_of_ec2 = _bound(Calls, world)

    def of(self, call: Call) -> Any | None:
        """The class whose ``dispatch`` answers the call."""
        if call.service != "ec2":
            return self._others.get(call.service)
        return self._ec2.get(camelcase_to_underscores(call.action), self._rest_of_ec2)


def _bound(calls: Any, world: World) -> Any:
    return type(calls.__name__, (calls,), {"world": world})


def _tags(resource: Any) -> list[dict[str, str]]:
    tags = resource.ec2_backend.tags.get(resource.id, {})
    return [{"key": key, "value": value} for key, value in tags.items()]


class Application:
    """What the server serves."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = Control(world)
        self._services = Services(world)
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/_emulator/"):
            status, headers, answer = self._control.answer(environ["REQUEST_METHOD"], path, body)
        else:
            status, headers, answer = self._serve(environ, body)
        start_response(status, headers)
        return [answer]

    def _serve(self, environ: Environ, body: bytes) -> Answer:
        request = read_request(environ, body)
        call = self._call(request)
        if SEED in {request.access_key, call.role}:
            return self._answered(call, environ)
        return self._serve_counted(environ, self._world.calls.arrived(call), request.access_key)

    def _serve_counted(self, environ: Environ, call: Call, session: str) -> Answer:
        time.sleep(self._world.settings.latency_ms / 1000)
        fault = self._world.faults.strike(call) or NO_FAULT
        time.sleep(fault.delay_ms / 1000)
        if fault.drop == "before":
            raise self._dropped(environ, call)
        answer = self._refused(call, fault, session) or self._answered(call, environ)
        if fault.drop == "after":
            raise self._dropped(environ, call)
        if fault.error and fault.lands:
            answer = _failure(call, fault.error, fault.message, fault.status)
        status = int(answer[0].split()[0])
        self._world.calls.answered(call, status, _error_code(answer[2]) if status >= 400 else "")
        return answer

    def _call(self, request: Request) -> Call:
        with self._world.lock:
            account = self._world.account_of(request.access_key)
            role = self._world.roles.get(request.access_key, "")
        return Call(
            service=request.service,
            action=request.action,
            account=account,
            region=request.region,
            role=role,
            mutating=is_mutating(request.action),
            dry_run=request.dry_run,
        )

    def _refused(self, call: Call, fault: Fault, session: str) -> Answer | None:
        if fault.error and not fault.lands:
            return _failure(call, fault.error, fault.message, fault.status)
        if self._world.session_over(session):
            code = "RequestExpired" if call.service == "ec2" else "ExpiredToken"
            return _failure(call, code, "Request has expired.", 0)
        if not self._world.settings.throttle or call.service != "ec2":
            return None
        if self._world.throttle.admits(call):
            return None
        return _failure(call, "RequestLimitExceeded", "Request limit exceeded.", 503)

    def _answered(self, call: Call, environ: Environ) -> Answer:
        service = self._services.of(call)
        if service is None:
            return self._moto_answered(environ)
        request = BackendRequest(environ)
        try:
            with self._world.lock:
                status, headers, body = service.dispatch(request, request.url, request.headers)
        except Refused as error:
            return _failure(call, error.code, str(error), 0)
        except Exception:  # noqa: BLE001  (a bug of the emulator is a server error, as AWS's are)
            traceback.print_exc()
            return _failure(call, "InternalError", traceback.format_exc(limit=-1), 500)
        data = body.encode() if isinstance(body, str) else body
        kept = [(str(k), str(v)) for k, v in headers.items() if k.lower() not in _OWN_HEADERS]
        kept.append(("Content-Length", str(len(data))))
        return f"{status} Answered", kept, data

    def _moto_answered(self, environ: Environ) -> Answer:
        got: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            got[:] = status, headers

        with self._world.lock:
            body = b"".join(self._moto(environ, start_response))
        return got[0], got[1], body

    def _dropped(self, environ: Environ, call: Call) -> Dropped:
        self._world.calls.answered(call, 0, "connection dropped")
        connection: socket.socket = environ["werkzeug.socket"]
        connection.shutdown(socket.SHUT_RDWR)
        return Dropped(call.action)


def _error_code(body: bytes) -> str:
    found = _CODE.search(body)
    return unescape((found[1] or found[2]).decode()) if found else "unknown"


def _failure(call: Call, code: str, message: str, status: int) -> Answer:
    status = status or _STATUS.get(code, 400)
    request_id = str(uuid.uuid4())
    if call.service == "ec2":
        body = xml.error(code, message, request_id)
    elif call.service in {"iam", "sts"}:
        body = xml.query_error(code, message, request_id)
    elif call.service == "s3":
        body = xml.rest_error(code, message, request_id)
    else:
        body = json.dumps({"__type": code, "message": message})
    kind = "application/x-amz-json-1.1" if body.startswith("{") else "text/xml"
    data = body.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(data)))]
    return f"{status} Emulated", headers, data

"""What was called: read off the request before moto sees it, kept in a log."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qs

_READS = ("Describe", "Get", "List", "Search", "Assume", "Decode")
_KEPT = 500_000

SEED = "AKIAEMULATORSEED0000"
"""The access key and the role that build a world: never counted, delayed or refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to AWS. ``role`` is the assumed role's name, empty for other identities.

    ``error`` is the error code of the answer, empty on success; ``status`` its HTTP status,
    0 when the connection was dropped.
    """

    service: str
    action: str
    account: str
    region: str
    role: str = ""
    mutating: bool = False
    dry_run: bool = False
    number: int = 0
    at: float = 0.0
    status: int = 0
    error: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Call:
        """From JSON."""
        return cls(**value)

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Request:
    """What can be told from a request's headers and body alone."""

    service: str
    action: str
    region: str
    access_key: str
    dry_run: bool


def read_request(environ: Mapping[str, Any], body: bytes) -> Request:
    """The request's parts. An unsigned request is one to STS in us-east-1, as in AWS's SDKs."""
    access_key, region, service = _credential_scope(environ.get("HTTP_AUTHORIZATION", ""))
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    form = {} if target or service == "s3" else parse_qs(body.decode("utf-8", "replace"))
    action = target.rpartition(".")[2] or form.get("Action", [""])[0]
    if service == "s3":
        action = _s3_action(environ)
    dry_run = form.get("DryRun", [""])[0].lower() == "true"
    return Request(service, action, region, access_key, dry_run)


def _s3_action(environ: Mapping[str, Any]) -> str:
    """S3 has no action in the request: method and path (bucket, or bucket and key) say it."""
    verb = str(environ["REQUEST_METHOD"]).capitalize()
    _, _, key = str(environ.get("PATH_INFO", "")).strip("/").partition("/")
    if key:
        return f"{verb}Object"
    return "CreateBucket" if verb == "Put" else f"{verb}Bucket"


def _credential_scope(authorization: str) -> tuple[str, str, str]:
    _, _, credential = authorization.partition("Credential=")
    parts = credential.split(",")[0].split("/")
    return (parts[0], parts[2], parts[3]) if len(parts) == 5 else ("", "us-east-1", "sts")


def is_mutating(action: str) -> bool:
    """Whether an action changes anything, by its verb."""
    return not action.startswith(_READS)


class CallLog:
    """The calls in the order of their arrival; the oldest are dropped when there are many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._calls: deque[Call] = deque(maxlen=_KEPT)

    def arrived(self, call: Call) -> Call:
        """The call, numbered from 1 and timed."""
        with self._lock:
            return replace(call, number=next(self._numbers), at=time.time())

    def answered(self, call: Call, status: int, error: str) -> None:
        """Keep the call with its answer."""
        with self._lock:
            self._calls.append(replace(call, status=status, error=error))

    def clear(self) -> None:
        """Forget every call; numbers start from 1 again."""
        with self._lock:
            self._calls.clear()
            self._numbers = itertools.count(1)

    def as_json(self) -> bytes:
        """Every call kept, by number."""
        with self._lock:
            calls = sorted(self._calls, key=lambda call: call.number)
        return json.dumps([call.as_json() for call in calls]).encode()

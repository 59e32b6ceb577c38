"""The read-only guard: what a reader's client sends is checked where it is sent.

The first check is in the reader itself; this one sits in the client, so that no code of a
plan can send a mutating call, whichever way it came by the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.model import OperationModel

_READS = re.compile(r"(?:Describe|Get|List|Search)[A-Z][A-Za-z0-9]*")
_SIGN_INS = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"})


class ReadOnlyViolation(RuntimeError):
    """Code that may only read tried to send something else; a bug, and nothing was sent."""


def check_read(service: str, operation: str, parameters: Iterable[str]) -> None:
    """Let reads pass; raise ReadOnlyViolation for anything else, and for any ``DryRun``.

    EC2's ``DryRun`` is refused whatever its value: a dry run of a mutating call needs the
    permission to make it, and no read needs one. Of STS only the calls that sign in pass,
    for its ``Get…`` calls hand out credentials.
    """
    allowed = operation in _SIGN_INS if service == "sts" else _READS.fullmatch(operation)
    if not allowed:
        message = f"{service}:{operation} refused: a reader may only Describe, Get, List or Search"
        raise ReadOnlyViolation(message)
    if "DryRun" in parameters:
        raise ReadOnlyViolation(f"{service}:{operation} refused: a reader sends no DryRun")


def guard_reads(client: BaseClient) -> None:
    """Have the client raise ReadOnlyViolation before it builds or sends anything but a read."""
    events = client.meta.events
    # The first event also covers presigned URLs, which are built but never sent by botocore.
    events.register_first("before-parameter-build", _before_parameter_build)
    events.register_first("before-call", _before_call)


def _before_parameter_build(model: OperationModel, params: Mapping[str, Any], **_: Any) -> None:
    check_read(str(model.service_model.service_name), model.name, params)


def _before_call(model: OperationModel, **_: Any) -> None:
    check_read(str(model.service_model.service_name), model.name, ())

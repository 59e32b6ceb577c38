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
_SIGN_INS = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"})
_OTHER_READS = frozenset({("iam", "SimulatePrincipalPolicy")})
"""Reads, by IAM's own access level, that are not called so."""


class ReadOnlyViolation(RuntimeError):
    """Code that may only read tried to send something else; a bug, and nothing was sent."""


def check_read(service: str, operation: str, parameters: Iterable[str]) -> None:
    """Let reads pass; raise ReadOnlyViolation for anything else, and for any ``DryRun``.

    EC2's ``DryRun`` is refused whatever its value: a dry run of a mutating call needs the
    permission to make it, and no read needs one. Of STS only GetCallerIdentity passes, for
    other ``Get…`` calls of it hand out credentials.
    """
    if not _reads(service, operation):
        message = f"{service}:{operation} refused: a reader may only Describe, Get, List or Search"
        raise ReadOnlyViolation(message)
    if "DryRun" in parameters:
        raise ReadOnlyViolation(f"{service}:{operation} refused: a reader sends no DryRun")


def guard_reads(client: BaseClient, *, sign_ins: bool = False) -> None:
    """Have the client raise ReadOnlyViolation before it builds or sends anything but a read.

    With ``sign_ins``, STS's AssumeRole and AssumeRoleWithWebIdentity pass as well.
    """

    def check(model: OperationModel, parameters: Iterable[str]) -> None:
        service = str(model.service_model.service_name)
        if not (sign_ins and service == "sts" and model.name in _SIGN_INS):
            check_read(service, model.name, parameters)

    def before_build(model: OperationModel, params: Mapping[str, Any], **_: Any) -> None:
        check(model, params)

    def before_call(model: OperationModel, **_: Any) -> None:
        check(model, ())

    events = client.meta.events
    # The first event also covers presigned URLs, which are built but never sent by botocore.
    events.register_first("before-parameter-build", before_build)
    events.register_first("before-call", before_call)


def _reads(service: str, operation: str) -> bool:
    if service == "sts":
        return operation == "GetCallerIdentity"
    return _READS.fullmatch(operation) is not None or (service, operation) in _OTHER_READS

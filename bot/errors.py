"""Every expected failure, its exit code and its advice.

    BotError
     +-- UsageError        64  the command line
     |    +-- NoMeshFiles  64  nothing to read where the mesh files should be
     +-- MeshInvalid        3  mesh files
     +-- Refused            4  limits, stale or unreviewed plan
     +-- Locked             6  another apply holds the lease
     +-- Interrupted        1  stopped before anything was changed
     +-- AwsError           1  a call that AWS refused or that did not arrive
     |    +-- LeaseLost     6  a call that was not sent, as the lease was lost
     +-- GitHubError        1  likewise, GitHub
     |    +-- GitHubRefused    a permission is missing, or the thing is not there
     +-- ShardMissing       1  the results of the shards are no whole one
     +-- UnsupportedEvent   1  the action does not run on this event
     +-- NothingSelected    1  no such environment

Messages say what happened, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from bot.model.address import Scope
    from bot.model.diagnostic import Diagnostic


class ExitCode(IntEnum):
    """What the command's exit status means (product: commands)."""

    SUCCESS = 0
    FAILURE = 1
    CHANGES = 2
    INVALID = 3
    REFUSED = 4
    PARTIAL = 5
    LOCKED = 6
    USAGE = 64


class FailureReason(StrEnum):
    """The closed set of the action's ``failure-reason`` output; empty means success."""

    NONE = ""
    ERROR = "error"
    INVALID_MESH = "invalid-mesh"
    LIMITS = "limits"
    STALE_PLAN = "stale-plan"
    UNREVIEWED = "unreviewed"
    NOTHING_SELECTED = "nothing-selected"
    UNSUPPORTED_EVENT = "unsupported-event"
    PARTIAL_APPLY = "partial-apply"
    LOCKED = "locked"
    AWS = "aws"
    GITHUB = "github"


class Signalled(KeyboardInterrupt):
    """SIGINT or SIGTERM came; the text, if any, says what is known to hold.

    A class of its own: CPython remembers that a plain KeyboardInterrupt left ``exec`` (dataclasses
    are made with it) and kills itself by SIGINT in the end, whoever caught it meanwhile
    (``unhandled_keyboard_interrupt`` in Python/pythonrun.c).
    """


class BotError(Exception):
    """A failure that meshbot expects and can explain."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE
    reason: FailureReason = FailureReason.ERROR


class UsageError(BotError):
    """The command line or an action input cannot be used."""

    exit_code = ExitCode.USAGE


class NoMeshFiles(UsageError):
    """There is nothing to read where the mesh files should be."""


class MeshInvalid(BotError):
    """Mesh files have errors; ``diagnostics`` holds every one of them, in file order."""

    exit_code = ExitCode.INVALID
    reason = FailureReason.INVALID_MESH

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))


class Refused(BotError):
    """The plan must not be applied as it is; nothing was changed."""

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, reason: FailureReason) -> None:
        super().__init__(message)
        self.reason = reason


class Locked(BotError):
    """Another apply holds the lease."""

    exit_code = ExitCode.LOCKED
    reason = FailureReason.LOCKED


class Interrupted(BotError):
    """SIGINT or SIGTERM came before anything was changed."""


class AwsError(BotError):
    """An AWS call failed. ``code`` is AWS's error code, or the name of the network fault."""

    reason = FailureReason.AWS

    def __init__(
        self, scope: Scope | None, action: str, code: str, message: str, request_id: str = ""
    ) -> None:
        self.scope, self.action, self.code = scope, action, code
        self.message, self.request_id = message, request_id
        request = f" (request {request_id})" if request_id else ""
        where = f"{scope}: " if scope else ""
        super().__init__(f"{where}{action}: {code}: {message}{request}")


class LeaseLost(AwsError):
    """The call was not sent, for the lease is not certainly held any more."""

    exit_code = ExitCode.LOCKED
    reason = FailureReason.LOCKED


class GitHubError(BotError):
    """A GitHub API call failed, or its answer could not be used."""

    reason = FailureReason.GITHUB


class GitHubRefused(GitHubError):
    """GitHub answered 403 or 404: the token lacks a permission, or the thing is not there."""


class ShardMissing(BotError):
    """The result of a shard is missing or cannot be used, so that there is no whole one."""

    def __init__(self, message: str, reason: FailureReason = FailureReason.ERROR) -> None:
        super().__init__(message)
        self.reason = reason


class UnsupportedEvent(BotError):
    """The action was started by an event, a branch or a command that it does not act on."""

    reason = FailureReason.UNSUPPORTED_EVENT


class NothingSelected(BotError):
    """The environments asked for are in no mesh file, or there is none at all."""

    reason = FailureReason.NOTHING_SELECTED

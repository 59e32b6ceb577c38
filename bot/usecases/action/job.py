"""One run of the action: its context, its doors, and what went wrong while telling people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bot.adapters.threads import ThreadDispatcher
from bot.engine.pace import Paces
from bot.errors import BotError, ExitCode, FailureReason, GitHubRefused
from bot.model.change import Plan, Report
from bot.model.github import ActionContext, Annotation, AnnotationLevel
from bot.model.shard import Shard
from bot.ports import GitHub, Lease, Progress, Runner, Stop, Unleased
from bot.render import escape
from bot.usecases.action.remarks import Beside, NoRemarks, Remarks
from bot.usecases.local import Revisions

T = TypeVar("T")

LONGEST_LINE = 2_000
"""Characters of a message's line, which may quote anybody."""


class Planner(Protocol):
    """Reads AWS and plans, with the plan role or, ``applying``, the apply role."""

    def __call__(
        self,
        revisions: Revisions,
        environments: tuple[str, ...],
        *,
        applying: bool,
        shard: Shard | None = None,
        drifting: bool = False,
    ) -> Plan:
        """The plan, narrowed to the environments; or that of a shard. Raises BotError."""


Say = Callable[[AnnotationLevel, str], None]
"""Tells people something on the run's page and in its log."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What a run works with. ``files`` are the workspace's mesh files, by repository path.

    ``lease`` takes the lease that the inputs name, for as long as its context lasts; it raises
    UsageError, Locked, Interrupted and AwsError. ``aside`` is another way to the same GitHub,
    for a thread of its own that ``beside`` starts: what goes there can be left out, and
    nothing does once the signal is set.
    """

    github: GitHub
    runner: Runner
    files: Callable[[], Mapping[str, bytes]]
    plan: Planner
    apply: Callable[[Revisions, Plan, Lease, Progress], Report]
    lease: Callable[[Say], AbstractContextManager[Lease]]
    aside: Callable[[Stop], GitHub]
    beside: Callable[[], Beside] = ThreadDispatcher
    paces: Paces = field(default_factory=Paces)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends."""

    exit_code: ExitCode = ExitCode.SUCCESS
    reason: FailureReason = FailureReason.NONE

    @classmethod
    def of(cls, failure: BotError) -> Ending:
        """The ending that an expected failure means."""
        return cls(failure.exit_code, failure.reason)


@dataclass(slots=True)
class Job:
    """A run under way. ``troubles`` are failures to tell people, kept for the ending."""

    context: ActionContext
    doors: Doors
    troubles: list[BotError] = field(default_factory=list)
    lease: Lease = field(default_factory=Unleased)
    remarks: NoRemarks | Remarks = field(default_factory=NoRemarks)
    """What pull requests are told while their plan is applied."""
    left: bool = False
    """Whether the run of a shard left what the report needs."""

    def attempt(self, telling: Callable[[], T]) -> T | None:
        """Tells people something; None when that fails, which never stops the run."""
        try:
            return telling()
        except GitHubRefused as refused:
            self.say(AnnotationLevel.NOTICE, str(refused))
        except BotError as trouble:
            self.say(AnnotationLevel.WARNING, str(trouble))
            self.troubles.append(trouble)
        return None

    def say(self, level: AnnotationLevel, message: str) -> None:
        """One plain message in the log and on the run's page."""
        lines = (escape.visible(line, LONGEST_LINE) for line in message.splitlines())
        self.doors.runner.annotate(Annotation(level, "\n".join(lines)))

    def ending(self, planned: Ending) -> Ending:
        """The ending with the troubles taken into account."""
        if self.troubles and planned.exit_code is ExitCode.SUCCESS:
            return Ending.of(self.troubles[0])
        return planned

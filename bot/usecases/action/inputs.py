"""The inputs' meaning, and the refusal of those without one."""

from __future__ import annotations

import re
from enum import StrEnum

from bot.engine.execute.rates import Rate, rates_of
from bot.errors import NothingSelected, UnsupportedEvent, UsageError
from bot.model.github import Inputs
from bot.usecases.approval import Approval, approval
from bot.usecases.local import Revisions


class Command(StrEnum):
    """What the action can be asked to do."""

    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"
    SHARDS = "shards"
    REPORT = "report"


class CommentMode(StrEnum):
    """When a comment is written."""

    ALWAYS = "always"
    CHANGES = "changes"
    NEVER = "never"


def command(inputs: Inputs, event: str, automatic: Command, *others: Command) -> Command:
    """The command for an event: ``automatic`` unless the input asks for one of ``others``.

    Raises UsageError for a word that is no command, UnsupportedEvent for one that must not
    run on this event.
    """
    if inputs.command == "auto":
        return automatic
    try:
        asked = Command(inputs.command)
    except ValueError as error:
        listed = ", ".join(["auto", *Command])
        raise UsageError(
            f"The input command is one of {listed}, not {inputs.command!r}."
        ) from error
    if asked not in (automatic, *others):
        raise UnsupportedEvent(f"The command {asked} is refused on {event}.")
    return asked


def comment_mode(inputs: Inputs) -> CommentMode:
    """When a comment is written. Raises UsageError."""
    try:
        return CommentMode(inputs.comment)
    except ValueError as error:
        listed = ", ".join(CommentMode)
        raise UsageError(
            f"The input comment is one of {listed}, not {inputs.comment!r}."
        ) from error


def requires_pull_request(inputs: Inputs) -> bool:
    """Whether a commit that no pull request brought is refused. Raises UsageError."""
    return _truth("require-pull-request", inputs.require_pull_request)


def session_tags(inputs: Inputs) -> bool:
    """Whether member sessions carry tags that name the run. Raises UsageError."""
    return _truth("session-tags", inputs.session_tags)


def _truth(name: str, given: str) -> bool:
    if given not in ("true", "false"):
        raise UsageError(f"The input {name} is `true` or `false`, not {given!r}.")
    return given == "true"


def max_shards(inputs: Inputs) -> int:
    """How many shards there may be. Raises UsageError."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}", inputs.max_shards, re.ASCII):
        raise UsageError(f"The input max-shards is a number, not {inputs.max_shards[:40]!r}.")
    return int(inputs.max_shards)


def environments(inputs: Inputs) -> tuple[str, ...]:
    """The names that were asked for, separated by commas or line breaks, sorted."""
    names = (name.strip() for name in re.split(r"[,\r\n]", inputs.environments))
    return tuple(sorted({name for name in names if name}))


def rates(inputs: Inputs) -> dict[str, Rate]:
    """Token buckets other than the documented ones. Raises UsageError."""
    given = (text.strip() for text in re.split(r"[,\r\n]", inputs.rates))
    return rates_of(text for text in given if text)


def check_selected(names: tuple[str, ...], revisions: Revisions) -> None:
    """Raises NothingSelected for a name that no file holds, and when there is no name at all."""
    before = revisions.base.environments if revisions.base else {}
    known = {*revisions.head.environments, *before}
    if not known:
        raise NothingSelected(
            "The mesh files name no environment, now or before. "
            "Check the input meshes, and that the job checked out the repository."
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(sorted(known))
        raise NothingSelected(
            f"No environment is called {', '.join(map(repr, unknown))}. There are: {listed}."
        )


def expected(inputs: Inputs) -> Approval:
    """The fingerprint that was approved, if any. Raises UsageError."""
    return approval(inputs.expect_fingerprint.lower() or None, None)

"""What started the job: the event's payload as a value. Payloads are not taken on trust.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot.model.github import (
    DispatchEvent,
    Event,
    MergeGroupEvent,
    OtherEvent,
    PullRequestEvent,
    PushEvent,
    ReviewEvent,
    ScheduleEvent,
)

MAX_PAYLOAD = 30_000_000
"""Bytes. GitHub caps payloads at 25 MB."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


class _Unusable(Exception):
    """A payload lacks something that its event always has."""


def read_event(name: str, path: str) -> Event:
    """The event of this name, from its payload's file; an OtherEvent when it is unusable."""
    if name not in _PARSERS:
        return OtherEvent(name)
    try:
        return parse_event(name, _payload(path))
    except _Unusable as fault:
        return OtherEvent(name, str(fault))


def parse_event(name: str, payload: Mapping[str, Any]) -> Event:
    """The event of this name, from its payload; an OtherEvent when it is unusable."""
    if name not in _PARSERS:
        return OtherEvent(name)
    try:
        return _PARSERS[name](payload)
    except _Unusable as fault:
        return OtherEvent(name, str(fault))


def _payload(path: str) -> Mapping[str, Any]:
    try:
        file = Path(path)
        if file.stat().st_size > MAX_PAYLOAD:
            raise _Unusable("the payload is too large")
        payload = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _Unusable(f"the payload cannot be read ({type(error).__name__})") from error
    if not isinstance(payload, dict):
        raise _Unusable("the payload is not an object")
    return payload


def _pull_request(payload: Mapping[str, Any]) -> PullRequestEvent:
    pull = _at(payload, dict, "pull_request")
    return PullRequestEvent(
        action=_at(payload, str, "action"),
        number=_number(pull),
        head_sha=_commit(pull, "head", "sha"),
        base_sha=_commit(pull, "base", "sha"),
        base_branch=_at(pull, str, "base", "ref"),
        default_branch=_at(payload, str, "repository", "default_branch"),
        same_repository=_repository_id(pull, "head") == _at(pull, int, "base", "repo", "id"),
        base_changed=bool(_find(payload, "changes", "base")),
    )


def _repository_id(pull: Mapping[str, Any], side: str) -> int | None:
    """A side's repository id; None for a fork that is gone (``repo: null``)."""
    number = _find(pull, side, "repo", "id")
    return number if isinstance(number, int) else None


def _push(payload: Mapping[str, Any]) -> PushEvent:
    before = _commit(payload, "before")
    return PushEvent(
        ref=_at(payload, str, "ref"),
        default_branch=_at(payload, str, "repository", "default_branch"),
        before=before if before.strip("0") else "",
        after=_commit(payload, "after"),
        deleted=_find(payload, "deleted") is True,
    )


def _dispatch(payload: Mapping[str, Any]) -> DispatchEvent:
    return DispatchEvent(
        ref=_at(payload, str, "ref"),
        default_branch=_at(payload, str, "repository", "default_branch"),
    )


def _schedule(payload: Mapping[str, Any]) -> ScheduleEvent:
    return ScheduleEvent()


def _merge_group(payload: Mapping[str, Any]) -> MergeGroupEvent:
    group = _at(payload, dict, "merge_group")
    return MergeGroupEvent(
        action=_at(payload, str, "action"),
        head_sha=_commit(group, "head_sha"),
        head_ref=_at(group, str, "head_ref"),
        base_sha=_commit(group, "base_sha"),
        base_branch=_at(group, str, "base_ref").removeprefix("refs/heads/"),
        default_branch=_at(payload, str, "repository", "default_branch"),
    )


def _review(payload: Mapping[str, Any]) -> ReviewEvent:
    pull = _at(payload, dict, "pull_request")
    return ReviewEvent(
        action=_at(payload, str, "action"),
        number=_number(pull),
        head_sha=_commit(pull, "head", "sha"),
        default_branch=_at(payload, str, "repository", "default_branch"),
        same_repository=_repository_id(pull, "head") == _at(pull, int, "base", "repo", "id"),
    )


def _number(pull: Mapping[str, Any]) -> int:
    number: int = _at(pull, int, "number")
    if number < 1:
        raise _Unusable("pull_request.number is not a number of a pull request")
    return number


def _find(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _at(value: Any, kind: type[Any], *path: str) -> Any:
    found = _find(value, *path)
    # bool is an int to Python, but never an id
    if not isinstance(found, kind) or isinstance(found, bool):
        raise _Unusable(f"the payload has no {'.'.join(path)}")
    return found


def _commit(value: Any, *path: str) -> str:
    found: str = _at(value, str, *path)
    if not _COMMIT.fullmatch(found):
        raise _Unusable(f"the payload's {'.'.join(path)} is not a commit id")
    return found


_PARSERS: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    "pull_request": _pull_request,
    "push": _push,
    "workflow_dispatch": _dispatch,
    "schedule": _schedule,
    "merge_group": _merge_group,
    "pull_request_review": _review,
}

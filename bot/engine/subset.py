"""Whether a plan is what remains of another one: the meaning of "subset".

Each change must have one in the other plan with the same ``after``, and a ``before`` that
lies on the way from that one's ``before`` to its ``after``: created and not yet accepted,
accepted and not yet tagged, active and an option not yet on, a stale rule revoked and not yet
made anew. Works on canonical changes, so that recorded plans compare too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.model.peering_status import PROGRESS

Canonical = Mapping[str, Any]


def is_subset(current: Iterable[Canonical], reviewed: Iterable[Canonical]) -> bool:
    """True when nothing in ``current`` goes beyond ``reviewed``."""
    return not beyond(current, reviewed)


def beyond(current: Iterable[Canonical], reviewed: Iterable[Canonical]) -> tuple[Canonical, ...]:
    """The changes of ``current`` that ``reviewed`` does not allow.

    ``reviewed`` may hold several changes of one address, from several recorded plans: one
    of them must allow the change.
    """
    return beyond_all(current, (by_address(reviewed),))


Reviewed = Mapping[str, Sequence[Canonical]]
"""Changes that may be made, by address."""


def by_address(changes: Iterable[Canonical]) -> Reviewed:
    """Changes for ``beyond_all``: sorted out once, however often they are compared with."""
    found: dict[str, list[Canonical]] = {}
    for change in changes:
        found.setdefault(change["address"], []).append(change)
    return found


def beyond_all(current: Iterable[Canonical], reviewed: Sequence[Reviewed]) -> tuple[Canonical, ...]:
    """Like ``beyond``, for what several recorded plans allow together."""
    return tuple(
        change
        for change in current
        if not any(_allowed(change, plan.get(change["address"], ())) for plan in reviewed)
    )


def _allowed(change: Canonical, reviewed: Sequence[Canonical]) -> bool:
    return any(
        _remade(change, other)
        or (
            change["after"] == other["after"]
            and _between(change["before"], other["before"], other["after"])
        )
        for other in reviewed
    )


def _remade(change: Canonical, other: Canonical) -> bool:
    """True for the second half of what makes a stale thing anew: it is gone, and to be made.

    What it would have kept (a description, tags of others) went with it: that may be missing.
    """
    before, after, now = other["before"], other["after"], change["after"]
    if change["before"] is not None or not (before and after and now) or not before.get("stale"):
        return False
    return now.keys() == after.keys() and all(
        _lost(now[key], before.get(key), after[key]) for key in after
    )


def _lost(now: Any, before: Any, after: Any) -> bool:
    """True when ``now`` is ``after``, without what was there ``before`` already."""
    if isinstance(now, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        return now.keys() <= after.keys() and all(
            _lost(now.get(key, ""), before.get(key), value) for key, value in after.items()
        )
    return bool(now == after or (now == "" and before == after))


def _between(now: Any, before: Any, after: Any) -> bool:
    """True when ``now`` lies on the way from ``before`` to ``after``, field by field."""
    if now in (before, after):
        return True
    if before is None and after is not None and isinstance(now, Mapping):
        before = _nothing_of(after)
    if after is None and isinstance(now, Mapping) and isinstance(before, Mapping):
        # what is to be deleted may only have moved on in its life
        after = {**before, "status": PROGRESS[-1]} if "status" in before else before
    if isinstance(now, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        return all(
            _field(key, now.get(key), before.get(key), after.get(key))
            for key in {*now, *before, *after}
        )
    return False


def _field(key: str, now: Any, before: Any, after: Any) -> bool:
    if now in (before, after):
        return True
    if key == "status" and now in PROGRESS and after in PROGRESS:
        start = PROGRESS.index(before) if before in PROGRESS else 0
        return start <= PROGRESS.index(now) <= PROGRESS.index(after)
    tags = isinstance(now, Mapping) and isinstance(after, Mapping)
    return tags and _between(now, before or {}, after)


def _nothing_of(after: Mapping[str, Any]) -> dict[str, Any]:
    """What a thing is before it is made: its fixed parts, no status, no tags, nothing on."""
    parts = {key: _unset(value) for key, value in after.items()}
    return parts | ({"status": None} if "status" in after else {})


def _unset(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {}
    return False if isinstance(value, bool) else value

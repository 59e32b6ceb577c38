"""A lease in words: who has it, since when, and what to do. Plain text, which callers escape."""

from __future__ import annotations

import json

from bot.model.lease import LeaseRecord, Seen, Standing, Unreadable, time_text
from bot.model.lease_place import LeasePlace


def busy(place: LeasePlace, seen: Seen) -> str:
    """Why an apply did not start."""
    lines = (
        "locked: another apply is under way. Nothing was changed.",
        f"  lease: {place}",
        f"  {held_by(seen.content)}",
        "Wait for it and run again, or give a time to wait. It is free by itself soon after its"
        " expiry, unless its holder renews it. If something else left it there, take it away:"
        f" meshbot unlock --lock '{place}'",
    )
    return "\n".join(lines)


def held_by(content: LeaseRecord | Unreadable | None) -> str:
    """Who holds a lease, since when and until when, in one line."""
    match content:
        case LeaseRecord():
            since, until = time_text(content.since), time_text(content.expires)
            return f"holder: {content.holder}, since {since}, until {until} if not renewed"
        case Unreadable(why=why):
            return f"holder: unknown, for the record cannot be read ({why}); it never expires"
        case None:
            return "holder: gone meanwhile"


def found(place: LeasePlace, seen: Seen, standing: Standing) -> str:
    """What ``unlock`` found."""
    if standing is Standing.FREE:
        return f"{place} is free: nothing to unlock."
    said = {
        Standing.HELD: "held. Its holder may be at work: unless that run is dead, wait for it.",
        Standing.EXPIRED: "expired: the next apply takes it over by itself.",
        Standing.UNREADABLE: "held by somebody unknown.",
    }[standing]
    return f"{place} is {said}\n  {held_by(seen.content)}"


def found_json(place: LeasePlace, seen: Seen, standing: Standing, *, removed: bool) -> str:
    """The same as JSON, with whether it was removed."""
    record = seen.content if isinstance(seen.content, LeaseRecord) else None
    told = {
        "lock": str(place),
        "standing": str(standing),
        "holder": record.holder if record else None,
        "since": time_text(record.since) if record else None,
        "expires": time_text(record.expires) if record else None,
        "removed": removed,
    }
    return json.dumps(told, ensure_ascii=True, indent=1)

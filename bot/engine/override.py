"""Whether a review approves a plan beyond its limits. Reviews are hostile text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.model.record import Review, ReviewState

_LINE = re.compile(r"[ \t]*meshbot approve ([0-9a-f]{12,64})[ \t]*", re.ASCII)
_DECIDING = frozenset({ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED})


def approvers(
    reviews: Iterable[Review], *, author: str, head: str, fingerprint: str
) -> tuple[str, ...]:
    """Logins of those whose standing review approves exactly this plan, sorted.

    ``reviews`` are in the order in which they were submitted. A person's last decision
    counts; comments decide nothing. It must approve, be of the head commit, never have been
    edited, and have a line ``meshbot approve <at least 12 digits of the fingerprint>``. The
    pull request's author approves nothing. Whether they may write is for the caller to ask.
    """
    standing: dict[str, Review] = {}
    for review in reviews:
        if review.author and review.state in _DECIDING:
            standing[review.author.lower()] = review
    standing.pop(author.lower(), None)
    return tuple(
        sorted(
            review.author
            for review in standing.values()
            if review.state is ReviewState.APPROVED
            and review.commit == head
            and not review.edited
            and names(review.body, fingerprint)
        )
    )


def names(body: str, fingerprint: str) -> bool:
    """True when a line of the text approves the plan with this fingerprint."""
    lines = (_LINE.fullmatch(line) for line in body.replace("\r\n", "\n").split("\n"))
    return any(match and fingerprint.startswith(match[1]) for match in lines)

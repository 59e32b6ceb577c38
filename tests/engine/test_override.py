"""Which reviews approve a plan beyond its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.override import approvers, names
from bot.model.record import Review, ReviewState

FINGERPRINT = "0123456789abcdef" * 4
HEAD = "a" * 40
LINE = f"meshbot approve {FINGERPRINT[:12]}"
GOOD = Review("bob", ReviewState.APPROVED, HEAD, LINE)


def judged(*reviews: Review) -> tuple[str, ...]:
    return approvers(reviews, author="alice", head=HEAD, fingerprint=FINGERPRINT)


def test_an_approving_review_with_the_line_counts() -> None:
    assert judged(GOOD) == ("bob",)


@pytest.mark.parametrize(
    "changed",
    [
        {"author": "alice"},
        {"author": "ALICE"},
        {"author": ""},
        {"commit": "b" * 40},
        {"edited": True},
        {"body": ""},
        *({"state": state} for state in ReviewState if state is not ReviewState.APPROVED),
    ],
)
def test_anything_else_does_not(changed: dict[str, object]) -> None:
    assert judged(replace(GOOD, **changed)) == ()  # type: ignore[arg-type]


def test_the_last_decision_of_a_person_counts_and_comments_are_none() -> None:
    commented = replace(GOOD, state=ReviewState.COMMENTED, body="hm")
    refused = replace(GOOD, state=ReviewState.CHANGES_REQUESTED)
    plain = replace(GOOD, body="fine")

    assert judged(GOOD, commented) == ("bob",)
    assert judged(refused, GOOD) == ("bob",)
    assert judged(GOOD, refused) == ()
    assert judged(GOOD, replace(plain, author="Bob")) == ()
    assert judged(GOOD, replace(GOOD, author="carol"), refused) == ("carol",)


@pytest.mark.parametrize(
    ("body", "approves"),
    [
        (LINE, True),
        (f"yes\r\n  {LINE}\t\r\nbye", True),
        (f"meshbot approve {FINGERPRINT}", True),
        (f"meshbot approve {FINGERPRINT[:11]}", False),
        (f"meshbot approve {FINGERPRINT}0", False),
        (f"meshbot approve {FINGERPRINT[1:]}", False),
        (f"> {LINE}", False),
        (f"{LINE} not", False),
        (LINE.upper(), False),
        ("meshbot approve \uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19ab", False),
    ],
)
def test_the_line_is_exact(body: str, approves: bool) -> None:
    assert names(body, FINGERPRINT) is approves

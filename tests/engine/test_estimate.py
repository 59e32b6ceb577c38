"""How much is left, and how long it takes."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.engine.execute.estimate import Tally, remaining
from bot.engine.execute.lanes import Lanes
from bot.model.address import Address
from bot.model.change import Change
from bot.model.progress import KindProgress, ScopeProgress
from tests.engine.steps import EAST, WEST, call

ROUTES, REQUESTS = "ec2:CreateRoute", "ec2:CreateVpcPeeringConnection"


def test_the_slowest_bucket_tells_how_long_it_takes() -> None:
    calls = Counter({(EAST, ROUTES): 184, (WEST, ROUTES): 100, (EAST, REQUESTS): 46})

    left = remaining(Lanes({}), calls, 0.0)

    assert left.seconds == pytest.approx((184 - 50) / 5, rel=0.04)


def test_what_the_buckets_hold_takes_no_time() -> None:
    assert remaining(Lanes({}), {(EAST, ROUTES): 48, (WEST, ROUTES): 3}, 0.0).seconds == 0
    assert remaining(Lanes({}), {}, 0.0).seconds == 0


def test_it_takes_longer_once_aws_allowed_less() -> None:
    lanes = Lanes({})
    before = remaining(lanes, {(EAST, ROUTES): 200}, 0.0).seconds
    lanes.bucket((EAST, ROUTES)).empty(0.0)

    assert remaining(lanes, {(EAST, ROUTES): 200}, 0.0).seconds > 1.5 * before


def test_a_critical_bucket_overflows_once_it_is_full_and_has_nothing_to_do() -> None:
    lanes = Lanes({})
    calls = {(EAST, ROUTES): 500, (WEST, ROUTES): 60}
    assert remaining(lanes, calls, 0.0).idle_in == 0

    for n in range(10):
        lanes.add(call(f"east-{n}"))
    lanes.bucket((EAST, ROUTES)).tokens -= 10

    left = remaining(lanes, calls, 0.0)  # west, which is full, has time
    assert left.idle_in == pytest.approx((10 + 10) / 5, rel=0.02)


def test_a_bucket_whose_calls_are_all_ready_waits_for_nothing() -> None:
    lanes = Lanes({})
    for n in range(60):
        lanes.add(call(f"east-{n}"))

    assert remaining(lanes, {(EAST, ROUTES): 60}, 0.0).idle_in == float("inf")


def change(kind: str, key: str, *scopes: object) -> Change[object]:
    where = tuple(sorted(s for s in (EAST, WEST) if s in scopes))
    return Change(Address(kind, where, key), None, "spec")


def test_changes_count_by_kind_and_in_every_scope_that_they_touch() -> None:
    peering = change("vpc_peering_connection", "a~b", EAST, WEST)
    routes = [change("route", f"rtb-{n}", EAST) for n in range(3)]
    tally = Tally.of([peering, *routes])

    tally.settled(peering.address)
    tally.settled(routes[1].address)
    value = tally.value(90.0)

    assert value.kinds == (
        KindProgress("vpc_peering_connection", 1, 1),
        KindProgress("route", 1, 3),
    )
    assert value.scopes == (
        ScopeProgress(
            EAST, (KindProgress("vpc_peering_connection", 1, 1), KindProgress("route", 1, 3))
        ),
        ScopeProgress(WEST, (KindProgress("vpc_peering_connection", 1, 1),)),
    )
    assert value.seconds_left == 90.0

"""Client-side token buckets: just under AWS's, and down to what AWS turns out to allow."""

from __future__ import annotations

import pytest

from bot.engine.execute.buckets import CALMEST, FASTEST, SPARE, Bucket
from bot.engine.execute.rates import Rate, rate_of, rates_of
from bot.errors import UsageError

DOCUMENTED = Rate(50, 5)


def drunk(bucket: Bucket, seconds: float) -> list[float]:
    """When calls were made, by one who always has another."""
    now, times = bucket.at, []
    end = now + seconds
    while now < end:
        if bucket.take(now):
            times.append(now)
        else:
            now = max(bucket.ready_at(now), now + 1e-6)
    return times


def test_rates_are_the_documented_ones_unless_given() -> None:
    given = rates_of(["ec2:CreateRoute=100/10", "ec2:CreateTags=25/2.5"])

    assert rate_of("ec2:CreateRoute", given) == Rate(100, 10)
    assert rate_of("ec2:CreateTags", given) == Rate(25, 2.5)
    assert rate_of("ec2:CreateTags", {}) == Rate(100, 10)
    assert rate_of("ec2:AcceptVpcPeeringConnection", {}) == Rate(50, 5)
    assert rate_of("ec2:DescribeRouteTables", {}) == Rate(100, 20)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["CreateRoute=100/10"], "ACTION=SIZE/REFILL"),
        (["ec2:CreateRoute=100"], "ACTION=SIZE/REFILL"),
        (["ec2:CreateRoute=-1/10"], "ACTION=SIZE/REFILL"),
        (["ec2:CreateRoute=nan/10"], "ACTION=SIZE/REFILL"),
        (["ec2:CreateRoute=100/10\n"], "ACTION=SIZE/REFILL"),
        (["ec2:CreateRoute=0/10"], "out of range"),
        (["ec2:CreateRoute=10/0"], "out of range"),
        (["ec2:CreateRoute=1000000/1"], "out of range"),
        (["ec2:CreateRoute=1/1", "ec2:CreateRoute=1/1"], "twice"),
    ],
)
def test_a_rate_that_means_nothing_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        rates_of(texts)


@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0])
def test_no_stretch_of_time_holds_more_calls_than_awss_bucket(seconds: float) -> None:
    times = drunk(Bucket(DOCUMENTED), 200)

    for start in times:
        assert sum(start <= t < start + seconds for t in times) <= 50 + 5 * seconds
    assert len(times) >= 0.98 * (50 + 5 * 200) - SPARE


def test_saved_tokens_are_spent_calmly_in_a_long_run_and_at_once_in_a_short_one() -> None:
    long, short = Bucket(DOCUMENTED), Bucket(DOCUMENTED)
    long.hurry(300)
    short.hurry(0)

    assert len(drunk(long, 2)) == pytest.approx(2 * 5 * CALMEST, abs=2)
    assert len(drunk(short, 2)) == pytest.approx(2 * 5 * FASTEST, abs=2)


def test_a_bucket_of_one_call_works() -> None:
    assert len(drunk(Bucket(Rate(1, 0.5)), 20)) == pytest.approx(10, abs=1)


def against(bucket: Bucket, size: float, refill: float, seconds: float) -> tuple[int, int, int]:
    """Calls admitted and refused by AWS's bucket, and those refused in the last half."""
    level, since, admitted, refused, late = size, 0.0, 0, 0, 0
    now = 0.0
    while now < seconds:
        if not bucket.take(now):
            now = max(bucket.ready_at(now), now + 1e-6)
            continue
        level, since = min(size, level + (now - since) * refill), now
        if level >= 1:
            level, admitted = level - 1, admitted + 1
        else:
            refused, late = refused + 1, late + (now > seconds / 2)
            bucket.empty(now, now)
    return admitted, refused, late


@pytest.mark.parametrize(
    ("size", "refill"), [(25, 2.5), (50, 2.5), (25, 5), (50, 4), (10, 1)], ids=str
)
def test_a_smaller_bucket_is_learnt_without_a_storm(size: float, refill: float) -> None:
    admitted, refused, late = against(Bucket(DOCUMENTED), size, refill, 120)

    assert refused <= 0.05 * admitted + 8
    assert late <= 5
    assert admitted >= (size + refill * 120) / 1.2


def test_what_was_lost_to_others_is_won_back_up_to_what_was_given() -> None:
    bucket = Bucket(DOCUMENTED)
    for second in range(5):
        bucket.empty(float(second), float(second))
    assert bucket.share < 0.7

    times = drunk(bucket, 300)

    assert bucket.share == 1.0
    assert sum(t > 250 for t in times) == pytest.approx(54 * 5, rel=0.05)


def test_calls_that_were_on_their_way_teach_one_lesson() -> None:
    once, often = Bucket(DOCUMENTED), Bucket(DOCUMENTED)
    for bucket in (once, often):
        drunk(bucket, 4)
    once.empty(4.0, 3.9)
    for _ in range(8):
        often.empty(4.0, 3.9)

    assert often.share == once.share >= 0.5

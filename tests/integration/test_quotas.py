"""Quotas on the emulator, which enforces what it tells: the forecast and AWS agree."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from tests.integration.laptop import A, B, Laptop, member

LIMITS = {"VpcPeeringConnectionsPerVpcLimitExceeded", "RouteLimitExceeded"}
UNREADABLE = {"action": "GetServiceQuota", "error": "AccessDeniedException"}


def mesh(laptop: Laptop, vpcs: list[SeededVpc]) -> None:
    laptop.mesh(production=[member(vpc) for vpc in vpcs])


def refused_by_aws(laptop: Laptop) -> set[str]:
    return {call.error for call in laptop.calls()} & LIMITS


def codes(plan: Any) -> set[str]:
    return {d["code"] for d in (*plan["diagnostics"], *plan["refusals"])}


@pytest.mark.parametrize(("peerings", "routes"), [(3, 4), (3, 500), (50, 4), (4, 5)])
def test_what_fits_is_applied_and_members_take_the_places_of_others(
    laptop: Laptop, peerings: int, routes: int
) -> None:
    """Four members: three peerings and four routes, with the local one, in each."""
    vpcs = laptop.vpcs(6)
    laptop.aws.settings(active_peerings_per_vpc=peerings, routes_per_table=routes)
    mesh(laptop, vpcs[:4])
    laptop.converge()
    before = laptop.files
    mesh(laptop, vpcs[2:])

    laptop.converge(base=before)

    assert refused_by_aws(laptop) == set()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"active_peerings_per_vpc": 2}, "VpcPeeringConnectionsPerVpcLimitExceeded"),
        ({"routes_per_table": 3}, "RouteLimitExceeded"),
        ({"quotas": {f"{B}/us-east-1": {"L-93826ACB": 3}}}, "RouteLimitExceeded"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_plan_and_by_aws(
    laptop: Laptop, settings: dict[str, Any], error: str
) -> None:
    mesh(laptop, laptop.vpcs(4))
    laptop.aws.settings(**settings)

    planned = laptop.run("plan", "--format", "json")
    applied = laptop.run("apply", "--yes", "--expect-fingerprint", planned.json["fingerprint"])

    assert (planned.code, applied.code) == (4, 5)
    assert codes(planned.json) == {"quota-exceeded"}
    assert refused_by_aws(laptop) == {error}


def test_unreadable_quotas_are_told_once_a_scope_and_are_no_gaps(laptop: Laptop) -> None:
    mesh(laptop, laptop.vpcs(3))
    laptop.fault({**UNREADABLE, "account": A})

    plan = laptop.plan()

    (note,) = plan["diagnostics"]
    assert (note["code"], note["severity"]) == ("quota-unread", "notice")
    assert f"{A}/us-east-1" in note["summary"]
    assert "AccessDeniedException" in note["detail"]
    assert plan["complete"]


def test_a_plan_that_makes_nothing_asks_for_no_quota(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    mesh(laptop, vpcs)
    laptop.converge()
    laptop.aws.forget_calls()
    laptop.mesh(production=[member(vpc, peering_tags={"cost": "42"}) for vpc in vpcs])

    plan = laptop.plan()

    assert plan["summary"] == {"create": 0, "update": 3, "delete": 0}
    assert "GetServiceQuota" not in laptop.counted()

"""What a plan says about quotas: from when on, in which words, and where AWS does not answer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import FailureReason, Refused
from bot.model.address import VpcRef
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.usecases.plan import check_safe
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.ec2 import PEERINGS, ROUTES, Quotas
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakeRoute, World, scope

HOME = scope("111111111111", "us-east-1")
GET = "servicequotas:GetServiceQuota"


def ref(number: int) -> VpcRef:
    return VpcRef(HOME, f"vpc-{number:08x}")


def member(number: int, **more: Any) -> dict[str, Any]:
    return {"account_id": HOME.account, "region": HOME.region, "vpc_id": ref(number).vpc_id, **more}


def world(count: int) -> World:
    """So many VPCs in one scope, each with one eligible table."""
    made = World()
    for number in range(count):
        made.vpc(ref(number), f"10.{number}.0.0/16", ipv6=[f"2001:db8:{number}::/56"])
        made.table(f"rtb-{number:08x}", ref(number))
    return made


def files(**environments: Any) -> dict[str, Any]:
    return {"meshes/net.yaml": {"environments": environments}}


def star(count: int, hub: int = 0, **more: Any) -> dict[str, Any]:
    """A hub and so many spokes, numbered after it."""
    spokes = [member(hub + n, role="spoke") for n in range(1, count + 1)]
    return {"topology": "hub-and-spoke", "vpcs": [member(hub, role="hub"), *spokes], **more}


def told(plan: Plan, *codes: str) -> list[Diagnostic]:
    """Refusals and diagnostics with these codes."""
    return [d for d in (*plan.refusals, *plan.diagnostics) if d.code in codes]


def planned(spokes: int, quotas: Quotas, *rules: Rule) -> Plan:
    """The plan of a new star."""
    aws = FakeAws(world(spokes + 1), quotas=quotas, rules=list(rules))
    return run.plan(aws, mesh_of(files(prod=star(spokes))))


@pytest.mark.parametrize(
    ("spokes", "severity", "said"),
    [
        (7, None, ""),
        (8, Severity.WARNING, "this plan comes to 8, 80 %: vpc-00000000 (8)"),
        (10, Severity.WARNING, "this plan comes to 10, 100 %: vpc-00000000 (10)"),
        (11, Severity.ERROR, "this plan needs 11: vpc-00000000 (11)"),
    ],
)
def test_peerings_are_told_from_80_percent_on_and_refused_beyond(
    spokes: int, severity: Severity | None, said: str
) -> None:
    plan = planned(spokes, Quotas(peerings=10))

    found = told(plan, "quota-near", "quota-exceeded")
    allowed = f"{HOME} allows 10 VPC peering connections per VPC (L-7E9ECCDB); "
    assert [(d.severity, d.summary) for d in found] == (
        [(severity, allowed + said)] if severity else []
    )
    assert bool(plan.refusals) == (severity is Severity.ERROR)
    assert {name for d in found for name in d.environments} <= {"prod"}


@pytest.mark.parametrize(("ipv6", "said"), [(False, ["IPv4"]), (True, ["IPv4", "IPv6"])])
def test_routes_are_counted_by_table_and_family(ipv6: bool, said: list[str]) -> None:
    held = world(5)
    table = held.tables["rtb-00000000"]
    table.routes += [
        FakeRoute("10.99.0.0/16", "tgw-1"),  # somebody else's counts
        FakeRoute("10.98.0.0/16", "vgw-1", "EnableVgwRoutePropagation"),  # does not
        FakeRoute("2001:db8:99::/56", "tgw-1"),
    ]
    aws = FakeAws(held, quotas=Quotas(routes=5))

    plan = run.plan(aws, mesh_of(files(prod=star(4, ipv6=ipv6))))

    (refusal,) = plan.refusals
    listed = ", ".join(f"{family} in rtb-00000000 of vpc-00000000 (6)" for family in said)
    assert refusal.summary == (
        f"{HOME} allows 5 routes per route table (L-93826ACB); this plan needs 6: {listed}"
    )
    assert "cidr_overrides" in refusal.detail


def test_foreign_and_pending_peerings_count_and_dead_ones_do_not() -> None:
    held = world(9)
    for number, status in enumerate(("active", "pending-acceptance", "failed", "deleted"), 5):
        held.peering(ref(0), ref(number), status)

    fits = run.plan(FakeAws(held, quotas=Quotas(peerings=6)), star_of(4))
    assert fits.refusals == ()
    over = run.plan(FakeAws(held, quotas=Quotas(peerings=5)), star_of(4))
    assert "vpc-00000000 (6)" in over.refusals[0].summary


def star_of(spokes: int) -> Any:
    return mesh_of(files(prod=star(spokes)))


def test_a_deletion_that_waits_for_something_new_gives_no_room() -> None:
    """An override is narrowed: both new routes stand before the old one goes."""
    wide = star(1)
    wide["vpcs"][1]["cidr_overrides"] = ["10.1.0.0/16"]
    narrow = star(1)
    narrow["vpcs"][1]["cidr_overrides"] = ["10.1.0.0/17", "10.1.128.0/17"]
    base, head = mesh_of(files(prod=wide)), mesh_of(files(prod=narrow))
    aws = FakeAws(world(2), quotas=Quotas(routes=4))
    peerd.build(base, aws.world)

    assert run.plan(aws, head, base).refusals == ()
    aws.quotas.routes = 3
    (refusal,) = [r for r in run.plan(aws, head, base).refusals if r.code == "quota-exceeded"]
    assert "IPv4 in rtb-00000000 of vpc-00000000 (4)" in refusal.summary


def test_refusals_are_about_the_environments_that_add() -> None:
    """``--environment`` is judged for what it would apply."""
    head = mesh_of(files(one=star(3), two=star(3, hub=10), three={"vpcs": [member(0), member(20)]}))
    aws = FakeAws(world(21), quotas=Quotas(peerings=3))

    plan = run.plan(aws, head)

    assert [r.environments for r in plan.refusals] == [frozenset({"one", "three"})]
    assert run.plan(aws, head, None, "one").refusals == ()
    assert run.plan(aws, head, None, "three", "two").refusals == ()
    assert len(run.plan(aws, head, None, "one", "three").refusals) == 1


def test_a_refusal_is_overridden_by_the_fingerprint_alone() -> None:
    plan = planned(3, Quotas(peerings=2))

    with pytest.raises(Refused) as refused:
        check_safe(plan, None)

    assert refused.value.reason is FailureReason.LIMITS
    assert "L-7E9ECCDB" in str(refused.value)
    check_safe(plan, plan.fingerprint)


def test_a_diagnostic_names_the_fullest_and_counts_the_rest() -> None:
    head = mesh_of(files(prod=[member(n) for n in range(13)]))

    (refusal,) = run.plan(FakeAws(world(13), quotas=Quotas(peerings=11)), head).refusals

    assert refusal.summary.count("vpc-") == 10
    assert refusal.summary.endswith("vpc-00000009 (12), and 3 more")


def test_an_unread_quota_is_the_documented_default_with_one_note() -> None:
    plan = planned(51, Quotas(peerings=125), Rule(GET, code="AccessDeniedException"))

    (note,) = told(plan, "quota-unread")
    (refusal,) = plan.refusals
    assert plan.complete
    assert note.severity is Severity.NOTICE
    assert str(HOME) in note.summary
    assert "(L-7E9ECCDB): 50, the documented default" in note.summary
    assert "(L-93826ACB): 500, the documented default" in note.summary
    assert note.detail.startswith(f"{GET}: AccessDeniedException: ")
    assert "allows 50 VPC peering connections per VPC (L-7E9ECCDB, the documented default)" in (
        refusal.summary
    )


def test_an_unread_quota_that_is_passed_already_was_raised() -> None:
    """Quotas page: an increase is one for all resources in the Region."""
    held = world(61)
    for number in range(1, 52):
        held.peering(ref(60), ref(number))  # another VPC of the scope, somebody else's mesh
    aws = FakeAws(held, rules=[Rule(GET, code="AccessDeniedException")])

    plan = run.plan(aws, star_of(52))

    assert plan.refusals == ()
    assert "125, AWS's maximum, as the default is passed" in told(plan, "quota-unread")[0].summary


@pytest.mark.parametrize("answer", [[], [{}], [{"Quota": {"Value": "many"}}], [{"Quota": None}]])
def test_an_answer_without_a_value_is_unread(
    answer: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = FakeAws(world(3))
    monkeypatch.setitem(aws.ec2.reads, GET, lambda *_, **__: list(answer))

    plan = run.plan(aws, star_of(2))

    (note,) = told(plan, "quota-unread")
    assert "the answer holds no value" in note.detail


def test_quotas_are_those_of_the_scope() -> None:
    held, far = world(3), scope("222222222222", "eu-west-1")
    held.vpc(VpcRef(far, "vpc-000000ff"), "10.200.0.0/16")
    held.table("rtb-000000ff", VpcRef(far, "vpc-000000ff"))
    there = {"account_id": far.account, "region": far.region, "vpc_id": "vpc-000000ff"}
    quotas = Quotas(granted={(far, PEERINGS): 2, (far, ROUTES): 500})

    plan = run.plan(FakeAws(held, quotas=quotas), mesh_of(files(a=[*map(member, range(3)), there])))

    (refusal,) = plan.refusals
    assert refusal.summary.startswith(f"{far} allows 2 VPC peering connections per VPC")
    assert refusal.summary.endswith("needs 3: vpc-000000ff (3)")

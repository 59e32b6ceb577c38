"""What the doctor says of roles, scopes and tokens, without an AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.engine.doctor import (
    InitialFacts,
    RoleFacts,
    ScopeFacts,
    Wanted,
    judged_initial,
    judged_roles,
    judged_scope,
    judged_token,
)
from bot.engine.doctor.permissions import needed, verdicts
from bot.errors import AwsError
from bot.model.address import AccountId, Region, Scope, VpcRef
from bot.model.doctor import Caller, Check, TokenFacts, Verdict
from bot.model.inventory import RouteTable, Vpc
from bot.model.mesh import Mesh
from bot.model.quota import PEERINGS_PER_VPC, ROUTES_PER_TABLE, QuotaAnswer
from bot.model.step import Role
from tests.fakes.meshes import mesh_of
from tests.integration.laptop import file

SCOPE = Scope(AccountId("111111111111"), Region("us-east-1"))
ROLE = Role(SCOPE.account, "mesh-plan", "meshbot", inspects=True)
SESSION = "arn:aws:sts::111111111111:assumed-role/mesh-plan/meshbot"
REFUSED = AwsError(SCOPE, "iam:GetRole", "AccessDenied", "no")
FACTS = RoleFacts(ROLE, "aws", ("plan",), SESSION, REFUSED, REFUSED)
APPLY = RoleFacts(
    replace(ROLE, name="mesh-apply"), "aws", ("apply",), SESSION, {"Statement": []}, {}
)


def error(action: str, code: str) -> AwsError:
    return AwsError(SCOPE, action, code, "said AWS")


def ended(checks: Any) -> list[tuple[Verdict, str]]:
    return [(check.verdict, check.what) for check in checks]


def only(checks: Any) -> Check:
    (check,) = checks
    assert isinstance(check, Check)
    return check


# --- who we are


@pytest.mark.parametrize(
    ("arn", "verdict"),
    [
        ("arn:aws:iam::999999999999:user/ops/jane", Verdict.WARNING),
        ("arn:aws:iam::999999999999:root", Verdict.WARNING),
        ("arn:aws:sts::999999999999:federated-user/jane", Verdict.OK),
        ("nonsense", Verdict.OK),
        ("", Verdict.OK),
    ],
)
def test_long_lived_keys_are_warned_about(arn: str, verdict: Verdict) -> None:
    facts = InitialFacts("aws", Caller("999999999999", arn))

    check = only(judged_initial(facts, "us", repository="", applies=True))

    assert check.verdict is verdict


def test_role_whose_trust_is_not_readable_is_unproved() -> None:
    caller = Caller("999999999999", "arn:aws:sts::999999999999:assumed-role/meshbot-plan/s")
    facts = InitialFacts("aws", caller, REFUSED)

    assert ended(judged_initial(facts, "us", repository="", applies=False)) == [
        (Verdict.OK, "who we are"),
        (Verdict.UNPROVED, "trust policy"),
    ]
    assert (caller.role_name, caller.partition) == ("meshbot-plan", "aws")


def test_nobody_at_all_says_how_to_sign_in() -> None:
    facts = InitialFacts("aws-cn", error("sts:GetCallerIdentity", "InvalidClientTokenId"))

    check = only(judged_initial(facts, "us", repository="", applies=False))

    assert check.verdict is Verdict.BROKEN
    assert "from one partition" in check.advice


# --- member roles


def test_role_that_cannot_be_assumed_is_broken_and_says_what_to_check() -> None:
    refused = error("sts:AssumeRole", "AccessDenied")
    facts = RoleFacts(ROLE, "aws", ("plan",), refused)

    check = only(judged_roles([facts], "arn:aws:iam::9:role/meshbot-plan"))

    assert (check.verdict, check.where) == (Verdict.BROKEN, "account 111111111111")
    assert "arn:aws:iam::111111111111:role/mesh-plan exists" in check.advice
    assert "trusts arn:aws:iam::9:role/meshbot-plan" in check.advice
    assert "demands no external id" in check.advice
    guarded = replace(facts, role=replace(ROLE, external_id="abc:1"))
    assert "with the external id abc:1" in only(judged_roles([guarded], "x")).advice


def test_what_cannot_be_seen_is_one_row_for_all_accounts() -> None:
    accounts = [AccountId(f"{number:012}") for number in range(5)]
    roles = [replace(FACTS, role=replace(ROLE, account=account)) for account in accounts]

    *assumed, unseen = judged_roles(roles, "x")

    assert ended(assumed) == [(Verdict.OK, "plan role mesh-plan")] * 5
    assert (unseen.verdict, unseen.where) == (Verdict.UNPROVED, "member roles")
    assert "000000000000, 000000000001, 000000000002 and 2 more" in unseen.found
    assert "what apply may change" not in unseen.found
    (_, unseen) = judged_roles([replace(APPLY, simulated=REFUSED)], "x")
    assert "what apply may change" in unseen.found


def test_one_role_for_both_commands_is_warned_about() -> None:
    check, _ = judged_roles([replace(FACTS, uses=("plan", "apply"))], "x")

    assert (check.verdict, check.what) == (Verdict.WARNING, "plan and apply role mesh-plan")
    assert "plan_principal_name" in check.advice


def statement(principal: object, condition: object = None) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Statement": [allow | ({"Condition": condition} if condition else {})]}


DEMANDED = {"StringEquals": {"sts:ExternalId": "abc:1"}}


@pytest.mark.parametrize(
    ("trust", "external_id", "verdicts_"),
    [
        (statement({"AWS": "*"}), None, [Verdict.BROKEN]),
        (statement({"AWS": "arn:aws:iam::9:role/r"}), None, []),
        (statement({"AWS": "arn:aws:iam::9:role/r"}), "abc:1", [Verdict.WARNING]),
        (statement({"AWS": "arn:aws:iam::9:role/r"}, DEMANDED), "abc:1", []),
        (statement({"AWS": "*"}, DEMANDED), "abc:1", []),
        (None, "abc:1", []),
    ],
)
def test_trust_of_a_member_role(trust: Any, external_id: str | None, verdicts_: Any) -> None:
    role = replace(ROLE, external_id=external_id)

    rows = judged_roles([replace(FACTS, role=role, trust=trust, simulated=None)], "x")

    assert [c.verdict for c in rows if c.what == "trust of mesh-plan"] == verdicts_


def test_what_the_simulator_denies_is_a_warning_that_names_it() -> None:
    simulated = {"ec2:CreateRoute": False, "ec2:CreateTags": True, "ec2:DeleteRoute": False}

    _, check = judged_roles([replace(APPLY, simulated=simulated)], "x")

    assert check.verdict is Verdict.WARNING
    assert check.found.endswith("ec2:CreateRoute, ec2:DeleteRoute")
    _, check = judged_roles([replace(APPLY, simulated={"ec2:CreateRoute": True})], "x")
    assert check.verdict is Verdict.OK


def test_call_is_allowed_only_on_every_type_of_resource_that_it_needs() -> None:
    def result(action: str, resource: str, decision: str = "allowed") -> dict[str, str]:
        arn = f"arn:aws:ec2:us-east-1:111111111111:{resource}/*"
        return {"EvalActionName": action, "EvalResourceName": arn, "EvalDecision": decision}

    accept, create = "ec2:AcceptVpcPeeringConnection", "ec2:CreateRoute"
    told = verdicts(
        [
            result(accept, "vpc"),
            result(accept, "vpc-peering-connection", "implicitDeny"),
            result(create, "route-table"),
            result("ec2:DescribeVpcs", "vpc"),
        ],
        ("apply",),
    )

    assert {action for action, allowed in told.items() if allowed} == {create, "ec2:DescribeVpcs"}
    assert set(told) == set(needed(("apply",)))
    assert not any(verdicts([], ("plan",)).values())


# --- scopes


def mesh(*vpcs: str) -> Mesh:
    members = [{"account_id": SCOPE.account, "region": SCOPE.region, "vpc_id": v} for v in vpcs]
    return mesh_of({"meshes/m.yaml": file(production=members)})


def vpc(name: str) -> VpcRef:
    return VpcRef(SCOPE, name)


A, B = "vpc-0000000a", "vpc-0000000b"
WANTED = Wanted.of(mesh(A, B))
READ = ScopeFacts(
    SCOPE,
    (Vpc(vpc(A), ("10.0.0.0/16",)), Vpc(vpc(B), ("10.1.0.0/16",))),
    (
        RouteTable("rtb-1", vpc(A), eligible=True),
        RouteTable("rtb-2", vpc(A), eligible=False),
        RouteTable("rtb-3", vpc(B), eligible=True),
    ),
    {vpc(A): 3},
    {"rtb-1": 7},
    {PEERINGS_PER_VPC: QuotaAnswer(50), ROUTES_PER_TABLE: QuotaAnswer(500)},
)


def judge(facts: ScopeFacts, wanted: Wanted = WANTED) -> list[Check]:
    return [*judged_scope(facts, wanted, "plan role mesh-plan")]


def test_scope_that_is_ready() -> None:
    checks = judge(READ)

    assert {check.verdict for check in checks} == {Verdict.OK}
    assert [check.found for check in checks] == [
        "VPCs, peerings and route tables can be read",
        "2 VPCs have 2 of 3 route tables eligible",
        "up to 3 of 50",
        "up to 7 of 500",
    ]


def test_scope_of_a_role_that_cannot_be_assumed_is_unproved() -> None:
    refused = error("sts:AssumeRole", "AccessDenied")
    check = only(judge(ScopeFacts(SCOPE, refused, refused, refused)))

    assert check.verdict is Verdict.UNPROVED


def test_missing_vpc_is_broken_and_says_where_it_is_declared() -> None:
    checks = judge(replace(READ, vpcs=READ.vpcs[:1]))  # type: ignore[index]

    (check,) = [check for check in checks if check.verdict is Verdict.BROKEN]
    assert (check.what, check.found) == (B, "does not exist there")
    assert "meshes/m.yaml:" in check.advice


@pytest.mark.parametrize("tables", [(), (RouteTable("rtb-2", vpc(A), eligible=False),)])
def test_vpc_without_an_eligible_table_is_warned_about(tables: tuple[RouteTable, ...]) -> None:
    checks = judge(replace(READ, tables=tables), Wanted.of(mesh(A)))

    (check,) = [check for check in checks if check.verdict is Verdict.WARNING]
    assert (check.what, "peerd_eligible: true" in check.advice) == (A, True)


def test_refused_read_names_call_and_role() -> None:
    denied = error("ec2:DescribeRouteTables", "UnauthorizedOperation")

    check = judge(replace(READ, tables=denied))[0]

    assert (check.verdict, check.what) == (Verdict.BROKEN, "reads")
    assert "Allow ec2:DescribeRouteTables to the plan role mesh-plan" in check.advice


@pytest.mark.parametrize("code", ["AuthFailure", "OptInRequired"])
def test_region_that_is_not_enabled_is_told_as_such(code: str) -> None:
    actions = ("DescribeVpcs", "DescribeRouteTables", "DescribeVpcPeeringConnections")
    vpcs, tables, peerings = (error(f"ec2:{action}", code) for action in actions)

    check = judge(ScopeFacts(SCOPE, vpcs, tables, peerings))[0]

    assert (check.verdict, check.what) == (Verdict.BROKEN, "region")
    assert "Enable the region" in check.advice


@pytest.mark.parametrize(
    ("quota", "held", "verdict", "told"),
    [
        (50, 39, Verdict.OK, "up to 39 of 50"),
        (50, 40, Verdict.WARNING, "up to 40 of 50"),
        (50, 50, Verdict.WARNING, "up to 50 of 50"),
        (1, 0, Verdict.WARNING, "up to 1 of 1"),
        (0, 0, Verdict.BROKEN, "the mesh wants 1 of 0"),
    ],
)
def test_room_for_peerings(quota: int, held: int, verdict: Verdict, told: str) -> None:
    quotas = {**READ.quotas, PEERINGS_PER_VPC: QuotaAnswer(quota)}

    checks = judge(replace(READ, peerings={vpc(A): held}, quotas=quotas))

    (check,) = [check for check in checks if check.what == "VPC peering connections per VPC"]
    assert check.verdict is verdict
    assert check.found.startswith(told)


def test_unreadable_quota_is_unproved_and_names_the_default() -> None:
    quotas = {
        PEERINGS_PER_VPC: QuotaAnswer(problem="AccessDenied"),
        ROUTES_PER_TABLE: QuotaAnswer(9),
    }

    checks = judge(replace(READ, quotas=quotas))

    (check,) = [check for check in checks if check.verdict is Verdict.UNPROVED]
    assert "AccessDenied" in check.found
    assert "the default, 50" in check.found


# --- GitHub


def test_writes_cannot_be_known_without_writing() -> None:
    reads, writes = judged_token(TokenFacts("acme/meshes", allowed=("contents", "checks")))

    assert (reads.verdict, reads.found) == (Verdict.OK, "acme/meshes: contents, checks")
    assert writes.verdict is Verdict.UNPROVED
    assert "pull-requests: write, checks: write, deployments: write, issues: write" in writes.advice


@pytest.mark.parametrize(
    ("scopes", "public", "verdict"),
    [
        ({"repo"}, False, Verdict.OK),
        ({"public_repo"}, True, Verdict.OK),
        ({"public_repo"}, False, Verdict.WARNING),
        (set(), True, Verdict.WARNING),
    ],
)
def test_classic_token_tells_its_scopes(scopes: set[str], public: bool, verdict: Verdict) -> None:
    facts = TokenFacts("a/b", allowed=("contents",), scopes=frozenset(scopes), public=public)
    _, writes = judged_token(facts)

    assert writes.verdict is verdict


@pytest.mark.parametrize(
    ("permission", "verdict"), [("contents", Verdict.BROKEN), ("issues", Verdict.WARNING)]
)
def test_refused_read_says_which_permission_is_for_what(permission: str, verdict: Verdict) -> None:
    check, _ = judged_token(TokenFacts("a/b", refused={permission: "403."}))

    assert (check.verdict, check.what) == (verdict, f"{permission}: read")
    assert f"`{permission}: " in check.advice


@pytest.mark.parametrize(("oidc", "verdict"), [(True, Verdict.OK), (False, Verdict.WARNING)])
def test_job_is_told_whether_it_may_ask_for_an_oidc_token(oidc: bool, verdict: Verdict) -> None:
    token, check = judged_token(TokenFacts(in_actions=True, oidc=oidc, problem="not set"))

    assert (token.verdict, check.verdict) == (Verdict.UNPROVED, verdict)

"""``meshbot doctor`` against the emulated AWS, in worlds that are ready and in broken ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest

from bot.emulator.aws.seed import SeededVpc, client
from bot.errors import ExitCode
from tests.integration.laptop import (
    APPLY_ROLE,
    EAST,
    METADATA,
    PLAN_ROLE,
    WEST,
    A,
    B,
    Laptop,
    Ran,
    file,
    member,
)

TOOLING = "999999999999"
GITHUB = "token.actions.githubusercontent.com"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "doctor.md"


def trust(*subjects: str, **more: Any) -> dict[str, Any]:
    """A trust policy of GitHub's provider."""
    provider = f"arn:aws:iam::{TOOLING}:oidc-provider/{GITHUB}"
    keys = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": list(subjects), **more}
    allow = {"Effect": "Allow", "Principal": {"Federated": provider}}
    allow |= {"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": keys}}
    return {"Version": "2012-10-17", "Statement": [allow]}


ANYBODY = trust()
del ANYBODY["Statement"][0]["Condition"]["StringEquals"][f"{GITHUB}:sub"]
SOUND = trust("repo:acme/meshes:ref:refs/heads/main")


class Clinic:
    """A laptop, signed in as an initial role with a trust policy."""

    def __init__(self, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.laptop, self.monkeypatch = laptop, monkeypatch
        self.a = laptop.vpc(A, EAST, "10.0.0.0/16")
        self.b = laptop.vpc(B, WEST, "10.1.0.0/16")
        laptop.mesh(production=[member(self.a), member(self.b)])

    def sign_in(self, policy: dict[str, Any], region: str = EAST, partition: str = "aws") -> None:
        """Become a role with this trust policy."""
        iam = client(self.laptop.aws.url, "iam", TOOLING, region)
        iam.create_role(RoleName="meshbot-plan", AssumeRolePolicyDocument=json.dumps(policy))
        sts = boto3.client("sts", endpoint_url=self.laptop.aws.url, region_name=region)
        arn = f"arn:{partition}:iam::{TOOLING}:role/meshbot-plan"
        keys = sts.assume_role(RoleArn=arn, RoleSessionName="doctor")["Credentials"]
        self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        self.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        self.monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        self.monkeypatch.setenv("AWS_REGION", region)
        self.monkeypatch.setenv("AWS_DEFAULT_REGION", region)

    def examine(self, *arguments: str) -> Ran:
        """Run doctor, which changes nothing."""
        self.laptop.aws.forget_calls()
        ran = self.laptop.run("doctor", *arguments)
        changing = {call.action for call in self.laptop.calls() if call.mutating}
        assert changing <= {"SimulatePrincipalPolicy"}  # a read that is not called so
        return ran

    def checks(self, *arguments: str, code: int = 0) -> dict[tuple[str, str], dict[str, str]]:
        """What it found, by where and what."""
        ran = self.examine("--format", "json", *arguments)
        assert ran.code == code, ran
        assert ran.json["ready"] is (code == 0)
        return {(check["where"], check["what"]): check for check in ran.json["checks"]}

    def broken(self, *arguments: str) -> dict[tuple[str, str], dict[str, str]]:
        """What is broken; something is."""
        found = self.checks(*arguments, code=ExitCode.FAILURE)
        return {key: check for key, check in found.items() if check["verdict"] == "broken"}


@pytest.fixture
def clinic(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    return Clinic(laptop, monkeypatch)


def test_world_that_is_ready_ends_with_0_and_costs_few_calls(clinic: Clinic) -> None:
    clinic.sign_in(SOUND)

    checks = clinic.checks()

    assert {check["verdict"] for check in checks.values()} == {"ok", "unproved"}
    assert checks["initial identity", "who we are"]["found"].startswith("arn:aws:sts::999999999999")
    assert "sub to repo:acme/meshes" in checks["initial identity", "trust policy"]["found"]
    assert clinic.laptop.counted() == Counter(
        GetCallerIdentity=1,
        GetRole=1 + 4,
        AssumeRole=4,
        DescribeVpcs=2,
        DescribeRouteTables=2,
        DescribeVpcPeeringConnections=2,
        GetServiceQuota=4,
    )


def test_only_the_roles_that_were_asked_for_are_assumed(clinic: Clinic) -> None:
    for option, roles in (("--plan", {PLAN_ROLE}), ("--apply", {APPLY_ROLE})):
        checks = clinic.checks(option)

        assumed = {call.role for call in clinic.laptop.calls() if call.service != "sts"}
        assert assumed - {""} == roles
        assert (f"{A}/{EAST}", "reads") in checks


def test_role_that_is_missing_breaks_its_account_and_no_other(clinic: Clinic) -> None:
    missing = f"arn:aws:iam::{B}:role/{PLAN_ROLE}"
    clinic.laptop.aws.settings(unassumable=[missing])

    broken = clinic.broken()

    assert list(broken) == [(f"account {B}", f"plan role {PLAN_ROLE}")]
    assert f"Check that {missing} exists" in next(iter(broken.values()))["advice"]
    checks = clinic.checks(code=1)
    assert checks[f"{B}/{WEST}", "reads"]["verdict"] == "unproved"
    assert checks[f"{A}/{EAST}", "VPCs"]["verdict"] == "ok"


def test_plan_role_that_may_not_assume_apply_roles_is_as_it_should_be(clinic: Clinic) -> None:
    apply_roles = [f"arn:aws:iam::{account}:role/{APPLY_ROLE}" for account in (A, B)]
    clinic.laptop.aws.settings(unassumable=apply_roles)
    clinic.sign_in(trust("repo:acme/meshes:pull_request"))

    checks = clinic.checks()

    assert checks["member roles", "apply roles"]["verdict"] == "unproved"
    assert "doctor --apply" in checks["member roles", "apply roles"]["advice"]
    assert checks["initial identity", "trust policy"]["verdict"] == "ok"
    assert len(clinic.broken("--apply")) == 2


def test_apply_role_that_may_not_assume_plan_roles_looks_through_its_own(clinic: Clinic) -> None:
    plan_roles = [f"arn:aws:iam::{account}:role/{PLAN_ROLE}" for account in (A, B)]
    clinic.laptop.aws.settings(unassumable=plan_roles)

    checks = clinic.checks()

    assert checks["member roles", "plan roles"]["verdict"] == "unproved"
    for place in (f"{A}/{EAST}", f"{B}/{WEST}"):
        assert checks[place, "reads"]["verdict"] == "ok"


def test_external_id_is_sent_for_both_roles(clinic: Clinic) -> None:
    clinic.laptop.aws.settings(external_ids={A: "right", B: "right"})

    def with_external_id(value: str) -> None:
        environments = {"production": [member(clinic.a), member(clinic.b)]}
        metadata = {**METADATA, "external_id": value}
        clinic.laptop.write({"meshes/mesh.yaml": file(metadata, **environments)})

    with_external_id("wrong")
    assert {where for where, _ in clinic.broken()} == {f"account {A}", f"account {B}"}
    assert "external id wrong" in next(iter(clinic.broken().values()))["advice"]
    with_external_id("right")
    clinic.checks()
    # and by every other command
    clinic.laptop.ok("apply", "--yes")
    assert clinic.laptop.plan()["changes"] == []
    assert clinic.laptop.ok("drift").code == 0
    assert {call.role for call in clinic.laptop.calls() if call.mutating} <= {APPLY_ROLE, ""}
    with_external_id("wrong")
    assert clinic.laptop.plan()["complete"] is False


def test_missing_vpc_and_tables_that_are_not_eligible(clinic: Clinic) -> None:
    bare = clinic.laptop.seed.vpc(A, EAST, "10.5.0.0/16")
    gone = SeededVpc(B, EAST, "vpc-00000000000000000", "", "")
    clinic.laptop.mesh(production=[member(v) for v in (clinic.a, clinic.b, bare, gone)])

    broken = clinic.broken()

    assert list(broken) == [(f"{B}/{EAST}", gone.id)]
    checks = clinic.checks(code=1)
    assert checks[f"{A}/{EAST}", bare.id]["verdict"] == "warning"
    assert "peerd_eligible" in checks[f"{A}/{EAST}", bare.id]["advice"]


def test_refusals_are_rows(clinic: Clinic) -> None:
    clinic.laptop.fault(
        {"action": "DescribeRouteTables", "account": A, "error": "UnauthorizedOperation"},
        {"action": "GetServiceQuota", "account": B, "error": "AccessDeniedException"},
        {"action": "Describe*", "region": WEST, "error": "AuthFailure"},
    )

    broken = clinic.broken()

    assert set(broken) == {(f"{A}/{EAST}", "reads"), (f"{B}/{WEST}", "region")}
    assert "ec2:DescribeRouteTables" in broken[f"{A}/{EAST}", "reads"]["found"]
    checks = clinic.checks(code=1)
    assert checks[f"{B}/{WEST}", "routes per route table"]["verdict"] == "unproved"


def test_full_quota_is_told(clinic: Clinic) -> None:
    clinic.laptop.aws.settings(active_peerings_per_vpc=1)
    assert clinic.checks()[f"{A}/{EAST}", "VPC peering connections per VPC"]["verdict"] == "warning"

    more = [clinic.laptop.vpc(A, EAST, f"10.{n}.0.0/16") for n in (7, 8)]
    clinic.laptop.mesh(production=[member(vpc) for vpc in (clinic.a, *more)])
    assert list(clinic.broken()) == [(f"{A}/{EAST}", "VPC peering connections per VPC")]


@pytest.mark.parametrize(
    ("policy", "code", "told"),
    [
        (ANYBODY, 1, "every repository on GitHub"),
        (trust("repo:acme/meshes:pull_request"), 0, "pull requests can become this role"),
        ({"Version": "2012-10-17", "Statement": []}, 0, "does not trust GitHub"),
    ],
)
def test_trust_policy_of_the_initial_role(
    policy: dict[str, Any], code: int, told: str, clinic: Clinic
) -> None:
    clinic.sign_in(policy)

    ran = clinic.examine("--format", "json")

    assert ran.code == code
    assert any(told in check["found"] for check in ran.json["checks"]), ran.out


def test_trust_policy_that_cannot_be_read_is_unproved(clinic: Clinic) -> None:
    clinic.sign_in(SOUND)
    clinic.laptop.fault({"action": "GetRole", "error": "AccessDenied"})

    assert clinic.checks()["initial identity", "trust policy"]["verdict"] == "unproved"


def test_member_role_whose_trust_is_open_is_broken(clinic: Clinic) -> None:
    iam = client(clinic.laptop.aws.url, "iam", A, EAST)
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.create_role(RoleName=PLAN_ROLE, AssumeRolePolicyDocument=document)
    clinic.laptop.fault({"action": "SimulatePrincipalPolicy", "error": "AccessDenied"})

    assert list(clinic.broken()) == [(f"account {A}", f"trust of {PLAN_ROLE}")]


def test_nobody_signed_in_is_one_broken_row(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    broken = clinic.broken()

    assert list(broken) == [("initial identity", "who we are")]
    assert "NoCredentialsError" in broken["initial identity", "who we are"]["found"]
    assert clinic.laptop.calls() == ()


def test_invalid_files_end_with_3_and_who_we_are_is_told_all_the_same(clinic: Clinic) -> None:
    clinic.laptop.mesh(production=[{"account_id": 1, "region": EAST, "vpc_id": "vpc-1"}])

    ran = clinic.examine("--format", "json")

    assert ran.code == ExitCode.INVALID
    assert [check["where"] for check in ran.json["checks"]] == [
        "mesh files",
        "initial identity",
        "GitHub",
    ]
    assert clinic.examine("--meshes", "nowhere").code == ExitCode.USAGE


def test_hostile_text_is_made_visible(clinic: Clinic) -> None:
    clinic.laptop.fault(
        {"action": "AssumeRole", "error": "AccessDenied", "message": "no\u202e | `<b>` @all"}
    )

    text, table = clinic.examine().out, clinic.examine("--format", "markdown").out

    assert "\u202e" not in text + table
    assert "<b>" not in table.replace("`<b>`", "")
    assert "⟨U+202E⟩" in text
    assert "⟨U+202E⟩" in table
    assert {line.count(" | ") for line in table.splitlines() if line.startswith("| ")} == {4}


def test_token_of_a_job_is_looked_at(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.com")

    checks = clinic.checks()

    assert checks["GitHub", "id-token: write"]["verdict"] == "ok"
    assert checks["GitHub", "token"]["found"] == "GITHUB_TOKEN is not set: GitHub was not asked"


@pytest.mark.parametrize(
    ("partition", "regions"),
    [("aws-cn", ("cn-north-1", "cn-northwest-1")), ("aws-us-gov", ("us-gov-west-1",) * 2)],
)
def test_other_partitions_work_from_doctor_to_apply(
    partition: str, regions: tuple[str, str], clinic: Clinic
) -> None:
    ends = [
        clinic.laptop.vpc(a, r, f"10.2{a[0]}.0.0/16") for a, r in zip((A, B), regions, strict=True)
    ]
    clinic.laptop.mesh(production=[member(vpc) for vpc in ends])
    clinic.sign_in(SOUND, regions[0], partition)

    checks = clinic.checks()
    assert checks["initial identity", "who we are"]["found"].startswith(f"arn:{partition}:sts::")
    clinic.laptop.ok("apply", "--yes")
    clinic.laptop.settled()
    called = {call.region for call in clinic.laptop.calls() if call.role in {PLAN_ROLE, APPLY_ROLE}}
    assert called == set(regions)


def test_page_shows_what_doctor_prints(clinic: Clinic) -> None:
    bare = clinic.laptop.seed.vpc(B, WEST, "10.5.0.0/16")
    gone = SeededVpc(A, EAST, "vpc-0d4e5f60718293a4b", "", "")
    clinic.laptop.mesh(production=[member(v) for v in (clinic.a, clinic.b, bare, gone)])
    clinic.laptop.aws.settings(unassumable=[f"arn:aws:iam::{B}:role/{APPLY_ROLE}"])
    clinic.sign_in(trust("repo:acme/meshes:pull_request"))

    shown = clinic.examine().out

    names = {
        clinic.a.id: "vpc-0a1b2c3d4e5f60718",
        clinic.b.id: "vpc-0b2c3d4e5f6071829",
        bare.id: "vpc-0c3d4e5f60718293a",
        clinic.a.main_table: "rtb-0a1b2c3d4e5f60718",
        clinic.b.main_table: "rtb-0b2c3d4e5f6071829",
        bare.main_table: "rtb-0c3d4e5f60718293a",
    }
    for name, stable in names.items():
        shown = shown.replace(name, stable)
    [sample] = re.findall(r"(?s)```text\n(.*?)```", PAGE.read_text("utf-8"))
    assert sample == shown

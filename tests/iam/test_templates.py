"""Who may do what by the templates of ``docs/iam``: trust, resources, conditions, size.

The templates are read and linted here, not carried out: no AWS has judged them.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.aws.session_policy import INSPECTS
from bot.model import rule_tags
from bot.model.ownership import CREATED, DATETIME, ELIGIBLE, SUPPORT
from bot.model.session import RunOrigin, session_tags
from tests.iam.authorization import SUPPORTED
from tests.iam.template import INITIAL, MEMBER, FilledIn, NotAllowed, Statement

CLASSIC, IMMUTABLE = "acme/meshes", "acme@123/meshes@456"
GITHUB = "token.actions.githubusercontent.com"
PLAN_ARN = "arn:aws:iam::999999999999:role/meshbot-plan"
APPLY_ARN = "arn:aws:iam::999999999999:role/meshbot-apply"
SCRIPTS = Path(sysconfig.get_path("scripts"))
ACCOUNTS = ["111111111111", "222222222222"]


def initial(**parameters: str) -> FilledIn:
    return FilledIn.of(INITIAL, **{"Repository": CLASSIC, **parameters})


def member(**parameters: Any) -> FilledIn:
    given = {"PlanInitialRoleArn": PLAN_ARN, "ApplyInitialRoleArn": APPLY_ARN}
    return FilledIn.of(MEMBER, **{**given, "MeshAccounts": ACCOUNTS, **parameters})


def admits(statement: Statement, claims: dict[str, str]) -> bool:
    """Whether a token with these claims may assume the role: every key equals one value."""
    keys = statement.only("StringEquals")
    return all(claims.get(key.removeprefix(f"{GITHUB}:")) in keys[key] for key in keys)


def token(repository: str, subject: str, ref: str, audience: str = "sts.amazonaws.com") -> Any:
    return {
        "aud": audience,
        "sub": f"repo:{repository}:{subject}",
        "ref": ref,
        "repository_id": "456",
        "job_workflow_ref": f"acme/meshes/.github/workflows/apply.yml@{ref}",
    }


MAIN = "refs/heads/main"
QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-0a1b2c"
SUBJECTS = {
    # the job: its subject, its ref, whether plan's role and apply's role admit it
    "pull request": ("pull_request", "refs/pull/7/merge", True, False),
    "default branch": (f"ref:{MAIN}", MAIN, True, False),
    "merge queue": ("environment:mesh-plan", QUEUE, True, False),
    "merge queue without environment": (f"ref:{QUEUE}", QUEUE, False, False),
    "apply": ("environment:mesh-apply", MAIN, False, True),
    "apply on another branch": ("environment:mesh-apply", "refs/heads/other", False, False),
    "another branch": ("ref:refs/heads/other", "refs/heads/other", False, False),
    "a branch with main's name in front": (f"ref:{MAIN}-2", f"{MAIN}-2", False, False),
    "a tag": ("ref:refs/tags/main", "refs/tags/main", False, False),
    "another environment": ("environment:production", MAIN, False, False),
}


@pytest.mark.parametrize("repository", [CLASSIC, IMMUTABLE])
@pytest.mark.parametrize("job", SUBJECTS)
def test_initial_roles_admit_exactly_these_jobs(job: str, repository: str) -> None:
    subject, ref, plans, applies = SUBJECTS[job]
    template = initial(Repository=repository)
    (plan,), (apply,) = template.trust("PlanRole"), template.trust("ApplyRole")

    claims = token(repository, subject, ref)

    assert admits(plan, claims) is plans
    assert admits(apply, claims) is applies
    for other in ("acme/meshes2", "evil/meshes", "ACME/meshes", "acme@124/meshes@456"):
        assert not admits(plan, token(other, subject, ref))
        assert not admits(apply, token(other, subject, ref))
    assert not admits(plan, token(repository, subject, ref, "https://github.com/acme"))
    assert not admits(apply, token(repository, subject, ref, "https://github.com/acme"))


def test_apply_can_be_trusted_to_the_branch_instead() -> None:
    template = initial(ApplyEnvironment="", ApplyFromBranch="true", PlanEnvironment="")
    (plan,), (apply,) = template.trust("PlanRole"), template.trust("ApplyRole")

    assert admits(apply, token(CLASSIC, f"ref:{MAIN}", MAIN))
    assert not admits(apply, token(CLASSIC, "environment:mesh-apply", MAIN))
    assert not admits(plan, token(CLASSIC, "environment:mesh-plan", QUEUE))


def test_optional_claims_are_demanded_when_given() -> None:
    workflow = f"acme/meshes/.github/workflows/apply.yml@{MAIN}"
    template = initial(RepositoryId="456", ApplyWorkflowRef=workflow)
    (plan,), (apply,) = template.trust("PlanRole"), template.trust("ApplyRole")
    applying, planning = (
        token(CLASSIC, "environment:mesh-apply", MAIN),
        token(CLASSIC, "pull_request", "refs/pull/7/merge"),
    )

    assert admits(apply, applying)
    assert admits(plan, planning)
    assert not admits(apply, applying | {"repository_id": "457"})
    assert not admits(plan, planning | {"repository_id": "457"})
    assert not admits(apply, applying | {"job_workflow_ref": workflow.replace("apply", "plan")})


@pytest.mark.parametrize("role", ["PlanRole", "ApplyRole"])
def test_trust_of_initial_roles_has_no_wildcard_and_pins_audience_and_subject(role: str) -> None:
    (statement,) = initial(RepositoryId="456").trust(role)
    keys = statement.only("StringEquals")

    assert statement.actions == ("sts:AssumeRoleWithWebIdentity",)
    assert statement.principals == ("arn:of:GitHubProvider",)
    assert keys[f"{GITHUB}:aud"] == ("sts.amazonaws.com",)
    assert keys[f"{GITHUB}:sub"]
    assert not [v for values in keys.values() for v in values if set(v) & set("*?$")]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("Repository", "acme/*"),
        ("Repository", "acme/meshes:*"),
        ("Repository", "acme@1/meshes"),
        ("DefaultBranch", "release/*"),
        ("DefaultBranch", "ma?n"),
        ("PlanEnvironment", "*"),
        ("ApplyEnvironment", "mesh-*"),
        ("Audience", "*"),
        ("ApplyWorkflowRef", "acme/meshes/.github/workflows/*@refs/heads/main"),
        ("ExistingProviderArn", "arn:aws:iam::999999999999:oidc-provider/evil.example"),
    ],
)
def test_parameter_that_would_widen_the_trust_is_refused(parameter: str, value: str) -> None:
    with pytest.raises(NotAllowed, match=parameter):
        initial(**{parameter: value})


def test_existing_provider_is_used() -> None:
    arn = f"arn:aws:iam::999999999999:oidc-provider/{GITHUB}"

    (statement,) = initial(ExistingProviderArn=arn).trust("ApplyRole")

    assert statement.principals == (arn,)


def test_initial_roles_may_assume_member_roles_of_their_kind_and_nothing_else() -> None:
    template = initial(OrganizationId="o-abcdefghij")
    for role, name in (("PlanRole", "mesh-plan"), ("ApplyRole", "mesh-apply")):
        (statement,) = template.policy(role)
        assert (statement.effect, statement.actions) == ("Allow", ("sts:AssumeRole",))
        assert statement.resources == (f"arn:aws:iam::*:role/{name}",)
        assert statement.only("StringEquals") == {"aws:ResourceOrgID": ("o-abcdefghij",)}
    (unlimited,) = initial().policy("PlanRole")
    assert not unlimited.conditions


@pytest.mark.parametrize(("role", "arn"), [("PlanRole", PLAN_ARN), ("ApplyRole", APPLY_ARN)])
def test_member_roles_trust_one_initial_role_each(role: str, arn: str) -> None:
    (statement,) = member().trust(role)
    assert (statement.actions, statement.principals) == (("sts:AssumeRole",), (arn,))
    assert not statement.conditions

    (guarded,) = member(ExternalId="abc:1").trust(role)
    assert guarded.principals == (arn,)
    assert guarded.only("StringEquals") == {"sts:ExternalId": ("abc:1",)}


@pytest.mark.parametrize("arn", ["*", "arn:aws:iam::999999999999:root", "arn:aws:iam::*:role/x"])
def test_member_roles_cannot_trust_more_than_a_role(arn: str) -> None:
    with pytest.raises(NotAllowed):
        member(ApplyInitialRoleArn=arn)


# --- what member roles may do


def ec2_statements() -> list[Statement]:
    return [*member().policy("PlanRole"), *member().policy("ApplyRole")]


def resource_types(statement: Statement) -> set[str]:
    return {arn.rpartition(":")[2].partition("/")[0] for arn in statement.resources}


def test_every_action_is_allowed_on_every_resource_it_needs_and_on_no_other() -> None:
    allowed: dict[str, set[str]] = {}
    for statement in ec2_statements():
        if statement.effect == "Allow":
            for action in statement.actions:
                allowed.setdefault(action, set()).update(resource_types(statement))

    assert allowed == {action: set(types) or {"*"} for action, types in SUPPORTED.items()}


def test_conditions_use_only_keys_that_ec2_knows_for_action_and_resource() -> None:
    used = 0
    for statement in ec2_statements():
        keys = {key.partition("/")[0] for of in statement.conditions.values() for key in of}
        for action in statement.actions:
            for kind in resource_types(statement) & set(SUPPORTED[action]):
                assert keys <= SUPPORTED[action][kind], (statement.sid, action, kind)
                used += len(keys)
    assert used


def test_every_change_is_tied_to_a_mark_but_accepting_and_the_own_vpc() -> None:
    free = {s.sid for s in ec2_statements() if s.effect == "Allow" and not s.conditions}

    assert free == {"ReadTheMesh", "ReadVpcAttributes", "PeerOwnVpcs", "AcceptPeerings"} | {
        "ChangeRulesOfGroups",
        "ReadReferences",
    }


def test_conditions_name_the_tags_that_the_code_writes_and_reads() -> None:
    statements = {s.sid: s.conditions for s in member().policy("ApplyRole")}
    eligible = {"StringEquals": {f"aws:ResourceTag/{ELIGIBLE}": ("true",)}}
    marked = {"StringEquals": {f"ec2:ResourceTag/{CREATED}": ("true",)}}

    assert statements["RouteInEligibleTables"] == eligible
    assert statements["DeleteMarkedPeerings"] == statements["TagMarkedPeerings"] == marked
    assert statements["SetOptionsOfMarkedPeerings"] == marked
    assert statements["MarkRules"] == {
        "StringEquals": {f"aws:RequestTag/{rule_tags.CREATED}": ("true",)}
    }
    assert statements["TagMarkedRules"] == {
        "StringEquals": {f"ec2:ResourceTag/{rule_tags.CREATED}": ("true",)}
    }
    touching = statements["TagTouchedTables"]
    assert touching["StringEquals"] == eligible["StringEquals"]
    assert set(touching["ForAllValues:StringEquals"]["aws:TagKeys"]) == {SUPPORT, DATETIME}


@pytest.mark.parametrize("side", ["Accepter", "Requester"])
def test_both_sides_of_a_peering_must_be_in_an_account_of_the_mesh(side: str) -> None:
    (denied,) = [s for s in member().policy("ApplyRole") if s.sid == f"No{side}OutsideTheMesh"]

    assert denied.effect == "Deny"
    assert set(denied.actions) == {
        "ec2:AcceptVpcPeeringConnection",
        "ec2:CreateTags",
        "ec2:CreateVpcPeeringConnection",
    }
    assert denied.conditions == {
        "Null": {f"ec2:{side}Vpc": ("false",)},
        "ArnNotLike": {f"ec2:{side}Vpc": tuple(f"arn:*:ec2:*:{a}:vpc/*" for a in ACCOUNTS)},
    }


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_resource_is_of_the_partition_and_account_of_the_stack(partition: str) -> None:
    statements = member(partition=partition, account="222222222222").policy("ApplyRole")
    arns = {arn for s in statements for arn in s.resources} - {"*"}

    assert {arn.rpartition(":")[0] for arn in arns} == {f"arn:{partition}:ec2:*:222222222222"}
    (assuming,) = initial(partition=partition).policy("PlanRole")
    assert assuming.resources == (f"arn:{partition}:iam::*:role/mesh-plan",)


def test_policy_of_ninety_accounts_fits_an_inline_policy() -> None:
    accounts = [f"{number:012}" for number in range(90)]

    document = member(MeshAccounts=accounts).document("ApplyRole")

    # IAM quotas: 10,240 characters in all inline policies of a role, white space not counted
    assert len(json.dumps(document, separators=(",", ":"))) <= 10_240


# --- cfn-lint


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    regions = ("us-east-1", "cn-north-1", "us-gov-west-1")
    return subprocess.run(  # noqa: S603
        [SCRIPTS / "cfn-lint", "--regions", *regions, "--", str(path)],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("path", [INITIAL, MEMBER], ids=lambda path: path.name)
def test_cfn_lint_has_nothing_to_say(path: Path) -> None:
    linted = lint(path)

    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("- ec2:DeleteRoute\n", "- ec2:DeleteRoutes\n", "W3037"),
        ("Effect: Deny", "Effect: Denied", "E3510"),
        ("!Ref MeshAccounts", "!Ref MeshAccount", "E1020"),
        ("MaxSessionDuration: 3600", "MaxSessionDuration: 36", "E3034"),
    ],
)
def test_cfn_lint_would_notice(old: str, new: str, rule: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = MEMBER.read_text()
    assert old in text
    broken.write_text(text.replace(old, new))

    linted = lint(broken)

    assert linted.returncode != 0
    assert rule in linted.stdout


# --- what is off unless it is asked for


TAGS = ("Commit", "PullRequest", "Repository", "Run")


@pytest.mark.parametrize(("role", "arn"), [("PlanRole", PLAN_ARN), ("ApplyRole", APPLY_ARN)])
def test_sessions_may_be_tagged_by_the_initial_role_with_our_keys_alone(
    role: str, arn: str
) -> None:
    assuming, tagging = member(SessionTags="true", ExternalId="abc:1").trust(role)

    assert assuming.only("StringEquals") == {"sts:ExternalId": ("abc:1",)}
    assert (tagging.actions, tagging.principals) == (("sts:TagSession",), (arn,))
    assert tagging.only("ForAllValues:StringEquals") == {"aws:TagKeys": TAGS}
    assert tuple(key for key, _ in session_tags(RunOrigin("o/r", 1, "2", "1", "3"))) == TAGS
    _, tagging = initial(SessionTags="true").policy(role)
    name = role.removesuffix("Role").lower()
    assert (tagging.actions, tagging.resources) == (
        ("sts:TagSession",),
        (f"arn:aws:iam::*:role/mesh-{name}",),
    )
    assert tagging.only("ForAllValues:StringEquals") == {"aws:TagKeys": TAGS}


@pytest.mark.parametrize("role", ["PlanRole", "ApplyRole"])
def test_roles_may_look_at_themselves_and_at_no_other(role: str) -> None:
    name = role.removesuffix("Role").lower()

    (looking,) = [s for s in member(Doctor="true").policy(role) if s.sid == "LookAtItself"]
    assert set(looking.actions) == set(INSPECTS)
    assert looking.resources == (f"arn:aws:iam::111111111111:role/mesh-{name}",)
    _, reading = initial(Doctor="true").policy(role)
    assert reading.actions == ("iam:GetRole",)
    assert reading.resources == (f"arn:aws:iam::111111111111:role/meshbot-{name}",)

"""The calls in the code, the session policies, the roles of ``docs/iam`` and its page agree."""

from __future__ import annotations

import ast
import json
import re
from itertools import product

import pytest

from bot.adapters.aws.guard import check_read
from bot.adapters.aws.session_policy import ANALYZES, INSPECTS, READS, WRITES, session_policy
from bot.engine.doctor.permissions import needed
from tests.iam.authorization import SUPPORTED
from tests.iam.template import INITIAL, MEMBER, ROOT, FilledIn

ACTION = re.compile(r"[a-z][a-z0-9-]+:[A-Z][A-Za-z0-9]+")
CODE = ("bot/kinds", "bot/engine", "bot/adapters/aws", "bot/usecases")
LISTS = frozenset(
    ROOT / "bot" / path for path in ("adapters/aws/session_policy.py", "engine/execute/rates.py")
)
LEASE = ("dynamodb:", "s3:")
"""Services of the lease, which the initial role is asked for and no member role."""


def actions_in_the_code() -> set[str]:
    """Every string constant like ``ec2:DescribeVpcs``, the lists themselves left out."""
    found: set[str] = set()
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        if path in LISTS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update([node.value] if ACTION.fullmatch(node.value) else [])
    return {action for action in found if not action.startswith(LEASE)}


def shipped(template: FilledIn, role: str) -> set[str]:
    """The actions that a role's policy allows."""
    allowed = [s for s in template.policy(role) if s.effect == "Allow"]
    return {action for statement in allowed for action in statement.actions}


def member(**more: str) -> FilledIn:
    arn = "arn:aws:iam::999999999999:role/r"
    given = {"PlanInitialRoleArn": arn, "ApplyInitialRoleArn": arn, **more}
    return FilledIn.of(MEMBER, MeshAccounts=["111111111111"], **given)


def test_lists_of_session_policies_are_the_calls_in_the_code() -> None:
    signing_in = {"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"}
    needs_nothing = {"sts:GetCallerIdentity"}
    keys_of_conditions = {"sts:ExternalId"}

    found = actions_in_the_code() - signing_in - needs_nothing - keys_of_conditions
    assert found == {*READS, *WRITES, *INSPECTS, *ANALYZES}
    assert signing_in <= actions_in_the_code()


def test_member_roles_allow_the_calls_of_their_command_and_no_others() -> None:
    assert shipped(member(), "PlanRole") == set(READS)
    assert shipped(member(), "ApplyRole") == {*READS, *WRITES}


def test_initial_roles_allow_assuming_a_role_alone() -> None:
    template = FilledIn.of(INITIAL, Repository="acme/meshes")

    assert shipped(template, "PlanRole") == shipped(template, "ApplyRole") == {"sts:AssumeRole"}


@pytest.mark.parametrize("role", ["PlanRole", "ApplyRole"])
def test_doctor_and_session_tags_are_allowed_where_they_are_asked_for(role: str) -> None:
    asked = {"Doctor": "true", "SessionTags": "true"}
    initial = FilledIn.of(INITIAL, Repository="acme/meshes", **asked)

    assert shipped(initial, role) == {"sts:AssumeRole", "sts:TagSession", "iam:GetRole"}
    assert shipped(member(**asked), role) - shipped(member(), role) == set(INSPECTS)


@pytest.mark.parametrize(("uses", "actions"), [(("plan",), READS), (("apply",), READS + WRITES)])
def test_simulator_is_asked_about_the_calls_of_the_command(
    uses: tuple[str, ...], actions: tuple[str, ...]
) -> None:
    assert set(needed(uses)) == set(actions)
    types = {
        "vpc",
        "vpc-peering-connection",
        "route-table",
        "security-group",
        "security-group-rule",
    }
    for action, resources in needed(uses).items():
        assert set(resources) == set(SUPPORTED.get(action, ())) & types, action


def test_plan_has_nothing_but_what_the_guard_of_its_clients_takes_for_a_read() -> None:
    for action in READS:
        service, _, operation = action.partition(":")
        check_read(service, operation, ())


def test_session_policies_are_small_and_have_no_more_than_their_list() -> None:
    for writes, inspects in product((False, True), repeat=2):
        actions = [*READS, *(WRITES if writes else ()), *(INSPECTS if inspects else ())]
        text = session_policy(writes=writes, inspects=inspects)
        (statement,) = json.loads(text)["Statement"]
        assert statement == {"Effect": "Allow", "Action": actions, "Resource": "*"}
        assert len(text) <= 1024  # of STS's 2,048: room for what later kinds need


def test_page_explains_every_permission() -> None:
    page = (ROOT / "docs" / "iam.md").read_text()

    signing_in = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    for action in (*READS, *WRITES, *INSPECTS, *ANALYZES, *signing_in):
        assert f"`{action}`" in page, action

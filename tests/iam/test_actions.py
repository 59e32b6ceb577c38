"""The calls in the code, the session policies, the roles of ``docs/iam`` and its page agree."""

from __future__ import annotations

import ast
import json
import re

from bot.adapters.aws.guard import check_read
from bot.adapters.aws.session_policy import READS, WRITES, session_policy
from tests.iam.template import INITIAL, MEMBER, ROOT, FilledIn

ACTION = re.compile(r"[a-z][a-z0-9-]+:[A-Z][A-Za-z0-9]+")
CODE = ("bot/kinds", "bot/engine", "bot/adapters/aws", "bot/usecases")
LISTS = ROOT / "bot" / "adapters" / "aws" / "session_policy.py"


def actions_in_the_code() -> set[str]:
    """Every string constant like ``ec2:DescribeVpcs``, the lists themselves left out."""
    found: set[str] = set()
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        if path == LISTS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update([node.value] if ACTION.fullmatch(node.value) else [])
    return found


def shipped(template: FilledIn, role: str) -> set[str]:
    """The actions that a role's policy allows."""
    allowed = [s for s in template.policy(role) if s.effect == "Allow"]
    return {action for statement in allowed for action in statement.actions}


def member() -> FilledIn:
    arn = "arn:aws:iam::999999999999:role/r"
    return FilledIn.of(
        MEMBER, PlanInitialRoleArn=arn, ApplyInitialRoleArn=arn, MeshAccounts=["111111111111"]
    )


def test_lists_of_session_policies_are_the_calls_in_the_code() -> None:
    signing_in = {"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"}

    assert actions_in_the_code() - signing_in == {*READS, *WRITES}
    assert signing_in <= actions_in_the_code()


def test_member_roles_allow_the_calls_of_their_command_and_no_others() -> None:
    assert shipped(member(), "PlanRole") == set(READS)
    assert shipped(member(), "ApplyRole") == {*READS, *WRITES}


def test_initial_roles_allow_assuming_a_role_alone() -> None:
    template = FilledIn.of(INITIAL, Repository="acme/meshes")

    assert shipped(template, "PlanRole") == shipped(template, "ApplyRole") == {"sts:AssumeRole"}


def test_plan_has_nothing_but_what_the_guard_of_its_clients_takes_for_a_read() -> None:
    for action in READS:
        service, _, operation = action.partition(":")
        check_read(service, operation, ())


def test_session_policies_are_small_and_have_no_more_than_their_list() -> None:
    for writes, actions in ((False, READS), (True, (*READS, *WRITES))):
        text = session_policy(writes=writes)
        (statement,) = json.loads(text)["Statement"]
        assert statement == {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        assert len(text) <= 512  # of STS's 2,048: room for what later kinds need


def test_page_explains_every_permission() -> None:
    page = (ROOT / "docs" / "iam.md").read_text()

    for action in (*READS, *WRITES, "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"):
        assert f"`{action}`" in page, action

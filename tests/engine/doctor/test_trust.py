"""Trust policies, read from whatever JSON there is, and judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.doctor.initial import judged_trust
from bot.engine.doctor.trust import GITHUB, allowing
from bot.model.doctor import Check, Verdict

REPOSITORY = "acme/meshes"
PROVIDER = f"arn:aws:iam::999999999999:oidc-provider/{GITHUB}"
MAIN = "repo:acme/meshes:ref:refs/heads/main"
PULLS = "repo:acme/meshes:pull_request"
PROTECTED = "repo:acme/meshes:environment:mesh-apply"


def policy(condition: Any, **more: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement | more]}


def equals(*subjects: str, **more: Any) -> dict[str, Any]:
    keys = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": list(subjects)}
    return policy({"StringEquals": keys | more})


def like(*subjects: str) -> dict[str, Any]:
    return policy(
        {
            "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{GITHUB}:sub": list(subjects)},
        }
    )


def judged(document: object, *, applies: bool = False, repository: str = REPOSITORY) -> list[Check]:
    return [*judged_trust(document, "role", repository=repository, applies=applies)]


def test_sound_policy_is_told_with_its_subjects() -> None:
    for document in (equals(MAIN, PULLS), json.dumps(equals(MAIN, PULLS))):
        (check,) = judged(document)

        assert check.verdict is Verdict.OK
        assert check.found == f"aud is pinned, and sub to {PULLS}, {MAIN}"


AUD = {f"{GITHUB}:aud": "sts.amazonaws.com"}


@pytest.mark.parametrize(
    ("document", "verdict", "told"),
    [
        (policy({"StringEquals": AUD}), Verdict.BROKEN, "every repository on GitHub"),
        (policy(None), Verdict.BROKEN, "every repository on GitHub"),
        (policy({"StringNotEquals": {f"{GITHUB}:sub": "x"}}), Verdict.BROKEN, "every repository"),
        (policy({"StringEqualsIfExists": {f"{GITHUB}:sub": MAIN}}), Verdict.BROKEN, "every"),
        (
            policy({"ForAllValues:StringEquals": {f"{GITHUB}:sub": MAIN}}),
            Verdict.BROKEN,
            "every repository",
        ),
        (like("*"), Verdict.BROKEN, "repositories of other owners"),
        (like("repo:*"), Verdict.BROKEN, "repositories of other owners"),
        (like("repo:acme*"), Verdict.BROKEN, "repositories of other owners"),
        (like("repo:acm?/meshes:*"), Verdict.BROKEN, "repositories of other owners"),
        (like("repo:acme/*"), Verdict.WARNING, "more jobs than are meant"),
        (like("repo:acme/meshes:*"), Verdict.WARNING, "more jobs than are meant"),
        (
            policy({"StringEquals": {f"{GITHUB}:sub": MAIN}}),
            Verdict.WARNING,
            "aud is not pinned",
        ),
        (
            policy({"StringLike": {f"{GITHUB}:sub": MAIN, f"{GITHUB}:aud": "*"}}),
            Verdict.WARNING,
            "aud is not pinned",
        ),
        (
            equals(MAIN, "repo:acme@1/meshes@2:ref:refs/heads/main"),
            Verdict.WARNING,
            "classic and in the immutable form",
        ),
        (equals("repo:other/meshes:pull_request"), Verdict.WARNING, "this is acme/meshes"),
        (equals("repo:ACME/meshes:pull_request"), Verdict.WARNING, "this is acme/meshes"),
        ({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:*"}}, Verdict.BROKEN,
         "everybody with an AWS account"),
        (policy({}, Principal={"AWS": ["*"]}), Verdict.BROKEN, "everybody with an AWS account"),
        (policy({}, NotPrincipal={"AWS": "x"}), Verdict.BROKEN, "everybody"),
        ("not a policy", Verdict.WARNING, "no policy that can be understood"),
        (None, Verdict.WARNING, "no policy that can be understood"),
        ({"Statement": "x"}, Verdict.WARNING, "no policy that can be understood"),
    ],
)  # fmt: skip
def test_what_lets_others_in_is_told(document: object, verdict: Verdict, told: str) -> None:
    found = [(check.verdict, told in check.found) for check in judged(document)]

    assert (verdict, True) in found, judged(document)


@pytest.mark.parametrize(
    "document",
    [
        equals(PULLS, PROTECTED),
        like("repo:acme/meshes:*"),
        like("repo:acme/meshes:pull*"),
        equals("repo:acme@1/meshes@2:pull_request"),
    ],
)
def test_pull_requests_must_not_become_a_role_that_applies(document: object) -> None:
    told = "pull requests can become this role"

    assert any(told in check.found for check in judged(document, applies=True))
    assert not any(told in check.found for check in judged(document, applies=False))


def test_protected_environment_may_apply() -> None:
    (check,) = judged(equals(PROTECTED), applies=True)
    assert check.verdict is Verdict.OK


def test_immutable_subject_names_the_same_repository() -> None:
    (check,) = judged(equals("repo:acme@1/meshes@2:pull_request"))
    assert check.verdict is Verdict.OK


def test_wildcards_of_string_equals_are_letters() -> None:
    (check,) = judged(equals("repo:acme/meshes:*"), applies=True)
    assert check.verdict is Verdict.OK


def test_statement_that_denies_lets_nobody_in() -> None:
    (check,) = judged(policy({}, Effect="Deny"))
    assert (check.verdict, "does not trust GitHub" in check.found) == (Verdict.OK, True)


def test_names_are_compared_without_regard_to_case() -> None:
    document = {
        "statement": {
            "EFFECT": "Allow",
            "principal": {"federated": PROVIDER},
            "ACTION": "STS:assumerolewithwebidentity",
            "condition": {"stringequals": {f"{GITHUB.upper()}:AUD": "x", f"{GITHUB}:SUB": MAIN}},
        }
    }
    (check,) = judged(document)
    assert check.found == f"aud is pinned, and sub to {MAIN}"


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
NAMES = ("Statement", "Effect", "Principal", "Federated", "AWS", "Action", "Condition", "NotAction")
VALUES = ("Allow", "*", "StringLike", "StringEquals", f"{GITHUB}:sub", PROVIDER, MAIN, "repo:*")
words = st.sampled_from((*NAMES, *VALUES))
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner),
    max_leaves=20,
)


@given(anything | st.dictionaries(words, anything) | st.text(), st.booleans())
def test_any_json_is_judged_and_none_is_trusted_by_accident(value: Any, applies: bool) -> None:
    checks = judged(value, applies=applies)

    assert checks
    if allowing(value) is None:
        assert [check.verdict for check in checks] == [Verdict.WARNING]


def test_text_that_is_too_deep_is_no_policy() -> None:
    assert allowing('{"Statement":' + "[" * 100_000) is None

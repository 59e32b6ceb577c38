"""Every error has advice; those that people meet have their own."""

from __future__ import annotations

import pytest

from bot.engine.execute.advice import AGAIN, TIMED_OUT, advice
from bot.engine.execute.codes import FINAL, LAGGING, UNANSWERED, UNSENT
from bot.errors import AwsError
from bot.model.address import AccountId, Region, Scope
from bot.model.aws_codes import STALE, THROTTLED

HERE = Scope(AccountId("111111111111"), Region("eu-west-1"))
ENDINGS = ("Failed", "Rejected", "Deleted", "Expired", TIMED_OUT)
MET = (
    "RouteLimitExceeded",
    "VpcPeeringConnectionsPerVpcLimitExceeded",
    "RouteAlreadyExists",
    "VpcPeeringConnectionAlreadyExists",
    "InvalidStateTransition",
    "OperationNotPermitted",
    "InvalidVpcID.NotFound",
    "InvalidRouteTableID.NotFound",
    "TagLimitExceeded",
    "AccountMismatch",
)


def said(code: str, action: str = "ec2:CreateRoute", scope: Scope | None = HERE) -> str:
    return advice(AwsError(scope, action, code, "{why} not"))


@pytest.mark.parametrize(
    "code", sorted({*FINAL, *LAGGING, *UNANSWERED, *UNSENT, *STALE, *THROTTLED, *MET, *ENDINGS})
)
def test_a_known_code_has_its_own_advice(code: str) -> None:
    assert said(code) != AGAIN
    assert "{" not in said(code)
    assert said(code).endswith(".")


@pytest.mark.parametrize("code", ["", "SomethingNew", "{0}", "{action}"])
def test_an_unknown_code_has_the_general_advice(code: str) -> None:
    assert said(code) == AGAIN


def test_a_server_fault_by_its_status_alone_is_one_of_aws() -> None:
    assert said("502") == said("InternalError")
    assert said("404") == AGAIN


def test_advice_names_what_to_allow_and_where() -> None:
    assert "Allow ec2:CreateRoute in the member role of account 111111111111." in said(
        "UnauthorizedOperation"
    )
    assert "trusts the initial role" in said("AccessDenied", "sts:AssumeRole")
    assert "overlaps" in said("Failed")


def test_refused_options_have_advice_of_their_own() -> None:
    about_names = said("OperationNotPermitted", "ec2:ModifyVpcPeeringConnectionOptions")

    assert "enableDnsHostnames" in about_names
    assert "enableDnsHostnames" not in said("OperationNotPermitted")


def test_advice_without_a_scope_is_a_sentence() -> None:
    assert "None" not in said("AccessDenied", scope=None)

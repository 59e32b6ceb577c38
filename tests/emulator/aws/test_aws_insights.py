"""Reachability Analyzer as emulated: paths, analyses, whose they are, and who judges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc

A, B, EAST, WEST = "111111111111", "222222222222", "us-east-1", "eu-west-1"
Client = Callable[..., Any]


def ended(seed: Seed, n: int, account: str = A, region: str = EAST) -> tuple[SeededVpc, str]:
    """A VPC with an instance: the VPC, and the instance's network interface."""
    vpc = seed.vpc(account, region, f"10.{n}.0.0/16")
    return vpc, seed.instance(vpc, seed.subnet(vpc, f"10.{n}.0.0/24"))


def path(ec2: Any, source: str, destination: str, once: str = "one") -> str:
    made = ec2.create_network_insights_path(
        Source=source, Destination=destination, Protocol="tcp", ClientToken=once
    )
    return str(made["NetworkInsightsPath"]["NetworkInsightsPathId"])


def analysis(ec2: Any, of: str, once: str = "one", **more: Any) -> dict[str, Any]:
    made = ec2.start_network_insights_analysis(NetworkInsightsPathId=of, ClientToken=once, **more)[
        "NetworkInsightsAnalysis"
    ]
    (told,) = ec2.describe_network_insights_analyses(
        NetworkInsightsAnalysisIds=[made["NetworkInsightsAnalysisId"]]
    )["NetworkInsightsAnalyses"]
    return dict(told)


def code(refused: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        refused()
    return str(caught.value.response["Error"]["Code"])


def test_routes_there_and_back_over_an_active_peering_are_a_path(
    seed: Seed, client: Client
) -> None:
    (one, source), (two, destination) = ended(seed, 1), ended(seed, 2)
    ec2 = client(A)
    of = path(ec2, source, destination)
    codes: list[str] = []

    def judged() -> None:
        told = analysis(ec2, of, f"t{len(codes)}")
        assert told["Status"] == "succeeded"
        explained = told.get("Explanations") or [{}]
        assert told["NetworkPathFound"] is (explained == [{}])
        codes.append(explained[0].get("ExplanationCode", ""))

    judged()
    peering = seed.peering(one, two)
    seed.route(one, one.main_table, "10.2.0.0/16", peering)
    judged()
    seed.route(two, two.main_table, "10.1.0.0/16", peering)
    judged()
    seed.aws.force_peering(peering, "deleted")
    judged()

    assert codes == ["NO_ROUTE_TO_DESTINATION", "NO_ROUTE_TO_DESTINATION", "", "BAD_STATE_ROUTE"]


def test_an_analysis_runs_for_a_while_and_its_verdict_can_be_told(
    aws: Emulator, seed: Seed, client: Client
) -> None:
    (one, source), (two, destination) = ended(seed, 1), ended(seed, 2)
    ec2 = client(A)
    of = path(ec2, source, destination)

    aws.settings(analyses={f"{one.id}:{two.id}": "ENI_SG_RULES_MISMATCH"})
    told = analysis(ec2, of, "a")
    aws.settings(analyses={f"{one.id}:{two.id}": ""})
    whole = analysis(ec2, of, "b")
    aws.settings(analyses={f"{one.id}:{two.id}": "failed: no permission"})
    failed = analysis(ec2, of, "c")
    aws.settings(analysis_seconds=600)
    running = analysis(ec2, of, "d")

    assert told["Explanations"][0]["ExplanationCode"] == "ENI_SG_RULES_MISMATCH"
    assert whole["NetworkPathFound"] is True
    assert (failed["Status"], failed["StatusMessage"]) == ("failed", "no permission")
    assert (running["Status"], "NetworkPathFound" in running) == ("running", False)


def test_a_token_makes_one_and_a_path_outlives_its_analyses(seed: Seed, client: Client) -> None:
    (_, source), (_, destination) = ended(seed, 1), ended(seed, 2)
    ec2 = client(A)
    of = path(ec2, source, destination)
    made = analysis(ec2, of)["NetworkInsightsAnalysisId"]

    assert path(ec2, source, destination) == of
    assert analysis(ec2, of)["NetworkInsightsAnalysisId"] == made
    refused = code(lambda: ec2.delete_network_insights_path(NetworkInsightsPathId=of))
    assert refused == "AnalysisExistsForNetworkInsightsPath"
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=made)
    ec2.delete_network_insights_path(NetworkInsightsPathId=of)
    assert ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []
    again = code(lambda: ec2.delete_network_insights_path(NetworkInsightsPathId=of))
    assert again == "InvalidNetworkInsightsPathId.NotFound"


def test_regions_are_not_crossed_and_accounts_only_by_an_administrator(
    aws: Emulator, seed: Seed, client: Client
) -> None:
    (_, source), (_, foreign), (_, far) = (
        ended(seed, 1),
        ended(seed, 2, B),
        ended(seed, 3, A, WEST),
    )
    ec2 = client(A)
    arns = [
        f"arn:aws:ec2:{region}:{account}:network-interface/{eni}"
        for account, region, eni in ((B, EAST, foreign), (A, WEST, far))
    ]

    assert code(lambda: path(ec2, source, arns[1])) == "OperationNotPermitted"
    assert code(lambda: path(ec2, source, foreign)) == "InvalidParameterValue"
    of = path(ec2, source, arns[0])
    crossing = {"AdditionalAccounts": [B]}
    assert code(lambda: analysis(ec2, of, "a", **crossing)) == "OperationNotPermitted"
    aws.settings(analyzer_accounts=[A])
    assert code(lambda: analysis(ec2, of, "b")) == "OperationNotPermitted"
    assert analysis(ec2, of, "c", **crossing)["Status"] == "succeeded"


def test_interfaces_come_in_pages_and_by_filter(seed: Seed, client: Client) -> None:
    vpc, eni = ended(seed, 1)
    idle = seed.target(seed.vpc(A, EAST, "10.9.0.0/16"), "eni")
    ec2 = client(A)
    in_use = [{"Name": "status", "Values": ["in-use"]}, {"Name": "vpc-id", "Values": [vpc.id]}]

    (found,) = ec2.describe_network_interfaces(Filters=in_use)["NetworkInterfaces"]

    assert (found["NetworkInterfaceId"], found["OwnerId"]) == (eni, A)
    assert found["Attachment"]["InstanceId"].startswith("i-")
    (other,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[idle])["NetworkInterfaces"]
    assert (other["Status"], "Attachment" in other) == ("available", False)
    bad = [{"Name": "no-such", "Values": ["x"]}]
    assert code(lambda: ec2.describe_network_interfaces(Filters=bad)) == "InvalidParameterValue"

"""What ``verify --analyzer`` may do: a policy of its own on the apply role, off by default."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.adapters.aws.session_policy import ANALYZES, READS, WRITES, analyzer_policy
from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc
from bot.model.analyzer import TAG
from tests.iam.authorization import ANALYZING
from tests.iam.enforcing import enforce, judge, running
from tests.iam.judged import shipped
from tests.iam.template import MEMBER, FilledIn, statements
from tests.iam.test_enforced import DENIED, attempt, signed_in
from tests.iam.test_linters import found, keys, reference
from tests.iam.world import EAST, ONE, TOOLING, TWO, World, role_arn

pytestmark = pytest.mark.usefixtures("service_models_loaded_once")

ARN = "arn:aws:iam::999999999999:role/r"


def filled(analyzer: str, account: str = TWO) -> FilledIn:
    arns = {"PlanInitialRoleArn": ARN, "ApplyInitialRoleArn": ARN}
    return FilledIn.of(MEMBER, account=account, MeshAccounts=[ONE, TWO], Analyzer=analyzer, **arns)


def policy(analyzer: str = "true") -> Any:
    """The document of the policy, as JSON would have it."""
    return json.loads(json.dumps(filled(analyzer).managed("AnalyzerPolicy")))


def allowed(document: Any) -> set[str]:
    return {action for statement in statements(document) for action in statement.actions}


# --- the template


def test_it_is_off_by_default_and_hangs_on_the_apply_role_alone() -> None:
    assert filled("false").managed("AnalyzerPolicy") is None
    for analyzer, held in (("false", False), ("true", True), ("organization", True)):
        template = filled(analyzer)
        roles = {
            name: "ManagedPolicyArns"
            in template._resolve(template.template["Resources"][name]["Properties"])
            for name in ("PlanRole", "ApplyRole")
        }
        assert roles == {"PlanRole": False, "ApplyRole": held}


def test_it_writes_nothing_but_paths_and_analyses_and_reads_the_rest() -> None:
    writing = {action for action in ANALYZES if not action.startswith("ec2:Describe")}
    reading = re.compile(r"[a-z0-9-]+:(Describe|Get|List|Search)\w+|tiros:(Create|Extend)Query")

    others = allowed(policy()) - writing - {"ec2:CreateTags"}
    assert set(ANALYZES) <= allowed(policy())
    assert not [action for action in others if not reading.fullmatch(action)]
    assert not set(WRITES) & allowed(policy()) - {"ec2:CreateTags"}


def test_organizations_are_read_only_where_that_is_asked_for() -> None:
    more = allowed(policy("organization")) - allowed(policy())

    assert more
    assert {action.partition(":")[0] for action in more} == {"organizations"}


@pytest.mark.parametrize("analyzer", ["true", "organization"])
def test_it_is_least_privilege_and_fits(analyzer: str) -> None:
    document = policy(analyzer)

    assert found(document) == set()
    assert len(re.sub(r"\s", "", json.dumps(document))) <= 6144  # IAM's limit for managed ones


def test_its_conditions_and_resources_are_what_ec2_knows() -> None:
    judged = [s for s in statements(policy()) if s.resources != ("*",)]

    for statement in judged:
        kinds = {arn.rpartition(":")[2].partition("/")[0] for arn in statement.resources}
        known = {key.partition("/")[0] for held in statement.conditions.values() for key in held}
        for action in statement.actions:
            assert kinds & ANALYZING[action].keys(), (statement.sid, action)
            for kind in kinds & ANALYZING[action].keys():
                assert known <= ANALYZING[action][kind], (statement.sid, action)
    unconditional = [s.sid for s in judged if not s.conditions]
    assert (len(judged), unconditional) == (6, ["BetweenInterfaces"])


@pytest.mark.parametrize("action", ANALYZING)
def test_the_table_is_the_references(action: str) -> None:
    types = reference(action)

    assert {kind for kind, held in types.items() if held["required"]} <= set(ANALYZING[action])
    for kind, known in ANALYZING[action].items():
        assert known <= keys(types, kind), kind


def test_the_session_policy_has_room_for_it_all_and_for_no_change_of_the_mesh() -> None:
    document = json.loads(analyzer_policy())
    first, tags = document["Statement"]

    assert len(analyzer_policy()) <= 1024
    for action in allowed(policy("organization")) - {"ec2:CreateTags"}:
        assert any(fnmatchcase(action, pattern) for pattern in first["Action"]), action
    assert tags["Resource"] == "arn:*:ec2:*:*:network-insights-*/*"
    for action in WRITES:
        assert not any(fnmatchcase(action, pattern) for pattern in first["Action"]), action


# --- in force


@pytest.fixture(scope="module")
def process() -> Iterator[Emulator]:
    with running() as aws:
        yield aws


@pytest.fixture
def world(process: Emulator, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("bot.engine.analyzer.conversation.FIRST_POLL", 0.05)
    judge(process, {})
    return World.build(process)


def two_of_one_account(world: World) -> str:
    """The pair of VPCs of one account, each with an instance from now on."""
    ids = re.findall(rf"'{TWO}', region: {EAST}, vpc_id: (vpc-\w+)", world.mesh)
    seed = Seed(world.aws)
    for number, vpc_id in enumerate(ids, 2):
        vpc = SeededVpc(TWO, EAST, vpc_id, f"10.{number}.0.0/16", "")
        seed.instance(vpc, seed.subnet(vpc, f"10.{number}.0.0/24"))
    one, other = ids
    return f"{one}:{other}"


Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs verify as the initial apply role: exit code, and what it says of the analyzer."""
    file = tmp_path / "mesh.yaml"

    def ran(world: World, enforced: bool = False) -> tuple[int, Any]:
        file.write_text(world.mesh)
        pair = two_of_one_account(world)
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", EAST)
        for name, value in world.sign_in(role_arn(TOOLING, "meshbot-apply")).items():
            monkeypatch.setenv(name.upper(), value)
        world.aws.forget_calls()
        enforce(world.aws, on=enforced)
        given = ["--meshes", str(file), "--format", "json"]
        try:
            code = cli.run(["verify", "--analyzer", "--yes", "--pair", pair, *given])
        finally:
            enforce(world.aws, on=False)
        told = capsys.readouterr()
        assert told.out, told.err
        return code, json.loads(told.out)["analyzer"]

    return ran


def permitted(world: World, *missing: str) -> None:
    """The apply role with the policy's actions beside its own."""
    world.permit(TWO, "mesh-apply", {*READS, *WRITES, *allowed(policy())} - set(missing))


def test_the_policys_actions_are_enough(world: World, run: Run) -> None:
    permitted(world)

    code, analyzer = run(world, enforced=True)

    assert (code, world.refused()) == (1, set())  # the two are not peered yet
    (pair,) = analyzer["pairs"]
    assert (pair["agrees"], analyzer["leftovers"]) == (True, [])
    assert set(ANALYZES) <= world.called()


@pytest.mark.parametrize("missing", ANALYZES)
def test_without_one_of_its_actions_there_is_no_answer_or_something_is_left(
    missing: str, world: World, run: Run
) -> None:
    permitted(world, missing)

    code, analyzer = run(world, enforced=True)

    assert (code, world.refused()) == (1, {missing})
    assert not analyzer["confirmed"]


def test_an_apply_role_without_the_policy_is_refused(world: World, run: Run) -> None:
    code, analyzer = run(world, enforced=True)

    assert (code, world.refused()) == (1, {"ec2:DescribeNetworkInterfaces"})
    assert "ec2:DescribeNetworkInterfaces" in analyzer["not_asked"][0]["why"]


def test_the_plan_role_is_refused_every_call_that_makes_or_deletes(world: World) -> None:
    ec2 = signed_in(world, "plan")
    made = {"NetworkInsightsPathId": "nip-0000000000000001"}
    calls: dict[str, dict[str, Any]] = {
        "ec2:CreateNetworkInsightsPath": {
            "Source": "eni-1",
            "Destination": "eni-2",
            "Protocol": "tcp",
        },
        "ec2:StartNetworkInsightsAnalysis": made,
        "ec2:DeleteNetworkInsightsPath": made,
        "ec2:DeleteNetworkInsightsAnalysis": {"NetworkInsightsAnalysisId": "nia-1"},
    }
    assert set(calls) == {a for a in ANALYZES if not a.startswith("ec2:Describe")}

    refused = {action: attempt(ec2, action, given) for action, given in calls.items()}

    assert set(refused.values()) <= DENIED, refused


# --- judged with resources, conditions and session policies


def appointed(world: World, document: Any) -> None:
    """The shipped roles, apply's with the policy; whoever has no role may become any."""
    documents = shipped()
    for account in (ONE, TWO):
        text = json.dumps(document).replace(f":{TWO}:", f":{account}:")
        documents[f"{account}/mesh-apply"]["policy"]["Statement"] += json.loads(text)["Statement"]
    judge(world.aws, documents)


NEEDED = [
    statement["Sid"]
    for statement in policy()["Statement"]
    if statement["Sid"] != "ReadForTheAnalyzer"  # what AWS reads itself, the emulator does not
]


def test_the_policy_is_enough_with_its_conditions(world: World, run: Run) -> None:
    appointed(world, policy())

    code, analyzer = run(world)

    assert (code, world.refused()) == (1, set())
    assert (analyzer["pairs"][0]["agrees"], analyzer["leftovers"]) == (True, [])


@pytest.mark.parametrize("sid", NEEDED)
def test_every_statement_is_needed(sid: str, world: World, run: Run) -> None:
    document = policy()
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]
    appointed(world, document)

    code, _ = run(world)

    assert code == 1
    assert world.refused()


def test_nobody_elses_path_can_be_deleted_or_analyzed(world: World) -> None:
    two_of_one_account(world)
    ec2 = Seed(world.aws).ec2(TWO, EAST)
    one, other = (
        i["NetworkInterfaceId"] for i in ec2.describe_network_interfaces()["NetworkInterfaces"]
    )
    made = ec2.create_network_insights_path(Source=one, Destination=other, Protocol="tcp")
    path = {"NetworkInsightsPathId": made["NetworkInsightsPath"]["NetworkInsightsPathId"]}
    appointed(world, policy())
    keys = world.sign_in(role_arn(TOOLING, "meshbot-apply"))
    mine = world.client("ec2", world.sign_in(role_arn(TWO, "mesh-apply"), **keys))
    marked = [
        {"ResourceType": "network-insights-analysis", "Tags": [{"Key": TAG, "Value": "true"}]}
    ]

    start = attempt(mine, "ec2:StartNetworkInsightsAnalysis", {**path, "TagSpecifications": marked})
    delete = attempt(mine, "ec2:DeleteNetworkInsightsPath", path)

    assert {start, delete} == {"UnauthorizedOperation"}
    assert len(ec2.describe_network_insights_paths()["NetworkInsightsPaths"]) == 1

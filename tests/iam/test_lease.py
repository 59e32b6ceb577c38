"""The initial apply role may keep the lease that its parameters name, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from bot.adapters.aws.initial import standard_identity
from bot.adapters.lease import Keeper, store
from bot.emulator.aws import Emulator
from bot.emulator.aws.calls import SEED
from bot.emulator.aws.seed import client
from bot.errors import AwsError
from bot.model.lease import LeaseSettings
from bot.model.lease_place import read_place
from tests.iam.enforcing import enforce, running
from tests.iam.template import INITIAL, ROOT, FilledIn, NotAllowed, Statement
from tests.iam.world import EAST, TOOLING, World, role_arn

QUICK = LeaseSettings(ttl=3, beat=0.3, retry=0.1, margin=1)
TABLE = {"LeaseTable": "locks", "LeaseKey": "net/prod"}
BUCKET = {"LeaseBucket": "lock-bucket", "LeaseKey": "net/prod"}
PLACES = {
    "dynamodb": (TABLE, "dynamodb://locks/net/prod", {"GetItem", "PutItem", "DeleteItem"}),
    "s3": (BUCKET, "s3://lock-bucket/net/prod", {"GetObject", "PutObject", "DeleteObject"}),
}
MISSING = [(service, name) for service, (_, _, names) in PLACES.items() for name in sorted(names)]


def initial(**parameters: str) -> FilledIn:
    return FilledIn.of(INITIAL, Repository="acme/meshes", **parameters)


def lease_statements(template: FilledIn, role: str = "ApplyRole") -> list[Statement]:
    return [s for s in template.policy(role) if s.sid.startswith("KeepLease")]


def named_in_the_code(service: str) -> set[str]:
    """The actions of a service in the modules that keep leases."""
    return {
        node.value
        for path in (ROOT / "bot" / "adapters" / "lease").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(rf"{service}:[A-Z]\w+", node.value)
    }


# --- the template


@pytest.mark.parametrize("service", PLACES)
def test_the_calls_in_the_code_are_allowed_and_no_others(service: str) -> None:
    parameters, _, names = PLACES[service]

    [statement] = lease_statements(initial(**parameters))

    assert set(statement.actions) == {f"{service}:{name}" for name in names}
    assert set(statement.actions) == named_in_the_code(service)
    assert not lease_statements(initial(**parameters), "PlanRole")


def test_it_is_one_item_of_one_table() -> None:
    [statement] = lease_statements(initial(**TABLE))
    assert statement.resources == ("arn:aws:dynamodb:eu-west-1:111111111111:table/locks",)
    assert statement.conditions == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ("net/prod",)},
        "Null": {"dynamodb:LeadingKeys": ("false",)},
    }

    [elsewhere] = lease_statements(
        initial(**TABLE, LeaseRegion="cn-north-1", partition="aws-cn", account="222222222222")
    )
    assert elsewhere.resources == ("arn:aws-cn:dynamodb:cn-north-1:222222222222:table/locks",)


def test_it_is_one_object_of_a_bucket_of_this_account() -> None:
    [statement] = lease_statements(initial(**BUCKET))

    assert statement.resources == ("arn:aws:s3:::lock-bucket/net/prod",)
    assert statement.only("StringEquals") == {"aws:ResourceAccount": ("111111111111",)}


def test_without_a_lease_there_is_no_permission() -> None:
    assert not lease_statements(initial())


@pytest.mark.parametrize(
    "parameters",
    [
        {"LeaseTable": "lock*"},
        {"LeaseTable": "a"},
        {"LeaseBucket": "bucket/*"},
        {"LeaseBucket": "b?cket"},
        {"LeaseKey": "*"},
        {"LeaseKey": ""},
        {"LeaseRegion": "*"},
    ],
)
def test_a_parameter_that_would_widen_it_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(NotAllowed):
        initial(**parameters)


@pytest.mark.parametrize("service", PLACES)
def test_the_page_about_leases_explains_every_permission(service: str) -> None:
    page = (ROOT / "docs" / "lease.md").read_text("utf-8")

    for name in PLACES[service][2]:
        assert f"`{service}:{name}`" in page


# --- with moto's IAM in force


@pytest.fixture(scope="module")
def process() -> Iterator[Emulator]:
    with running() as aws:
        yield aws


@pytest.fixture
def world(process: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A table and a bucket in the tooling account."""
    enforce(process, on=False)
    process.reset()
    made = World(process, "", "", "")
    dynamodb, s3 = (
        client(process.url, service, TOOLING, EAST, SEED, SEED) for service in ("dynamodb", "s3")
    )
    dynamodb.create_table(
        TableName="locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    s3.create_bucket(Bucket="lock-bucket")
    monkeypatch.setenv("AWS_ENDPOINT_URL", process.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", EAST)
    yield made
    enforce(process, on=False)


def keeper(
    world: World, monkeypatch: pytest.MonkeyPatch, service: str, missing: str = ""
) -> Keeper:
    """Someone signed in to the initial apply role, with everything but one action."""
    parameters, lock, _ = PLACES[service]
    actions = {a for s in initial(**parameters).policy("ApplyRole") for a in s.actions}
    world.permit(TOOLING, "meshbot-apply", actions - {f"{service}:{missing}"})
    for name, value in world.sign_in(role_arn(TOOLING, "meshbot-apply")).items():
        monkeypatch.setenv(name.upper(), value)
    enforce(world.aws, on=True)
    place = read_place(lock)
    assert place is not None
    return Keeper(store(place, standard_identity(4)), "me", QUICK)


@pytest.mark.parametrize("service", PLACES)
def test_the_shipped_actions_are_enough(
    world: World, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    held = keeper(world, monkeypatch, service)

    assert held.acquire() is None
    assert held.beat() == QUICK.beat
    assert held.enter() == ""
    held.leave()
    assert held.release() == ""


@pytest.mark.parametrize(("service", "missing"), MISSING)
def test_each_of_them_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch, service: str, missing: str
) -> None:
    held = keeper(world, monkeypatch, service, missing)

    if missing.startswith("Delete"):
        assert held.acquire() is None
        assert "AccessDenied" in held.release()
    else:
        with pytest.raises(AwsError, match="AccessDenied"):
            held.acquire()

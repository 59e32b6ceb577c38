"""Credentials and endpoints for these tests, and the servers they talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.aws import ConnectedAws, connect
from bot.model.address import AccountId, Region, Scope
from bot.model.session import RunOrigin
from bot.model.step import Role
from tests.adapters.aws.scripted import ScriptedAws, serving

ONE, TWO = AccountId("111111111111"), AccountId("222222222222")
EAST, WEST = Region("us-east-1"), Region("eu-west-1")
ROLES = {account: Role(account, "mesh-bot", "meshbot", writes=True) for account in (ONE, TWO)}
ORIGIN = RunOrigin("acme/meshes", 7, "42", "1", "0a1b2c3d")


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        """On by so many hours, minutes, seconds."""
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Hands:
    """A clock to move by hand."""
    return Hands()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Initial credentials in the environment, and a region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAINITIAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secretOfTheInitialIdentity")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def scripted(
    credentials: None, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedAws]:
    """The scripted AWS, found by boto3 through AWS_ENDPOINT_URL."""
    with serving() as aws:
        aws.now = clock
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        yield aws


@pytest.fixture
def aws(scripted: ScriptedAws, clock: Hands) -> ConnectedAws:
    """A connection to the scripted AWS that reads the clock."""
    return connect(ORIGIN, now=clock)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """botocore's pauses between attempts, kept in a list and not waited for."""
    pauses: list[float] = []
    pause: Callable[[float], None] = pauses.append
    monkeypatch.setattr("botocore.endpoint.time.sleep", pause)
    return pauses


def scope(account: AccountId = ONE, region: Region = EAST) -> Scope:
    """A scope, by default of the first account."""
    return Scope(account, region)


@pytest.fixture(autouse=True)
def quick_sessions(service_models_loaded_once: None) -> None:
    """All of these tests make sessions."""

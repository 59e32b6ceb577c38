"""One emulated AWS for these tests, with a table and a bucket for leases."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest

from bot.emulator.aws import Emulator, running
from tests.adapters.lease.rooms import Rooms

LOADER = botocore.session.get_session().get_component("data_loader")


@pytest.fixture(scope="session")
def lease_process() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def service_models_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session takes botocore's models from one loader: they take a while to read."""
    get_session = botocore.session.get_session

    def session() -> botocore.session.Session:
        made = get_session()
        made.register_component("data_loader", LOADER)
        return made

    monkeypatch.setattr("botocore.session.get_session", session)


@pytest.fixture
def rooms(
    lease_process: Emulator, service_models_loaded_once: None, monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    """Empty, and the environment of a laptop that is signed in."""
    lease_process.reset()
    for name, value in lease_process.environment.items():
        monkeypatch.setenv(name, value)
    return Rooms.build(lease_process)

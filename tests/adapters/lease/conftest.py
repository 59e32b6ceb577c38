"""One emulated AWS for these tests, with a table and a bucket for leases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.emulator.aws import Emulator, running
from tests.adapters.lease.rooms import Rooms


@pytest.fixture(scope="session")
def lease_process() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def rooms(
    lease_process: Emulator, service_models_loaded_once: None, monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    """Empty, and the environment of a laptop that is signed in."""
    lease_process.reset()
    for name, value in lease_process.environment.items():
        monkeypatch.setenv(name, value)
    return Rooms.build(lease_process)

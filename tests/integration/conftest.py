"""One emulated AWS per test process, as new for each test, and a laptop that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.emulator.aws import Emulator, running
from bot.emulator.aws.seed import Seed
from tests.integration.laptop import Laptop


@pytest.fixture(scope="session")
def aws_process() -> Iterator[Emulator]:
    """The emulator's process."""
    with running() as emulator:
        yield emulator


@pytest.fixture
def states_asked_for_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process the first question after a state comes early: these tests have hundreds."""
    monkeypatch.setattr("bot.engine.execute.polling.FIRST_WAIT", 0.03)


@pytest.fixture
def laptop(
    aws_process: Emulator,
    service_models_loaded_once: None,
    states_asked_for_soon: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Laptop:
    """A laptop with an empty folder, signed in to an AWS with nothing in it."""
    aws_process.reset()
    for name, value in aws_process.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Laptop(aws_process, Seed(aws_process), tmp_path, capsys)

"""The emulator as a process: how it starts, where it listens, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.emulator.aws import Emulator, running

COMMAND = [sys.executable, "-m", "bot.emulator.aws"]


@contextmanager
def _started(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    process = subprocess.Popen(  # noqa: S603  (this interpreter, our own module)
        [*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().decode().strip()
        finally:
            process.kill()


def test_options_and_url() -> None:
    """Every setting is an option; the URL is the first line printed, on the loopback."""
    with _started("--port", "0", "--page-size", "7", "--unassumable", '["1"]') as (_, url):
        settings = Emulator(url).settings()

    assert url.startswith("http://127.0.0.1:")
    assert settings["page_size"] == 7
    assert settings["unassumable"] == ["1"]


def test_terminates_at_once() -> None:
    """On SIGTERM, even while it is answering."""
    with _started("--latency-ms", "30000") as (process, _):
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(5) == 0
        assert time.monotonic() - start < 1


def test_ends_with_the_one_that_started_it() -> None:
    """--until-stdin-closes."""
    with _started("--until-stdin-closes") as (process, _):
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(5) == 0


def test_bad_option_is_refused() -> None:
    """Before anything is started."""
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "--page-size", "x"], capture_output=True, check=False
    )

    assert done.returncode == 2
    assert b"page_size cannot be 'x'" in done.stderr


def test_running_takes_settings_and_stops() -> None:
    """running() is the same for a test; afterwards nobody answers."""
    with running(routes_per_table=3) as emulator:
        assert emulator.settings()["routes_per_table"] == 3
        assert emulator.environment["AWS_ENDPOINT_URL"] == emulator.url

    with pytest.raises(OSError, match="refused"):
        emulator.calls()


def test_environment_leads_boto3_there(aws: Emulator) -> None:
    """The standard chain, in another process."""
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    environment = {**os.environ, **aws.environment}

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True
    )

    assert done.stdout.strip() == b"123456789012"

"""Ctrl-C and SIGTERM: the call in hand is finished, the report is given, the next run finishes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from bot.emulator.aws import Emulator, running
from bot.engine.quotas import judged
from bot.usecases.output import report_pieces
from tests.integration.laptop import Laptop, live, member

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])


@pytest.fixture
def aws_process() -> Iterator[Emulator]:
    """An emulator for each test: what a test leaves in hand is carried out after its end."""
    with running() as emulator:
        yield emulator


@BOTH
def test_a_stopped_apply_reports_and_leaves_the_rest_to_the_next(
    laptop: Laptop, number: signal.Signals
) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(8)])
    laptop.ok("plan", "--out", "plan.json")
    laptop.aws.settings(latency_ms=300)
    laptop.aws.forget_calls()
    process = laptop.start("apply", "--yes")
    _until(laptop, "AcceptVpcPeeringConnection")
    process.send_signal(number)
    since, sent = time.monotonic(), time.time()

    ran = laptop.wait_for(process)

    assert time.monotonic() - since < 6
    assert ran.code == 5, ran
    assert "interrupted" in ran.out
    assert "Apply incomplete" in ran.out
    assert "Traceback" not in ran.err
    assert not [call for call in laptop.calls() if call.at > sent + 0.3]
    laptop.aws.settings(latency_ms=0)
    laptop.converge(more=("--expect-plan", "plan.json"))


@BOTH
def test_a_signal_after_the_last_answer_of_the_plan_applies_nothing(
    laptop: Laptop, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])

    def signalled(*given: Any) -> Any:
        os.kill(os.getpid(), number)
        return judged(*given)

    monkeypatch.setattr("bot.usecases.plan.judged", signalled)
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        ran = laptop.run("apply", "--yes")
    finally:
        for n, handler in handlers.items():
            signal.signal(n, handler)

    assert ran.code == 1, ran
    assert "nothing was changed" in ran.err
    assert live(laptop.world()) == set()


@BOTH
def test_a_signal_while_the_report_is_written_does_not_take_it_away(
    laptop: Laptop, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])

    def signalled(*given: Any) -> Any:
        os.kill(os.getpid(), number)
        return report_pieces(*given)

    monkeypatch.setattr("bot.usecases.output.report_pieces", signalled)
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        ran = laptop.run("apply", "--yes")
    finally:
        for n, handler in handlers.items():
            signal.signal(n, handler)

    assert ran.code == 0, ran
    assert "Apply complete" in ran.out


def test_a_call_that_hangs_does_not_hold_up_the_end(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    process = laptop.start("apply", "--yes")
    _until(laptop, "CreateVpcPeeringConnection", 3)
    laptop.aws.settings(latency_ms=12_000)
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    since = time.monotonic()

    ran = laptop.wait_for(process)

    assert time.monotonic() - since < 6
    assert ran.code == 5, ran
    assert "Apply incomplete" in ran.out


def test_a_wait_for_aws_does_not_hold_up_the_end(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.aws.settings(provisioning_seconds=600)
    process = laptop.start("apply", "--yes")
    _until(laptop, "AcceptVpcPeeringConnection")
    process.send_signal(signal.SIGINT)
    since = time.monotonic()

    ran = laptop.wait_for(process)

    assert time.monotonic() - since < 3
    assert ran.code == 5, ran


def test_a_look_for_a_lost_call_does_not_hold_up_the_end(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.fault({"action": "CreateVpcPeeringConnection", "drop": "before"})
    process = laptop.start("apply", "--yes")
    _until(laptop, "CreateVpcPeeringConnection")
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    since = time.monotonic()

    ran = laptop.wait_for(process)

    assert time.monotonic() - since < 3
    assert ran.code == 5, ran
    assert "interrupted" in ran.out


def test_json_of_a_stopped_apply_is_whole(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(4)])
    laptop.aws.settings(latency_ms=200)
    process = laptop.start("apply", "--yes", "--format", "json")
    _until(laptop, "CreateVpcPeeringConnection")
    process.send_signal(signal.SIGTERM)

    ran = laptop.wait_for(process)

    assert ran.code == 5, ran
    assert len(ran.json["outcomes"]) == len(ran.json["changes"]) == 18
    assert "interrupted" in {outcome["result"] for outcome in ran.json["outcomes"]}


@BOTH
def test_a_stopped_plan_ends_at_once_without_a_traceback(
    laptop: Laptop, number: signal.Signals
) -> None:
    """Nothing is under way that could be left half done: within the 6 s, and not a success."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.aws.settings(latency_ms=4_000)
    process = laptop.start("plan", "--out", "plan.json")
    _until_running(process.pid)
    process.send_signal(number)
    killer = Timer(6, process.kill)
    killer.start()

    ran = laptop.wait_for(process)

    killer.cancel()
    assert ran.code == 1, ran
    assert "interrupted while AWS was read; nothing was changed" in ran.err
    assert "Traceback" not in ran.err
    assert not Path("plan.json").exists()


def _until(laptop: Laptop, action: str, times: int = 1) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if laptop.counted()[action] >= times:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {action} within 20 s")


def _until_running(pid: int) -> None:
    """Until the process has a thread that reads AWS, and a little longer."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and len(list(Path(f"/proc/{pid}/task").iterdir())) < 2:
        time.sleep(0.02)
    time.sleep(0.3)

"""Fault plans in front of the real command line: throttling, expiry, lost accounts, SIGKILL."""

from __future__ import annotations

import signal
import time
from collections import Counter
from importlib import import_module

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bot.emulator.aws.calls import Call
from bot.emulator.aws.seed import Seed
from tests.fakes.faultplan import FaultPlan, plans
from tests.fakes.world import World
from tests.integration.laptop import B, Laptop, live, member
from tests.oracle import disagreements, expect
from tests.oracle.once import twins

SETTLED = 1.5
"""Seconds in which the emulator ends what was in flight and in hand."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process AWS shows what it did sooner, and a lost account is given up sooner."""
    monkeypatch.setattr(import_module("bot.kinds.vpc_peering.steps"), "SHOWN_WITHIN", 1.0)
    monkeypatch.setattr("bot.engine.execute.contact.SILENCE", 3.0)


def mutating(laptop: Laptop) -> list[Call]:
    """The mutating calls so far."""
    return [call for call in laptop.calls() if call.mutating]


def finish(laptop: Laptop, before: World) -> None:
    """One more run, undisturbed; AWS is as wanted, nothing is there twice or left to do."""
    laptop.fault(visibility_seconds=0, initiating_seconds=0, provisioning_seconds=0)
    ran = laptop.run("apply", "--yes")
    assert ran.code == 0, ran
    after = laptop.world()
    assert disagreements(expect(laptop.head, None, before), after, cut_short=True) == []
    assert twins(after) == []
    laptop.settled()


@pytest.mark.parametrize("seed", range(2))
def test_a_fifth_of_all_calls_throttled_ends_in_success(laptop: Laptop, seed: int) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(5)])
    laptop.fault({"probability": 0.2, "seed": seed, "error": "RequestLimitExceeded"})

    laptop.converge()

    counts = Counter(call.error for call in laptop.calls())
    assert counts["RequestLimitExceeded"] > counts[""] / 10


def test_sessions_that_end_before_their_time_are_renewed(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(4)])
    laptop.aws.settings(session_seconds=1.0, provisioning_seconds=2.0)

    laptop.converge()

    errors = Counter(call.error for call in laptop.calls())
    assert errors["RequestExpired"] > 0
    assert laptop.counted()["AssumeRole"] > 3


def test_an_account_lost_in_the_middle_holds_up_nobody(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(6)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    before = laptop.world()
    laptop.fault({"account": B, "service": "ec2", "skip": 18, "drop": "before"})
    since = time.monotonic()

    ran = laptop.run("apply", "--yes")

    assert time.monotonic() - since < 30
    assert ran.code == 5, ran
    told = " ".join(ran.out.split())
    assert "ConnectionClosedError" in told
    assert f"nothing more was tried in {B}/" in told
    others = [vpc.id for vpc in vpcs if vpc.account != B]
    pairs = live(laptop.world())
    assert all(frozenset((a, b)) in pairs for a in others for b in others if a != b)
    finish(laptop, before)


@pytest.mark.parametrize("k", [1, 4, 8, 13, 19, 26])
def test_a_killed_apply_is_finished_by_the_next(laptop: Laptop, k: int) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(4)])
    before = laptop.world()
    laptop.aws.settings(latency_ms=20, provisioning_seconds=0.2)
    killed_after(laptop, k, 20)

    finish(laptop, before)


def killed_after(laptop: Laptop, calls: int, seconds: float) -> None:
    """Apply in a process that is killed after so many mutating calls, or so many seconds."""
    process = laptop.start("apply", "--yes")
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if len(mutating(laptop)) >= calls:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    laptop.aws.settings(latency_ms=0)
    time.sleep(SETTLED)


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(plan=plans)
def test_after_any_troubles_one_more_run_finishes(laptop: Laptop, plan: FaultPlan) -> None:
    laptop.aws.reset()
    laptop.seed = Seed(laptop.aws)  # its sessions were forgotten, too
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(4)])
    before = laptop.world()
    if plan.kill_after is None:
        laptop.ok("plan")
        laptop.aws.settings(**plan.settings())
        assert laptop.run("apply", "--yes").code in (0, 5)
    else:
        laptop.aws.settings(**plan.settings())
        killed_after(laptop, plan.kill_after, 8)

    assert twins(laptop.world()) == []
    finish(laptop, before)

"""Two applies at once: one is refused, waits, or takes over; both together do the work once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import click
import pytest

from bot.model.lease import LeaseRecord, LeaseSettings
from tests.adapters.lease.rooms import LOCKS, Rooms
from tests.integration.laptop import Laptop, Ran, environment, member
from tests.integration.quick_lease import QUICK

EVERY = pytest.mark.parametrize("lock", LOCKS, ids=["dynamodb", "s3"])
LOCK = LOCKS[0]
CREATE, DELETE = "CreateVpcPeeringConnection", "DeleteVpcPeeringConnection"


@pytest.fixture
def rooms(laptop: Laptop) -> Rooms:
    return Rooms.build(laptop.aws)


def other(seconds: float, holder: str = "acme/net run 7") -> str:
    """The record of somebody else, which expires so many seconds from now."""
    now = int(time.time())
    return LeaseRecord(holder, "a" * 32, "b" * 32, now - 60, int(now + seconds)).text


def quick(laptop: Laptop, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    """meshbot as a process whose leases live for seconds."""
    given: dict[str, Any] = {
        "cwd": laptop.folder,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "env": environment(),
    }
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.integration.quick_lease", *arguments], **(given | more)
    )


def until(check: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.03)


def changing(laptop: Laptop) -> list[str]:
    """The calls that were to change EC2, refused or not."""
    return [c.action for c in laptop.calls() if c.mutating and c.service == "ec2"]


def mesh_of(laptop: Laptop, number: int) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(number)])
    laptop.aws.forget_calls()


# --- two at once


@EVERY
def test_of_two_applies_at_once_one_is_refused(laptop: Laptop, rooms: Rooms, lock: str) -> None:
    mesh_of(laptop, 4)
    laptop.aws.settings(latency_ms=150)
    processes = [laptop.start("apply", "--yes", "--lock", lock) for _ in range(2)]

    ran = sorted((laptop.wait_for(process, 60) for process in processes), key=lambda r: r.code)

    assert [r.code for r in ran] == [0, 6], ran
    assert "locked: another apply is under way. Nothing was changed." in ran[1].err
    assert "holder: " in ran[1].err
    assert f"meshbot unlock --lock '{lock}'" in ran[1].err
    assert ran[1].out == "", "it did not even plan"
    assert changing(laptop).count(CREATE) == 6
    assert rooms.get(lock) is None
    laptop.aws.settings(latency_ms=0)
    laptop.settled()


def test_of_two_applies_at_once_one_waits_and_finds_nothing_left(
    laptop: Laptop, rooms: Rooms
) -> None:
    mesh_of(laptop, 4)
    laptop.aws.settings(latency_ms=100)
    arguments = ("apply", "--yes", "--lock", LOCK, "--lock-wait", "60")
    processes = [laptop.start(*arguments) for _ in range(2)]

    ran = sorted((laptop.wait_for(process, 90) for process in processes), key=lambda r: r.err)

    assert [r.code for r in ran] == [0, 0], ran
    assert "Apply complete" in ran[0].out
    assert "Waiting up to 60 s for the lease" in ran[1].err
    assert "No changes" in ran[1].out
    assert changing(laptop).count(CREATE) == 6
    assert rooms.get(LOCK) is None


def test_waiting_ends_when_the_time_is_over(laptop: Laptop, rooms: Rooms) -> None:
    laptop.paper_mesh()
    rooms.put(LOCK, other(600))
    start = time.monotonic()

    ran = laptop.run("apply", "--yes", "--lock", LOCK, "--lock-wait", "1")

    assert ran.code == 6
    assert 1 <= time.monotonic() - start < 10
    assert ran.err.count("Waiting") == 1


@EVERY
def test_after_a_kill_the_next_one_waits_for_the_expiry(
    laptop: Laptop, rooms: Rooms, lock: str
) -> None:
    mesh_of(laptop, 3)
    laptop.aws.settings(latency_ms=150)
    killed = quick(laptop, "apply", "--yes", "--lock", lock)
    until(lambda: CREATE in changing(laptop))
    killed.kill()
    laptop.wait_for(killed)
    laptop.aws.settings(latency_ms=0)
    time.sleep(0.5)  # what it had sent is carried out
    assert rooms.get(lock) is not None

    early = laptop.wait_for(quick(laptop, "apply", "--yes", "--lock", lock))
    late = laptop.wait_for(quick(laptop, "apply", "--yes", "--lock", lock, "--lock-wait", "30"))

    assert early.code == 6, early
    assert late.code == 0, late
    assert changing(laptop).count(CREATE) == 3
    assert rooms.get(lock) is None
    laptop.settled()


def test_an_expired_lease_is_taken_over_and_one_that_cannot_be_read_is_not(
    laptop: Laptop, rooms: Rooms
) -> None:
    mesh_of(laptop, 2)
    rooms.put(LOCK, other(-60))
    assert laptop.run("apply", "--yes", "--lock", LOCK).code == 0

    rooms.put(LOCK, "{}")
    ran = laptop.run("apply", "--yes", "--lock", LOCK)

    assert ran.code == 6
    assert "holder: unknown" in ran.err
    assert "meshbot unlock" in ran.err


# --- losing it


@pytest.mark.parametrize(
    ("lock", "theft"), [(LOCKS[0], "stolen"), (LOCKS[1], "deleted")], ids=["stolen", "deleted"]
)
def test_an_apply_whose_lease_is_gone_stops(
    laptop: Laptop, rooms: Rooms, lock: str, theft: str
) -> None:
    mesh_of(laptop, 4)
    laptop.aws.settings(latency_ms=200, provisioning_seconds=8)
    process = quick(laptop, "apply", "--yes", "--format", "json", "--lock", lock)
    until(lambda: CREATE in changing(laptop))
    gone = time.time()
    rooms.put(lock, other(600, "the thief")) if theft == "stolen" else rooms.remove(lock)

    ran = laptop.wait_for(process)

    assert ran.code == 6, ran
    results = [outcome["result"] for outcome in ran.json["outcomes"]]
    assert "interrupted" in results
    assert set(results) <= {"applied", "interrupted"}
    why = "the thief took it" if theft == "stolen" else "somebody unlocked it"
    assert why in ran.json["warnings"][-1]
    # a question that is on its way when it happens sees it already: calls take 0.2 s
    told = min(c.at for c in rooms.calls() if c.action.startswith("Get") and c.at + 0.2 > gone)
    late = [c for c in laptop.calls() if c.service == "ec2" and c.at > told + 2]
    assert not [c for c in late if c.mutating]
    assert (rooms.get(lock) is None) is (theft == "deleted"), "the thief's is left alone"
    laptop.aws.settings(latency_ms=0, provisioning_seconds=0)
    rooms.remove(lock)
    assert laptop.run("apply", "--yes", "--lock", lock).code == 0
    laptop.settled()


def test_nothing_is_taken_away_once_the_lease_is_gone(laptop: Laptop, rooms: Rooms) -> None:
    """The heartbeat would tell only after 15 s: each deletion asks by itself."""
    vpcs = laptop.vpcs(4)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.converge()
    laptop.mesh(production=[*map(member, vpcs[:3]), member(vpcs[3], state="absent")])
    laptop.aws.forget_calls()
    process = laptop.start("apply", "--lock", LOCK, stdin=subprocess.PIPE)
    assert process.stderr is not None
    until(lambda: rooms.get(LOCK))
    _until_asked(process)
    rooms.remove(LOCK)

    out, err = process.communicate("y\n", timeout=30)
    ran = Ran(process.returncode, out, err)

    assert ran.code == 6, ran
    assert "The lease was lost" in ran.out
    assert changing(laptop) == []


def _until_asked(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    read = ""
    while "[y/N]" not in read:
        read += process.stderr.read(1)


def test_a_lease_lost_while_asking_is_noticed_before_anything_is_sent(
    laptop: Laptop, rooms: Rooms
) -> None:
    mesh_of(laptop, 2)
    process = quick(laptop, "apply", "--lock", LOCK, stdin=subprocess.PIPE)
    _until_asked(process)
    rooms.put(LOCK, other(600, "the thief"))
    time.sleep(4 * QUICK.beat)

    out, err = process.communicate("y\n", timeout=30)

    assert process.returncode == 6, (out, err)
    assert "lost before anything was applied: the thief took it" in err
    assert changing(laptop) == []


def test_a_backend_that_goes_away_stops_the_apply_before_the_expiry(
    laptop: Laptop, rooms: Rooms
) -> None:
    mesh_of(laptop, 3)
    laptop.aws.settings(latency_ms=100, provisioning_seconds=20)
    process = quick(laptop, "apply", "--yes", "--lock", LOCK)
    until(lambda: CREATE in changing(laptop))
    laptop.aws.settings(faults=[{"service": "dynamodb", "error": "InternalServerError"}])
    gone = time.time()

    ran = laptop.wait_for(process)

    assert ran.code == 6, ran
    assert "could not be renewed in time" in ran.out
    assert not [c for c in laptop.calls() if c.mutating and c.at > gone + QUICK.ttl]


# --- giving it back


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("planning", signal.SIGTERM),
        ("asking", signal.SIGTERM),
        ("asking", signal.SIGINT),
        ("applying", signal.SIGINT),
    ],
)
def test_it_is_given_back_when_the_apply_is_stopped(
    laptop: Laptop, rooms: Rooms, moment: str, number: signal.Signals
) -> None:
    mesh_of(laptop, 4)
    more = () if moment == "asking" else ("--yes",)
    laptop.aws.settings(latency_ms=0 if moment == "asking" else 200)
    process = laptop.start("apply", "--lock", LOCK, *more, stdin=subprocess.PIPE)
    if moment == "asking":
        _until_asked(process)
    elif moment == "applying":
        until(lambda: CREATE in changing(laptop))
    else:
        until(lambda: rooms.get(LOCK))

    process.send_signal(number)
    ran = laptop.wait_for(process)

    assert ran.code in (1, 4, 5), ran
    assert "Traceback" not in ran.err
    assert rooms.get(LOCK) is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--expect-fingerprint", "0" * 64), 4), (("--environment", "nowhere"), 64), ((), 0)],
)
def test_it_is_given_back_however_the_apply_ends(
    laptop: Laptop, rooms: Rooms, arguments: tuple[str, ...], code: int
) -> None:
    mesh_of(laptop, 2)

    ran = laptop.run("apply", "--yes", "--lock", LOCK, *arguments)

    assert ran.code == code, ran
    assert rooms.get(LOCK) is None


def test_failing_to_give_it_back_is_a_warning(laptop: Laptop, rooms: Rooms) -> None:
    mesh_of(laptop, 2)
    laptop.fault({"action": "DeleteItem", "error": "AccessDeniedException"})

    ran = laptop.run("apply", "--yes", "--lock", LOCK)

    assert ran.code == 0, ran
    assert "warning: the lease was not given back (dynamodb:DeleteItem: AccessDenied" in ran.err
    assert "it is free after 20" in ran.err


# --- asking for it


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "dynamodb", "error": "AccessDeniedException"},
        {"action": "PutItem", "error": "AccessDeniedException"},
        {"service": "dynamodb", "drop": "before"},
        {"service": "dynamodb", "error": "InternalServerError", "status": 500},
    ],
)
def test_without_an_answer_nothing_is_done(
    laptop: Laptop, rooms: Rooms, fault: dict[str, Any]
) -> None:
    mesh_of(laptop, 2)
    laptop.fault(fault)

    ran = laptop.run("apply", "--yes", "--lock", LOCK)

    assert ran.code == 1, ran
    assert f"the lease {LOCK}; nothing was changed without it" in ran.err
    assert {call.service for call in laptop.calls()} == {"dynamodb"}, "not even planned"


def test_a_lost_answer_while_taking_it_is_no_failure(laptop: Laptop, rooms: Rooms) -> None:
    mesh_of(laptop, 2)
    laptop.fault({"action": "PutItem", "drop": "after", "times": 1})

    ran = laptop.run("apply", "--yes", "--lock", LOCK)

    assert ran.code == 0, ran
    assert rooms.get(LOCK) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("--lock", "locks"),
        ("--lock", "s3://bucket"),
        ("--lock-wait", "-1"),
        ("--lock-wait", "soon"),
        ("--lock-wait", "86401"),
    ],
)
def test_what_is_no_place_or_time_is_a_usage_error(
    laptop: Laptop, arguments: tuple[str, ...]
) -> None:
    laptop.paper_mesh()

    ran = laptop.run("apply", "--yes", *arguments)

    assert ran.code == 64
    assert arguments[0] in ran.err
    assert laptop.calls() == ()


def test_none_is_the_default_and_a_variable_can_name_a_lease(
    laptop: Laptop, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh_of(laptop, 2)
    rooms.put(LOCK, other(600))
    assert laptop.run("apply", "--yes").code == 0
    assert rooms.calls() == []
    monkeypatch.setenv("MESHBOT_LOCK", LOCK)

    assert laptop.run("apply", "--yes").code == 6
    assert laptop.run("apply", "--yes", "--lock", "none").code == 0
    assert laptop.run("plan").code == 0


def test_a_short_apply_asks_three_times(laptop: Laptop, rooms: Rooms) -> None:
    laptop.paper_mesh()
    laptop.aws.forget_calls()

    laptop.run("apply", "--yes", "--lock", LOCK)

    assert [call.action for call in rooms.calls()] == ["GetItem", "PutItem", "DeleteItem"]


# --- unlock


@EVERY
def test_unlock_shows_the_holder_and_takes_the_lease_away(
    laptop: Laptop, rooms: Rooms, lock: str
) -> None:
    rooms.put(lock, other(600, "acme/net run 7\x1b[31m"))

    asked = laptop.wait_for(laptop.start("unlock", "--lock", lock))
    assert asked.code == 4, asked
    assert rooms.get(lock) is not None
    done = laptop.run("unlock", "--lock", lock, "--yes")

    assert done.code == 0
    assert "is held" in done.out
    assert "holder: acme/net run 7" in done.out
    assert "since 20" in done.out
    assert "\x1b" not in done.out
    assert "Unlocked." in done.out
    assert rooms.get(lock) is None


@EVERY
def test_unlock_tells_a_program_what_it_did(laptop: Laptop, rooms: Rooms, lock: str) -> None:
    def unlock() -> Any:
        return json.loads(laptop.ok("unlock", "--lock", lock, "--yes", "--format", "json").out)

    rooms.put(lock, other(-600))
    expired, free = unlock(), unlock()
    rooms.put(lock, "garbage")
    unreadable = unlock()

    assert expired["standing"] == "expired"
    assert expired["holder"] == "acme/net run 7"
    assert expired["removed"] is True
    assert (free["standing"], free["holder"], free["removed"]) == ("free", None, False)
    assert (unreadable["standing"], unreadable["removed"]) == ("unreadable", True)
    assert rooms.get(lock) is None


@EVERY
def test_unlock_takes_away_only_what_it_showed(
    laptop: Laptop, rooms: Rooms, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.put(lock, other(600))

    def confirmed(*_: object, **__: object) -> bool:
        rooms.put(lock, other(600, "somebody new"))
        return True

    monkeypatch.setattr(click, "confirm", confirmed)
    ran = laptop.run("unlock", "--lock", lock)

    assert ran.code == 6
    assert "another one by now" in ran.err
    assert "somebody new" in str(rooms.get(lock))


def test_unlock_needs_to_be_told_which(laptop: Laptop) -> None:
    assert laptop.run("unlock").code == 64
    assert laptop.run("unlock", "--lock", "x").code == 64


def test_unlock_does_not_say_free_where_it_may_not_look(laptop: Laptop, rooms: Rooms) -> None:
    laptop.fault({"action": "GetObject", "error": "AccessDenied"})

    ran = laptop.run("unlock", "--lock", LOCKS[1], "--yes")

    assert ran.code == 1
    assert "s3:ListBucket" in ran.err
    assert "free" not in ran.out


def test_quick_leases_are_like_the_real_ones() -> None:
    real = LeaseSettings()

    assert QUICK.beat / QUICK.ttl < real.beat / real.ttl
    assert QUICK.margin / QUICK.ttl == real.margin / real.ttl

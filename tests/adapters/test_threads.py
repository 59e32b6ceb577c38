"""The dispatcher: what runs beside what, what is reported, and that it lets go."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.adapters.threads import ThreadDispatcher
from bot.ports import Dispatcher

ROOT = Path(__file__).parents[2]
HANGING = """
import threading
from bot.adapters.threads import ThreadDispatcher
dispatcher = ThreadDispatcher(2)
started = threading.Event()
dispatcher.submit(lambda: (started.set(), threading.Event().wait()), "hangs")
started.wait()
dispatcher.close()
"""

SIGNALLED = """
import signal, time
from bot.adapters.threads import ThreadDispatcher
signal.signal(signal.SIGALRM, lambda *_: None)
dispatcher = ThreadDispatcher(1)
for number in range(400):
    signal.setitimer(signal.ITIMER_REAL, 0.002 + (number % 100 - 50) * 4e-6)
    assert dispatcher.next(0.002) is None
    time.sleep(0.001)
"""


def test_results_and_errors_come_with_their_tokens() -> None:
    dispatcher: Dispatcher = ThreadDispatcher(3)
    fault = ValueError("no")

    def fail() -> None:
        raise fault

    dispatcher.submit(lambda: 6 * 7, "good")
    dispatcher.submit(fail, "bad")
    ends = [dispatcher.next(None), dispatcher.next(5)]

    assert ("good", 42, None) in ends
    assert ("bad", None, fault) in ends
    assert dispatcher.next(None) is None  # and does not wait for ever


def test_work_runs_side_by_side_up_to_the_number_of_workers() -> None:
    gauge, lock = {"now": 0, "most": 0}, threading.Lock()
    full = threading.Barrier(4)

    def work() -> None:
        with lock:
            gauge["now"] += 1
            gauge["most"] = max(gauge["most"], gauge["now"])
        full.wait(5)
        with lock:
            gauge["now"] -= 1

    with ThreadDispatcher(4) as dispatcher:
        for number in range(12):
            dispatcher.submit(work, number)
        ends = [dispatcher.next(5) for _ in range(12)]

    assert {end[0] for end in ends if end and end[2] is None} == {*range(12)}
    assert gauge["most"] == 4


def test_next_gives_up_after_its_timeout() -> None:
    release = threading.Event()
    dispatcher = ThreadDispatcher(1)
    dispatcher.submit(release.wait, "slow")

    before = dispatcher.now()
    assert dispatcher.next(0.05) is None
    assert dispatcher.next(-1) is None
    assert dispatcher.now() - before >= 0.05

    release.set()
    assert dispatcher.next(5) == ("slow", True, None)


def test_next_waits_for_its_timeout_when_nothing_is_under_way() -> None:
    dispatcher = ThreadDispatcher(1)

    before = dispatcher.now()

    assert dispatcher.next(0.05) is None
    assert dispatcher.now() - before >= 0.05


def test_close_starts_nothing_more_and_waits_for_nobody() -> None:
    started, release, ran = threading.Event(), threading.Event(), threading.Event()
    dispatcher = ThreadDispatcher(1)

    def hold() -> None:
        started.set()
        release.wait(5)

    dispatcher.submit(hold, "in hand")
    dispatcher.submit(ran.set, "queued")
    assert started.wait(5)

    dispatcher.close()
    release.set()

    end = dispatcher.next(5)
    assert end is not None
    assert end[0] == "in hand"
    assert dispatcher.next(0.05) is None
    assert not ran.is_set()
    with pytest.raises(RuntimeError, match="closed"):
        dispatcher.submit(ran.set, "late")


def test_work_that_hangs_does_not_keep_the_process() -> None:
    before = time.monotonic()

    subprocess.run([sys.executable, "-c", HANGING], check=True, timeout=20, cwd=ROOT)  # noqa: S603

    assert time.monotonic() - before < 10


def test_a_signal_at_the_end_of_a_wait_does_not_make_it_last_for_ever() -> None:
    subprocess.run([sys.executable, "-c", SIGNALLED], check=True, timeout=30, cwd=ROOT)  # noqa: S603

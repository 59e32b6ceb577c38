"""SIGINT and SIGTERM as a flag, and what signals do before and after."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from bot.adapters.interruption import ENDING, StopFlag, ending_in_order, interruptible
from bot.errors import Signalled

ROOT = Path(__file__).parents[2]
EARLY = """
import os, sys
from importlib.abc import MetaPathFinder

LOCAL = "bot.usecases.local"
MODULES = {"importing": "bot.cli.commands", "in_exec": LOCAL, "planning": LOCAL}

class Signalling(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == MODULES[when]:
            if when == "in_exec":  # as the making of a dataclass is cut short
                exec(f"for _ in range(2): os.kill(os.getpid(), {number})")
            for _ in range(2):
                os.kill(os.getpid(), number)

when, number = sys.argv[1], int(sys.argv[2])
sys.argv[1:] = ["plan"]
sys.meta_path.insert(0, Signalling())
from bot.__main__ import main
main()
"""
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
STORM = """
import signal
from bot.adapters.interruption import StopFlag
flags = [StopFlag()]
signal.signal(signal.SIGALRM, lambda *_: flags[0].set())
signal.setitimer(signal.ITIMER_REAL, 0.00005, 0.00005)
for _ in range(100_000):
    flags[0] = StopFlag()
    flags[0].wait(0)
signal.setitimer(signal.ITIMER_REAL, 0)
"""


@BOTH
def test_a_signal_sets_the_flag_and_the_next_is_ignored(number: signal.Signals) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with interruptible() as stop:
            assert not stop.is_set()
            os.kill(os.getpid(), number)
            assert stop.is_set()
        os.kill(os.getpid(), number)  # a runner sends two: neither kills nor raises
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


@BOTH
def test_without_a_signal_all_is_as_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with interruptible():
        assert signal.getsignal(number) != before

    assert signal.getsignal(number) == before


def test_a_pause_ends_when_the_flag_is_set() -> None:
    stop, began = StopFlag(), time.monotonic()
    Timer(0.1, stop.set).start()

    assert stop.wait(30)

    assert time.monotonic() - began < 10


def test_a_pause_lasts_its_time_and_no_less() -> None:
    stop, began = StopFlag(), time.monotonic()

    assert not stop.wait(0.25)
    assert not stop.wait(-1)

    assert time.monotonic() - began >= 0.25


def test_signals_that_fall_into_the_start_of_a_pause_do_not_lock_it() -> None:
    subprocess.run([sys.executable, "-c", STORM], check=True, timeout=60, cwd=ROOT)  # noqa: S603


@BOTH
def test_a_signal_unwinds_what_is_held_and_a_second_does_not_cut_that_short(
    number: signal.Signals,
) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    given_back: list[bool] = []

    def give_back() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        given_back.append(True)

    def work() -> None:
        with ending_in_order(), ExitStack() as held:
            held.callback(give_back)
            os.kill(os.getpid(), number)

    try:
        with pytest.raises(Signalled):
            work()
        os.kill(os.getpid(), signal.SIGTERM)  # while the message is written
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)

    assert given_back == [True]


def test_what_was_spent_since_the_signal_is_taken_from_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop, now = StopFlag(), [100.0]
    monkeypatch.setattr("bot.adapters.interruption.time.monotonic", lambda: now[0])
    assert stop.left() == math.inf

    left = []
    for seconds in (0, 2.5, 2, 60):
        now[0] += seconds
        stop.set()  # the first signal counts
        left.append(stop.left())

    assert left == [ENDING, ENDING - 2.5, 0.5, 0.5]


def test_the_parts_of_a_run_share_its_flag() -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with ending_in_order() as stop:
            with interruptible(stop) as part:
                os.kill(os.getpid(), signal.SIGTERM)
            assert part is stop
            assert stop.left() <= ENDING
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


@BOTH
@pytest.mark.parametrize("when", ["importing", "in_exec", "planning"])
def test_before_work_begins_a_signal_ends_it_with_a_word_and_a_code(
    number: signal.Signals, when: str, tmp_path: Path
) -> None:
    (tmp_path / "early.py").write_text(EARLY)
    ended = subprocess.run(  # noqa: S603 - this very Python with arguments of our own
        # as users start it: only of what -m runs does Python look for a lost KeyboardInterrupt
        [sys.executable, "-m", "early", when, str(int(number))],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )

    assert ended.returncode == 1, ended
    assert ended.stderr.strip() == "interrupted; nothing was changed."
    assert ended.stdout == ""


def test_without_a_signal_ending_in_order_leaves_all_as_it_was() -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}

    with ending_in_order():
        assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]

    assert {n: signal.getsignal(n) for n in before} == before

"""What watchers see of a run under way: in its log, and in comments before their outcome."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.github.session import TooLate
from bot.adapters.runner import RunnerFiles
from bot.adapters.threads import ThreadDispatcher
from bot.engine.gather import gather
from bot.engine.pace import CommentPace, LinePace, Paces
from bot.errors import BotError, ExitCode, GitHubError, GitHubRefused
from bot.model.github import PullRequest
from bot.model.progress import KindProgress, Progressed
from bot.ports import Quiet, Stop
from bot.usecases.action.remarks import HASTE, LONGEST, PATIENCE, Remarks
from bot.usecases.action.watching import Watched
from tests.engine.test_fencing import Counted
from tests.fakes.faults import Rule
from tests.usecases.action.stage import (
    HEAD,
    MERGE,
    FakeGitHub,
    Stage,
    dispatch,
    push,
    vpc,
)

MARKER = "<!-- meshbot:v1 key=meshes -->"
NOW = Paces(comment=CommentPace(worth=-1.0, every=0.0, stretch=0.0))
"""Comments are edited at every chance there is."""


def state(done: int, left: float = 133.0, total: int = 1104) -> Progressed:
    return Progressed((), (KindProgress("route", done, total),), left)


# The log


@dataclass
class Log:
    """The log of a run, with a clock."""

    pace: LinePace = field(default_factory=LinePace)
    now: float = 1000.0
    out: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        files = RunnerFiles({}, self.out)
        self.watched = Watched(files, "Applying", self.pace, lambda: self.now)

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()


def test_an_apply_is_one_group_with_a_start_lines_in_between_and_an_end() -> None:
    log = Log()
    with log.watched as watched:
        for second in range(100):
            watched.progressed(state(11 * second))
            log.now += 1
            watched.update("applying", 11 * second + 11, 1104)

    assert log.lines == [
        "::group::Applying",
        "routes 0/1,104, about 2 min left",
        "routes 330/1,104, about 2 min left",
        "routes 660/1,104, about 2 min left",
        "routes 990/1,104, about 2 min left",
        "Ended after 100 s: routes 1,089/1,104",
        "::endgroup::",
    ]


def test_a_line_is_there_at_once() -> None:
    log = Log()
    with log.watched as watched:
        watched.progressed(state(0))
        assert log.lines == ["::group::Applying", "routes 0/1,104, about 2 min left"]


def test_the_group_of_an_apply_that_broke_is_closed() -> None:
    log = Log()

    def broken() -> None:
        with log.watched as watched:
            watched.progressed(state(7))
            raise BotError("no")

    with pytest.raises(BotError):
        broken()
    assert log.lines[-2:] == ["Ended after 0 s: routes 7/1,104", "::endgroup::"]


def test_reading_that_is_soon_done_says_nothing() -> None:
    log = Log(LinePace(after=10))
    with log.watched as watched:
        for done in range(400):
            watched.update("reading scopes", done, 400)
            log.now += 0.02
    assert log.lines == []


def test_reading_that_takes_long_is_told_of() -> None:
    log = Log(LinePace(after=10))
    with log.watched as watched:
        for done in range(60):
            watched.update("reading scopes", done, 1400)
            log.now += 5
    assert log.lines == [
        "::group::Applying",
        "reading scopes 2/1,400",
        "reading scopes 26/1,400",
        "reading scopes 50/1,400",
        "::endgroup::",
    ]


def test_nothing_to_read_is_no_failure() -> None:
    log = Log()
    with log.watched as watched:
        watched.update("reading scopes", 0, 0)
    assert log.lines[1] == "reading scopes 0/0"


def test_a_log_that_cannot_be_written_takes_nothing_away() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    log = Log(out=Closed())
    with log.watched as watched:
        with suppress(BrokenPipeError):
            watched.progressed(state(10))  # the engine stops telling then
        report = "what was done"

    assert report == "what was done"


def test_a_plan_goes_on_when_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Quiet):
        def update(self, activity: str, done: int, total: int) -> None:
            raise OSError(5, "Input/output error")

    with ThreadDispatcher() as dispatcher:
        answers = gather({1: lambda: "one"}, dispatcher, "reading", Broken(), None)

    assert answers == {1: "one"}
    assert "can no longer be told" in caplog.text


# Comments


@dataclass
class Slow:
    """A Beside on a clock of its own, whose work takes effect when it ends, not before.

    ``takes`` are seconds: of the first work, the second and so on, the last ever after.
    """

    takes: tuple[float, ...] = (0.1,)
    clock: float = 0.0
    closed: bool = False
    started: int = 0
    under_way: tuple[float, Callable[[], Any], object] | None = None

    def submit(self, work: Callable[[], Any], token: object) -> None:
        assert self.under_way is None, "one at a time"
        assert not self.closed
        seconds = self.takes[min(self.started, len(self.takes) - 1)]
        self.started += 1
        self.under_way = self.clock + seconds, work, token

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        assert timeout is not None
        if self.under_way is None or self.under_way[0] > self.clock + timeout:
            self.clock += timeout
            return None
        ends, work, token = self.under_way
        self.under_way, self.clock = None, max(self.clock, ends)
        try:
            return token, work(), None
        except Exception as error:  # noqa: BLE001  (as ThreadDispatcher does)
            return token, None, error

    def now(self) -> float:
        return self.clock

    def close(self) -> None:
        self.closed = True


@dataclass
class Comments(FakeGitHub):
    """Remembers every edit, and sends nothing once it is too late, unless ``sent`` already."""

    edits: list[tuple[int, str]] = field(default_factory=list)
    until: Stop | None = None
    sent: bool = False

    def comment(self, number: int, marker: str, body: str, *, create: bool = True) -> str:
        if self.until is not None and self.until.is_set() and not self.sent:
            raise TooLate("too late")
        url = super().comment(number, marker, body, create=create)
        if url:
            self.edits.append((number, body.split("\n")[1]))
        return url


@dataclass
class Told:
    """Remarks on pull requests, and the outcome after them."""

    numbers: tuple[int, ...] = (7,)
    beside: Slow = field(default_factory=Slow)
    pace: CommentPace = field(default_factory=CommentPace)
    github: Comments = field(default_factory=Comments)

    def __post_init__(self) -> None:
        self.github.comments |= dict.fromkeys(self.numbers, f"{MARKER}\n### Plan")
        self.remarks = Remarks(
            self.numbers,
            MARKER,
            lambda body, state: f"{MARKER}\napplying {state.kinds[0].done}\n{body}",
            self._connect,
            self.beside,
            self.pace,
        )

    def _connect(self, until: Stop) -> FakeGitHub:
        self.github.until = until
        return self.github

    def applying(self, seconds: int, left: float = 600.0) -> None:
        """An apply goes on for so long, and says each second how far it is."""
        start = self.beside.clock
        for second in range(seconds):
            self.beside.clock = max(self.beside.clock, start + second)
            self.remarks.progressed(state(second, left))

    def outcome(self, *, hasty: bool = False) -> str:
        """The apply is done, and its outcome told."""
        self.remarks.end(hasty=hasty)
        return self.remarks.outlast(self._tell)

    def _tell(self) -> None:
        until, self.github.until = self.github.until, None  # another client
        for number in self.numbers:
            self.github.comment(number, MARKER, f"{MARKER}\noutcome")
        self.github.until = until

    @property
    def said(self) -> list[str]:
        return [line for _, line in self.github.edits]


def test_a_long_apply_is_told_of_each_minute_and_the_outcome_is_the_last_word() -> None:
    told = Told()
    told.applying(130)

    assert told.outcome() == ""
    assert told.said == ["applying 0", "applying 60", "applying 120", "outcome"]
    assert told.beside.closed


def test_a_short_apply_is_told_of_in_the_end_alone() -> None:
    told = Told()
    told.applying(20, left=0.0)
    told.outcome()

    assert told.said == ["outcome"]


def test_the_plan_stays_below_and_does_not_pile_up() -> None:
    told = Told()
    told.applying(130)
    told.beside.clock += 1
    told.remarks.progressed(state(130))

    assert told.github.comments[7] == f"{MARKER}\napplying 120\n{MARKER}\n### Plan"
    assert told.github.asked.count("own_comment") == 1


def test_every_pull_request_is_told_with_a_pause_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.usecases.action.remarks.BETWEEN", 0)
    told = Told((5, 7))
    told.applying(122)

    assert [number for number, _ in told.github.edits] == [5, 7, 5, 7, 5, 7]


def test_of_many_pull_requests_the_newest_are_kept_up_to_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.usecases.action.remarks.BETWEEN", 0)
    told = Told(tuple(range(1, 31)))
    told.applying(1000)

    assert [number for number, _ in told.github.edits] == [*range(21, 31)] * 2


def test_a_comment_that_nobody_wrote_is_not_made() -> None:
    told = Told()
    told.github.comments.clear()
    told.applying(130)

    assert told.github.comments == {}


def test_edits_that_are_slow_are_one_at_a_time_and_never_waited_for() -> None:
    told = Told(beside=Slow(takes=(200.0,)))
    told.applying(150)

    assert told.beside.clock == 149
    assert told.beside.started == 1


def test_an_edit_on_its_way_is_waited_for() -> None:
    told = Told(beside=Slow(takes=(0.1, PATIENCE)))
    told.github.sent = True
    told.applying(61)
    told.outcome()

    assert told.said == ["applying 0", "applying 60", "outcome"]


def test_after_an_edit_that_lands_late_the_outcome_is_told_again() -> None:
    told = Told(beside=Slow(takes=(0.1, PATIENCE + 0.1)))
    told.github.sent = True
    told.applying(61)
    told.outcome()

    assert told.said == ["applying 0", "outcome", "applying 60", "outcome"]


def test_an_edit_that_was_not_sent_in_time_is_not_sent_at_all() -> None:
    told = Told(beside=Slow(takes=(0.1, PATIENCE + 0.1)))
    told.applying(61)

    assert told.outcome() == "", "and that is no failure"
    assert told.said == ["applying 0", "outcome", "outcome"]


def test_an_edit_that_hangs_is_not_waited_for_any_longer() -> None:
    told = Told(beside=Slow(takes=(10_000.0,)))
    told.applying(61)
    told.outcome()

    assert told.beside.clock == 60 + PATIENCE + LONGEST
    assert told.said == ["outcome"]


def test_a_stopped_run_hardly_waits() -> None:
    told = Told(beside=Slow(takes=(10_000.0,)))
    told.applying(61)
    told.outcome(hasty=True)

    assert told.beside.clock == 60 + HASTE
    assert told.said == ["outcome"]


def test_nothing_starts_after_the_end() -> None:
    told = Told()
    told.remarks.end(hasty=False)
    told.applying(500)

    assert told.beside.started == 0


def test_a_refusal_is_told_and_not_tried_again() -> None:
    told = Told()
    told.github.failing["comment"] = GitHubRefused("pull-requests: write is missing")
    told.applying(1000)
    del told.github.failing["comment"]

    assert told.outcome() == "pull-requests: write is missing"
    assert told.github.asked.count("comment") == 2


@pytest.mark.parametrize("error", [GitHubError("502"), RuntimeError()])
def test_after_two_failures_in_a_row_no_more_is_tried(error: Exception) -> None:
    told = Told()
    told.github.failing["comment"] = error  # type: ignore[assignment]
    told.applying(1000)
    del told.github.failing["comment"]

    assert told.outcome() == (str(error) or "RuntimeError")
    assert told.github.asked.count("comment") == 3


def test_failures_in_between_are_made_good_by_the_next_edit() -> None:
    told = Told(pace=CommentPace(stretch=0.0))
    for minute in range(6):
        told.github.failing = {"comment": GitHubError("502")} if minute % 2 else {}
        told.applying(60)
    told.github.failing.clear()

    assert told.outcome() == "502"
    assert len(told.said) == 3 + 1


# The action


class Inline(Slow):
    """Does everything at once."""

    def submit(self, work: Callable[[], Any], token: object) -> None:
        super().submit(work, token)
        done = super().next(1.0)
        assert done is not None
        self.under_way = self.clock, lambda: _again(done), token


def _again(done: tuple[object, Any, Exception | None]) -> Any:
    if done[2] is not None:
        raise done[2]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, github=Comments(), paces=NOW, beside=Inline)
    made.github.pulls[7] = PullRequest(7, HEAD, True, author="alice", branch="main")
    return made


def edits(stage: Stage) -> list[str]:
    assert isinstance(stage.github, Comments)
    return [line for _, line in stage.github.edits]


def test_the_merged_pull_request_says_applying_and_then_the_outcome(stage: Stage) -> None:
    stage.review()

    ran = stage.run(push())

    first, *between, last = edits(stage)
    assert first.startswith("### Plan: 9 to add")
    assert between
    assert set(between) == {"> [!NOTE]"}
    assert last == "### Applied: 9 added, 0 changed, 0 destroyed"
    assert ran.code is ExitCode.SUCCESS
    assert "Applying …" not in stage.github.comments[7]
    start = ran.log.index("::group::Applying\n")
    assert ran.log[start:].splitlines()[1].startswith("peerings 0/3, routes 0/6, about 5 s left")
    assert "peerings 3/3, routes 6/6\n::endgroup::" in ran.log[start:]


def test_without_comments_there_are_none_in_between_either(stage: Stage) -> None:
    stage.review()
    before = edits(stage)

    ran = stage.run(push(), comment="never")

    assert edits(stage) == before
    assert ran.code is ExitCode.SUCCESS
    assert "::group::Applying\n" in ran.log


def test_a_shard_says_nothing_in_comments(stage: Stage) -> None:
    stage.review()
    before = edits(stage)

    ran = stage.run(push(), shard="1-of-1", environments="production")

    assert ran.code is ExitCode.SUCCESS, ran.log
    assert edits(stage) == before


def test_a_run_that_applies_nothing_says_nothing_in_between(stage: Stage) -> None:
    stage.review()
    stage.run(push())
    count = len(edits(stage))

    stage.run(dispatch(), command="apply")

    assert len(edits(stage)) - count <= 1
    assert "Applying" not in "".join(edits(stage)[count:])


@pytest.mark.parametrize(
    "trouble", [GitHubError("GitHub is down"), GitHubRefused("may not"), RuntimeError("a fault")]
)
def test_edits_that_fail_are_a_notice_and_change_nothing(stage: Stage, trouble: Any) -> None:
    stage.review()
    stage.aside = Comments(failing={"own_comment": trouble})

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs["failure-reason"] == ""
    assert f"::notice::The comment did not always show how far the apply was. {trouble}" in ran.log
    assert "::warning::" not in ran.log
    assert edits(stage)[-1] == "### Applied: 9 added, 0 changed, 0 destroyed"


def test_a_failed_apply_is_the_last_word_too(stage: Stage) -> None:
    stage.review()
    stage.aws.rules.append(Rule("ec2:CreateRoute", vpc(2).scope))

    ran = stage.run(push())

    assert ran.code is ExitCode.PARTIAL
    assert "> [!NOTE]" in edits(stage)
    assert edits(stage)[-1].startswith("### Partly applied")


def test_a_stopped_apply_hardly_waits_for_an_edit(stage: Stage) -> None:
    beside = Slow(takes=(10_000.0,))
    stage.beside = lambda: beside
    stage.review()
    stage.lease = Counted(3)

    ran = stage.run(push())

    assert ran.code is ExitCode.LOCKED
    assert (beside.started, beside.clock) == (1, HASTE)


def test_an_apply_that_breaks_down_is_the_last_word_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.review()

    def broken(*_: Any) -> Any:
        _[-1].progressed(state(1))
        raise BotError("the roof fell in")

    monkeypatch.setattr(stage, "_apply", broken)
    ran = stage.run(push())

    assert ran.code is ExitCode.FAILURE
    assert edits(stage)[-2:] == ["> [!NOTE]", "### No result: error"]
    assert "Ended after 0 s: routes 1/1,104\n::endgroup::\n::error::the roof" in ran.log


def test_only_merged_pull_requests_are_told(stage: Stage) -> None:
    stage.review()
    stage.github.pulls[8] = replace(stage.github.pulls[7], number=8, open=True, merged=False)
    stage.github.brought[MERGE] = (7, 8)
    stage.github.comments[8] = f"{MARKER}\n### Plan"

    stage.run(push())

    assert isinstance(stage.github, Comments)
    assert {number for number, line in stage.github.edits if line == "> [!NOTE]"} == {7}

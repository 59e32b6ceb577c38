"""Asking, waiting and deleting, in virtual time, with an AWS that does not always do its part."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from bot.engine.analyzer.conversation import AT_ONCE, GRACE, converse
from bot.engine.analyzer.talk import LONGEST, TRIES
from bot.errors import AwsError
from bot.model.address import Scope, vpc_ref
from bot.model.analyzer import Analysis, Interface, Leftover, Question
from bot.model.reachability import PairReach
from bot.ports import Quiet
from tests.fakes.dispatcher import SimulatedDispatcher
from tests.fakes.world import Clock

ONE, TWO = (vpc_ref("111111111111", "us-east-1", f"vpc-0000000{n}") for n in (1, 2))
CREATE, START = "ec2:CreateNetworkInsightsPath", "ec2:StartNetworkInsightsAnalysis"
DELETE_ANALYSIS = "ec2:DeleteNetworkInsightsAnalysis"
DELETE_PATH = "ec2:DeleteNetworkInsightsPath"
DESCRIBE = "ec2:DescribeNetworkInsightsAnalyses"


@dataclass
class Insights:
    """A Writer with paths and analyses. ``refuse`` names the error code of a call, if any."""

    clock: Clock
    takes: float = 20.0
    refuse: Callable[[str, int], str] = lambda action, number: ""
    lands: bool = False
    """A refused call takes effect all the same: its answer is lost."""
    counted: Counter[str] = field(default_factory=Counter)
    paths: dict[str, str] = field(default_factory=dict)
    analyses: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    most: int = 0

    def write(self, scope: Scope, action: str, **params: Any) -> Mapping[str, Any]:
        self.counted[action] += 1
        code = self.refuse(action, self.counted[action])
        if code and not self.lands:
            raise AwsError(scope, action, code, "no")
        answer = self.effect(scope, action, params)
        self.most = max(self.most, len(self.paths))
        if code:
            raise AwsError(scope, action, code, "the answer was lost")
        return answer

    def effect(self, scope: Scope, action: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if action == CREATE:
            made = self.paths.setdefault(
                params["ClientToken"], f"nip-{len(self.paths)}-{self.counted}"
            )
            return {"NetworkInsightsPath": {"NetworkInsightsPathId": made}}
        if action == START:
            new = f"nia-{self.counted[START]}", params["NetworkInsightsPathId"], self.clock.now
            made, _, _ = self.analyses.setdefault(params["ClientToken"], new)
            return {"NetworkInsightsAnalysis": {"NetworkInsightsAnalysisId": made}}
        if action == DELETE_ANALYSIS:
            return self.gone(self.analyses, params["NetworkInsightsAnalysisId"], scope, action)
        path = params["NetworkInsightsPathId"]
        if any(held == path for _, held, _ in self.analyses.values()):
            raise AwsError(scope, action, "AnalysisExistsForNetworkInsightsPath", "no")
        return self.gone(self.paths, path, scope, action)

    def gone(self, held: dict[str, Any], id_: str, scope: Scope, action: str) -> Mapping[str, Any]:
        tokens = [t for t, v in held.items() if (v if isinstance(v, str) else v[0]) == id_]
        if not tokens:
            raise AwsError(scope, action, "InvalidNetworkInsightsPathId.NotFound", "no")
        del held[tokens[0]]
        return {}

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        self.counted[action] += 1
        if code := self.refuse(action, self.counted[action]):
            raise AwsError(scope, action, code, "no")
        for id_, _, began in self.analyses.values():
            if id_ in params["NetworkInsightsAnalysisIds"]:
                done = self.clock.now >= began + self.takes
                yield {
                    "NetworkInsightsAnalysisId": id_,
                    "Status": "succeeded" if done else "running",
                    "NetworkPathFound": True,
                }


def question(source: str = "eni-1") -> Question:
    ends = Interface(source, ONE, "subnet-1", "10.1.0.1"), Interface("e", TWO, "s", "10.2.0.1")
    return Question(PairReach(ONE, TWO), ONE.scope, *ends)


def asked(
    aws: Insights, number: int = 1, stop: Any = None, latency: float = 0.05
) -> tuple[tuple[Analysis, ...], tuple[Leftover, ...]]:
    return converse(
        [question()] * number,
        aws,
        SimulatedDispatcher(aws.clock, latency=latency),
        tokens=(f"token-{n}" for n in itertools.count()),
        stop=stop or Event(),
        progress=Quiet(),
    )


@dataclass
class After:
    """Set once so much time has passed."""

    clock: Clock
    seconds: float

    def is_set(self) -> bool:
        return self.clock.now >= self.seconds


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.now = 0.0
    return made


def test_every_question_is_answered_and_nothing_is_left(clock: Clock) -> None:
    aws = Insights(clock)

    found, left = asked(aws, 3)

    assert [analysis.agrees for analysis in found] == [True] * 3
    assert (left, aws.paths, aws.analyses) == ((), {}, {})
    assert aws.counted[DESCRIBE] <= 6  # twenty seconds, for all three at once
    assert clock.now < 35


def test_no_more_than_so_many_are_under_way(clock: Clock) -> None:
    aws = Insights(clock)

    found, _ = asked(aws, AT_ONCE + 5)

    assert aws.most == AT_ONCE
    assert all(analysis.found for analysis in found)


@pytest.mark.parametrize("action", [CREATE, START, DELETE_ANALYSIS, DELETE_PATH])
@pytest.mark.parametrize(
    ("code", "lands"),
    [
        ("RequestLimitExceeded", False),
        ("ConnectTimeoutError", False),
        ("ReadTimeoutError", False),
        ("ReadTimeoutError", True),
        ("InternalError", True),
    ],
)
def test_what_passes_is_borne(clock: Clock, action: str, code: str, lands: bool) -> None:
    aws = Insights(clock, refuse=lambda a, n: code if a == action and n < 3 else "", lands=lands)

    found, left = asked(aws)

    assert (found[0].found, left) == (True, ())
    assert (aws.paths, aws.analyses) == ({}, {})


def test_an_answer_that_stays_lost_is_a_path_that_may_be_there(clock: Clock) -> None:
    aws = Insights(clock, refuse=lambda a, n: "ReadTimeoutError" if a == CREATE else "", lands=True)

    (found,), (left,) = asked(aws)

    assert found.found is None
    assert "ReadTimeoutError" in found.problem
    assert (left.kind, left.id) == ("path", "")
    assert (aws.counted[CREATE], len(aws.paths)) == (TRIES, 1)


def test_a_start_that_is_refused_leaves_no_path(clock: Clock) -> None:
    aws = Insights(clock, refuse=lambda a, n: "AnalysisLimitExceeded" if a == START else "")

    (found,), left = asked(aws)

    assert "AnalysisLimitExceeded" in found.problem
    assert (left, aws.paths, aws.counted[START]) == ((), {}, 1)


def test_a_path_that_is_not_seen_yet_is_started_later(clock: Clock) -> None:
    code = "InvalidNetworkInsightsPathId.NotFound"
    aws = Insights(clock, refuse=lambda a, n: code if a == START and n < 3 else "")

    (found,), left = asked(aws)

    assert (found.found, left) == (True, ())


def test_an_analysis_that_takes_too_long_is_given_up_and_deleted(clock: Clock) -> None:
    aws = Insights(clock, takes=10 * LONGEST)

    (found,), left = asked(aws)

    assert "no answer in the time" in found.problem
    assert LONGEST <= clock.now < LONGEST + 20
    assert (left, aws.paths, aws.analyses) == ((), {}, {})


def test_a_role_that_may_not_look_ends_the_waiting(clock: Clock) -> None:
    aws = Insights(clock, refuse=lambda a, n: "UnauthorizedOperation" if a == DESCRIBE else "")

    (found,), left = asked(aws)

    assert "UnauthorizedOperation" in found.problem
    assert (left, aws.paths, clock.now < 10) == ((), {}, True)


def test_a_question_that_fails_for_a_while_is_asked_again(clock: Clock) -> None:
    code = "InvalidNetworkInsightsAnalysisId.NotFound"
    aws = Insights(clock, refuse=lambda a, n: code if a == DESCRIBE and n < 3 else "")

    (found,), left = asked(aws)

    assert (found.found, left) == (True, ())


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.07, 0.3, 5.0])
def test_after_a_stop_nothing_is_asked_and_all_is_deleted(clock: Clock, seconds: float) -> None:
    aws = Insights(clock)

    found, left = asked(aws, AT_ONCE + 2, After(clock, seconds))

    assert {analysis.problem for analysis in found} == {"interrupted"}
    assert (left, aws.paths, aws.analyses) == ((), {}, {})
    assert clock.now < seconds + GRACE
    if seconds == 0.0:
        assert not aws.counted


def test_calls_that_hang_do_not_hold_up_the_end_and_what_is_left_is_named(clock: Clock) -> None:
    aws = Insights(clock)
    dispatcher = SimulatedDispatcher(clock, latency=0.05)

    def slow(action: str, number: int) -> str:
        dispatcher.latency = 60.0 if action == START else 0.05
        return ""

    aws.refuse = slow
    answers = converse(
        [question()] * 2,
        aws,
        dispatcher,
        tokens=(f"token-{n}" for n in itertools.count()),
        stop=After(clock, 3.0),
        progress=Quiet(),
    )

    assert clock.now <= 3.0 + GRACE + 0.5
    assert {leftover.kind for leftover in answers[1]} == {"path", "analysis"}
    assert all(leftover.id for leftover in answers[1])


def test_what_cannot_be_deleted_is_named_with_why(clock: Clock) -> None:
    aws = Insights(clock, refuse=lambda a, n: "AccessDenied" if a == DELETE_PATH else "")

    (found,), (left,) = asked(aws)

    assert found.found
    assert (left.kind, left.id) == ("path", next(iter(aws.paths.values())))
    assert "AccessDenied" in left.error

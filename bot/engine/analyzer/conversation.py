"""Ask all questions side by side, wait for the answers, and delete what was made for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from bot.engine.analyzer.talk import INTERRUPTED, Stage, Talk
from bot.engine.execute.codes import FINAL
from bot.errors import AwsError
from bot.model.address import Scope
from bot.model.analyzer import Analysis, Leftover, Question
from bot.ports import Dispatcher, Progress, Stop, Writer

DESCRIBE = "ec2:DescribeNetworkInsightsAnalyses"

AT_ONCE = 20
"""Analyses under way at most; AWS's default quota is 100 in an account and Region."""
FIRST_POLL, GROWTH, SLOWEST_POLL = 2.0, 1.5, 10.0
"""Seconds before the first question about running analyses, and how they grow up to a limit."""
HEARTBEAT = 0.25
"""Seconds after which the waiting looks up."""
GRACE = 4.0
"""Seconds after an interruption in which deletions may still go on."""

Items = tuple[Mapping[str, Any], ...]
Answers = tuple[tuple[Analysis, ...], tuple[Leftover, ...]]


def converse(
    questions: Sequence[Question],
    writer: Writer,
    dispatcher: Dispatcher,
    *,
    tokens: Iterable[str],
    stop: Stop,
    progress: Progress,
) -> Answers:
    """An analysis for each question, in their order, and what could not be deleted.

    ``tokens`` are unique texts of at most 50 characters. Raises nothing for what AWS refuses.
    Once ``stop`` is set nothing more is asked, and what there is is deleted within ``GRACE``.
    """
    talks = [Talk(question, token) for question, token in zip(questions, tokens, strict=False)]
    assert len(talks) == len(questions), "a token for each question"
    _Conversation(talks, writer, dispatcher, stop, progress).run()
    left = (leftover for talk in talks for leftover in talk.leftovers)
    return tuple(talk.result for talk in talks), tuple(left)


class _Conversation:
    def __init__(
        self,
        talks: Sequence[Talk],
        writer: Writer,
        dispatcher: Dispatcher,
        stop: Stop,
        progress: Progress,
    ) -> None:
        self._talks, self._writer, self._dispatcher = talks, writer, dispatcher
        self._stop, self._progress = stop, progress
        self._deadline: float | None = None
        self._asked: set[Scope] = set()
        self._pauses: dict[Scope, float] = {}
        self._polls: dict[Scope, float] = {}

    def run(self) -> None:
        """Until every talk is done, or the time after an interruption is up."""
        while going := [talk for talk in self._talks if talk.stage is not Stage.DONE]:
            total = len(self._talks)
            self._progress.update("asking Reachability Analyzer", total - len(going), total)
            now = self._dispatcher.now()
            if self._stop.is_set() and self._ended(going, now):
                break
            self._send(going[:AT_ONCE], now)
            self._poll(going, now)
            ended = self._dispatcher.next(min(HEARTBEAT, FIRST_POLL))
            if ended is not None:
                self._took(*ended)
        self._progress.update("asking Reachability Analyzer", len(self._talks), len(self._talks))

    def _ended(self, going: Iterable[Talk], now: float) -> bool:
        """Stop asking; True when there is no time left for deletions either."""
        self._deadline = now + GRACE if self._deadline is None else self._deadline
        for talk in going:
            if now >= self._deadline:
                talk.abandon()
            elif not talk.busy:
                talk.halt(INTERRUPTED)
        return now >= self._deadline

    def _send(self, going: Iterable[Talk], now: float) -> None:
        for talk in going:
            call = None if talk.busy or talk.due > now else talk.call()
            if call is not None:
                action, parameters = call
                talk.busy = True
                send = partial(self._writer.write, talk.scope, action, **parameters)
                self._dispatcher.submit(send, talk)

    def _poll(self, going: Sequence[Talk], now: float) -> None:
        """One question for all analyses that run in a scope."""
        running: dict[Scope, list[str]] = {}
        for talk in going:
            if talk.stage is Stage.RUNNING and now >= talk.ends:
                talk.halt("no answer in the time that an analysis is given")
            elif talk.stage is Stage.RUNNING:
                running.setdefault(talk.scope, []).append(talk.analysis)
        for scope, ids in running.items():
            if scope not in self._asked and now >= self._polls.setdefault(scope, now + FIRST_POLL):
                pause = self._pauses.get(scope, FIRST_POLL) * GROWTH
                self._pauses[scope] = min(pause, max(SLOWEST_POLL, FIRST_POLL))
                self._polls[scope] = now + self._pauses[scope]
                self._asked.add(scope)
                self._dispatcher.submit(self._question(scope, ids), scope)

    def _question(self, scope: Scope, ids: list[str]) -> Callable[[], Items]:
        return lambda: tuple(self._writer.poll(scope, DESCRIBE, NetworkInsightsAnalysisIds=ids))

    def _took(self, token: object, answer: Any, error: Exception | None) -> None:
        if error is not None and not isinstance(error, AwsError):
            raise error
        if isinstance(token, Scope):
            self._asked.discard(token)
            self._described(token, () if error else answer, error)
            return
        talk = cast(Talk, token)  # tokens are scopes or talks
        talk.busy = False
        if error is None:
            talk.succeeded(answer, self._dispatcher.now())
        else:
            talk.failed(error, self._dispatcher.now())

    def _described(self, scope: Scope, items: Items, error: AwsError | None) -> None:
        told = {item.get("NetworkInsightsAnalysisId"): item for item in items}
        for talk in self._talks:
            if talk.stage is not Stage.RUNNING or talk.scope != scope:
                continue
            if error is not None and error.code in FINAL:
                talk.halt(f"{error.action}: {error.code}: {error.message}")
            elif talk.analysis in told:
                talk.told(told[talk.analysis])

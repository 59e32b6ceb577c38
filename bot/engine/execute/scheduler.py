"""One loop that starts calls when AWS's buckets allow and follows each to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.advice import FINAL, LAGGING, THROTTLED, advice
from bot.engine.execute.buckets import Rate
from bot.engine.execute.graph import Graph, Node, State
from bot.engine.execute.lanes import Call, Lanes
from bot.engine.execute.merging import Groups
from bot.engine.execute.polling import Poll, judged
from bot.engine.execute.values import looked_up, resolved
from bot.errors import AwsError
from bot.kinds import by_name
from bot.model.address import Address, Scope
from bot.model.change import Change, Outcome, Plan, Report, Result
from bot.model.step import Step
from bot.ports import Dispatcher, Progress, Quiet, Stop, Writer

LOG = logging.getLogger(__name__)

MERGED_ATTEMPTS = 2

HEARTBEAT = 0.5
"""Seconds after which the loop looks up at least, to see whether it was told to stop."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How an apply behaves. Times are in seconds.

    ``concurrency``: calls in flight. ``patience``: how long a state is waited for.
    ``attempts``: how often a throttled or too early call is sent at most. ``grace``: how
    long a stopped apply waits for the calls in hand. ``rates``: buckets other than AWS's.
    """

    concurrency: int = 32
    patience: float = 600.0
    attempts: int = 12
    grace: float = 4.0
    rates: Mapping[str, Rate] = field(default_factory=dict)


def steps_of(change: Change[Any]) -> tuple[Step, ...]:
    """The steps of a change, by its kind."""
    return by_name(change.address.kind).steps(change)


def execute(
    plan: Plan,
    writer: Writer,
    dispatcher: Dispatcher,
    *,
    applied_at: str,
    stop: Stop,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Report:
    """Carry out every change of a plan; what fails never stops what does not depend on it.

    ``applied_at`` is the text that peerd's ``peerd_datetime`` tags get.
    """
    run = _Run(
        Graph.of(plan.changes, steps_of),
        writer,
        dispatcher,
        applied_at,
        stop,
        progress or Quiet(),
        settings or Settings(),
        {**plan.ids, **{c.address: c.id for c in plan.changes if c.id}},
    )
    run.run()
    return Report(plan, tuple(run.graph.outcomes()), tuple(run.warnings))


class _Run:
    """The state of one apply. Only the loop's thread touches it; workers only call AWS."""

    def __init__(
        self,
        graph: Graph,
        writer: Writer,
        dispatcher: Dispatcher,
        applied_at: str,
        stop: Stop,
        progress: Progress,
        settings: Settings,
        ids: dict[Address, str],
    ) -> None:
        self.graph, self.writer, self.dispatcher = graph, writer, dispatcher
        self.applied_at, self.stop, self.progress = applied_at, stop, progress
        self.settings, self.ids = settings, ids
        self.lanes = Lanes(settings.rates)
        self.groups = Groups.of(graph.nodes.values())
        self.polls: dict[Scope, Poll] = {}
        self.in_flight = 0
        self.warnings: list[str] = []

    def run(self) -> None:
        """Until everything is done, failed or skipped, or a stop is asked for."""
        self._enter(self.graph.start())
        while not self.stop.is_set():
            self._start_calls()
            if not self.in_flight and self.lanes.empty and not self._polling:
                return
            self._await(self._timeout())
        deadline = self.dispatcher.now() + self.settings.grace
        while self.in_flight and self.dispatcher.now() < deadline:
            self._await(deadline - self.dispatcher.now())

    @property
    def _polling(self) -> bool:
        return any(poll.waiting for poll in self.polls.values())

    def _enter(self, nodes: Iterable[Node]) -> None:
        """Steps became ready: queue their calls, or let them wait for a state."""
        for node in nodes:
            if node.state is not State.READY:
                continue
            if node.step.until is not None:
                self._wait(node)
            elif node.step.merge:
                self._add(self.groups.complete(node))
            else:
                self.lanes.add(Call((node,)))

    def _add(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self.lanes.add(call)

    def _wait(self, node: Node) -> None:
        now = self.dispatcher.now()
        node.deadline = now + self.settings.patience
        scope = node.step.scope
        self.polls.setdefault(scope, Poll(scope, node.step.action)).add(node, now)

    def _start_calls(self) -> None:
        now = self.dispatcher.now()
        for poll in self.polls.values():
            if poll.waiting and not poll.asking and poll.next_at <= now:
                self._ask(poll)
        room = self.settings.concurrency - self.in_flight
        for call in self.lanes.take(now, room):
            self._send(call)

    def _ask(self, poll: Poll) -> None:
        params = poll.params(self.ids)
        poll.asking = True
        self._submit(poll, lambda: list(self.writer.poll(poll.scope, poll.action, **params)))

    def _send(self, call: Call) -> None:
        call.nodes = tuple(node for node in call.nodes if node.state is State.READY)
        if not call.nodes:
            return  # cancelled while it waited for its turn
        step = call.nodes[0].step
        params = dict(step.params)
        if step.merge:
            items = [item for node in call.nodes for item in node.step.params[step.merge]]
            params[step.merge] = list(dict.fromkeys(items))
        try:
            values = resolved(params, self.ids, self.applied_at)
        except KeyError as error:
            unknown = AwsError(
                step.scope, step.action, "UnknownId", f"{error.args[0]} is not there"
            )
            for node in call.nodes:
                self._end(node, unknown)
            return
        self._submit(call, lambda: self.writer.write(step.scope, step.action, **values))

    def _submit(self, token: object, work: Callable[[], Any]) -> None:
        self.in_flight += 1
        self.dispatcher.submit(work, token)

    def _timeout(self) -> float | None:
        now = self.dispatcher.now()
        times = [p.next_at for p in self.polls.values() if p.waiting and not p.asking]
        wake = self.lanes.wake_at(now) if self.in_flight < self.settings.concurrency else None
        if wake is not None:
            times.append(wake)
        return max(0.0, min(times) - now) if times else None

    def _await(self, timeout: float | None) -> None:
        ended = self.dispatcher.next(HEARTBEAT if timeout is None else min(timeout, HEARTBEAT))
        if ended is None:
            return
        self.in_flight -= 1
        token, result, raised = ended
        assert isinstance(token, Poll | Call)
        error = self._explained(token, raised)
        if isinstance(token, Poll):
            self._answered(token, result, error)
        elif error is None:
            self._succeeded(token, result)
        else:
            self._failed(token, error)

    def _explained(self, token: Poll | Call, raised: Exception | None) -> AwsError | None:
        """A bug in one call must not lose what became of all the others."""
        if raised is None or isinstance(raised, AwsError):
            return raised
        LOG.error("unexpected failure of a call", exc_info=raised)
        scope, action = (token.scope, token.action) if isinstance(token, Poll) else token.lane
        return AwsError(scope, action, type(raised).__name__, f"a bug of meshbot: {raised}")

    def _answered(self, poll: Poll, items: Any, error: AwsError | None) -> None:
        poll.asking, now, progressed = False, self.dispatcher.now(), False
        for seen in list(judged(poll, items, self.ids)) if error is None else ():
            if seen.node.state is not State.READY:
                continue
            if seen.ended:
                self._end(seen.node, AwsError(poll.scope, poll.action, "Failed", seen.ended))
            elif seen.reached:
                progressed = True
                self._finish(seen.node)
        poll.asked(now, progressed)
        final = error is not None and error.code in FINAL
        for node in [n for n in poll.waiting if final or (n.deadline or 0.0) <= now]:
            self._end(node, error or self._late(node))
        poll.waiting = [node for node in poll.waiting if node.state is State.READY]

    def _late(self, node: Node) -> AwsError:
        wanted = "/".join(sorted(node.step.until.wanted)) if node.step.until else ""
        text = f"not {wanted} after {self.settings.patience:g} s"
        return AwsError(node.step.scope, node.step.action, "TimedOut", text)

    def _succeeded(self, call: Call, answer: Any) -> None:
        for node in call.nodes:
            if node.step.result:
                self.ids[node.ref.address] = looked_up(answer, node.step.result)
            self._finish(node)

    def _finish(self, node: Node) -> None:
        self.lanes.slots.release(node.ref)
        if node.state is State.READY:
            self._enter(self.graph.done(node))
            self._report()

    def _failed(self, call: Call, error: AwsError) -> None:
        step, now = call.nodes[0].step, self.dispatcher.now()
        call.attempts += 1
        if error.code in THROTTLED:
            self.lanes.bucket(call.lane).empty(now)
        if error.code in step.tolerates:
            self._succeeded(call, {})
        elif error.code in THROTTLED | LAGGING and call.attempts < self._attempts(call, error):
            self.lanes.postpone(call, now + min(15.0, 0.5 * 2 ** (call.attempts - 1)))
        elif len(call.nodes) > 1:
            # find out which one is refused
            self._add(Call((node,), call.attempts) for node in call.nodes)
        else:
            self._end(call.nodes[0], error)

    def _attempts(self, call: Call, error: AwsError) -> int:
        """How often a call is sent; one thing that lags must not hold up those that share it."""
        merged = len(call.nodes) > 1 and error.code in LAGGING
        return MERGED_ATTEMPTS if merged else self.settings.attempts

    def _end(self, node: Node, error: AwsError) -> None:
        """A step failed for good."""
        if node.state is not State.READY:
            return
        if node.step.optional:
            self.warnings.append(f"{error}. {advice(error)}")
            self._finish(node)
            return
        change = self.graph.changes[node.ref.address]
        outcome = Outcome(change, Result.FAILED, str(error), advice(error))
        for cancelled in self.graph.fail(node, outcome):
            self.lanes.slots.release(cancelled.ref)
            self._release_group(cancelled)
        self._report()

    def _release_group(self, node: Node) -> None:
        """A cancelled step no longer holds up those that it would have shared a call with."""
        if node.step.merge:
            self._add(self.groups.complete(node))

    def _report(self) -> None:
        self.progress.update("applying", self.graph.settled, len(self.graph.changes))

"""One loop that starts calls when AWS's buckets allow and follows each to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.engine.execute import failures
from bot.engine.execute.advice import advice
from bot.engine.execute.codes import FINAL, FULL, of_sign_in, silent, unanswered
from bot.engine.execute.contact import PROBE_AGAIN, Contact
from bot.engine.execute.deciding import Next, decided, lost
from bot.engine.execute.doubts import Doubts, Finding, Found, Inquiry
from bot.engine.execute.flights import HEARTBEAT, Flights
from bot.engine.execute.graph import Graph, LaneKey, Node, State
from bot.engine.execute.lanes import NEVER, Call, Lanes
from bot.engine.execute.merging import Groups, apart, together
from bot.engine.execute.pacing import Pacing
from bot.engine.execute.places import in_turn
from bot.engine.execute.polling import Poll, Polls, judged
from bot.engine.execute.reviews import Review, Reviews
from bot.engine.execute.settings import Settings
from bot.engine.execute.values import looked_up, resolved
from bot.errors import AwsError, LeaseLost
from bot.model.address import VPC_PEERING_CONNECTION, Address, Scope
from bot.model.aws_codes import THROTTLED
from bot.model.change import Outcome, Result
from bot.model.step import Slot
from bot.ports import Dispatcher, Progress, Stop, Writer


class Run:
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
        self.polls = Polls()
        self.pacing = Pacing(graph, self.lanes, self.polls, progress)
        self.doubts, self.reviews = Doubts(), Reviews()
        self.contact = Contact()
        self.flights = Flights(dispatcher, self.contact, settings.concurrency)
        self.warnings: dict[str, None] = {}

    def run(self) -> None:
        """Until everything is done, failed or skipped, or a stop is asked for."""
        for node in self.graph.nodes.values():
            if node.step.slot and node.step.slot.taken:
                self.lanes.slots.hold(node.step.slot)
        self._enter(in_turn(self.graph.start()))
        while not self.stop.is_set():
            self._start_calls()
            if not (self.flights or self._waiting):
                return
            if self.lanes.stuck and not (self.flights or self._asking):
                self.lanes.close()
            self._await(self._timeout())
        self.wind_up()

    def wind_up(self) -> None:
        """Start nothing more, and learn for a moment what becomes of what is under way."""
        deadline = self.dispatcher.now() + self.settings.grace
        while self.flights and self.dispatcher.now() < deadline:
            self._await(deadline - self.dispatcher.now())

    @property
    def _waiting(self) -> bool:
        return self._asking or not self.lanes.empty

    @property
    def _asking(self) -> bool:
        return self.polls.waiting or not (self.doubts.empty and self.reviews.empty)

    def _enter(self, nodes: Iterable[Node]) -> None:
        """Steps became ready: queue their calls, or let them wait for a state."""
        for node in nodes:
            if node.state is not State.READY:
                continue
            if node.step.scope in self.contact.lost:
                self._end(node, self.contact.lost[node.step.scope])
            elif node.step.until is not None:
                self._wait(node)
            elif node.step.merge:
                self._add(self.groups.complete(node))
            elif node.step.check is not None:
                self._review(Call((node,)))
            else:
                self.lanes.add(Call((node,)))

    def _add(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self.lanes.add(call)

    def _wait(self, node: Node) -> None:
        now = self.dispatcher.now()
        node.deadline = now + self.settings.patience
        self.polls.add(node, now)

    def _start_calls(self) -> None:
        now = self.dispatcher.now()
        self.pacing.look(now)
        for poll in self.polls.due(now):
            if self._may_ask(poll, now):
                poll.asking = True
                self._question(poll, poll.params(self.ids))
        for inquiry in self.doubts.waiting():
            if self._may_ask(inquiry, now):
                self._question(inquiry, inquiry.question())
        for review in self._reviews():
            if self._may_ask(review, now):
                self._question(review, review.question(self._vacant))
        for call in self.lanes.take(now, self.flights.room):
            self._send(call)

    def _may_ask(self, asks: Poll | Inquiry | Review, now: float) -> bool:
        """Whether a question is due; takes its token, or puts it off until there is one."""
        if asks.next_at > now:
            return False
        if self.contact.must_wait(asks.scope):
            asks.next_at = now + HEARTBEAT
            return False
        bucket = self.lanes.bucket((asks.scope, asks.action))
        if bucket.take(now):
            return True
        asks.next_at = bucket.ready_at(now)
        return False

    def _question(self, asks: Poll | Inquiry | Review, params: Mapping[str, Any]) -> None:
        self.flights.start(asks, lambda: list(self.writer.poll(asks.scope, asks.action, **params)))

    def _send(self, call: Call) -> None:
        call.nodes = tuple(node for node in call.nodes if node.state is State.READY)
        if not call.nodes:
            return  # cancelled while it waited for its turn
        step = call.nodes[0].step
        if step.slot and (why := self._no_place(call.nodes[0], step.slot)):
            self._give_up(call, why)
            return
        if self._held_back(call, self.dispatcher.now()):
            return
        try:
            values = self._resolved(together(call.nodes))
        except KeyError as error:
            for node in call.nodes:
                self._end(node, failures.unknown_id(node, error))
            return
        if step.slot:
            self.lanes.slots.sent(step.slot)
        self.flights.start(call, lambda: self.writer.write(step.scope, step.action, **values))

    def _held_back(self, call: Call, now: float) -> bool:
        """Whether a call whose turn it is waits for something else first."""
        scope = call.lane[0]
        if self.contact.must_wait(scope):
            self.lanes.set_aside(call)
        elif call.outdated(now):
            self._review(call)
        elif self.contact.must_stay_back(scope, now):
            self.lanes.postpone(call, now + PROBE_AGAIN)
        else:
            return False
        return True

    def _no_place(self, node: Node, slot: Slot) -> AwsError | None:
        """Why there is no place, or why it would stay taken: its end lies where all is lost."""
        if why := self.lanes.slots.hopeless(slot):
            return failures.no_place(node, why)
        end = self.graph.nodes.get(slot.until)
        return self.contact.lost.get(end.step.scope) if end else None

    def _resolved(self, value: Any) -> Any:
        return resolved(value, self.ids, self.applied_at)

    def _timeout(self) -> float | None:
        now = self.dispatcher.now()
        times = [self.polls.look_at] if self.polls.look_at < float("inf") else []
        times += [inquiry.next_at for inquiry in self.doubts.waiting()]
        times += [review.next_at for review in self._reviews()]
        wake = self.lanes.wake_at(now) if self.flights.room > 0 else None
        if wake is not None:
            times.append(wake)
        return max(0.0, min(times) - now) if times else None

    def _await(self, timeout: float | None) -> None:
        landed = self.flights.next(timeout)
        if landed is None:
            return
        if landed.first:
            self.lanes.account_known(landed.scope.account)
        error = landed.error
        self._listen(landed.scope, error)
        match landed.token:
            case Poll() as poll:
                self._answered(poll, landed.result, error)
            case Inquiry() as inquiry:
                found = inquiry.answered(landed.result, error, self.dispatcher.now())
                self._resolve(found, error)
            case Review() as review:
                self._reviewed(review, landed.result, error)
            case Call() as call:
                self._returned(call, landed.result, error)

    def _listen(self, scope: Scope, error: AwsError | None) -> None:
        """Notice when an account or region no longer answers, and give up what is left there."""
        if scope in self.contact.lost or isinstance(error, LeaseLost):
            return
        if error is not None and of_sign_in(error):
            known = {node.step.scope for node in self.graph.nodes.values()}
            for other in sorted(s for s in known if s.account == scope.account):
                self._lose(other, error)
        elif error is None or not silent(error):
            self.contact.heard(scope)
        elif self.contact.silent(scope, self.dispatcher.now()):
            self._lose(scope, error)

    def _lose(self, scope: Scope, error: AwsError) -> None:
        """Nothing more is tried in a scope; what is under way there ends by itself."""
        self.contact.lost[scope] = failures.lost_scope(scope, error)
        for doubt in self.doubts.forget(scope):
            self._give_up(doubt.call, doubt.given_up(error))
        flying = self.flights.steps
        for node in self.graph.nodes.values():
            if node.step.scope == scope and id(node) not in flying:
                self._end(node, self.contact.lost[scope])

    def _answered(self, poll: Poll, items: Any, error: AwsError | None) -> None:
        poll.asking, now = False, self.dispatcher.now()
        for seen in list(judged(poll, items, self.ids)) if error is None else ():
            if seen.node.state is not State.READY:
                continue
            if seen.ended:
                self.lanes.slots.gone(seen.node.ref.address)
                self._end(seen.node, failures.ended(seen))
            elif seen.reached:
                self._finish(seen.node)
        self.polls.asked(poll, now, error is None)
        final = error is not None and error.code in FINAL
        for node in [n for n in poll.waiting if final or (n.deadline or 0.0) <= now]:
            self._end(node, error or failures.late(node, self.settings.patience))
        self.polls.changed()

    def _resolve(self, found: Iterable[Found], blind: AwsError | None) -> None:
        """What looking found out about calls whose answers were lost."""
        for end in found:
            doubt = end.doubt
            if end.finding is Finding.DONE:
                for node in doubt.call.nodes:
                    if end.id:
                        self.ids[node.ref.address] = end.id
                    self._finish(node)
            elif end.finding is Finding.NOT_DONE and doubt.may_send_again:
                self._again(doubt.call)
            else:
                if end.finding is Finding.NOT_DONE:
                    self._not_made(doubt.call.nodes[0].step.slot)
                self._give_up(doubt.call, doubt.given_up(blind))

    def _reviews(self) -> Iterable[Review]:
        """The reviews with a question to ask; none while nothing could be sent anyway."""
        return self.reviews.waiting(self._vacant) if self.flights.room > 0 else ()

    def _vacant(self, lane: LaneKey, seconds: float) -> int:
        return self.lanes.vacant(lane, self.dispatcher.now(), seconds)

    def _review(self, call: Call) -> None:
        try:
            self.reviews.add(call, self.dispatcher.now(), self._resolved)
        except KeyError as error:
            self._end(call.nodes[0], failures.unknown_id(call.nodes[0], error))

    def _reviewed(self, review: Review, items: Any, error: AwsError | None) -> None:
        """Send what is as it was planned, and nothing else."""
        now = self.dispatcher.now()
        for call, why in review.answered(items, error, now):
            if why is not None:
                self._give_up(call, why)
            elif call.wanted:
                call.looked_at = now
                (self.lanes.again if call.attempts else self.lanes.add)(call)

    def _again(self, call: Call) -> None:
        """Send a call once more, if that is still what was planned."""
        if call.checked:
            self._review(call)
        else:
            self.lanes.again(call)

    def _returned(self, call: Call, answer: Any, error: AwsError | None) -> None:
        if error is None:
            self._succeeded(call, answer)
        elif not isinstance(error, LeaseLost):  # not sent, and the stop signal is set
            self._failed(call, error)

    def _succeeded(self, call: Call, answer: Any) -> None:
        for node in call.nodes:
            if node.step.result:
                self.ids[node.ref.address] = looked_up(answer, node.step.result)
            self._finish(node)

    def _finish(self, node: Node) -> None:
        if node.step.slot:
            self.lanes.slots.made(node.step.slot)
        self.lanes.slots.release(node.ref, done=True)
        if node.ref.address.kind == VPC_PEERING_CONNECTION and node.step.until is None:
            change = self.graph.changes[node.ref.address]
            if change.after is None:  # it may have been a request
                self.lanes.slots.vacated(change.id)
        if node.state is State.READY:
            self._enter(self.graph.done(node))
            self._report()

    def _failed(self, call: Call, error: AwsError) -> None:
        now = self.dispatcher.now()
        call.attempts += 1
        call.looked_at = NEVER  # by the next sending, things may have changed
        call.lost += lost(call, error)
        if error.code in THROTTLED:
            self.lanes.throttled(call, now)
        hopeless = call.lane[0] in self.contact.lost
        if error.code in FULL and not hopeless and self._stands_back(call):
            return
        match Next.GIVE_UP if hopeless else decided(call, error, self.settings.attempts):
            case Next.DONE:
                self._succeeded(call, {})
            case Next.SEND_AGAIN:
                self.lanes.postpone(call, now + min(15.0, 0.5 * 2 ** (call.attempts - 1)))
            case Next.LOOK:
                self.doubts.add(call, error, now, self._resolved)
            case Next.SEND_APART:  # find out which one is refused
                self._add(apart(call))
            case Next.GIVE_UP:
                self._give_up(call, error)

    def _stands_back(self, call: Call) -> bool:
        """AWS has no place for a call: it waits until one of ours ends, if that may help."""
        slot = call.nodes[0].step.slot
        if slot is None or not self.lanes.slots.refused(slot):
            return False
        call.attempts -= 1
        self.lanes.add(call)
        return True

    def _not_made(self, slot: Slot | None) -> None:
        if slot and not slot.taken:
            self.lanes.slots.release(slot.until)

    def _give_up(self, call: Call, error: AwsError) -> None:
        for node in call.nodes:
            self._end(node, error)

    def _end(self, node: Node, error: AwsError) -> None:
        """A step failed for good."""
        if node.state is not State.READY:
            return
        if node.step.optional:
            self.warnings[f"{error}. {advice(error)}"] = None
            self._finish(node)
            return
        if not (unanswered(error) or error.code in FULL):
            self._not_made(node.step.slot)
        change = self.graph.changes[node.ref.address]
        told = failures.advice_on(error, node.step.slot, self.lanes.slots)
        outcome = Outcome(change, Result.FAILED, str(error), told)
        for cancelled in self.graph.fail(node, outcome):
            self.lanes.slots.lose(cancelled.ref, error)
            self._release_group(cancelled)
        self._report()

    def _release_group(self, node: Node) -> None:
        """A cancelled step no longer holds up those that it would have shared a call with."""
        if node.step.merge:
            self._add(self.groups.complete(node))

    def _report(self) -> None:
        self.progress.update("applying", self.graph.settled, len(self.graph.changes))

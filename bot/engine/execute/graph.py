"""The steps of a plan with what each waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.model.address import Address, Scope
from bot.model.change import Change, Outcome, Result
from bot.model.step import Step, StepRef

LaneKey = tuple[Scope, str]
"""A scope and an action: what has a bucket of its own."""


class State(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    READY = "ready"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class Node:
    """A step in the graph; ``missing`` counts the steps that it still waits for.

    A step that waits for a state does so ``since`` a time, is worth asking about from
    ``due`` on, and until ``deadline`` at most. ``watchers`` are waits that end with it.
    """

    ref: StepRef
    step: Step
    missing: int = 0
    dependents: list[Node] = field(default_factory=list)
    watchers: tuple[Node, ...] = ()
    state: State = State.WAITING
    attempts: int = 0
    since: float = 0.0
    due: float = 0.0
    deadline: float | None = None


@dataclass(slots=True)
class Graph:
    """Every step of a plan, and what became of each change so far.

    ``calls`` counts, by lane, the calls that are still to be made; shared ones not at all.
    """

    changes: dict[Address, Change[Any]]
    nodes: dict[StepRef, Node]
    by_change: dict[Address, list[Node]]
    failures: dict[Address, Outcome] = field(default_factory=dict)
    failed_at: dict[Address, int] = field(default_factory=dict)
    unfinished: dict[Address, int] = field(default_factory=dict)
    calls: Counter[LaneKey] = field(default_factory=Counter)
    settling: list[Address] = field(default_factory=list)
    applied: int = 0

    @classmethod
    def of(
        cls, changes: Iterable[Change[Any]], steps: Callable[[Change[Any]], tuple[Step, ...]]
    ) -> Graph:
        """The graph of a plan's changes. References to steps that are not there are satisfied."""
        known = {change.address: change for change in changes}
        by_change = {
            address: [Node(StepRef(address, step.name), step) for step in steps(change)]
            for address, change in known.items()
        }
        nodes = {node.ref: node for listed in by_change.values() for node in listed}
        graph = cls(known, nodes, by_change)
        graph.unfinished = {
            address: sum(not node.step.optional for node in listed)
            for address, listed in by_change.items()
        }
        for node in nodes.values():
            graph._link(node)
        graph.calls.update(key for node in nodes.values() if (key := _lane(node)))
        return graph

    def _link(self, node: Node) -> None:
        for ref in node.step.after:
            if ref in self.nodes:
                self.nodes[ref].dependents.append(node)
                node.missing += 1
        for ref in node.step.before:
            if ref in self.nodes:
                node.dependents.append(self.nodes[ref])
                self.nodes[ref].missing += 1
        needless = node.step.until.needless_after if node.step.until else None
        if needless is not None and needless in self.nodes:
            self.nodes[needless].watchers += (node,)

    def start(self) -> list[Node]:
        """The steps that wait for nothing."""
        return [self._ready(node) for node in self.nodes.values() if not node.missing]

    @staticmethod
    def _ready(node: Node) -> Node:
        node.state = State.READY
        return node

    def done(self, node: Node) -> list[Node]:
        """Mark a step done, and the waits that end with it; answers with what became ready."""
        ready: list[Node] = []
        for ended in (node, *node.watchers):
            if ended.state in (State.WAITING, State.READY):
                ready += self._done(ended)
        return ready

    def _done(self, node: Node) -> Iterator[Node]:
        self._end(node, State.DONE)
        address = node.ref.address
        if not node.step.optional:
            self.unfinished[address] -= 1
            if not self.unfinished[address] and address not in self.failures:
                self.applied += 1
                self.settling.append(address)
        for dependent in node.dependents:
            dependent.missing -= 1
            if not dependent.missing and dependent.state is State.WAITING:
                yield self._ready(dependent)

    def _end(self, node: Node, state: State) -> None:
        node.state = state
        if key := _lane(node):
            self.calls[key] -= 1

    def fail(self, node: Node, outcome: Outcome) -> list[Node]:
        """Record a failed step and skip what depends on it; answers with what is cancelled.

        What else the change does goes on, so that what is done in the end does not depend on
        what happens to come first; the outcome is that of its first step that fails.
        """
        root = node.ref.address
        place = self.by_change[root].index(node)
        if place <= self.failed_at.get(root, place):
            self._settle(root)
            self.failures[root], self.failed_at[root] = outcome, place
        cancelled: list[Node] = []
        pending = [node]
        while pending:
            stopped = pending.pop()
            if stopped.state not in (State.WAITING, State.READY):
                continue
            self._end(stopped, State.CANCELLED)
            cancelled.append(stopped)
            pending += self._useless(stopped)
            for dependent in stopped.dependents:
                pending.append(dependent)
                if dependent.ref.address != root:
                    pending += self._skip(dependent.ref.address, root)
        return cancelled

    def _useless(self, node: Node) -> list[Node]:
        """The waits of a change that stand for nothing once another of its steps is given up."""
        steps = self.by_change[node.ref.address]
        return [other for other in steps if other.step.until is not None and other is not node]

    def _skip(self, address: Address, root: Address) -> list[Node]:
        """A change that depends on a failed one; the first by address is named as the reason."""
        known = self.failures.get(address)
        if known is not None and (known.because_of is None or known.because_of <= root):
            return []
        self._settle(address)
        self.failures[address] = Outcome(self.changes[address], Result.SKIPPED, because_of=root)
        return self.by_change[address]

    def _settle(self, address: Address) -> None:
        if address not in self.failures and self.unfinished[address]:
            self.settling.append(address)

    @property
    def settled(self) -> int:
        """How many changes are done, failed or skipped."""
        return self.applied + len(self.failures)

    def outcomes(self) -> Iterator[Outcome]:
        """One outcome for each change, in the plan's order; what is unfinished was interrupted."""
        for address, change in self.changes.items():
            if address in self.failures:
                yield self.failures[address]
            else:
                finished = not self.unfinished[address]
                yield Outcome(change, Result.APPLIED if finished else Result.INTERRUPTED)


def _lane(node: Node) -> LaneKey | None:
    step = node.step
    return None if step.until is not None or step.merge else (step.scope, step.action)

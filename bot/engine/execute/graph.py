"""The steps of a plan with what each waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.model.address import Address
from bot.model.change import Change, Outcome, Result
from bot.model.step import Step, StepRef


class State(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    READY = "ready"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class Node:
    """A step in the graph; ``missing`` counts the steps that it still waits for."""

    ref: StepRef
    step: Step
    missing: int = 0
    dependents: list[Node] = field(default_factory=list)
    state: State = State.WAITING
    attempts: int = 0
    deadline: float | None = None


@dataclass(slots=True)
class Graph:
    """Every step of a plan, and what became of each change so far."""

    changes: dict[Address, Change[Any]]
    nodes: dict[StepRef, Node]
    by_change: dict[Address, list[Node]]
    failures: dict[Address, Outcome] = field(default_factory=dict)
    unfinished: dict[Address, int] = field(default_factory=dict)
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

    def start(self) -> list[Node]:
        """The steps that wait for nothing."""
        return [self._ready(node) for node in self.nodes.values() if not node.missing]

    @staticmethod
    def _ready(node: Node) -> Node:
        node.state = State.READY
        return node

    def done(self, node: Node) -> list[Node]:
        """Mark a step done; answers with the steps that became ready."""
        node.state = State.DONE
        if not node.step.optional:
            self.unfinished[node.ref.address] -= 1
            self.applied += not self.unfinished[node.ref.address]
        ready = []
        for dependent in node.dependents:
            dependent.missing -= 1
            if not dependent.missing and dependent.state is State.WAITING:
                ready.append(self._ready(dependent))
        return ready

    def fail(self, node: Node, outcome: Outcome) -> list[Node]:
        """Record a failed change and skip what depends on it; answers with what is cancelled."""
        root = node.ref.address
        self.failures.setdefault(root, outcome)
        cancelled: list[Node] = []
        pending = [root]
        while pending:
            for stopped in self._cancel(pending.pop()):
                cancelled.append(stopped)
                for address in self._dependent_changes(stopped):
                    skipped = Outcome(self.changes[address], Result.SKIPPED, because_of=root)
                    self.failures[address] = skipped
                    pending.append(address)
        return cancelled

    def _cancel(self, address: Address) -> Iterator[Node]:
        for node in self.by_change[address]:
            if node.state in (State.WAITING, State.READY):
                node.state = State.CANCELLED
                yield node

    def _dependent_changes(self, node: Node) -> list[Address]:
        addresses = {dependent.ref.address for dependent in node.dependents}
        return sorted(addresses - self.failures.keys())

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

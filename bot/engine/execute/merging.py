"""Steps that may share a call wait for one another, then go together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.graph import Node, State
from bot.engine.execute.lanes import Call

MOST = 1000
"""Resources in one CreateTags call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""


@dataclass(slots=True)
class Group:
    """Steps whose calls have all but their items in common; ``waiting`` are not yet ready."""

    members: list[Node] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Groups:
    """Steps by what their calls have in common; a group goes when none of it is waiting."""

    group_of: dict[int, Group] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Groups:
        """The groups of a plan's steps."""
        groups = cls()
        known: dict[Hashable, Group] = {}
        for node in nodes:
            if node.step.merge:
                group = known.setdefault(_common(node), Group())
                group.members.append(node)
                group.waiting.add(id(node))
                groups.group_of[id(node)] = group
        return groups

    def complete(self, node: Node) -> Iterator[Call]:
        """The calls of a node's group once nobody in it is still waiting."""
        group = self.group_of[id(node)]
        group.waiting.discard(id(node))
        if not group.waiting:
            members, group.members = group.members, []
            yield from _shared([member for member in members if member.state is State.READY])


def together(nodes: Iterable[Node]) -> dict[str, Any]:
    """The parameters of a call that these steps share: what they have in common, and each its own.

    Items of a list are put together; any other parameter of its own stands beside the others'.
    """
    params: dict[str, Any] = {}
    items: dict[str, dict[Any, None]] = {}
    for node in nodes:
        params |= node.step.params
        if node.step.merge and isinstance(params[node.step.merge], list):
            items.setdefault(node.step.merge, {}).update(dict.fromkeys(_items(node)))
    return params | {own: list(put) for own, put in items.items()}


def apart(call: Call) -> Iterator[Call]:
    """The call again, one for each thing that it was about, to find out which is refused."""
    by_items: dict[tuple[Any, ...], list[Node]] = {}
    for node in call.nodes:
        by_items.setdefault(_items(node), []).append(node)
    for nodes in by_items.values():
        yield Call(tuple(nodes), call.attempts, apart=True)


def _shared(nodes: list[Node]) -> Iterator[Call]:
    """As few calls as the number of different items in one call allows."""
    batch: list[Node] = []
    items: set[Any] = set()
    for node in nodes:
        more = items | set(_items(node))
        if len(more) > MOST:
            yield Call(tuple(batch))
            batch, more = [], set(_items(node))
        batch.append(node)
        items = more
    if batch:
        yield Call(tuple(batch))


def _items(node: Node) -> tuple[Any, ...]:
    own = node.step.params[node.step.merge]
    return tuple(own) if isinstance(own, list) else (node.step.merge,)


def _common(node: Node) -> Hashable:
    step = node.step
    shared = ((key, _frozen(value)) for key, value in step.params.items() if key != step.merge)
    return step.scope, step.action, tuple(shared)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return tuple((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    frozen: Hashable = value
    return frozen

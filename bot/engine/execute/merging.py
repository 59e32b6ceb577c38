"""Steps that may share a call wait for one another, then go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from bot.engine.execute.graph import Node, State
from bot.engine.execute.lanes import Call

MOST = 1000
"""Resources in one CreateTags call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""


@dataclass(slots=True)
class Groups:
    """Steps by what their calls have in common; a group goes when none of it is waiting."""

    members: dict[Hashable, list[Node]] = field(default_factory=lambda: defaultdict(list))
    key_of: dict[int, Hashable] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Groups:
        """The groups of a plan's steps."""
        groups = cls()
        for node in nodes:
            if node.step.merge:
                step = node.step
                shared = {k: v for k, v in step.params.items() if k != step.merge}
                key = (step.scope, step.action, repr(sorted(shared.items())))
                groups.members[key].append(node)
                groups.key_of[id(node)] = key
        return groups

    def complete(self, node: Node) -> Iterator[Call]:
        """The calls of a node's group once nobody in it is still waiting."""
        key = self.key_of[id(node)]
        members = self.members[key]
        if any(member.state is State.WAITING for member in members):
            return
        ready = tuple(member for member in members if member.state is State.READY)
        self.members[key] = []
        for start in range(0, len(ready), MOST):
            yield Call(ready[start : start + MOST])

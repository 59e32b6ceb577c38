"""Bare steps and nodes for tests of the engine's parts."""

from __future__ import annotations

from typing import Any

from bot.engine.execute.graph import Node, State
from bot.engine.execute.lanes import Call
from bot.model.address import AccountId, Address, Region, Scope
from bot.model.step import Step, StepRef

EAST = Scope(AccountId("111111111111"), Region("us-east-1"))
WEST = Scope(AccountId("222222222222"), Region("eu-west-1"))


def address(name: str, scope: Scope = EAST) -> Address:
    """The address of a thing of no kind."""
    return Address("thing", (scope,), name)


def node(name: str, scope: Scope = EAST, action: str = "ec2:CreateRoute", **step: Any) -> Node:
    """A step that is ready."""
    return Node(
        StepRef(address(name, scope), "do"), Step("do", scope, action, **step), state=State.READY
    )


def call(name: str, scope: Scope = EAST, action: str = "ec2:CreateRoute", **step: Any) -> Call:
    """A call for one step."""
    return Call((node(name, scope, action, **step),))


def names(calls: list[Call]) -> list[str]:
    """The things that calls are about."""
    return [each.nodes[0].ref.address.key for each in calls]

"""``ports.Aws`` on a World: signing in, the log of calls, faults, and what a plan may not do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from bot.errors import AwsError
from bot.model.address import AccountId, Scope
from bot.model.step import Role
from bot.ports import Fence, unfenced
from tests.fakes.ec2 import Delays, Ec2, Quotas
from tests.fakes.faults import Buckets, Fault, Rule
from tests.fakes.world import World

SIGN_IN = "sts:AssumeRole"


@dataclass(frozen=True)
class Call:
    """One call that reached AWS, refused or not."""

    action: str
    scope: Scope
    mutating: bool
    params: Mapping[str, Any]
    refused: str = ""


@dataclass
class FakeAws:
    """Every account of a World, behind ``ports.Aws``."""

    world: World
    delays: Delays = field(default_factory=Delays)
    quotas: Quotas = field(default_factory=Quotas)
    rules: list[Rule] = field(default_factory=list)
    throttle: bool = False
    shuffle: random.Random | None = None
    """Answers come in an order of this generator's."""
    calls: list[Call] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    """Every role that was assumed: once, for all readers and writers of the run."""

    def __post_init__(self) -> None:
        self.ec2 = Ec2(self.world, self.delays, self.quotas)
        self.buckets = Buckets(self.world.clock)
        self.lock = RLock()

    def reader(self, roles: Mapping[AccountId, Role]) -> FakeReader:
        """A reader with an empty memory."""
        return FakeReader(self, dict(roles))

    def writer(self, roles: Mapping[AccountId, Role], fence: Fence = unfenced) -> FakeWriter:
        """A writer."""
        return FakeWriter(self, dict(roles), fence)

    @property
    def mutations(self) -> int:
        """How many mutating calls took effect."""
        return sum(call.mutating and not call.refused for call in self.calls)

    def made(self, action: str) -> list[Call]:
        """The calls of one action."""
        return [call for call in self.calls if call.action == action]

    def sign_in(self, scope: Scope, roles: Mapping[AccountId, Role]) -> None:
        """AssumeRole, once per role, as long as its account lets anybody in."""
        with self.lock:
            role = roles.get(scope.account)
            assert role is not None, f"no role was given for {scope}"
            assert role.account == scope.account, "a role of another account"
            if role in self.roles and scope.account not in self.world.closed:
                return
            refused = "AccessDenied" if scope.account in self.world.closed else ""
            self.calls.append(Call(SIGN_IN, scope, False, {"role": role.name}, refused))
            if refused:
                raise AwsError(scope, SIGN_IN, refused, f"not authorized to assume {role.name}")
            self.roles.append(role)

    def call(self, scope: Scope, action: str, params: Mapping[str, Any]) -> Any:
        """One call: throttled, failed by a rule, or carried out."""
        with self.lock:
            self.world.settle()
            mutating = action in self.ec2.writes
            known: Mapping[str, Any] = self.ec2.writes if mutating else self.ec2.reads
            assert action in known, f"this fake does not know {action}"
            rule = next((rule for rule in self.rules if rule.hits(scope, action)), None)
            try:
                if self.throttle and not self.buckets.take(scope, action):
                    raise Fault("RequestLimitExceeded", "Request limit exceeded.")
                if rule:
                    self.world.let_pass(rule.delay)
                if rule and rule.code and not rule.lands:
                    raise Fault(rule.code, "a fault of the test")
                answer = known[action](scope, **params)
            except Fault as fault:
                self.calls.append(Call(action, scope, mutating, params, fault.code))
                raise AwsError(scope, action, fault.code, fault.message) from fault
            self.calls.append(Call(action, scope, mutating, params))
            if rule and rule.code:
                raise AwsError(scope, action, rule.code, "the answer was lost")
            return answer

    def answer(self, scope: Scope, action: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The items of a Describe."""
        items = list(self.call(scope, action, params))
        if self.shuffle:
            with self.lock:
                for item in items:
                    for part in item.values():
                        if isinstance(part, list):
                            self.shuffle.shuffle(part)
                self.shuffle.shuffle(items)
        return items


class FakeReader:
    """``ports.Reader``: reads only, each question once."""

    def __init__(self, aws: FakeAws, roles: Mapping[AccountId, Role]) -> None:
        self.aws, self.roles = aws, roles
        self.memory: dict[str, list[dict[str, Any]]] = {}

    def read(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Items, from memory if the question is an old one."""
        assert action in self.aws.ec2.reads, f"a plan may not call {action}"
        key = f"{scope} {action} {sorted(params.items())}"
        if key not in self.memory:
            self.aws.sign_in(scope, self.roles)
            self.memory[key] = self.aws.answer(scope, action, params)
        return iter(self.memory[key])


class FakeWriter:
    """``ports.Writer``."""

    def __init__(self, aws: FakeAws, roles: Mapping[AccountId, Role], fence: Fence) -> None:
        self.aws, self.roles, self.fence = aws, roles, fence

    def write(self, scope: Scope, action: str, **params: Any) -> Mapping[str, Any]:
        """One mutating call."""
        assert action in self.aws.ec2.writes, f"{action} is not a mutating call"
        self.aws.sign_in(scope, self.roles)
        with self.fence(scope, action):
            answer: Mapping[str, Any] = self.aws.call(scope, action, params)
        return answer

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """A fresh read."""
        self.aws.sign_in(scope, self.roles)
        return iter(self.aws.answer(scope, action, params))

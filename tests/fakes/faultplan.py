"""A fault plan: what shall go wrong, as a value, for the fakes and for the emulator alike.

Hypothesis draws plans (``transient_plans``, ``plans``); ``rules`` and ``delays`` carry one out
on a FakeAws in virtual time, ``settings`` on the emulator, in front of the real command line.
CONTRIBUTING.md ("Fault injection") says how they are used and what is compared in the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from hypothesis import strategies as st

from bot.model.address import AccountId
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule

ACTIONS = (
    "CreateVpcPeeringConnection",
    "AcceptVpcPeeringConnection",
    "DeleteVpcPeeringConnection",
    "ModifyVpcPeeringConnectionOptions",
    "CreateTags",
    "CreateRoute",
    "ReplaceRoute",
    "DeleteRoute",
)
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
MUTATING = "mutating"
"""Stands for every mutating action."""


class Trouble(StrEnum):
    """What happens to a call, with the code that the engine sees of it."""

    THROTTLE = "RequestLimitExceeded"
    DELAY = ""
    DROP_BEFORE = "ConnectionClosedError"
    DROP_AFTER = "ReadTimeoutError"
    FAIL_BEFORE = "InternalError"
    FAIL_AFTER = "Unavailable"
    REFUSE = "UnauthorizedOperation"
    LOSE = "ConnectTimeoutError"


LANDS = frozenset({Trouble.DROP_AFTER, Trouble.FAIL_AFTER})
"""Troubles after which the call took effect all the same."""

LOST_ANSWERS = (
    Trouble.DROP_BEFORE,
    Trouble.DROP_AFTER,
    Trouble.FAIL_BEFORE,
    Trouble.FAIL_AFTER,
)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One trouble for calls of an action (or ``*``), in one account or all.

    The first ``skip`` calls pass, then ``times`` are struck (0: all), or ``percent`` of them.
    """

    trouble: Trouble
    action: str = "*"
    account: str = "*"
    skip: int = 0
    times: int = 0
    percent: int = 100

    def rules(self, dice: Random) -> Iterable[Rule]:
        """For a FakeAws. A lost account's reads are lost, too."""
        for action in ACTIONS if self.action == MUTATING else (self.action,):
            yield Rule(
                action if action == "*" else f"ec2:{action}",
                code=str(self.trouble),
                account=None if self.account == "*" else AccountId(self.account),
                skip=self.skip,
                times=self.times or None,
                percent=self.percent,
                dice=dice,
                lands=self.trouble in LANDS,
                delay=2.0 if self.trouble is Trouble.DELAY else 0.0,
            )

    def fault(self, seed: int) -> dict[str, Any]:
        """For the emulator."""
        chosen: dict[str, Any] = {
            "service": "ec2",
            "action": "*" if self.action == MUTATING else self.action,
            "mutating": True if self.action == MUTATING else None,
            "account": self.account,
            "skip": self.skip,
            "times": self.times,
        }
        if self.percent < 100:
            chosen |= {"probability": self.percent / 100, "seed": seed}
        match self.trouble:
            case Trouble.DELAY:
                return {**chosen, "delay_ms": 300}
            case Trouble.DROP_BEFORE | Trouble.LOSE:
                return {**chosen, "drop": "before"}
            case Trouble.DROP_AFTER:
                return {**chosen, "drop": "after"}
            case _:
                lands = self.trouble in LANDS
                return {**chosen, "error": str(self.trouble), "lands": lands}


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All that goes wrong in one apply; ``kill_after`` so many mutating calls took effect.

    ``landing``: the calls in flight at the kill still take effect.
    """

    disturbances: tuple[Disturbance, ...] = ()
    initiating: float = 0.0
    lag: float = 0.0
    provisioning: float = 0.0
    kill_after: int | None = None
    landing: bool = False
    seed: int = 0

    @property
    def delays(self) -> Delays:
        """For a FakeAws."""
        return Delays(self.initiating, self.provisioning, 0.0, self.lag)

    def rules(self) -> list[Rule]:
        """For a FakeAws."""
        dice = Random(self.seed)  # noqa: S311  (a test's dice)
        return [rule for disturbance in self.disturbances for rule in disturbance.rules(dice)]

    def settings(self) -> dict[str, Any]:
        """For the emulator. Its delays pass in real time, so they are a twentieth."""
        return {
            "faults": [d.fault(self.seed + n) for n, d in enumerate(self.disturbances)],
            "initiating_seconds": self.initiating / 20,
            "visibility_seconds": self.lag / 20,
            "provisioning_seconds": self.provisioning / 20,
        }


_throttling = st.builds(
    Disturbance,
    st.just(Trouble.THROTTLE),
    st.sampled_from(("*", MUTATING, *ACTIONS)),
    percent=st.integers(1, 20),
)
_slowness = st.builds(
    Disturbance,
    st.just(Trouble.DELAY),
    st.sampled_from(ACTIONS),
    skip=st.integers(0, 3),
    times=st.integers(1, 5),
)
_losses = st.builds(
    Disturbance,
    st.sampled_from(LOST_ANSWERS),
    st.sampled_from(ACTIONS),
    skip=st.integers(0, 4),
    times=st.integers(1, 2),
)
_refusals = st.builds(
    Disturbance,
    st.just(Trouble.REFUSE),
    st.sampled_from(ACTIONS),
    st.sampled_from(("*", *ACCOUNTS)),
    skip=st.integers(0, 4),
    times=st.integers(0, 2),
)
_lost_accounts = st.builds(
    Disturbance,
    st.just(Trouble.LOSE),
    account=st.sampled_from(ACCOUNTS),
    skip=st.integers(0, 20),
)
_seconds = st.sampled_from((0.0, 0.0, 1.0, 4.0, 15.0))


def _by_action(disturbances: list[Disturbance]) -> tuple[Disturbance, ...]:
    """One of each action: what strikes a single call stays below what the engine bears."""
    return tuple({d.action: d for d in disturbances}.values())


transient_plans = st.builds(
    FaultPlan,
    st.builds(
        lambda losses, others: (*_by_action(losses), *others),
        st.lists(_losses, max_size=4),
        st.lists(st.one_of(_throttling, _slowness), max_size=2),
    ),
    initiating=_seconds,
    lag=_seconds,
    provisioning=_seconds,
    seed=st.integers(0, 999),
)
"""Troubles that pass: one apply must do everything."""

plans = st.builds(
    FaultPlan,
    st.lists(st.one_of(_losses, _throttling, _slowness, _refusals, _lost_accounts), max_size=5).map(
        tuple
    ),
    initiating=_seconds,
    lag=_seconds,
    provisioning=_seconds,
    kill_after=st.one_of(st.none(), st.integers(0, 60)),
    landing=st.booleans(),
    seed=st.integers(0, 999),
)
"""Any troubles, also those that last, and a kill: the next undisturbed apply must do the rest."""

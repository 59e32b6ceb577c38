"""An apply sends nothing without its lease, and says what it left undone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import yaml

from bot.engine.fencing import LeaseFence, StopWithoutLease
from bot.errors import ExitCode, LeaseLost
from bot.model.address import AccountId, Scope
from bot.model.change import Result
from bot.model.mesh import Mesh
from bot.model.step import Role
from bot.ports import Unleased
from bot.usecases.local import apply_exit_code
from tests.engine.steps import EAST
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.usecases.action.stage import aws, mesh_text


@dataclass
class Counted:
    """A lease that is lost after so many calls."""

    calls: int
    entered: int = 0
    inside: int = 0

    @property
    def lost(self) -> str:
        return "somebody took it" if self.entered >= self.calls else ""

    def enter(self) -> str:
        if lost := self.lost:
            return lost
        self.entered += 1
        self.inside += 1
        return ""

    def leave(self) -> None:
        self.inside -= 1


def mesh(*numbers: int) -> Mesh:
    return mesh_of({"mesh.yaml": yaml.safe_load(mesh_text(*numbers))})


@pytest.fixture
def world() -> FakeAws:
    return aws()


@pytest.mark.parametrize("calls", range(1, 12))
def test_nothing_is_sent_once_the_lease_is_lost(world: FakeAws, calls: int) -> None:
    plan = run.plan(world, mesh(0, 1, 2))
    lease = Counted(calls)

    report = run.apply(world, mesh(0, 1, 2), None, plan, lease=lease)

    assert world.mutations == calls
    assert lease.inside == 0
    assert report.lease_lost == "somebody took it"
    assert {o.result for o in report.outcomes} <= {Result.APPLIED, Result.INTERRUPTED}
    assert report.count(Result.INTERRUPTED)
    assert apply_exit_code(plan, report) is ExitCode.LOCKED
    assert "the lease was lost: somebody took it" in report.warnings[-1]
    world.world.let_pass(60)

    rest = run.plan(world, mesh(0, 1, 2))
    run.apply(world, mesh(0, 1, 2), None, rest)
    assert run.plan(world, mesh(0, 1, 2)).changes == ()


def test_a_lease_that_is_lost_when_all_is_done_changes_nothing(world: FakeAws) -> None:
    plan = run.plan(world, mesh(0, 1))
    run.apply(aws(), mesh(0, 1), None, plan, lease=(needed := Counted(1000)))

    report = run.apply(world, mesh(0, 1), None, plan, lease=Counted(needed.entered))

    assert report.succeeded
    assert report.lease_lost == ""
    assert apply_exit_code(plan, report) is ExitCode.SUCCESS


def test_a_failing_call_leaves_too_and_a_refusal_names_the_call() -> None:
    lease = Counted(1)
    fence = LeaseFence(lease)

    def failing() -> None:
        with fence(EAST, "ec2:CreateRoute"):
            assert lease.inside == 1
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        failing()
    assert lease.inside == 0
    with (
        pytest.raises(LeaseLost, match=r"ec2:DeleteRoute.*not sent.*somebody took it"),
        fence(EAST, "ec2:DeleteRoute"),
    ):
        pytest.fail("it was let through")


def test_a_lease_that_is_lost_while_an_account_is_signed_in_to_stops_the_call(
    world: FakeAws,
) -> None:
    plan = run.plan(world, mesh(0, 1, 2))
    lease = Counted(1000)
    sign_in = world.sign_in

    def slow(scope: Scope, roles: Mapping[AccountId, Role]) -> None:
        sign_in(scope, roles)
        lease.calls = 0

    world.sign_in = slow  # type: ignore[method-assign]

    report = run.apply(world, mesh(0, 1, 2), None, plan, lease=lease)

    assert world.mutations == 0
    assert report.lease_lost == "somebody took it"


def test_the_stop_signal_is_the_users_or_the_leases() -> None:
    stop = threading.Event()

    assert not StopWithoutLease(stop, Unleased()).is_set()
    assert StopWithoutLease(stop, Counted(0)).is_set()
    stop.set()
    assert StopWithoutLease(stop, Unleased()).is_set()

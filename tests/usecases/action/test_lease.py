"""An apply holds the lease from before it plans until everything is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.errors import ExitCode, Locked
from bot.ports import Unleased
from tests.usecases.action.stage import MESH, Stage, dispatch, mesh_text, pull_request, push

LOCKED = Locked("locked: another apply is under way.\n  holder: acme/net run 7, since 2026")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@dataclass
class Lost(Unleased):
    """A lease that is lost after so many calls."""

    calls: int = 0

    def enter(self) -> str:
        self.calls -= 1
        self.lost = "somebody took it" if self.calls < 0 else ""
        return self.lost


def test_an_apply_plans_under_the_lease_and_gives_it_back(stage: Stage) -> None:
    stage.review()
    stage.leases.clear()

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert stage.leases == ["taken", "planned", "released"]


@pytest.mark.parametrize("event", [pull_request(), dispatch()])
def test_a_plan_takes_no_lease(stage: Stage, event: object) -> None:
    stage.run(event)  # type: ignore[arg-type]

    assert stage.leases == ["planned"]


def test_a_busy_lease_is_told_and_nothing_is_planned(stage: Stage) -> None:
    stage.review()
    planned = len(stage.planned)
    stage.lease_refusal = LOCKED

    ran = stage.run(push())

    assert ran.code is ExitCode.LOCKED
    assert ran.outputs["failure-reason"] == "locked"
    assert len(stage.planned) == planned
    assert stage.aws.mutations == 0
    assert "acme/net run 7" in ran.summary
    assert "acme/net run 7" in stage.github.comments[7]
    assert "acme/net run 7" in ran.log


def test_a_lease_that_is_lost_on_the_way_stops_the_apply_and_is_told(stage: Stage) -> None:
    stage.review()
    stage.lease = Lost(calls=3)

    ran = stage.run(push())

    assert ran.code is ExitCode.LOCKED
    assert ran.outputs["failure-reason"] == "locked"
    assert stage.aws.mutations == 3
    for shown in (ran.summary, stage.github.comments[7]):
        assert "the lease was lost" in shown
        assert "somebody took it" in shown


def test_a_lease_that_is_lost_while_planning_stops_before_the_first_call(stage: Stage) -> None:
    stage.review()
    stage.lease = lost = Lost(calls=0)

    def lose() -> None:
        lost.lost = "somebody took it"

    stage.after_plan = lose
    ran = stage.run(push())

    assert ran.code is ExitCode.LOCKED
    assert stage.aws.mutations == 0
    assert "lost before anything was applied" in stage.github.comments[7]


def test_it_is_given_back_when_the_apply_is_refused_or_finds_nothing(stage: Stage) -> None:
    assert stage.run(push()).code is ExitCode.REFUSED
    assert stage.leases[-1] == "released"
    stage.files[MESH] = mesh_text()
    stage.leases.clear()

    stage.run(push())

    assert (stage.leases[0], stage.leases[-1]) == ("taken", "released")

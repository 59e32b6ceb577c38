"""The input that says which token buckets an organisation has."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.adapters.interruption import StopFlag
from bot.adapters.runner import RunnerFiles
from bot.engine.execute.rates import Rate
from bot.errors import UsageError
from bot.model.github import ActionContext, Inputs, OtherEvent
from bot.model.mesh import Mesh
from bot.usecases.action.inputs import rates
from bot.usecases.action.wiring import doors
from bot.usecases.local import Revisions


def test_rates_are_separated_by_commas_or_line_breaks() -> None:
    given = Inputs(rates="ec2:CreateRoute=100/10, ec2:CreateTags=50/5\r\n\nec2:DeleteRoute=5/1\n")

    assert rates(given) == {
        "ec2:CreateRoute": Rate(100, 10),
        "ec2:CreateTags": Rate(50, 5),
        "ec2:DeleteRoute": Rate(5, 1),
    }
    assert rates(Inputs()) == {}


def test_a_fault_in_the_rates_is_told_before_aws_is_asked(tmp_path: Path) -> None:
    context = ActionContext(OtherEvent("schedule"), Inputs(rates="ec2:CreateRoute=fast"))
    environ = {"GITHUB_WORKSPACE": str(tmp_path)}
    files = RunnerFiles(environ, io.StringIO())
    made = doors(context, environ, files, StopFlag())

    with pytest.raises(UsageError, match=r"ACTION=SIZE/REFILL.*'ec2:CreateRoute=fast'"):
        made.plan(Revisions(Mesh(()), None, ()), (), applying=False)

"""Planning and applying on a FakeAws, the way the use cases are called."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.engine.execute.settings import Settings
from bot.model.change import Plan, Report
from bot.model.mesh import Mesh
from bot.ports import Lease, Progress
from bot.usecases.apply import apply_plan
from bot.usecases.plan import make_plan
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import SimulatedDispatcher


def plan(
    aws: FakeAws,
    head: Mesh,
    base: Mesh | None = None,
    *environments: str,
    applying: bool = False,
) -> Plan:
    """A plan, as ``meshbot plan`` makes it, or ``apply``."""
    return make_plan(aws, head, base, environments=environments, applying=applying)


def never() -> bool:
    """Never killed."""
    return False


def apply(
    aws: FakeAws,
    head: Mesh,
    base: Mesh | None,
    made: Plan,
    *,
    kill: Callable[[], bool] = never,
    landing: bool = False,
    lease: Lease | None = None,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Report:
    """Applies a plan in virtual time. Raises Killed when ``kill`` says so."""
    dispatcher = SimulatedDispatcher(aws.world.clock, kill=kill, landing=landing)
    stop = threading.Event()
    return apply_plan(
        aws,
        head,
        made,
        base=base,
        dispatcher=dispatcher,
        stop=stop,
        lease=lease,
        progress=progress,
        settings=settings,
    )

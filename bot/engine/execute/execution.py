"""From a plan to a report."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.engine.execute.graph import Graph
from bot.engine.execute.scheduler import Run
from bot.engine.execute.settings import Settings
from bot.engine.sheltered import Sheltered
from bot.kinds import by_name, vpc_peering
from bot.model.change import Change, Plan, Report
from bot.model.step import Occupied, Step
from bot.ports import Dispatcher, Progress, Quiet, Stop, Writer

LOG = logging.getLogger(__name__)


def steps_of(change: Change[Any]) -> tuple[Step, ...]:
    """The steps of a change, by its kind."""
    return by_name(change.address.kind).steps(change)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare the search for garbage while hundreds of thousands of values that stay are made."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def execute(
    plan: Plan,
    writer: Writer,
    dispatcher: Dispatcher,
    *,
    applied_at: str,
    stop: Stop,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Report:
    """Carry out every change of a plan; what fails never stops what does not depend on it.

    ``applied_at`` is the text that peerd's ``peerd_datetime`` tags get.
    """
    with _uncollected():
        graph = Graph.of(plan.changes, steps_of)
    run = Run(
        graph,
        writer,
        dispatcher,
        applied_at,
        stop,
        Sheltered(progress or Quiet()),
        settings or Settings(),
        {**plan.ids, **{c.address: c.id for c in plan.changes if c.id}},
    )
    run.lanes.slots.occupy(_occupied(plan, graph))
    stopped = tuple(_carried_out(run))
    run.pacing.tell()
    warnings = (*sorted(run.warnings), *stopped)
    return Report(plan, tuple(run.graph.outcomes()), warnings, ids=run.ids)


def _occupied(plan: Plan, graph: Graph) -> Iterator[Occupied]:
    """The places that were taken when the plan was made, but for those that it goes on with."""
    observed = plan.known.observed.get(vpc_peering.NAME, ()) if plan.known else ()
    taken = (n.ref.address for n in graph.nodes.values() if n.step.slot and n.step.slot.taken)
    own = {graph.changes[address].id for address in taken}
    return (each for each in vpc_peering.occupied(observed) if each.id not in own)


def _carried_out(run: Run) -> Iterator[str]:
    """Carries it out; says so if a bug ended it. What was done must be reported all the same."""
    try:
        run.run()
    except Exception as error:
        LOG.exception("the apply was stopped")
        yield (
            f"Stopped by a bug of meshbot ({type(error).__name__}: {error}); its log has more."
            " What is under way may still be carried out. Run again for what is left."
        )
        _wind_up(run)


def _wind_up(run: Run) -> None:
    """Learns what it can of the calls that are under way, one by one."""
    left = len(run.flights) + 1
    while len(run.flights) < left:
        left = len(run.flights)
        try:
            run.wind_up()
        except Exception:
            LOG.exception("what became of a call is not known")

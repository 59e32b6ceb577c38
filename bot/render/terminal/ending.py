"""What an apply did, and what is left to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bot.model.address import Address
from bot.model.change import Outcome, Report, Result, summarise
from bot.render import escape
from bot.render.terminal.lines import LINE_LIMIT, Line
from bot.render.terminal.plan import change_line
from bot.render.terminal.reach import reach_lines
from bot.render.wording import count, done, named, things

AGAIN = "Mend the cause and run apply again: it does what is left."
INTERRUPTED = "Interrupted. Run apply again: it does what is left."
LEASE_LOST = (
    "The lease was lost, so another apply may be under way. When it has ended, run apply again: it"
    " does what is left."
)


def report_lines(report: Report) -> Iterator[Line]:
    """Failures with cause and advice; what was skipped because of them; how it ended."""
    if not report.outcomes and report.plan.complete and not report.warnings:
        return
    for outcome in report.outcomes:
        if outcome.result is Result.FAILED:
            yield from _failure(outcome)
    yield from _skipped(report)
    for warning in report.warnings:
        yield Line("warning: ", escape.terminal(warning), "yellow", 2)
    yield from _ending(report)
    yield from reach_lines(report.reachability)


def _ending(report: Report) -> Iterator[Line]:
    applied = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    rest = [f"{n:,} {r}" for r in Result if r is not Result.APPLIED and (n := report.count(r))]
    words = ", ".join([done(summarise(applied)), *rest])
    scopes = count(len({gap.scope for gap in report.plan.gaps}), "account region")
    gaps = "" if report.plan.complete else f"{scopes} could not be read"
    if report.succeeded and not gaps:
        yield Line(f"Apply complete: {words}.", style="bold green")
        return
    said = "; ".join(filter(None, [words if report.outcomes else "", gaps]))
    yield Line(f"Apply incomplete: {said}.", style="bold red")
    if report.count(Result.INTERRUPTED):
        yield Line(body=LEASE_LOST if report.lease_lost else INTERRUPTED)
    if report.count(Result.FAILED) or report.count(Result.SKIPPED) or gaps:
        yield Line(body=AGAIN)


def _failure(outcome: Outcome) -> Iterator[Line]:
    line = change_line(outcome.change)
    yield Line("failed: ", f"{line.head.strip()} {line.body}", "red", 2)
    yield Line(body=escape.terminal(outcome.error, LINE_LIMIT), indent=2)
    if outcome.advice:
        yield Line(body=escape.terminal(outcome.advice, LINE_LIMIT), indent=2)
    yield Line()


def _skipped(report: Report) -> Iterator[Line]:
    """What needs a change that was not made, told once for each of those."""
    needs: dict[Address, list[Outcome]] = defaultdict(list)
    for outcome in report.outcomes:
        if outcome.result is not Result.SKIPPED:
            continue
        if outcome.because_of is None:
            line = change_line(outcome.change)
            yield Line("skipped: ", f"{line.head.strip()} {line.body}", "yellow", 2)
        else:
            needs[outcome.because_of].append(outcome)
    for address, found in needs.items():
        verb = "needs" if len(found) == 1 else "need"
        what = f"{things([outcome.change for outcome in found])} {verb} {named(address)}"
        yield Line("skipped: ", escape.terminal(what, LINE_LIMIT), "yellow", 2)

"""Verify: read AWS as it is, and say who reaches whom. Nothing is changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.adapters.threads import ThreadDispatcher
from bot.engine.observe import Facts, observe
from bot.engine.reachability import Asking, facts_after, found_now, read_subnets, unread
from bot.engine.shards import home_scopes
from bot.errors import BotError, ExitCode
from bot.model.address import Scope
from bot.model.change import Report, Result
from bot.model.mesh import Mesh
from bot.model.reachability import EnvironmentReach
from bot.model.subnet import SubnetFacts
from bot.model.verification import Verification
from bot.ports import Aws, Progress, Quiet, Reader, Stop
from bot.usecases.identity import analyzer_roles, roles_for
from bot.usecases.validate import check_environments

LOG = logging.getLogger(__name__)


def exit_code(found: Verification) -> ExitCode:
    """0 when every wanted pair is reachable, else 1.

    1 too when Reachability Analyzer was asked and does not confirm it.
    """
    confirmed = found.analyzed is None or found.analyzed.confirmed
    return ExitCode.SUCCESS if found.whole and confirmed else ExitCode.FAILURE


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the facts that it follows from."""

    found: Verification
    facts: Facts


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at the environments of a mesh as they are."""

    aws: Aws
    mesh: Mesh
    applying: bool
    progress: Progress
    stop: Stop | None
    analyzing: bool = False

    def found(self, names: tuple[str, ...], known: SubnetFacts | None) -> Verification:
        """As ``looked``, without the facts."""
        return self.looked(names, known).found

    def looked(self, names: tuple[str, ...], known: SubnetFacts | None) -> Looked:
        """Three questions a scope, and two more where its subnets are not ``known``.

        Raises AwsError when nobody is signed in, Interrupted once ``stop`` is set.
        """
        with ThreadDispatcher() as dispatcher:
            asked = dispatcher, self.progress, self.stop
            facts = observe(self._reader, self.mesh, None, *asked, names)
            near = home_scopes(names, self.mesh) & facts.inventory.observed
            subnets = known or read_subnets(self._reader, near, *asked)
        reached = found_now(self.mesh, names, facts, subnets)
        found = Verification(reached, facts.inventory.gaps, tuple(unread(subnets)))
        return Looked(found, facts)

    def after(self, names: tuple[str, ...], report: Report) -> tuple[EnvironmentReach, ...]:
        """What an apply has come to. Raises what ``looked`` raises."""
        known, subnets = report.plan.known, report.plan.subnets
        if known is None:
            return self.found(names, subnets).reachability
        with ThreadDispatcher() as dispatcher:
            asking = Asking(self._reader, dispatcher, self.progress, self.stop)
            facts = facts_after(known, report, home_scopes(names, self.mesh), asking)
        return found_now(self.mesh, names, facts, subnets)

    def _reader(self, scopes: Mapping[Scope, str]) -> Reader:
        given = dict(scopes)
        if self.analyzing:  # one identity is to do all of it, and plan's cannot become apply's
            return self.aws.reader(analyzer_roles(scopes, self.mesh, given))
        return self.aws.reader(roles_for(scopes, (self.mesh,), given, applying=self.applying))


def verify(
    aws: Aws,
    mesh: Mesh,
    environments: tuple[str, ...] = (),
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Verification:
    """As ``look``, without the facts."""
    return look(aws, mesh, environments, progress=progress, stop=stop).found


def look(
    aws: Aws,
    mesh: Mesh,
    environments: tuple[str, ...] = (),
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
    analyzing: bool = False,
) -> Looked:
    """Reads the scopes of the environments (all, when none is named) through the plan roles.

    With ``analyzing`` through the sessions that Reachability Analyzer is asked with later.
    Raises UsageError for an environment that is nowhere, and what ``Looking.looked`` raises.
    """
    check_environments(environments, mesh, None)
    names = environments or tuple(sorted(mesh.environments))
    looking = Looking(aws, mesh, False, progress or Quiet(), stop, analyzing)
    return looking.looked(names, None)


def afterwards(
    aws: Aws,
    mesh: Mesh,
    report: Report,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Report:
    """The report with who reaches whom now, in the environments that something was applied in.

    What is read anew for it, and what is not, ``facts_after`` says; all is, when the plan does
    not come with what it was made from. Nothing is asked after an interruption. That it cannot
    be found out is a warning, and no failure of the apply.
    """
    applied = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    names = {name for change in applied for name in change.environments}
    names &= mesh.environments.keys()
    if not names or report.count(Result.INTERRUPTED) or (stop is not None and stop.is_set()):
        return report
    looking = Looking(aws, mesh, True, progress or Quiet(), stop)
    try:
        found = looking.after(tuple(sorted(names)), report)
    except BotError as error:
        return _unfound(report, str(error))
    except Exception as error:
        LOG.exception("who reaches whom now was not found out")
        return _unfound(report, f"a bug of meshbot ({type(error).__name__}: {error})")
    return replace(report, reachability=found)


def _unfound(report: Report, why: str) -> Report:
    """What was done must be reported all the same."""
    said = f"Who reaches whom now was not found out: {why}"
    return replace(report, warnings=(*report.warnings, said))

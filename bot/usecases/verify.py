"""Verify: read AWS as it is, and say who reaches whom. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.adapters.threads import ThreadDispatcher
from bot.engine.observe import observe
from bot.engine.reachability import found_now, read_subnets, unread
from bot.engine.shards import home_scopes
from bot.errors import BotError, ExitCode
from bot.model.address import Scope
from bot.model.change import Report, Result
from bot.model.mesh import Mesh
from bot.model.subnet import SubnetFacts
from bot.model.verification import Verification
from bot.ports import Aws, Progress, Quiet, Reader, Stop
from bot.usecases.identity import roles_for
from bot.usecases.validate import check_environments


def exit_code(found: Verification) -> ExitCode:
    """0 when every wanted pair is reachable, else 1."""
    return ExitCode.SUCCESS if found.whole else ExitCode.FAILURE


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at the environments of a mesh as they are."""

    aws: Aws
    mesh: Mesh
    applying: bool
    progress: Progress
    stop: Stop | None

    def found(self, names: tuple[str, ...], known: SubnetFacts | None) -> Verification:
        """Three questions a scope, and two more where its subnets are not ``known``.

        Raises AwsError when nobody is signed in, Interrupted once ``stop`` is set.
        """
        with ThreadDispatcher() as dispatcher:
            asked = dispatcher, self.progress, self.stop
            facts = observe(self._reader, self.mesh, None, *asked, names)
            near = home_scopes(names, self.mesh) & facts.inventory.observed
            subnets = known or read_subnets(self._reader, near, *asked)
        reached = found_now(self.mesh, names, facts, subnets)
        return Verification(reached, facts.inventory.gaps, tuple(unread(subnets)))

    def _reader(self, scopes: Mapping[Scope, str]) -> Reader:
        given = dict(scopes)
        return self.aws.reader(roles_for(scopes, (self.mesh,), given, applying=self.applying))


def verify(
    aws: Aws,
    mesh: Mesh,
    environments: tuple[str, ...] = (),
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Verification:
    """Reads the scopes of the environments (all, when none is named) through the plan roles.

    Raises UsageError for an environment that is nowhere, and what ``Looking.found`` raises.
    """
    check_environments(environments, mesh, None)
    names = environments or tuple(sorted(mesh.environments))
    return Looking(aws, mesh, False, progress or Quiet(), stop).found(names, None)


def afterwards(
    aws: Aws,
    mesh: Mesh,
    report: Report,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Report:
    """The report with who reaches whom now, in the environments that something was applied in.

    Subnets are taken as the plan read them. Nothing is asked after an interruption. That it
    cannot be found out is a warning, and no failure of the apply.
    """
    applied = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    names = {name for change in applied for name in change.environments}
    names &= mesh.environments.keys()
    if not names or report.count(Result.INTERRUPTED) or (stop is not None and stop.is_set()):
        return report
    looking = Looking(aws, mesh, True, progress or Quiet(), stop)
    try:
        found = looking.found(tuple(sorted(names)), report.plan.subnets)
    except BotError as error:
        said = f"Who reaches whom now was not found out: {error}"
        return replace(report, warnings=(*report.warnings, said))
    return replace(report, reachability=found.reachability)

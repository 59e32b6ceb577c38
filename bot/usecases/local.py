"""The commands as run on a laptop: load, plan, judge, apply. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.adapters.git import mesh_files_at
from bot.config import Loaded, load
from bot.errors import ExitCode, MeshInvalid, NoMeshFiles
from bot.model.change import Plan, Report
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from bot.model.shard import Shard
from bot.ports import Aws, Progress, Stop
from bot.usecases.plan import file_faults, make_plan
from bot.usecases.validate import load_mesh


@dataclass(frozen=True, slots=True)
class Revisions:
    """The mesh now and at the base revision, with what loading had to say."""

    head: Mesh
    base: Mesh | None
    diagnostics: tuple[Diagnostic, ...]


def load_revisions(meshes: Path, base: str | None) -> Revisions:
    """The mesh files now and at ``base``. Raises MeshInvalid for faults in today's files.

    A base that is itself faulty cannot say what was removed: that is a warning, nothing is
    deleted because of it, and its limits are the defaults. Where the base had mesh files
    and there are none now, all of them were removed: an empty mesh, which limits judge.
    """
    if base is None:
        loaded = load_mesh(meshes)
        return Revisions(loaded.mesh, None, loaded.diagnostics)
    files = mesh_files_at(meshes, base)
    loaded = load_head(lambda: load_mesh(meshes), bool(files))
    before = load_base(files, base)
    return Revisions(loaded.mesh, before.mesh, (*loaded.diagnostics, *before.diagnostics))


def load_head(read: Callable[[], Loaded], had_files: bool) -> Loaded:
    """Today's mesh; an empty one, with a warning, when the files that the base had are gone."""
    try:
        return read()
    except NoMeshFiles as error:
        if not had_files:
            raise
        summary = "there were mesh files at the base, and there are none now: nothing is wanted"
        detail = f"If that is a mistake, mend the path ({error})"
        return Loaded(Mesh(()), (Diagnostic(Severity.WARNING, "no-mesh-files", summary, detail),))


def load_base(files: dict[str, bytes], revision: str) -> Loaded:
    """The mesh of an earlier revision; an empty one, with a warning, when it is faulty."""
    try:
        return Loaded(load(files).mesh, ())
    except MeshInvalid as error:
        warning = Diagnostic(
            Severity.WARNING,
            "base-invalid",
            f"the mesh files at {revision} are not valid: what was removed since is not known",
            f"The first fault there: {error.diagnostics[0]}",
        )
        return Loaded(Mesh((), known=False), (warning,))


def plan_exit_code(plan: Plan, detailed: bool) -> ExitCode:
    """The exit code of ``plan`` and ``drift``."""
    if file_faults(plan):
        return ExitCode.INVALID
    if plan.refusals and plan.changes:
        return ExitCode.REFUSED
    return ExitCode.CHANGES if detailed and plan.changes else ExitCode.SUCCESS


def apply_exit_code(plan: Plan, report: Report) -> ExitCode:
    """0 when everything wanted is there; 5 when something failed or a gap hid something.

    6 when the lease was lost before everything was done.
    """
    if report.lease_lost:
        return ExitCode.LOCKED
    return ExitCode.SUCCESS if report.succeeded and plan.complete else ExitCode.PARTIAL


def planned(
    aws: Aws,
    revisions: Revisions,
    environments: tuple[str, ...],
    *,
    applying: bool,
    progress: Progress,
    stop: Stop | None = None,
    shard: Shard | None = None,
    drifting: bool = False,
) -> Plan:
    """The plan, with what loading had to say put before what planning had to say."""
    plan = make_plan(
        aws,
        revisions.head,
        revisions.base,
        environments=environments,
        applying=applying,
        progress=progress,
        stop=stop,
        shard=shard,
        drifting=drifting,
    )
    told = {*revisions.diagnostics, *plan.diagnostics}
    return replace(plan, diagnostics=tuple(sorted(told, key=lambda d: d.sort_key)))

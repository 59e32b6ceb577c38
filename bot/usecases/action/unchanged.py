"""A pull request that changes no mesh file gets its check at once, without AWS."""

from __future__ import annotations

from bot.adapters.github.checkout import mesh_path
from bot.usecases.action.job import Job


def unchanged(job: Job, base: str) -> bool:
    """True when the mesh files are byte by byte those of the base, and there are some.

    Raises GitHubError, and MeshInvalid for files that cannot be read.
    """
    files = dict(job.doors.files())
    if not files:
        return False
    path = mesh_path(job.context.inputs.meshes)
    return files == job.doors.github.mesh_files(base, path, tuple(files.values()))


def tell_nothing(job: Job) -> None:
    """The outputs of a run with nothing to plan."""
    runner = job.doors.runner
    runner.output("has-changes", "false")
    for name in ("creates", "updates", "deletes"):
        runner.output(name, "0")

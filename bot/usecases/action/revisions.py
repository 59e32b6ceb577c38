"""Which revisions of the mesh files a run compares."""

from __future__ import annotations

from bot.adapters.github.checkout import mesh_path
from bot.config import load
from bot.errors import GitHubRefused, UsageError
from bot.model.github import PullRequestEvent
from bot.usecases.action.job import Job
from bot.usecases.local import Revisions, load_base


def revisions(job: Job, base: str) -> Revisions:
    """The workspace's mesh and that of the commit ``base`` (none when it is empty).

    Raises MeshInvalid for faults of the workspace's files, and GitHubError.
    """
    files = job.doors.files()
    loaded = load(files)
    if not base:
        return Revisions(loaded.mesh, None, loaded.diagnostics)
    path = mesh_path(job.context.inputs.meshes)
    before = job.doors.github.mesh_files(base, path, tuple(files.values()))
    known = load_base(before, base[:12])
    return Revisions(loaded.mesh, known.mesh, (*loaded.diagnostics, *known.diagnostics))


def pull_request_base(job: Job, event: PullRequestEvent) -> str:
    """The commit to compare a pull request's checkout with.

    A checkout of the merge that GitHub made holds the base's newest commits too, so its
    first parent is the base; the event's may be older. Anything else is compared with
    the base as the event has it.
    """
    held = job.context.checkout_sha or job.context.sha
    if held and held != event.head_sha:
        parents = _parents(job, held)
        if len(parents) == 2 and parents[1] == event.head_sha:
            return parents[0]
    return event.base_sha


def first_parent(job: Job, revision: str) -> str:
    """The commit before a commit of the default branch; nothing for the first one."""
    parents = job.doors.github.parents(revision)
    return parents[0] if parents else ""


def check_checkout(job: Job, revision: str) -> None:
    """Raises UsageError when the workspace is known to hold another commit."""
    held = job.context.checkout_sha
    if held and held != revision:
        raise UsageError(
            f"The workspace holds commit {held[:12]}, but the event is about {revision[:12]}. "
            "Let actions/checkout check out the event's own commit: give it no `ref`."
        )


def _parents(job: Job, revision: str) -> tuple[str, ...]:
    try:
        return job.doors.github.parents(revision)
    except GitHubRefused:
        return ()  # a local commit that GitHub has never seen

"""``pull_request`` from a fork: no AWS, no OIDC, a token that can only read.

The files are validated and compared with the base's as a graph. Annotations in the log and
the job summary are all that such a run can leave.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters.github.checkout import mesh_path
from bot.config import Loaded, load
from bot.engine.graph_difference import GraphDifference, connections_by_vpc, graph_difference
from bot.errors import GitHubError, MeshInvalid
from bot.model.change import Membership, Movement
from bot.model.github import AnnotationLevel, PullRequestEvent
from bot.model.mesh import Mesh
from bot.render import markdown
from bot.render.markdown.difference import headline
from bot.render.wording import count
from bot.usecases.action import inputs, notes
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.pages import View
from bot.usecases.action.revisions import pull_request_base
from bot.usecases.action.telling import annotate, tell_run
from bot.usecases.local import load_base


def run(job: Job, event: PullRequestEvent) -> Ending:
    """Validates and compares. Raises MeshInvalid, and UsageError for the inputs."""
    others = (Command.VALIDATE, Command.REPORT)
    inputs.command(job.context.inputs, "pull_request", Command.PLAN, *others)
    view = View.of(job.context, event.head_sha, branch=event.base_branch)
    files = job.doors.files()
    try:
        head = load(files)
    except MeshInvalid as invalid:
        annotate(job, notes.faults(invalid.diagnostics))
        tell_run(job, view.invalid(invalid.diagnostics))
        raise
    before = _before(job, event, files)
    if before is None:
        annotate(job, notes.faults(head.diagnostics))
        tell_run(job, view.valid(len(head.mesh.environments)))
    else:
        base, loaded = before
        view = View.of(job.context, event.head_sha, base, event.base_branch)
        _tell(job, view, head, graph_difference(loaded, head.mesh))
    return Ending()


def _before(
    job: Job, event: PullRequestEvent, files: Mapping[str, bytes]
) -> tuple[str, Mesh] | None:
    """The base commit and its mesh; None, and said, when it cannot be read or is faulty."""
    path = mesh_path(job.context.inputs.meshes)
    try:
        base = pull_request_base(job, event)
        known = load_base(job.doors.github.mesh_files(base, path, tuple(files.values())), base[:12])
    except GitHubError as failure:
        job.say(AnnotationLevel.WARNING, f"The base cannot be compared with: {failure}")
        return None
    if known.diagnostics:  # the base is faulty: what is new and what goes is not known
        annotate(job, notes.faults(known.diagnostics))
        return None
    return base, known.mesh


def _tell(job: Job, view: View, head: Loaded, difference: GraphDifference) -> None:
    runner = job.doors.runner
    runner.output("has-changes", "false" if difference.empty else "true")
    runner.output("creates", str(len(difference.new)))
    runner.output("updates", "0")
    runner.output("deletes", str(len(difference.going)))
    job.say(AnnotationLevel.NOTICE, f"{headline(difference)}. Details are in the job summary.")
    new = {env.name: connections_by_vpc(env.new) for env in difference.environments}
    going = {env.name: connections_by_vpc(env.going) for env in difference.environments}

    def caused(move: Membership) -> str:
        counts = going if move.movement is Movement.LEAVES else new
        return count(counts[move.environment][move.vpc], "peering")

    annotate(job, notes.faults((*difference.refusals, *head.diagnostics)))
    moves = [move for environment in difference.environments for move in environment.memberships]
    annotate(job, list(notes.movements(moves, head.mesh, caused))[: notes.MOST])
    text = markdown.difference_summary(difference, head.diagnostics, view.context)
    job.attempt(lambda: runner.summary(text))

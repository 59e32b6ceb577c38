"""Which commit each environment was last applied at: what an apply starts from.

A run may be dropped (GitHub keeps one that waits), so the commit before a push says little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bot.adapters.github.checkout import mesh_path
from bot.engine.content import composed
from bot.errors import GitHubRefused
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.github import AnnotationLevel
from bot.model.mesh import Mesh
from bot.model.record import Relation
from bot.usecases.action.job import Job
from bot.usecases.action.recording import CHECK, DEFAULT_MESHES
from bot.usecases.local import load_base


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the environments stand. ``target`` is the commit to apply.

    ``applied`` has the last applied commit of each environment that has one; of the others
    ``fallback`` (may be empty) is taken as the commit that AWS is at. ``mesh`` is the mesh
    as it was last applied, put together from those commits.
    """

    target: str
    fallback: str
    applied: Mapping[str, str]
    mesh: Mesh
    diagnostics: tuple[Diagnostic, ...] = ()

    def since(self, environment: str) -> str:
        """The commit that an environment is at; empty when nothing is known."""
        return self.applied.get(environment, self.fallback)


def task(job: Job) -> str:
    """What tells this folder's deployments from all others."""
    meshes = job.context.inputs.meshes
    return CHECK if meshes == DEFAULT_MESHES else f"{CHECK}:{meshes}"


def lineage(job: Job, target: str, fallback: str, files: Mapping[str, bytes]) -> Lineage:
    """What GitHub's deployments say. ``files`` are the mesh files of ``target``.

    Raises GitHubError; a missing permission only means that nothing is known.
    """
    applied = _applied(job)
    meshes, told = _meshes(job, {*applied.values(), fallback} - {""}, files, target)
    known = {name: sha for name, sha in applied.items() if sha in meshes}
    base = composed({n: meshes[sha] for n, sha in known.items()}, meshes.get(fallback, Mesh(())))
    return Lineage(target, fallback, known, base, told)


def _applied(job: Job) -> Mapping[str, str]:
    try:
        return job.doors.github.applied(task(job))
    except GitHubRefused as refused:
        job.say(AnnotationLevel.NOTICE, str(refused))
        return {}


def _meshes(
    job: Job, commits: Iterable[str], files: Mapping[str, bytes], at_hand: str
) -> tuple[dict[str, Mesh], tuple[Diagnostic, ...]]:
    path, known = mesh_path(job.context.inputs.meshes), tuple(files.values())
    meshes: dict[str, Mesh] = {}
    told: list[Diagnostic] = []
    for commit in sorted(commits):
        try:
            there = (
                dict(files)
                if commit == at_hand
                else job.doors.github.mesh_files(commit, path, known)
            )
            loaded = load_base(there, commit[:12])
        except GitHubRefused as refused:
            told.append(_gone(commit, refused))
        else:
            meshes[commit] = loaded.mesh
            told += loaded.diagnostics
    return meshes, tuple(told)


def _gone(commit: str, why: GitHubRefused) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "base-unknown",
        f"commit {commit[:12]}, applied before, is gone: what was removed since is not known",
        str(why),
    )


def newest_commit(job: Job, branch: str, revision: str) -> str:
    """The commit to converge to: the branch's newest, unless GitHub's answer lags behind ours."""
    newest = job.doors.github.branch_head(branch)
    if newest == revision:
        return revision
    behind = job.doors.github.relation(revision, newest) is Relation.BEHIND
    return revision if behind else newest


def superseded(job: Job, known: Lineage, revision: str, names: Collection[str]) -> str:
    """The commit because of which a run about ``revision`` has nothing to do, or nothing.

    ``names`` are the environments that it is about.
    """
    done = bool(names) and all(known.applied.get(name) == known.target for name in names)
    if revision != known.target and done:
        return known.target
    others = sorted(set(known.applied.values()) - {known.target})
    if not others or known.target in known.applied.values():
        return ""
    older = (job.doors.github.relation(sha, known.target) is Relation.BEHIND for sha in others)
    return others[0] if all(older) else ""

"""What was reviewed since each environment was last applied, and what that allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.adapters.github.checkout import mesh_path
from bot.config import load
from bot.engine.content import differing
from bot.engine.review import Approved, Direct, Verdict, verdicts
from bot.errors import GitHubRefused, MeshInvalid
from bot.model.change import Plan, fingerprint_of
from bot.model.github import AnnotationLevel, PullRequest
from bot.model.record import Record
from bot.render.planfile import PlanFileError, RecordedPlan, read_plan
from bot.usecases.action.job import Job
from bot.usecases.action.lineage import Lineage
from bot.usecases.action.recording import approver, digest, newest

MOST_DIRECT = 20
"""Commits without a pull request whose content is looked at; more concern every environment."""
UNCHANGED = fingerprint_of(())
"""The fingerprint of an environment that a plan does not change."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A pull request, and the plan recorded for its head; ``problem`` says why there is none."""

    pull: PullRequest
    environments: frozenset[str]
    record: Record | None = None
    plan: RecordedPlan | None = None
    approved_by: str = ""
    problem: str = ""

    @property
    def changes_any(self) -> bool:
        """True when its plan changes, or may change, one of the environments it counts for."""
        if self.record is None or not self.record.fingerprints:
            return True
        changed = {n for n, value in self.record.fingerprints.items() if value != UNCHANGED}
        return bool(changed & self.environments)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict for each environment, and the pull requests that it rests on."""

    verdicts: tuple[Verdict, ...]
    reviewed: tuple[Reviewed, ...] = ()

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The verdicts that permit nothing."""
        return tuple(verdict for verdict in self.verdicts if not verdict.permitted)

    @property
    def told(self) -> tuple[int, ...]:
        """The pull requests that an apply is about, by number."""
        return tuple(sorted({r.pull.number for r in self.reviewed if r.changes_any}))


@dataclass(slots=True)
class Range:
    """What happened since the environments were last applied."""

    pulls: dict[int, PullRequest] = field(default_factory=dict)
    of: dict[int, set[str]] = field(default_factory=dict)
    direct: dict[str, set[str]] = field(default_factory=dict)
    """Environments by the commit that no pull request brought."""


def happened(job: Job, known: Lineage, names: Iterable[str], branch: str) -> Range:
    """The pull requests and direct commits since each environment's last apply.

    Raises GitHubError, also for a history that is too long to look through.
    """
    path = mesh_path(job.context.inputs.meshes)
    found, starts = Range(), dict[str, set[str]]()
    for name in names:
        starts.setdefault(known.since(name), set()).add(name)
    brought: dict[str, tuple[PullRequest, ...]] = {}
    for start, environments in sorted(starts.items()):
        for commit in _touching(job, start, known.target, path):
            if commit not in brought:
                brought[commit] = job.doors.github.pulls_of(commit, branch)
            for pull in brought[commit]:
                found.pulls[pull.number] = pull
                found.of.setdefault(pull.number, set()).update(environments)
            if not brought[commit]:
                found.direct.setdefault(commit, set()).update(environments)
    return found


def _touching(job: Job, start: str, target: str, path: str) -> tuple[str, ...]:
    try:
        return job.doors.github.commits_touching(start, target, path)
    except GitHubRefused as refused:
        # the commit is gone, after a force push: then nothing is known to be reviewed
        job.say(AnnotationLevel.WARNING, str(refused))
        return ()


def reviewed(job: Job, found: Range, branch: str, *, merged: bool) -> tuple[Reviewed, ...]:
    """The recorded plans of the pull requests; with ``merged`` only of those merged already."""
    return tuple(
        _recorded(job, pull, frozenset(found.of[number]), branch)
        for number, pull in sorted(found.pulls.items())
        if pull.merged or not merged
    )


def named(found: Range) -> tuple[Reviewed, ...]:
    """The merged pull requests alone, where what was reviewed does not matter."""
    pulls = sorted(found.pulls.items())
    return tuple(Reviewed(p, frozenset(found.of[n])) for n, p in pulls if p.merged)


def judged(plan: Plan, plans: tuple[Reviewed, ...], direct: Direct | None = None) -> Judgement:
    """The verdicts on a plan."""
    approved = [
        Approved(r.plan.changes, bool(r.approved_by), r.environments) for r in plans if r.plan
    ]
    return Judgement(verdicts(plan, approved, direct), plans)


def direct_changes(job: Job, found: Range, *, allowed: bool) -> Direct:
    """The environments that commits without a pull request changed since their last apply."""
    names: set[str] = set()
    for commit, environments in found.direct.items():
        many = len(found.direct) > MOST_DIRECT
        touched = None if many else _touched(job, commit)
        names |= environments if touched is None else environments & touched
    return Direct(frozenset(names), allowed)


def _touched(job: Job, commit: str) -> frozenset[str] | None:
    """The environments that a commit changes; None when that cannot be told."""
    github, path = job.doors.github, mesh_path(job.context.inputs.meshes)
    parents = github.parents(commit)
    after = github.mesh_files(commit, path)
    before = github.mesh_files(parents[0], path, tuple(after.values())) if parents else {}
    try:
        return differing(load(before).mesh, load(after).mesh)
    except MeshInvalid:
        return None


def _recorded(job: Job, pull: PullRequest, environments: frozenset[str], branch: str) -> Reviewed:
    try:
        return _found(job, pull, environments, branch)
    except (GitHubRefused, PlanFileError) as error:
        return Reviewed(pull, environments, problem=str(error))


def _found(job: Job, pull: PullRequest, environments: frozenset[str], branch: str) -> Reviewed:
    check = newest(job, pull.head_sha, pull.number)
    if check is None:
        said = f"No plan was recorded for its head commit {pull.head_sha[:12]}."
        return Reviewed(pull, environments, problem=said)
    record = check.record
    if record.branch != branch:
        said = "Its plan was recorded for another branch."
        return Reviewed(pull, environments, record, problem=said)
    content = _matching(job.doors.github.plan_files(record.run_id, record.artifact), record)
    if content is None:
        said = f"No artifact {record.artifact} of run {record.run_id} holds the plan recorded."
        return Reviewed(pull, environments, record, problem=said)
    plan = read_plan(content)
    if plan.fingerprint != record.fingerprint:
        said = "The recorded fingerprint is not that of the recorded plan."
        return Reviewed(pull, environments, record, problem=said)
    return Reviewed(pull, environments, record, plan, approver(job, pull.author, record))


def _matching(files: Iterator[bytes], record: Record) -> bytes | None:
    return next((content for content in files if digest(content) == record.digest), None)


def problems(plans: Iterable[Reviewed]) -> Mapping[int, str]:
    """Why recorded plans could not be used, by pull request."""
    return {r.pull.number: r.problem for r in plans if r.problem}

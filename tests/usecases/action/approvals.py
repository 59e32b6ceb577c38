"""What the fake GitHub knows of history, records, reviews and deployments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.errors import BotError, GitHubRefused
from bot.model.github import CheckRun, Conclusion, PullRequest
from bot.model.record import Deployment, OwnCheck, Relation, Review
from bot.render.record import read_record


@dataclass
class FakeApprovals:
    """The ports History, Records and Deployments in memory.

    ``line`` is the default branch, oldest commit first; every commit but the first touches
    the mesh files. ``brought`` says which pull requests brought a commit. ``artifacts`` has
    plan.json by run, newest first; a run without any has none.
    """

    line: list[str] = field(default_factory=list)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    brought: dict[str, tuple[int, ...]] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    checks: list[CheckRun] = field(default_factory=list)
    artifacts: dict[str, list[bytes]] = field(default_factory=dict)
    shards: dict[str, bytes] = field(default_factory=dict)
    given_reviews: list[Review] = field(default_factory=list)
    writers: set[str] = field(default_factory=set)
    deployments: list[Deployment] = field(default_factory=list)
    failing: dict[str, BotError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def branch_head(self, branch: str) -> str:
        self._enter("branch_head")
        return self.line[-1]

    def relation(self, base: str, head: str) -> Relation:
        self._enter("relation")
        one, other = self.line.index(base), self.line.index(head)
        if one == other:
            return Relation.IDENTICAL
        return Relation.AHEAD if one < other else Relation.BEHIND

    def commits_touching(self, base: str, head: str, path: str) -> tuple[str, ...]:
        self._enter("commits_touching")
        start = self.line.index(base) + 1 if base else 0
        return tuple(self.line[start : self.line.index(head) + 1])

    def pulls_of(self, revision: str, branch: str) -> tuple[PullRequest, ...]:
        self._enter("pulls_of")
        return tuple(self.pulls[number] for number in self.brought.get(revision, ()))

    def subject(self, revision: str) -> str:
        self._enter("subject")
        return self.subjects.get(revision, "")

    def open_pulls(self, branch: str) -> tuple[PullRequest, ...]:
        self._enter("open_pulls")
        return tuple(pull for pull in self.pulls.values() if pull.open)

    def own_checks(self, commit: str, check: str) -> tuple[OwnCheck, ...]:
        self._enter("own_checks")
        return tuple(
            OwnCheck(number, run.text, run.title, run.summary, str(run.conclusion))
            for number, run in reversed(list(enumerate(self.checks)))
            if run.head_sha == commit and run.name == check
        )

    def rewrite(
        self, check: OwnCheck, conclusion: Conclusion, title: str, summary: str, text: str
    ) -> None:
        self._enter("rewrite")
        held = self.checks[check.id]
        self.checks[check.id] = replace(
            held, conclusion=conclusion, title=title, summary=summary, text=text
        )

    def plan_files(self, run_id: str, artifact: str) -> Iterator[bytes]:
        self._enter("plan_files")
        assert artifact == "meshbot-plan"
        if run_id not in self.artifacts:
            raise GitHubRefused(f"The artifact {artifact} of run {run_id} has expired.")
        return iter(self.artifacts[run_id])

    def shard_files(self, run_id: str, prefix: str) -> Mapping[str, bytes]:
        self._enter("shard_files")
        return {name: file for name, file in self.shards.items() if name.startswith(prefix)}

    def reviews(self, number: int) -> tuple[Review, ...]:
        self._enter("reviews")
        return tuple(self.given_reviews)

    def may_write(self, login: str) -> bool:
        self._enter("may_write")
        return login in self.writers

    def applied(self, task: str) -> dict[str, str]:
        self._enter("applied")
        own = (d for d in self.deployments if d.task == task and d.succeeded)
        return {deployment.environment: deployment.sha for deployment in own}

    def deployed(self, deployment: Deployment) -> None:
        self._enter("deployed")
        self.deployments.append(deployment)

    def _enter(self, method: str) -> None:
        self.asked.append(method)
        if method in self.failing:
            raise self.failing[method]

    def recorded(self) -> tuple[int, ...]:
        """The pull requests that a check run records a plan of."""
        records = (read_record(check.text) for check in self.checks)
        return tuple(record.number for record in records if record)

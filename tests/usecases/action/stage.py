"""A stage for the action: GitHub in memory, the runner's files on disk, AWS as a FakeAws."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.adapters.runner import RunnerFiles
from bot.adapters.threads import ThreadDispatcher
from bot.engine.pace import Paces
from bot.errors import BotError, ExitCode
from bot.model.address import VpcRef
from bot.model.change import Plan, Report
from bot.model.github import (
    ActionContext,
    CheckRun,
    DispatchEvent,
    Event,
    Inputs,
    PullRequest,
    PullRequestEvent,
    PushEvent,
)
from bot.model.shard import Shard
from bot.ports import Lease, Progress, Quiet, Unleased
from bot.usecases.action import Doors, run
from bot.usecases.action.remarks import Beside
from bot.usecases.local import Revisions, planned
from tests.fakes import run as fake_run
from tests.fakes.aws import FakeAws
from tests.fakes.world import World, scope
from tests.usecases.action.approvals import FakeApprovals

HEAD, BASE, MERGE, OLDER = "a" * 40, "b" * 40, "c" * 40, "d" * 40
METADATA = """\
metadata:
  resource_owner: netops
  business_unit: PaaS
  service_name: peerd
  support: net@example.org
  common_principal_name: peerd-bot
  role_session_name: peerd
  plan_principal_name: peerd-bot-plan
"""
ACCOUNTS = ("111122223333", "444455556666", "777788889999")


def vpc(number: int) -> VpcRef:
    """One VPC in each of three accounts."""
    return VpcRef(scope(ACCOUNTS[number], "us-east-1"), f"vpc-0000000{number}")


def mesh_text(*numbers: int, environment: str = "production", extra: str = "") -> bytes:
    """A mesh file whose environment has these VPCs; each member takes three lines."""
    members = "".join(
        f"    - account_id: '{vpc(n).scope.account}'\n"
        f"      region: us-east-1\n"
        f"      vpc_id: {vpc(n).vpc_id}\n"
        for n in numbers
    )
    return f"{METADATA}{extra}environments:\n  {environment}:\n{members}".encode()


MESH = "meshes/mesh.yaml"
THIRD_LINE = 17
"""The line on which the third member of ``mesh_text(0, 1, 2)`` starts."""


def aws() -> FakeAws:
    """Three VPCs, each with an eligible route table."""
    world = World()
    for number in range(3):
        world.vpc(vpc(number), f"10.{number}.0.0/16")
        world.table(f"rtb-0000000{number}", vpc(number))
    return FakeAws(world)


@dataclass
class FakeGitHub(FakeApprovals):
    """``ports.GitHub`` in memory. ``failing`` maps a method's name to what it raises."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    history: dict[str, tuple[str, ...]] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)
    issues: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    """Title, body and whether it is open, by marker."""

    def mesh_files(self, revision: str, path: str, known: Iterable[bytes] = ()) -> dict[str, bytes]:
        self._enter("mesh_files")
        return {n: c for n, c in self.files[revision].items() if n.startswith(path)}

    def parents(self, revision: str) -> tuple[str, ...]:
        self._enter("parents")
        return self.history.get(revision, ())

    def pull(self, number: int) -> PullRequest:
        self._enter("pull")
        return self.pulls[number]

    def own_comment(self, number: int, marker: str) -> str:
        self._enter("own_comment")
        return self.comments.get(number, "")

    def comment(self, number: int, marker: str, body: str, *, create: bool = True) -> str:
        self._enter("comment")
        assert body.startswith(f"{marker}\n")
        if number not in self.comments and not create:
            return ""
        self.comments[number] = body
        return f"https://github.example/acme/net/pull/{number}#issuecomment-1"

    def issue(self, marker: str, title: str, body: str, *, wanted: bool) -> str:
        self._enter("issue")
        assert body.startswith(f"{marker}\n")
        held = self.issues.get(marker)
        if held is None and not wanted:
            return ""
        if wanted or (held and held[2]):
            self.issues[marker] = (title or (held[0] if held else ""), body, wanted)
        return f"https://github.example/acme/net/issues/{len(self.issues)}"

    def open_issues(self, start: str) -> tuple[str, ...]:
        self._enter("open_issues")
        return tuple(
            sorted(m for m, held in self.issues.items() if held[2] and m.startswith(start))
        )

    def report(self, check: CheckRun) -> str:
        self._enter("report")
        self.checks.append(check)
        return "https://github.example/acme/net/runs/1"


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: ExitCode
    outputs: dict[str, str]
    log: str
    summary: str


@dataclass
class Stage:
    """Everything around one run."""

    folder: Path
    aws: FakeAws = field(default_factory=aws)
    github: FakeGitHub = field(default_factory=FakeGitHub)
    files: dict[str, bytes] = field(default_factory=lambda: {MESH: mesh_text(0, 1, 2)})
    context: ActionContext = field(
        default_factory=lambda: ActionContext(
            PushEvent("", "", "", ""),
            repository="acme/net",
            sha=MERGE,
            run_id="77",
            server_url="https://github.example",
        )
    )
    planned: list[bool] = field(default_factory=list)
    """Whether the apply role planned, for each plan."""
    plan_failure: BotError | None = None
    after_plan: Any = None
    lease: Lease = field(default_factory=Unleased)
    lease_refusal: BotError | None = None
    leases: list[str] = field(default_factory=list)
    """What became of the lease, and the plans in between."""
    aside: FakeGitHub | None = None
    beside: Callable[[], Beside] = ThreadDispatcher
    paces: Paces = field(default_factory=Paces)

    def __post_init__(self) -> None:
        self.github.files.setdefault(BASE, {MESH: mesh_text(0, 1)})
        self.github.history.setdefault(MERGE, (BASE, HEAD))
        self.github.pulls.setdefault(7, PullRequest(7, HEAD, True, author="alice", branch="main"))
        self.github.brought.setdefault(MERGE, (7,))
        self.github.line = self.github.line or [BASE, MERGE]

    def review(self, **inputs: str) -> Ran:
        """Pull request 7 is planned, its plan uploaded, and the request merged."""
        ran = self.run(pull_request(), **inputs)
        self.merge()
        return ran

    def merge(self) -> None:
        """Pull request 7 is merged."""
        self.github.pulls[7] = replace(self.github.pulls[7], open=False, merged=True)

    def run(self, event: Event, **inputs: str) -> Ran:
        """One run of the action about an event."""
        output, summary = self.folder / "output", self.folder / "summary"
        for file in (output, summary):
            file.write_text("")
        environ = {
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(self.folder),
        }
        out = io.StringIO()
        context = replace(self.context, event=event, inputs=Inputs(**inputs), workspace=self.folder)
        doors = Doors(
            self.github,
            RunnerFiles(environ, out),
            lambda: self.files,
            self._plan,
            self._apply,
            self._leased,
            lambda until: self.aside or self.github,
            self.beside,
            self.paces,
        )
        code = run(context, doors)
        outputs = read_outputs(output.read_text())
        if outputs.get("plan-json-path"):
            kept = (self.folder / outputs["plan-json-path"]).read_bytes()
            self.github.artifacts.setdefault(context.run_id, []).insert(0, kept)
        return Ran(code, outputs, out.getvalue(), summary.read_text())

    def _plan(
        self,
        revisions: Revisions,
        environments: tuple[str, ...],
        *,
        applying: bool,
        shard: Shard | None = None,
        drifting: bool = False,
    ) -> Plan:
        self.planned.append(applying)
        self.leases.append("planned")
        if self.plan_failure is not None:
            raise self.plan_failure
        plan = planned(
            self.aws,
            revisions,
            environments,
            applying=applying,
            progress=Quiet(),
            shard=shard,
            drifting=drifting,
        )
        if self.after_plan is not None:
            self.after_plan()
        return plan

    def _apply(self, revisions: Revisions, plan: Plan, lease: Lease, progress: Progress) -> Report:
        return fake_run.apply(
            self.aws, revisions.head, revisions.base, plan, lease=lease, progress=progress
        )

    @contextmanager
    def _leased(self, say: Any) -> Iterator[Lease]:
        if self.lease_refusal is not None:
            raise self.lease_refusal
        self.leases.append("taken")
        try:
            yield self.lease
        finally:
            self.leases.append("released")


def pull_request(action: str = "opened", **changed: Any) -> PullRequestEvent:
    """An event of pull request 7, from a branch of the same repository."""
    event = PullRequestEvent(action, 7, HEAD, BASE, "main", "main", same_repository=True)
    return replace(event, **changed)


def push(**changed: Any) -> PushEvent:
    """The merge of pull request 7."""
    return replace(PushEvent("refs/heads/main", "main", BASE, MERGE), **changed)


def dispatch(ref: str = "refs/heads/main") -> DispatchEvent:
    """A run by hand."""
    return DispatchEvent(ref, "main")


def read_outputs(text: str) -> dict[str, str]:
    """A GITHUB_OUTPUT file as the runner reads it; the last write of a name wins."""
    pattern = re.compile(r"^([\w-]+)<<(\S+)\n(.*?)\n?^\2$\n?", re.MULTILINE | re.DOTALL)
    assert not pattern.sub("", text), "something the runner would not understand"
    return {match[1]: match[3] for match in pattern.finditer(text)}

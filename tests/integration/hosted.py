"""A mesh repository on the emulated GitHub, three VPCs on the emulated AWS, and runners."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc
from bot.emulator.github import GitHub, Job, running
from bot.emulator.runner import PLAN_PERMISSIONS, Ran, Runner
from tests.contract.github.checker import Contract, exchange_violations
from tests.integration.laptop import environment as child_environment
from tests.usecases.action.stage import read_outputs

NAME = "acme/network"
MESH = "meshes/production.yaml"
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGION = "us-east-1"
DRIFT_PERMISSIONS = {"contents": "read", "issues": "write", "id-token": "write"}
HEADER = """\
metadata:
  resource_owner: netops
  business_unit: PaaS
  service_name: peerd
  support: net@example.org
  common_principal_name: peerd-bot
  plan_principal_name: peerd-bot-plan
  role_session_name: peerd
environments:
"""
BOT = "github-actions[bot]"


def entry(vpc: SeededVpc, note: str = "") -> str:
    """A member's lines; ``note`` is written as JSON, which YAML understands."""
    return (
        f"    - account_id: '{vpc.account}'\n      region: {vpc.region}\n      vpc_id: {vpc.id}\n"
        + (f"      note: {json.dumps(note)}\n" if note else "")
    )


def environment(*vpcs: SeededVpc, name: str = "production", note: str = "") -> str:
    """An environment's lines: a full mesh of these VPCs."""
    return f"  {json.dumps(name)}:\n" + "".join(entry(vpc, note) for vpc in vpcs)


def mesh(*vpcs: SeededVpc, name: str = "production", note: str = "") -> str:
    """A mesh file with one environment."""
    return HEADER + environment(*vpcs, name=name, note=note)


@dataclass(frozen=True)
class Prepared:
    """A job that can start: a checked-out workspace and the environment of its step."""

    workspace: Path
    variables: dict[str, str]
    files: Mapping[str, Path]

    def start(self) -> subprocess.Popen[str]:
        """``meshbot action`` as the container's entry point starts it."""
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "action"],
            cwd=self.workspace,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> Ran:
        """Run it to its end."""
        with self.start() as process:
            log, _ = process.communicate(timeout=120)
        return self.ended(process.returncode, log)

    def ended(self, code: int, log: str) -> Ran:
        """What it left."""
        outputs = read_outputs(self.files["GITHUB_OUTPUT"].read_text("utf-8"))
        summary = self.files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return Ran(code, log, outputs, summary, self.workspace)


@dataclass
class Hosted:
    """Everything that a story needs."""

    aws: Emulator
    seed: Seed
    github: GitHub
    folder: Path
    vpcs: list[SeededVpc] = field(default_factory=list)

    def vpc(self, **tags: str) -> SeededVpc:
        """One more VPC, in the next account, with an eligible route table."""
        number = len(self.vpcs)
        made = self.seed.vpc(ACCOUNTS[number % 3], REGION, f"10.{number}.0.0/16", tags=tags)
        self.seed.tag(made, made.main_table, {"peerd_eligible": "true"})
        self.vpcs.append(made)
        return made

    def pull(self, files: Mapping[str, Any], branch: str = "change") -> int:
        """A pull request of the repository's own branch with these files."""
        self.github.push(NAME, branch, files)
        return self.github.open_pull(NAME, branch)

    def run(
        self,
        event: str,
        wanted: Mapping[str, Any] | None = None,
        permissions: Mapping[str, str] | None = None,
        **inputs: Any,
    ) -> Ran:
        """One job; inputs are spelt with underscores."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        runner = Runner(self.aws, self.github, NAME, self.folder)
        return runner.run(event, wanted, given, permissions)

    def prepare(
        self,
        event: str,
        wanted: Mapping[str, Any] | None = None,
        permissions: Mapping[str, str] = PLAN_PERMISSIONS,
        **inputs: Any,
    ) -> Prepared:
        """A job with its workspace as actions/checkout leaves it: one commit, detached."""
        job = self.github.start_run(NAME, event, wanted, permissions)
        place = self.folder / f"job-{job.run_id}"
        workspace = self._checked_out(place / "workspace", job)
        files = {name: place / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        (place / "event.json").write_text(json.dumps(job.payload))
        variables = {
            **child_environment(),
            **self.aws.environment,
            **job.environment,
            **{name: str(file) for name, file in files.items()},
            "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_WORKSPACE": str(workspace),
            "INPUT_GITHUB-TOKEN": job.token,
            **{f"INPUT_{n.upper().replace('_', '-')}": value for n, value in inputs.items()},
        }
        return Prepared(workspace, variables, files)

    def _checked_out(self, workspace: Path, job: Job) -> Path:
        for name, content in self.github.files(NAME, job.sha).items():
            file = workspace / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        git = workspace / ".git"
        git.mkdir(parents=True)
        (git / "HEAD").write_text(f"{job.sha}\n")
        (git / "shallow").write_text(f"{job.sha}\n")
        return workspace

    def comments(self, number: int) -> list[str]:
        """The bodies of our comments on a pull request."""
        return [
            str(comment["body"])
            for comment in self.github.state(NAME)["comments"]
            if comment["issue_url"].endswith(f"/issues/{number}")
            and comment["user"]["login"] == BOT
        ]

    def checks(self, sha: str = "") -> list[dict[str, Any]]:
        """Our check runs (of a commit), oldest first."""
        runs = self.github.state(NAME)["check_runs"]
        return [run for run in runs if run["head_sha"] == (sha or run["head_sha"])]

    def issues(self) -> list[dict[str, Any]]:
        """The issues that are no pull requests."""
        return [i for i in self.github.state(NAME)["issues"] if not i.get("pull_request")]

    def applied(self) -> None:
        """Bring AWS to the default branch, without judging it."""
        ran = self.run("push", require_pull_request="false")
        assert ran.exit_code == 0, ran.log

    def written(self) -> list[str]:
        """Everything that was sent to GitHub to be written, so far."""
        return [
            f"{exchange['method']} {exchange['path']}"
            for exchange in self.github.exchanges()
            if exchange["api"] == "rest" and exchange["method"] != "GET"
        ]


@contextmanager
def hosted(aws: Emulator, folder: Path, contract: Contract) -> Iterator[Hosted]:
    """A repository whose mesh has two of three VPCs; every exchange is checked in the end."""
    aws.reset()
    with running() as github:
        made = Hosted(aws, Seed(aws), github, folder)
        for _ in range(3):
            made.vpc()
        files = {"README.md": "Our network.\n", MESH: mesh(*made.vpcs[:2])}
        github.create_repository(NAME, files, roles={"alice": "write", "mallory": "read"})
        yield made
        found = exchange_violations(contract, github.exchanges())
        assert not found, "\n".join(found)

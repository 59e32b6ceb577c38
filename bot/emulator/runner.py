"""A stand-in for a GitHub runner: checks out a revision and runs the action in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.emulator.aws.client import Emulator as Aws
from bot.emulator.github import GitHub, Job

PLAN_PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "deployments": "read",
    "id-token": "write",
    "pull-requests": "write",
}
APPLY_PERMISSIONS = {**PLAN_PERMISSIONS, "deployments": "write"}
PERMISSIONS: Mapping[str, Mapping[str, str]] = {
    "push": APPLY_PERMISSIONS,
    "workflow_dispatch": APPLY_PERMISSIONS,
}
"""What the workflows grant on an event; on others PLAN_PERMISSIONS."""

ARTIFACT = "meshbot-plan"
"""What their step actions/upload-artifact calls plan.json and report.html."""

SHARD_ARTIFACT = "meshbot-shard-"
"""How the artifact with a shard's shard.json starts; the shard's label follows."""

TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the action left: exit code, log, outputs, job summary, and its workspace."""

    exit_code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    workspace: Path
    run_id: int = 0


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs ``meshbot action`` in a process of its own, as the container's entry point does."""

    aws: Aws
    github: GitHub
    repository: str
    folder: Path

    def run(
        self,
        event: str,
        wanted: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> Ran:
        """One job on an event; ``wanted`` says which, ``inputs`` are the step's ``with:``."""
        granted = PERMISSIONS.get(event, PLAN_PERMISSIONS) if permissions is None else permissions
        return self._ran(self.github.start_run(self.repository, event, wanted, granted), inputs)

    def again(self, run: Ran, event: str, inputs: Mapping[str, str] | None = None) -> Ran:
        """Another attempt of a run on its own event."""
        granted = PERMISSIONS.get(event, PLAN_PERMISSIONS)
        return self._ran(self.github.rerun(self.repository, run.run_id, granted), inputs)

    def one_of(self, job: Job, name: str, inputs: Mapping[str, str] | None = None) -> Ran:
        """One of several jobs, by its name, of a run that was started before."""
        return self._ran(job, inputs, name)

    def _ran(self, job: Job, inputs: Mapping[str, str] | None, name: str = "") -> Ran:
        attempt = job.environment["GITHUB_RUN_ATTEMPT"]
        place = self.folder / f"run-{job.run_id}-{attempt}{name and f'-{name}'}"
        workspace = self._check_out(place / "workspace", job.sha)
        files = {name: place / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        (place / "event.json").write_text(json.dumps(job.payload))
        environment = {
            **_plain_environment(),
            **self.aws.environment,
            **job.environment,
            **{name: str(file) for name, file in files.items()},
            "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_WORKSPACE": str(workspace),
            "INPUT_GITHUB-TOKEN": job.token,
            **{f"INPUT_{name.upper()}": value for name, value in (inputs or {}).items()},
        }
        ran = _run(workspace, environment, files, job.run_id)
        self._upload(ran, (inputs or {}).get("shard", ""))
        return ran

    def _upload(self, ran: Ran, shard: str) -> None:
        """The step after the action: its files, by their names alone."""
        if shard:
            if left := ran.outputs.get("shard-path"):
                files = {"shard.json": (ran.workspace / left).read_bytes()}
                name = f"{SHARD_ARTIFACT}{shard}"
                self.github.upload_artifact(self.repository, ran.run_id, name, files)
            return
        paths = [ran.outputs.get(f"{name}-path") for name in ("plan-json", "report-html")]
        kept = [ran.workspace / path for path in paths if path]
        if kept:
            files = {path.name: path.read_bytes() for path in kept}
            self.github.upload_artifact(self.repository, ran.run_id, ARTIFACT, files)

    def _check_out(self, workspace: Path, sha: str) -> Path:
        for name, content in self.github.files(self.repository, sha).items():
            file = workspace / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        workspace.mkdir(parents=True, exist_ok=True)
        return workspace


def _plain_environment() -> dict[str, str]:
    """Ours without what would lead to the machine's own accounts."""
    secret = ("AWS_", "GITHUB_", "ACTIONS_", "RUNNER_", "INPUT_")
    return {key: value for key, value in os.environ.items() if not key.startswith(secret)}


def _run(
    workspace: Path, environment: Mapping[str, str], files: Mapping[str, Path], run_id: int
) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "action"],
        cwd=workspace,
        env={**environment, "PYTHONPATH": _package_home()},
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    log = (done.stdout + done.stderr).decode(errors="replace")
    outputs = _outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
    summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    return Ran(done.returncode, log, outputs, summary, workspace, run_id)


def _package_home() -> str:
    """Where this very package is imported from, before whatever the caller had."""
    home = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))


def _outputs(text: str) -> dict[str, str]:
    """The step's outputs, in the form ``name<<delimiter``, lines, ``delimiter``."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for content in lines:
            if content == delimiter:
                break
            value.append(content)
        outputs[name] = "\n".join(value)
    return outputs

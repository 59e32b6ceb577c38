"""The action's real surroundings: the runner's environment, PyGithub, AWS by OIDC."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from bot.adapters import github, runner
from bot.errors import ExitCode
from bot.model.change import Plan, Report
from bot.model.github import ActionContext, PullRequestEvent
from bot.ports import Aws, Quiet
from bot.usecases.action.job import Doors
from bot.usecases.action.route import run
from bot.usecases.local import Revisions, planned

DEFAULT_REGION = "us-east-1"
"""Where STS is asked when neither the input nor the environment names a region."""


def main() -> ExitCode:
    """Runs the action as the container's entry point. Only a bug raises."""
    from bot.adapters.crash import debug_logging
    from bot.adapters.interruption import interruptible

    environ, out = runner.surroundings()
    if github.read_input(environ, "debug").lower() == "true":
        debug_logging()
    context = github.action_context(environ)
    with interruptible() as stop:
        return run(context, doors(context, environ, runner.RunnerFiles(environ, out), stop))


def doors(
    context: ActionContext,
    environ: MutableMapping[str, str],
    files: runner.RunnerFiles,
    stop: threading.Event,
) -> Doors:
    """What a real run works with; nothing is asked of anybody yet."""
    from bot.adapters.files import read_mesh_files
    from bot.adapters.github.checkout import checkout_files

    aws = _Aws(lambda: _connect(context, environ, files))
    return Doors(
        github=github.connect(environ, sleep=stop.wait),
        runner=files,
        files=lambda: checkout_files(context, read_mesh_files),
        plan=aws.plan,
        apply=lambda both, plan: aws.apply(both, plan, stop),
    )


@dataclass(slots=True)
class _Aws:
    """Signs in once, when AWS is first needed, for the plan and the apply."""

    connect: Callable[[], Aws]
    connected: Aws | None = None

    def signed_in(self) -> Aws:
        """The connection."""
        if self.connected is None:
            self.connected = self.connect()
        return self.connected

    def plan(self, revisions: Revisions, environments: tuple[str, ...], *, applying: bool) -> Plan:
        """See Planner."""
        return planned(
            self.signed_in(), revisions, environments, applying=applying, progress=Quiet()
        )

    def apply(self, revisions: Revisions, plan: Plan, stop: threading.Event) -> Report:
        """Makes the plan's changes."""
        from bot.adapters.threads import ThreadDispatcher
        from bot.usecases.apply import apply_plan

        with ThreadDispatcher() as dispatcher:
            return apply_plan(
                self.signed_in(),
                revisions.head,
                plan,
                base=revisions.base,
                dispatcher=dispatcher,
                stop=stop,
            )


def _connect(
    context: ActionContext, environ: MutableMapping[str, str], files: runner.RunnerFiles
) -> Aws:
    """AWS through the input ``role-to-assume``, else boto3's standard chain. Raises BotError."""
    from bot.adapters import aws

    name, given = _session_name(context), context.inputs
    if given.aws_region:
        environ["AWS_REGION"] = environ["AWS_DEFAULT_REGION"] = given.aws_region
    if not given.role_to_assume:
        return aws.connect(name)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    token = github.token_supplier(environ, given.audience, files.mask)
    identity = aws.sign_in_with_web_identity(given.role_to_assume, token, f"meshbot-{name}", region)
    return aws.connect(name, identity=identity)


def _session_name(context: ActionContext) -> str:
    """The pull request and run, for CloudTrail."""
    event = context.event
    number = f"pr{event.number}-" if isinstance(event, PullRequestEvent) else ""
    return f"{number}run{context.run_id}"

"""The action's real surroundings: the runner's environment, PyGithub, AWS by OIDC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters import github, runner
from bot.engine.pace import Paces
from bot.errors import ExitCode
from bot.model.change import Plan, Report
from bot.model.github import ActionContext, AnnotationLevel, PullRequestEvent
from bot.model.session import RunOrigin, session_name
from bot.model.shard import Shard
from bot.ports import Lease, Progress
from bot.usecases.action.inputs import rates, session_tags
from bot.usecases.action.job import Doors, Say
from bot.usecases.action.route import run
from bot.usecases.action.watching import Watched
from bot.usecases.leasing import Voice, Wanted, leased, place_of, wait_of
from bot.usecases.local import Revisions, planned

if TYPE_CHECKING:
    from bot.adapters.aws import ConnectedAws
    from bot.adapters.interruption import StopFlag
    from bot.engine.execute.rates import Rate

DEFAULT_REGION = "us-east-1"
"""Where STS is asked when neither the input nor the environment names a region."""

SECRETS = (
    "INPUT_GITHUB-TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""Variables that hold secrets. The runner masks its own, an earlier step's perhaps not."""


def main() -> ExitCode:
    """Runs the action as the container's entry point. Only a bug raises."""
    from bot.adapters.crash import debug_logging
    from bot.adapters.interruption import interruptible

    environ, out = runner.surroundings()
    if github.read_input(environ, "debug").lower() == "true":
        debug_logging()
    context = github.action_context(environ)
    files = runner.RunnerFiles(environ, out)
    for name in SECRETS:
        files.mask(environ.get(name, ""))
    with interruptible() as stop:
        return run(context, doors(context, environ, files, stop))


def doors(
    context: ActionContext,
    environ: MutableMapping[str, str],
    files: runner.RunnerFiles,
    stop: StopFlag,
) -> Doors:
    """What a real run works with; nothing is asked of anybody yet."""
    from bot.adapters.files import read_mesh_files
    from bot.adapters.github.checkout import checkout_files

    paces = Paces()
    aws = _Aws(
        lambda: _connect(context, environ, files),
        stop,
        lambda: rates(context.inputs),
        lambda: Watched(files, "Reading AWS", paces.reading),
    )
    return Doors(
        github=github.connect(environ, sleep=stop.wait),
        runner=files,
        files=lambda: checkout_files(context, read_mesh_files),
        plan=aws.plan,
        apply=aws.apply,
        lease=lambda say: aws.leased(context, say),
        # the remarks leave a pause between their edits themselves, which can be cut short
        aside=lambda until: github.connect(environ, seconds_between_writes=0, until=until),
        paces=paces,
    )


@dataclass(slots=True)
class _Aws:
    """Signs in once, when AWS is first needed, for the plan and the apply."""

    connect: Callable[[], ConnectedAws]
    stop: StopFlag
    rates: Callable[[], Mapping[str, Rate]]
    reading: Callable[[], Watched]
    connected: ConnectedAws | None = None

    def signed_in(self) -> ConnectedAws:
        """The connection."""
        if self.connected is None:
            self.rates()  # a fault in them is told before AWS is asked
            self.connected = self.connect()
        return self.connected

    def plan(
        self,
        revisions: Revisions,
        environments: tuple[str, ...],
        *,
        applying: bool,
        shard: Shard | None = None,
        drifting: bool = False,
    ) -> Plan:
        """See Planner."""
        connected = self.signed_in()
        with self.reading() as progress:
            return planned(
                connected,
                revisions,
                environments,
                applying=applying,
                progress=progress,
                stop=self.stop,
                shard=shard,
                drifting=drifting,
            )

    def leased(self, context: ActionContext, say: Say) -> AbstractContextManager[Lease]:
        """The lease that the inputs name, taken as the initial identity. Raises UsageError."""
        voice = Voice(
            lambda text: say(AnnotationLevel.NOTICE, text),
            lambda text: say(AnnotationLevel.WARNING, text),
            self.stop.wait,
            self.stop.left,
        )
        return leased(_wanted(context), lambda: self.signed_in().initial, voice)

    def apply(self, revisions: Revisions, plan: Plan, lease: Lease, progress: Progress) -> Report:
        """Makes the plan's changes."""
        from bot.adapters.threads import ThreadDispatcher
        from bot.engine.execute import Settings
        from bot.usecases.apply import apply_plan
        from bot.usecases.verify import afterwards

        with ThreadDispatcher() as dispatcher:
            report = apply_plan(
                self.signed_in(),
                revisions.head,
                plan,
                base=revisions.base,
                dispatcher=dispatcher,
                stop=self.stop,
                progress=progress,
                lease=lease,
                settings=Settings(rates=self.rates()),
            )
        return afterwards(self.signed_in(), revisions.head, report, stop=self.stop)


def _wanted(context: ActionContext) -> Wanted:
    given = context.inputs
    who = f"{context.repository} run {context.run_id} attempt {context.run_attempt}"
    return Wanted(
        place_of(given.lock, "The input lock"),
        wait_of(given.lock_wait, "The input lock-wait"),
        lambda: f"{who} {context.run_url}".strip(),
    )


def _connect(
    context: ActionContext, environ: MutableMapping[str, str], files: runner.RunnerFiles
) -> ConnectedAws:
    """AWS through the input ``role-to-assume``, else boto3's standard chain. Raises BotError."""
    from bot.adapters import aws

    origin, given = run_origin(context), context.inputs
    tagged = session_tags(given)
    if given.aws_region:
        environ["AWS_REGION"] = environ["AWS_DEFAULT_REGION"] = given.aws_region
    if not given.role_to_assume:
        return aws.connect(origin, tagged=tagged, mask=files.mask)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    token = github.token_supplier(environ, given.audience, files.mask)
    identity = aws.sign_in_with_web_identity(
        given.role_to_assume, token, session_name("meshbot", origin), region, mask=files.mask
    )
    return aws.connect(origin, tagged=tagged, identity=identity)


def run_origin(context: ActionContext) -> RunOrigin:
    """What CloudTrail shall show of this run."""
    event = context.event
    return RunOrigin(
        repository=context.repository,
        pull_request=event.number if isinstance(event, PullRequestEvent) else 0,
        run_id=context.run_id,
        run_attempt=context.run_attempt,
        commit=context.sha,
    )

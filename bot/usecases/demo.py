"""The whole pull-request story on this machine: real boto3, real PyGithub, emulated servers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.adapters.files import read_bytes, write_text
from bot.errors import BotError, ExitCode, UsageError

if TYPE_CHECKING:
    from bot.emulator.runner import Ran
    from bot.emulator.story import Story


class DemoFailed(BotError):
    """A step of the demo did not end as it should: a bug, and the step's log is in the text."""


def main(report: Path) -> ExitCode:
    """Plays the story and writes the pull request's HTML report to ``report``."""
    try:
        from bot.emulator.story import prepared
    except ModuleNotFoundError as error:
        text = f"the demo needs the extra `demo` ({error.name} is missing): make demo sets it up."
        raise UsageError(text) from None
    with tempfile.TemporaryDirectory(prefix="meshbot-demo-") as folder:
        _say("Starting a local AWS (3 accounts, 2 regions, 6 VPCs) and a local GitHub.")
        with prepared(Path(folder)) as story:
            _play(story, report)
    return ExitCode.SUCCESS


def _play(story: Story, report: Path) -> None:
    from bot.emulator.story import MESH_FILE, REPOSITORY, mesh_file

    github, vpcs = story.github, story.vpcs
    _say(
        "The repository gets its first mesh: five VPCs. The push to main applies it,\n"
        "    unreviewed this once (require-pull-request: false)."
    )
    github.push(REPOSITORY, "main", {MESH_FILE: mesh_file(vpcs[:5])}, message="First mesh")
    first = _checked(story.runner.run("push", inputs={"require-pull-request": "false"}), 0)
    _tell(first, story)

    _say("A pull request adds a sixth VPC. meshbot plans it; the run can only read.")
    github.push(REPOSITORY, "identity", {MESH_FILE: mesh_file(vpcs)}, message="Add identity")
    number = github.open_pull(REPOSITORY, "identity", title="Add the identity VPC")
    story.aws.forget_calls()
    plan = _checked(story.runner.run("pull_request", {"number": number}), 0)
    _tell(plan, story)
    _say("This is the comment that it posted:")
    click.echo(_comment(story, number))
    html = read_bytes(plan.workspace / plan.outputs["report-html-path"])
    write_text(report, [html.decode()])
    _say(f"The report of the plan is in {report}.")

    _say("The pull request is merged. The push to main applies what was reviewed.")
    github.merge(REPOSITORY, number)
    story.aws.forget_calls()
    applied = _checked(story.runner.run("push"), 0)
    _tell(applied, story)
    _say("The comment on the merged pull request now says:")
    click.echo(_comment(story, number))

    _say("A second plan finds nothing left to do:")
    inputs = {"command": "plan"}
    again = _checked(story.runner.run("workflow_dispatch", inputs=inputs), 0)
    click.echo(f"  has-changes: {again.outputs['has-changes']}")
    if again.outputs["has-changes"] != "false":
        raise DemoFailed(f"the second plan is not empty:\n{again.log}")


def _checked(ran: Ran, expected: int) -> Ran:
    if ran.exit_code != expected:
        raise DemoFailed(f"a run ended with {ran.exit_code}:\n{ran.log}")
    return ran


def _comment(story: Story, number: int) -> str:
    from bot.emulator.story import REPOSITORY

    comments = story.github.state(REPOSITORY)["comments"]
    bodies = [c["body"] for c in comments if c["issue_url"].endswith(f"/issues/{number}")]
    if len(bodies) != 1:
        raise DemoFailed(f"there are {len(bodies)} comments on the pull request, not one")
    return str(bodies[0])


def _tell(ran: Ran, story: Story) -> None:
    """What the run did, in numbers that the emulator counted."""
    calls = story.aws.calls()
    mutating = sum(call.mutating for call in calls)
    outputs = ran.outputs
    counts = f"{outputs['creates']} to add, {outputs['updates']} to change"
    click.echo(
        f"  {counts}, {outputs['deletes']} to destroy; AWS calls: {len(calls)},"
        f" of which {mutating} change something."
    )


def _say(text: str) -> None:
    bold = sys.stdout.isatty()
    click.echo(click.style(f"\n==> {text}", bold=True) if bold else f"\n==> {text}")

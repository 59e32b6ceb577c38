"""The commands and their options, as click knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from bot import __version__
from bot.cli import leasing, work
from bot.cli.shards import divide, most_option, shard_option
from bot.cli.work import Options
from bot.errors import ExitCode, MeshInvalid

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = """
\b
Exit codes:
  0  success                    4  refused: limits, stale or unreviewed plan
  1  failure                    5  some changes failed, or a gap hid something;
  2  changes (with                 the rest is applied
     --detailed-exitcode)       6  locked by another apply, or the lease was lost
  3  mesh files invalid        64  usage error
"""


debug_option = click.option("--debug", is_flag=True, help="Tell on standard error what is done.")
format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the result is written to standard output.",
)
meshes_option = click.option(
    "--meshes",
    type=click.Path(path_type=Path),
    default="meshes",
    show_default=True,
    help="Mesh file, or folder of mesh files.",
)


def common(environment_help: str) -> Callable[[F], F]:
    """The options that every command on mesh files takes, gathered in one value."""
    options = (
        debug_option,
        format_option,
        click.option(
            "--environment",
            "environments",
            multiple=True,
            metavar="NAME",
            help=environment_help,
        ),
        meshes_option,
    )

    def decorated(command: F) -> F:
        for option in options:
            command = option(command)
        return command

    return decorated


planning = common("Show and apply only this environment; all are planned (repeatable).")
checking = common("Fail unless a file has this environment; all are checked (repeatable).")
base_option = click.option(
    "--base",
    metavar="REV",
    help="Git revision of the earlier state of the mesh files: what was removed, and the limits.",
)
detailed_option = click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes."
)


lock_option = click.option(
    "--lock",
    envvar="MESHBOT_LOCK",
    default="none",
    show_default=True,
    metavar="PLACE",
    help="The lease that keeps applies apart: none, dynamodb://TABLE[/KEY][?region=R] or"
    " s3://BUCKET/KEY[?region=R]. Also as MESHBOT_LOCK.",
)


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="meshbot")
def meshbot() -> None:
    """Plan, review and apply AWS network meshes from mesh files."""


@meshbot.command(epilog=EXIT_CODES)
@checking
def validate(meshes: Path, environments: tuple[str, ...], format_: str, debug: bool) -> ExitCode:
    """Check the mesh files, offline: YAML, schema and meaning."""
    from bot.usecases import output
    from bot.usecases.validate import check_environments, load_mesh

    options = _options(meshes, environments, format_, debug)
    try:
        loaded = load_mesh(options.meshes)
    except MeshInvalid as error:
        if options.format != "json":
            raise
        click.echo(output.faults_json(error.diagnostics, valid=False))
        return error.exit_code
    check_environments(options.environments, loaded.mesh, None)
    click.echo(output.validation_text(loaded, options.format))
    return ExitCode.SUCCESS


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@shard_option
@detailed_option
@click.option("--out", type=click.Path(path_type=Path), help="Write the plan as JSON to a file.")
def plan(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    shard: str,
    detailed_exitcode: bool,
    out: Path | None,
) -> ExitCode:
    """Read AWS, and print what would change. Changes nothing."""
    options = _options(meshes, environments, format_, debug, shard)
    return work.plan(options, base, detailed_exitcode, out)


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@detailed_option
def drift(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    detailed_exitcode: bool,
) -> ExitCode:
    """Plan where no change of the mesh is expected: what differs is drift."""
    options = _options(meshes, environments, format_, debug)
    return work.plan(options, base, detailed_exitcode, None, drifting=True)


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@shard_option
@click.option("--yes", is_flag=True, help="Do not ask before applying.")
@click.option(
    "--expect-fingerprint",
    metavar="HEX",
    help="Apply only if the plan has this fingerprint (at least 12 digits); this approves it"
    " even where it is over the limits.",
)
@click.option(
    "--expect-plan",
    type=click.Path(path_type=Path),
    help="Apply only if the plan is the one in this file (from plan --out) or a part of it.",
)
@lock_option
@click.option(
    "--lock-wait",
    default="0",
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a lease that another apply holds.",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="ACTION=SIZE/REFILL",
    help="AWS's token bucket of an action per account and region, where it is not the documented"
    " one: ec2:CreateRoute=100/10 is 100 calls, and 10 more a second (repeatable).",
)
def apply(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    shard: str,
    yes: bool,
    expect_fingerprint: str | None,
    expect_plan: Path | None,
    lock: str,
    lock_wait: str,
    rates: tuple[str, ...],
) -> ExitCode:
    """Plan anew, show it, ask, apply it, and report what became of each change."""
    from bot.engine.execute.rates import rates_of
    from bot.usecases.approval import approval

    options = _options(meshes, environments, format_, debug, shard)
    options = replace(options, rates=rates_of(rates))
    wanted = leasing.wanted(lock, lock_wait)
    return work.apply(options, base, yes, approval(expect_fingerprint, expect_plan), wanted)


@meshbot.command(epilog=EXIT_CODES)
@common("Look at this environment; without it at all of them (repeatable).")
@click.option(
    "--analyzer",
    is_flag=True,
    help="Ask AWS's VPC Reachability Analyzer as well, for the pairs of --pair or else for a few"
    " that tell most. AWS charges for each: the cost is said first, and it asks.",
)
@click.option(
    "--pair",
    "pairs",
    multiple=True,
    metavar="SOURCE:DESTINATION",
    help="Ask the analyzer about this pair, by VPC ids; one direction (repeatable).",
)
@click.option(
    "--analyzer-account",
    metavar="ID",
    help="Ask about pairs of two accounts through this one: the organization's management account"
    " or a delegated administrator of Reachability Analyzer.",
)
@click.option("--yes", is_flag=True, help="Do not ask before the analyzer is used.")
def verify(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    analyzer: bool,
    pairs: tuple[str, ...],
    analyzer_account: str | None,
    yes: bool,
) -> ExitCode:
    """Read AWS as it is, and say which members reach which, and why others do not.

    Changes nothing in the mesh. Ends with 1 when a pair that the files connect is not reachable,
    or the analyzer does not confirm it.
    """
    from bot.cli.verify import Analyzer
    from bot.cli.verify import verify as looked

    _options(meshes, environments, format_, debug)
    wanted = Analyzer.of(analyzer, pairs, analyzer_account, yes)
    return looked(meshes, environments, format_, wanted)


@meshbot.command(epilog=EXIT_CODES)
@lock_option
@click.option("--yes", is_flag=True, help="Do not ask before taking it away.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is written to standard output.",
)
@click.option("--debug", is_flag=True, help="Tell on standard error what is done.")
def unlock(lock: str, yes: bool, format_: str, debug: bool) -> ExitCode:
    """Show who holds the lease, ask, and take exactly that lease away."""
    _options(Path(), (), format_, debug)
    return leasing.unlock(lock, yes=yes, form=format_)


@meshbot.command(epilog=EXIT_CODES)
@meshes_option
@format_option
@debug_option
@click.option("--plan", "plan_", is_flag=True, help="Look at what plan needs, and not at apply's.")
@click.option(
    "--apply", "apply_", is_flag=True, help="Look at what apply needs, and not at plan's."
)
def doctor(meshes: Path, format_: str, debug: bool, plan_: bool, apply_: bool) -> ExitCode:
    """Say whether identities, roles, VPCs, quotas and the GitHub token are ready.

    Changes nothing. Ends with 1 when something is broken; warnings, and what cannot be
    proved, may be.
    """
    from bot.cli.doctor import doctor as examine

    _options(meshes, (), format_, debug)
    chosen = {"plan": plan_ or not apply_, "apply": apply_ or not plan_}
    return examine(meshes, format_, tuple(use for use, wanted in chosen.items() if wanted))


@meshbot.command(epilog=EXIT_CODES)
@click.option(
    "--meshes",
    type=click.Path(path_type=Path),
    default="meshes",
    show_default=True,
    help="Mesh file, or folder of mesh files.",
)
@base_option
@most_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the result is written; json is a GitHub Actions matrix on one line.",
)
def shards(meshes: Path, base: str | None, most: int, format_: str) -> ExitCode:
    """Divide the environments over several runs, so that no two share a VPC. Offline."""
    return divide(meshes, base, most, format_)


@meshbot.command(epilog=EXIT_CODES)
def action() -> ExitCode:
    """The GitHub Action's entry point: event in, the right command out."""
    from bot.usecases.action import main

    return main()


@meshbot.command(epilog=EXIT_CODES)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="Where the HTML report is written.",
)
def demo(report: Path) -> ExitCode:
    """The whole pull-request story on this machine; no account, token or Docker needed."""
    from bot.usecases.demo import main

    return main(report)


def _options(
    meshes: Path, environments: tuple[str, ...], format_: str, debug: bool, shard: str = ""
) -> Options:
    if debug:
        from bot.adapters.crash import debug_logging

        debug_logging()
    return Options(meshes, environments, format_, debug, shard)

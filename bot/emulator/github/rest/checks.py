"""Check runs and suites. Writing is for GitHub Apps, and each app changes its own alone."""

from __future__ import annotations

from collections.abc import Iterable

from bot.emulator.github.calls import REPO, Call, Json, Reply, count, moment, route
from bot.emulator.github.errors import ApiError, invalid
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.views import checks as view
from bot.emulator.github.world import ACTIONS_APP_ID, App, CheckRun, CheckSuite, Repository, World

TEXT_LIMIT = 65535
"""Characters of ``output.summary`` and of ``output.text`` (REST: check runs)."""
ANNOTATIONS_LIMIT = 50
"""Annotations of one request; those of an update are added to what there is (REST: check runs)."""
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped",
               "timed_out")  # fmt: skip
LEVELS = ("notice", "warning", "failure")
NULL = type(None)


def create_check_run(call: Call) -> Reply:
    """A check run on a commit, in the app's suite of that commit."""
    body = checked(call, name=str, head_sha=str)
    for name in ("name", "head_sha"):
        if not body.get(name):
            raise invalid("CheckRun", name, "missing_field")
    sha = body["head_sha"]
    if sha not in call.repository.objects.commits:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    suite = suite_for(call.world, call.repository, call.world.apps[ACTIONS_APP_ID], sha)
    run = CheckRun(call.world.new_id(), suite, body["name"], "queued", call.world.now())
    change(call, run, body)
    call.repository.check_runs[run.id] = run
    return Reply(view.check_run(call.world, call.repository, run), 201)


def update_check_run(call: Call) -> Reply:
    """Change what is given."""
    run = call.entry(call.repository.check_runs, "check_run_id")
    body = checked(call, name=str)
    if run.suite.app.id != ACTIONS_APP_ID:
        said = "check run can only be modified by the GitHub App that created it."
        raise ApiError(403, f"Invalid app_id `{ACTIONS_APP_ID}` - {said}")
    run.name = body.get("name", run.name)
    change(call, run, body)
    return Reply(view.check_run(call.world, call.repository, run))


def checked(call: Call, **types: type) -> Json:
    """The request's fields. Raises ApiError 422 for what is not allowed."""
    if not call.identity.is_actions:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    body = call.fields(
        **types, status=str, conclusion=(str, NULL), started_at=str, completed_at=str,
        external_id=str, details_url=str, output=dict, actions=list,
    )  # fmt: skip
    if body.get("status", "queued") not in STATUSES:
        raise invalid("CheckRun", "status")
    if body.get("conclusion") is not None and body["conclusion"] not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion")
    if body.get("conclusion") is None and (
        body.get("status") == "completed" or body.get("completed_at")
    ):
        raise invalid("CheckRun", "conclusion", "missing_field")
    check_output(body.get("output"))
    return body


def check_output(output: Json | None) -> None:
    """Raise ApiError 422 for an output that is incomplete or too large."""
    if output is None:
        return
    for name in ("title", "summary"):
        if not isinstance(output.get(name), str):
            raise invalid("CheckRun", f"output.{name}", "missing_field")
    for name in ("summary", "text"):
        if len(output.get(name) or "") > TEXT_LIMIT:
            said = f"{name} exceeds a maximum of {TEXT_LIMIT} characters"
            raise invalid("CheckRun", f"output.{name}", "custom", said)
    annotations = output.get("annotations", [])
    if len(annotations) > ANNOTATIONS_LIMIT:
        said = f"No more than {ANNOTATIONS_LIMIT} items are allowed; {len(annotations)} were given."
        raise ApiError(422, f"Invalid request.\n\n{said}")
    for annotation in annotations:
        check_annotation(annotation)


def check_annotation(annotation: Json) -> None:
    """Raise ApiError 422 for an annotation GitHub would not take."""
    numbers = ("start_line", "end_line")
    if (
        not all(isinstance(annotation.get(key), str) for key in ("path", "message"))
        or not all(isinstance(annotation.get(key), int) for key in numbers)
        or annotation.get("annotation_level") not in LEVELS
        or annotation["start_line"] < 1
        or annotation["end_line"] < annotation["start_line"]
        or len(annotation["message"]) > 64 * 1024
        or len(annotation.get("title") or "") > 255
    ):
        raise invalid("CheckRun", "output.annotations")
    columns = any(annotation.get(key) is not None for key in ("start_column", "end_column"))
    if columns and annotation["start_line"] != annotation["end_line"]:
        raise invalid("CheckRun", "output.annotations", "custom", "columns need a single line")


def change(call: Call, run: CheckRun, body: Json) -> None:
    """Apply fields; a conclusion completes the run."""
    run.status = body.get("status", run.status)
    run.external_id = body.get("external_id", run.external_id)
    run.details_url = body.get("details_url", run.details_url)
    if body.get("started_at"):
        run.started_at = moment(body["started_at"])
    if body.get("conclusion"):
        run.status, run.conclusion = "completed", body["conclusion"]
        given = body.get("completed_at")
        run.completed_at = moment(given) if given else call.world.now()
    elif run.status != "completed":
        run.conclusion = run.completed_at = None
    if output := body.get("output"):
        run.output |= {k: output[k] for k in ("title", "summary", "text") if k in output}
        run.annotations += output.get("annotations", [])
    run.suite.updated_at = call.world.now()


def suite_for(world: World, repository: Repository, app: App, sha: str) -> CheckSuite:
    """The app's suite of a commit, made with its first run."""
    for suite in repository.suites.values():
        if suite.app is app and suite.head_sha == sha:
            return suite
    branch = next((name for name, tip in repository.branches.items() if tip == sha), None)
    now = world.now()
    suite = CheckSuite(world.new_id(), app, sha, branch, now, now)
    repository.suites[suite.id] = suite
    return suite


def get_check_run(call: Call) -> Reply:
    """One check run."""
    run = call.entry(call.repository.check_runs, "check_run_id")
    return Reply(view.check_run(call.world, call.repository, run))


def list_annotations(call: Call) -> Reply:
    """A check run's annotations."""
    run = call.entry(call.repository.check_runs, "check_run_id")
    return call.page(
        run.annotations, lambda a: view.annotation(call.world, call.repository, run, a)
    )  # fmt: skip


def commit_of(call: Call) -> str:
    """The commit a path's ref names. Raises ApiError 422."""
    sha = resolve(call.repository, call.params["ref"])
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {call.params['ref']}")
    return sha


def list_for_ref(call: Call) -> Reply:
    """Check runs of a commit, newest first."""
    sha = commit_of(call)
    runs = [run for run in call.repository.check_runs.values() if run.suite.head_sha == sha]
    return listed(call, runs)


def list_in_suite(call: Call) -> Reply:
    """Check runs of a suite, newest first."""
    suite = call.entry(call.repository.suites, "check_suite_id")
    return listed(call, view.runs_of(call.repository, suite))


def listed(call: Call, runs: Iterable[CheckRun]) -> Reply:
    """One page; ``filter=latest`` (the default) has the newest of each app and name."""
    query = call.query
    app = count(query.get("app_id"), 0)
    found = [
        run
        for run in runs
        if query.get("check_name") in (None, run.name)
        and query.get("status") in (None, run.status)
        and app in (0, run.suite.app.id)
    ][::-1]
    if query.get("filter", "latest") == "latest":
        newest: dict[tuple[int, str], CheckRun] = {}
        for run in call.settled(found):
            newest.setdefault((run.suite.app.id, run.name), run)
        found = list(newest.values())
    shown, headers = call.slice(found)
    entries = [view.check_run(call.world, call.repository, run) for run in shown]
    return Reply({"total_count": len(found), "check_runs": entries}, headers=headers)


def get_suite(call: Call) -> Reply:
    """One check suite."""
    suite = call.entry(call.repository.suites, "check_suite_id")
    return Reply(view.check_suite(call.world, call.repository, suite))


def list_suites(call: Call) -> Reply:
    """Check suites of a commit."""
    sha, query = commit_of(call), call.query
    app, name = count(query.get("app_id"), 0), query.get("check_name")
    found = [
        suite
        for suite in call.repository.suites.values()
        if suite.head_sha == sha
        and app in (0, suite.app.id)
        and (not name or any(run.name == name for run in view.runs_of(call.repository, suite)))
    ]
    shown, headers = call.slice(found)
    entries = [view.check_suite(call.world, call.repository, suite) for suite in shown]
    return Reply({"total_count": len(found), "check_suites": entries}, headers=headers)


READ, WRITE = "checks:read", "checks:write"
ROUTES = (
    route("POST", f"{REPO}/check-runs", create_check_run, WRITE),
    route("GET", f"{REPO}/check-runs/{{check_run_id}}", get_check_run, READ),
    route("PATCH", f"{REPO}/check-runs/{{check_run_id}}", update_check_run, WRITE),
    route("GET", f"{REPO}/check-runs/{{check_run_id}}/annotations", list_annotations, READ),
    route("GET", f"{REPO}/check-suites/{{check_suite_id}}", get_suite, READ),
    route("GET", f"{REPO}/check-suites/{{check_suite_id}}/check-runs", list_in_suite, READ),
    route("GET", f"{REPO}/commits/{{ref*}}/check-runs", list_for_ref, READ),
    route("GET", f"{REPO}/commits/{{ref*}}/check-suites", list_suites, READ),
)

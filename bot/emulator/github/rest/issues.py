"""Issues and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.emulator.github.calls import REPO, Call, Json, Reply, moment, route
from bot.emulator.github.errors import ApiError, invalid
from bot.emulator.github.identity import at_least, role
from bot.emulator.github.rest.comments import check_length, demand
from bot.emulator.github.views import issues as view
from bot.emulator.github.world import Issue, Label, Repository, World

SORTS = {"created": "created_at", "updated": "updated_at"}
NULL = type(None)


def list_issues(call: Call) -> Reply:
    """Issues and pull requests, open ones by default, newest first by default."""
    found = sorted(filtered(call), key=lambda i: (getattr(i, sort_field(call)), i.number))
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    return call.page(found, lambda i: view.issue(call.world, call.repository, i))


def sort_field(call: Call) -> str:
    """The time that orders a list."""
    return SORTS.get(call.query.get("sort", "created"), "created_at")


def filtered(call: Call) -> Iterator[Issue]:
    """The issues a list is asked for."""
    query = call.query
    state = query.get("state", "open")
    labels = {name for name in query.get("labels", "").split(",") if name}
    since = moment(query["since"]) if query.get("since") else None
    creator, assignee = query.get("creator"), query.get("assignee")
    for issue in call.repository.issues.values():
        if (
            state in (issue.state, "all")
            and labels <= set(issue.labels)
            and (since is None or issue.updated_at >= since)
            and (not creator or creator == issue.user)
            and (not assignee or assignee in (*issue.assignees, "*" if issue.assignees else "none"))
        ):
            yield issue


def create_issue(call: Call) -> Reply:
    """An open issue. Labels and assignees of someone without push access are dropped."""
    body = call.fields(title=(str, int), body=(str, NULL), labels=list, assignees=list)
    if not str(body.get("title", "")).strip():
        raise invalid("Issue", "title", "missing_field")
    check_length(body.get("body"), "Issue")
    issue = new_issue(call.world, call.repository, call.login, str(body["title"]), body.get("body"))
    if may_push(call):
        issue.assignees = [str(login) for login in body.get("assignees", [])]
        add_labels(call.world, call.repository, issue, label_names(body.get("labels", [])))
    shown = view.issue(call.world, call.repository, issue)
    return Reply(shown, 201, {"Location": shown["url"]})


def new_issue(
    world: World, repository: Repository, login: str, title: str, body: str | None
) -> Issue:
    """Put an issue under the next number, which pull requests share."""
    number = max(repository.issues, default=0) + 1
    now = world.now()
    issue = Issue(world.new_id(), number, login, title, body, now, now)
    repository.issues[number] = issue
    return issue


def may_push(call: Call) -> bool:
    """Whether the caller has push access, as labelling needs."""
    return call.identity.is_actions or at_least(role(call.repository, call.login), "triage")


def get_issue(call: Call) -> Reply:
    """One issue or pull request."""
    issue = call.entry(call.repository.issues, "issue_number")
    return Reply(view.issue(call.world, call.repository, issue))


def update_issue(call: Call) -> Reply:
    """Change what is given; a state of ``closed`` closes. For its author and those who triage."""
    issue = call.entry(call.repository.issues, "issue_number")
    demand(call, call.repository, issue.number, "write")
    if issue.user != call.login and not may_push(call):
        raise ApiError(403, "Must have admin rights to Repository.")
    body = call.fields(
        title=(str, int, NULL), body=(str, NULL), state=str, state_reason=(str, NULL),
        labels=list, assignees=list,
    )  # fmt: skip
    check_length(body.get("body"), "Issue")
    if "title" in body:
        issue.title = str(body["title"])
    issue.body = body.get("body", issue.body)
    issue.assignees = [str(login) for login in body.get("assignees", issue.assignees)]
    if "labels" in body:
        issue.labels = []
        add_labels(call.world, call.repository, issue, label_names(body["labels"]))
    set_state(call, issue, body)
    issue.updated_at = call.world.now()
    return Reply(view.issue(call.world, call.repository, issue))


def set_state(call: Call, issue: Issue, body: Json) -> None:
    """Close or reopen. Raises ApiError 422 for another state."""
    state = body.get("state", issue.state)
    if state not in ("open", "closed"):
        raise invalid("Issue", "state")
    if state != issue.state:
        closes = state == "closed"
        issue.state, issue.closed_by = state, call.login if closes else None
        issue.closed_at = call.world.now() if closes else None
        issue.state_reason = "completed" if closes else "reopened"
    issue.state_reason = body.get("state_reason") or issue.state_reason


def list_labels(call: Call) -> Reply:
    """An issue's labels."""
    issue = call.entry(call.repository.issues, "issue_number")
    demand(call, call.repository, issue.number, "read")
    labels = [call.repository.labels[name] for name in issue.labels]
    return call.page(labels, lambda found: view.label(call.world, call.repository, found))


def add_labels_call(call: Call) -> Reply:
    """Add labels, made on first use."""
    issue = call.entry(call.repository.issues, "issue_number")
    demand(call, call.repository, issue.number, "write")
    if not may_push(call):
        raise ApiError(403, "Must have push access to repository")
    given = call.body.get("labels", []) if isinstance(call.body, dict) else call.body or []
    add_labels(call.world, call.repository, issue, label_names(given))
    return Reply(view.labels(call.world, call.repository, issue))


def label_names(given: Iterable[str | Json]) -> list[str]:
    """Names, from names or label objects. Raises ApiError 422."""
    names = [g.get("name") if isinstance(g, dict) else g for g in given]
    if not all(isinstance(name, str) and name for name in names):
        raise invalid("Label", "name")
    return [str(name) for name in names]


def add_labels(world: World, repository: Repository, issue: Issue, names: Iterable[str]) -> None:
    """Give an issue labels it does not have yet."""
    for name in names:
        repository.labels.setdefault(name, Label(world.new_id(), name))
        if name not in issue.labels:
            issue.labels.append(name)


READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")
ROUTES = (
    route("GET", f"{REPO}/issues", list_issues, "issues:read"),
    route("POST", f"{REPO}/issues", create_issue, "issues:write"),
    route("GET", f"{REPO}/issues/{{issue_number}}", get_issue, "issues:read"),
    route("PATCH", f"{REPO}/issues/{{issue_number}}", update_issue, *WRITE),
    route("GET", f"{REPO}/issues/{{issue_number}}/labels", list_labels, *READ),
    route("POST", f"{REPO}/issues/{{issue_number}}/labels", add_labels_call, *WRITE),
)  # fmt: skip

"""The real PyGithub, and plain HTTP where it has no method, through every described operation."""

from __future__ import annotations

import io
import zipfile

import requests
from github.Repository import Repository

from bot.emulator.github import GitHub, Job
from tests.contract.github.checker import Contract
from tests.emulator.github.conftest import NAME, Client, Plain


def test_every_described_operation_conforms_in_both_directions(
    gh: GitHub, client: Client, contract: Contract, job: Job, http: Plain, pull: int
) -> None:
    repositories(gh, client, job, pull)
    issues(client, job, pull, http)
    checks(client, job, http)
    deployments(client, job, http)
    actions(gh, client, job, http)
    pulls(gh, client, pull)

    exchanges = [e for e in gh.exchanges() if e["api"] == "rest"]

    used = {contract.operation_id(e["method"], e["path"]) for e in exchanges if e["status"] < 400}
    assert contract.operation_ids - used == set()
    # The fixture holds each exchange to the description.
    assert len(exchanges) > 80


def repositories(gh: GitHub, client: Client, job: Job, pull: int) -> None:
    """Accounts, git objects, commits."""
    github, alice = client(job.token), client(gh.token("alice"))
    repo = github.get_repo(NAME)
    head = repo.get_branch("change").commit.sha
    assert repo.private
    assert alice.get_user().login == "alice"
    assert github.get_user("alice").type == "User"
    assert github.get_rate_limit().rate.limit == 5000
    assert repo.get_collaborator_permission("bob") == "write"
    assert repo.get_collaborator_role_name("carol") == "read"
    assert {b.name for b in repo.get_branches()} == {"main", "change"}
    revisions(repo, head, pull)
    ref = repo.create_git_ref("refs/heads/later", head)
    assert repo.get_git_ref("heads/later").object.sha == head
    assert [r.ref for r in repo.get_git_matching_refs("heads/la")] == ["refs/heads/later"]
    ref.edit(repo.get_branch("main").commit.sha, force=True)
    ref.delete()


def revisions(repo: Repository, head: str, pull: int) -> None:
    """Trees, files and commits."""
    tree = repo.get_git_tree(head, recursive=True)
    paths = {element.path: element for element in tree.tree}
    assert set(paths) == {"README.md", "meshes", "meshes/prod.yaml"}
    assert repo.get_git_blob(paths["README.md"].sha).content == "aGVsbG8K\n"
    tree_sha = repo.get_git_commit(head).tree.sha
    assert repo.get_git_tree(tree_sha).sha == tree_sha

    file = repo.get_contents("meshes/prod.yaml", ref=head)
    assert not isinstance(file, list)
    assert file.decoded_content == b"a: 1\nb: 20\nc: 3\n"
    folder = repo.get_contents("meshes", ref="main")
    assert isinstance(folder, list)
    assert [entry.path for entry in folder] == ["meshes/prod.yaml"]

    commit = repo.get_commit(head)
    assert [f.filename for f in commit.files] == ["meshes/prod.yaml"]
    assert next(iter(repo.get_commits(sha="change", path="meshes"))).sha == head
    assert [p.number for p in commit.get_pulls()] == [pull]
    assert repo.compare("main", "change").ahead_by == 1


def issues(client: Client, job: Job, pull: int, http: Plain) -> None:
    """Issues and comments."""
    repo = client(job.token).get_repo(NAME)
    issue = repo.create_issue("Drift in prod", body="b", labels=["drift"])
    assert [i.number for i in repo.get_issues(labels=["drift"])] == [issue.number]
    # PyGithub's add_to_labels sends a bare list, which GitHub takes but no longer describes.
    http("POST", f"/repos/{NAME}/issues/{issue.number}/labels", {"labels": ["prod"]})
    assert {label.name for label in issue.get_labels()} == {"drift", "prod"}
    comment = repo.get_pull(pull).create_issue_comment("first")
    comment.edit("second")
    assert [c.body for c in repo.get_issue(pull).get_comments()] == ["second"]
    assert repo.get_issue(pull).get_comment(comment.id).user.login == "github-actions[bot]"
    comment.delete()
    issue.edit(state="closed", state_reason="not_planned")
    assert repo.get_issue(issue.number).state_reason == "not_planned"
    shown = http("GET", f"/repos/{NAME}/issues?state=all").json()
    assert [bool(i.get("pull_request")) for i in shown] == [False, True]


def checks(client: Client, job: Job, http: Plain) -> None:
    """Check runs."""
    repo = client(job.token).get_repo(NAME)
    head = repo.get_branch("change").commit.sha
    note = {"path": "meshes/prod.yaml", "start_line": 2, "end_line": 2,
            "annotation_level": "warning", "message": "m", "title": "t"}  # fmt: skip
    run = repo.create_check_run("meshbot / plan", head, status="in_progress", external_id="f00")
    run.edit(
        conclusion="success",
        output={"title": "t", "summary": "s", "annotations": [note, note]},
    )
    assert repo.get_check_run(run.id).output.annotations_count == 2
    assert [a.start_line for a in run.get_annotations()] == [2, 2]
    commit = repo.get_commit(head)
    found = commit.get_check_runs(check_name="meshbot / plan", filter="latest")
    assert [r.external_id for r in found] == ["f00"]
    suites = list(commit.get_check_suites())
    assert [s.conclusion for s in suites] == ["success"]
    suite = repo.get_check_suite(suites[0].id)
    assert [r.id for r in suite.get_check_runs()] == [run.id]
    assert http("GET", f"/repos/{NAME}/commits/change/check-runs").json()["total_count"] == 1


def deployments(client: Client, job: Job, http: Plain) -> None:
    """Deployments."""
    repo = client(job.token).get_repo(NAME)
    made = repo.create_deployment(
        "main", task="meshbot", auto_merge=False, required_contexts=[], environment="prod",
        payload={"plan": "f00"}, description="d", production_environment=False,
    )  # fmt: skip
    status = made.create_status("success", description="applied", environment_url=http.url)
    assert made.get_status(status.id).state == "success"
    assert [s.state for s in made.get_statuses()] == ["success"]
    assert [d.id for d in repo.get_deployments(environment="prod")] == [made.id]
    assert repo.get_deployment(made.id).payload == {"plan": "f00"}
    assert http("DELETE", f"/repos/{NAME}/deployments/{made.id}").status_code == 204


def actions(gh: GitHub, client: Client, job: Job, http: Plain) -> None:
    """Runs and artifacts."""
    repo = client(job.token).get_repo(NAME)
    gh.upload_artifact(NAME, job.run_id, "plan", {"plan.json": b"{}"})
    run = repo.get_workflow_run(job.run_id)
    assert (run.event, run.head_branch) == ("pull_request", "change")
    assert [r.id for r in repo.get_workflow_runs(event="pull_request")] == [job.run_id]
    assert [a.name for a in run.get_artifacts()] == ["plan"]
    artifact = repo.get_artifacts(name="plan")[0]
    assert repo.get_artifact(artifact.id).size_in_bytes > 0
    moved = http("GET", artifact.archive_download_url)
    assert moved.status_code == 302
    content = requests.get(moved.headers["Location"], timeout=10).content
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["plan.json"]


def pulls(gh: GitHub, client: Client, number: int) -> None:
    """Pull requests and reviews."""
    alice, bob = (client(gh.token(login)).get_repo(NAME) for login in ("alice", "bob"))
    gh.push(NAME, "second", {"x.txt": "x\n"}, author="alice")
    opened = alice.create_pull(base="main", head="second", title="Second", body="")
    opened.edit(title="Second one")
    assert [p.number for p in alice.get_pulls(base="main")] == [opened.number, number]
    pull = bob.get_pull(number)
    assert [(f.filename, f.status) for f in pull.get_files()] == [("meshes/prod.yaml", "modified")]
    assert [c.commit.message for c in pull.get_commits()] == ["Change files"]
    review = pull.create_review(body="meshbot approve 0123456789ab", event="APPROVE")
    review.edit("edited")
    assert [(r.user.login, r.state) for r in pull.get_reviews()] == [("bob", "APPROVED")]
    assert pull.get_review(review.id).body == "edited"
    review.dismiss("no longer")
    assert pull.merge(sha=pull.head.sha, merge_method="squash").merged
    assert bob.get_pull(number).is_merged()

"""The environment as a value, and what the workspace holds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.files import read_mesh_files
from bot.adapters.github import action_context
from bot.adapters.github.checkout import checkout_files, head_commit
from bot.errors import MeshInvalid, UsageError
from bot.model.github import ActionContext, Inputs, OtherEvent, PushEvent

HEAD, BASE = "a" * 40, "b" * 40


def test_everything_is_read_from_the_environment(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    repository = {"default_branch": "main"}
    payload = {"ref": "refs/heads/main", "before": BASE, "after": HEAD, "repository": repository}
    event.write_text(json.dumps(payload))

    context = action_context(
        {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "acme/net",
            "GITHUB_SHA": HEAD,
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_SERVER_URL": "https://github.com/",
            "GITHUB_WORKSPACE": str(tmp_path),
            "INPUT_COMMAND": " apply ",
            "INPUT_EXPECT-FINGERPRINT": "abc",
            "INPUT_COMMENT": "",
            "INPUT_ENVIRONMENTS": "a\nb\n",
        }
    )

    assert context == ActionContext(
        PushEvent("refs/heads/main", "main", BASE, HEAD),
        Inputs(command="apply", expect_fingerprint="abc", environments="a\nb"),
        "acme/net",
        HEAD,
        "",
        "77",
        "2",
        "https://github.com",
        tmp_path,
    )
    assert context.run_url == "https://github.com/acme/net/actions/runs/77/attempts/2"


def test_an_empty_environment_is_no_failure() -> None:
    context = action_context({})

    assert context.event == OtherEvent("")
    assert context.inputs == Inputs()
    assert context.run_url == ""


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_the_commit_that_is_checked_out(tmp_path: Path, detached: bool, packed: bool) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "one")
    if packed:
        git(tmp_path, "pack-refs", "--all")
    if detached:
        git(tmp_path, "checkout", "--quiet", "--detach")

    assert head_commit(tmp_path) == git(tmp_path, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    "head", [None, "", "nonsense", "ref: refs/heads/none", "ref: ../../secret", "ref: refs/../../x"]
)
def test_a_workspace_that_does_not_tell_its_commit(tmp_path: Path, head: str | None) -> None:
    (tmp_path / "x").write_text(HEAD)
    (tmp_path / "secret").write_text(HEAD)
    if head is not None:
        (tmp_path / "repo/.git").mkdir(parents=True)
        (tmp_path / "repo/.git/HEAD").write_text(head)

    assert head_commit(tmp_path / "repo") == ""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def context(meshes: str = "meshes") -> ActionContext:
    return ActionContext(OtherEvent(""), Inputs(meshes=meshes), workspace=Path.cwd())


def test_mesh_files_have_their_path_in_the_repository(workspace: Path) -> None:
    (workspace / "net/meshes").mkdir(parents=True)
    (workspace / "net/meshes/a.yaml").write_bytes(b"a: 1\n")

    assert checkout_files(context("./net/meshes/"), read_mesh_files) == {
        "net/meshes/a.yaml": b"a: 1\n"
    }


def test_no_mesh_files_are_no_fault_here(workspace: Path) -> None:
    assert checkout_files(context(), read_mesh_files) == {}
    (workspace / "meshes").mkdir()
    assert checkout_files(context(), read_mesh_files) == {}


@pytest.mark.parametrize("meshes", ["/etc", "../workspace", "a/../../etc"])
def test_meshes_outside_of_the_workspace_are_refused(workspace: Path, meshes: str) -> None:
    with pytest.raises(UsageError):
        checkout_files(context(meshes), read_mesh_files)


def test_a_planted_link_out_of_the_workspace_is_refused(workspace: Path) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("s: 1")
    (workspace / "meshes").symlink_to(outside)

    with pytest.raises(UsageError):
        checkout_files(context(), read_mesh_files)


def test_a_planted_link_in_the_folder_is_a_fault_on_its_path(workspace: Path) -> None:
    (workspace.parent / "secret.yaml").write_text("s: 1")
    (workspace / "meshes").mkdir()
    (workspace / "meshes/a.yaml").symlink_to(workspace.parent / "secret.yaml")

    with pytest.raises(MeshInvalid) as caught:
        checkout_files(replace(context()), read_mesh_files)
    assert [d.location and d.location.file for d in caught.value.diagnostics] == ["meshes/a.yaml"]

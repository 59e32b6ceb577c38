"""Objects have the names real git gives them; contents and trees as the API documents them."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bot.emulator.github import GitHub
from bot.emulator.github.objects import FILE, Entry, Objects, Signature
from tests.emulator.github.conftest import NAME, Plain


def test_commit_and_tree_names_are_those_of_git(tmp_path: Path) -> None:
    files = {"a-b": b"1\n", "a/x": b"2\n", "a.txt": b"3\n", "a/deep/y": b"", "ü": b"4"}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    when = "2026-01-05T09:00:00+0000"
    identity = {"NAME": "n", "EMAIL": "e@x", "DATE": when}
    people = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in identity.items()}
    environment = {**people, "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    executable = shutil.which("git")
    assert executable

    def git(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            [executable, "-c", "init.defaultBranch=main", *arguments],
            cwd=tmp_path, check=True, capture_output=True, text=True,
            env=environment,
        )  # fmt: skip
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--cleanup=verbatim", "-m", "message")

    objects = Objects()
    entries = {p: Entry(FILE, objects.add_blob(c)) for p, c in files.items()}
    who = Signature("n", "e@x", datetime(2026, 1, 5, 9, tzinfo=UTC))
    # git's -m ends the message with a newline.
    commit = objects.add_commit(entries, (), "message\n", who)

    assert commit.tree == git("rev-parse", "HEAD^{tree}")
    assert commit.sha == git("rev-parse", "HEAD")
    assert objects.files_at(commit.sha) == entries


def test_contents_follow_links_inside_the_repository_only(gh: GitHub, http: Plain) -> None:
    def link(target: str) -> dict[str, str]:
        return {"text": target, "mode": "120000"}

    gh.push(NAME, "main", {
        "meshes/link.yaml": link("prod.yaml"), "meshes/up.yaml": link("../README.md"),
        "meshes/out.yaml": link("../../etc/passwd"), "meshes/abs.yaml": link("/etc/passwd"),
        "meshes/loop.yaml": link("loop.yaml"),
    })  # fmt: skip

    def contents(name: str) -> dict[str, object]:
        found: dict[str, object] = http("GET", f"/repos/{NAME}/contents/meshes/{name}").json()
        return found

    assert base64.b64decode(str(contents("link.yaml")["content"])) == b"a: 1\nb: 2\nc: 3\n"
    assert base64.b64decode(str(contents("up.yaml")["content"])) == b"hello\n"
    assert contents("out.yaml")["target"] == "../../etc/passwd"
    assert [contents(f"{name}.yaml")["type"] for name in ("out", "abs", "loop")] == ["symlink"] * 3
    tree = http("GET", f"/repos/{NAME}/git/trees/main?recursive=1").json()["tree"]
    modes = {entry["path"]: entry["mode"] for entry in tree}
    assert modes["meshes/out.yaml"] == "120000"


def test_large_file_comes_without_content_but_raw_and_as_blob(gh: GitHub, http: Plain) -> None:
    text = "x" * (1024 * 1024 + 1)
    gh.push(NAME, "main", {"meshes/large.yaml": text})

    file = http("GET", f"/repos/{NAME}/contents/meshes/large.yaml").json()

    assert (file["content"], file["encoding"], file["size"]) == ("", "none", len(text))
    blob = http("GET", f"/repos/{NAME}/git/blobs/{file['sha']}").json()
    assert base64.b64decode(blob["content"]) == text.encode()
    assert max(map(len, blob["content"].split("\n"))) == 60


def test_revisions_by_branch_with_slashes_tag_and_sha(gh: GitHub, http: Plain) -> None:
    sha = gh.push(NAME, "feature/one", {"meshes/prod.yaml": "new\n"})

    for ref in ("feature/one", "heads/feature/one", "refs/heads/feature/one", sha, sha[:10]):
        found = http("GET", f"/repos/{NAME}/commits/{ref}").json()
        assert found["sha"] == sha, ref
    assert http("GET", f"/repos/{NAME}/branches/feature%2Fone").json()["commit"]["sha"] == sha
    missing = http("GET", f"/repos/{NAME}/contents/meshes/prod.yaml?ref=nowhere")
    assert missing.status_code == 404
    assert http("GET", f"/repos/{NAME}/contents/meshes/none.yaml").status_code == 404
    assert http("GET", f"/repos/{NAME}/commits/{'0' * 40}").status_code == 422


def test_compare_is_from_the_merge_base(gh: GitHub, http: Plain) -> None:
    gh.push(NAME, "side", {"side.txt": "1\n"})
    gh.push(NAME, "main", {"main.txt": "1\n"})

    found = http("GET", f"/repos/{NAME}/compare/main...side").json()

    assert (found["status"], found["ahead_by"], found["behind_by"]) == ("diverged", 1, 1)
    assert [f["filename"] for f in found["files"]] == ["side.txt"]
    same = http("GET", f"/repos/{NAME}/compare/main...main").json()
    assert (same["status"], same["files"]) == ("identical", [])


def test_changed_files_have_status_counts_and_patch(gh: GitHub, http: Plain) -> None:
    gh.push(NAME, "main", {"meshes/old.yaml": "1\n2\n3\n4\n", "meshes/gone.yaml": "x"})
    gh.push(NAME, "work", {
        "meshes/old.yaml": None, "meshes/new.yaml": "1\n2\n3\n5\n", "meshes/gone.yaml": None,
        "meshes/prod.yaml": "a: 1\nb: 2", "bin": {"base64": "AAEC"},
    })  # fmt: skip
    number = gh.open_pull(NAME, "work")

    files = {f["filename"]: f for f in http("GET", f"/repos/{NAME}/pulls/{number}/files").json()}

    assert {name: f["status"] for name, f in files.items()} == {
        "bin": "added", "meshes/gone.yaml": "removed", "meshes/new.yaml": "renamed",
        "meshes/prod.yaml": "modified",
    }  # fmt: skip
    assert files["meshes/new.yaml"]["previous_filename"] == "meshes/old.yaml"
    assert "patch" not in files["bin"]
    assert files["meshes/prod.yaml"]["patch"] == (
        "@@ -1,3 +1,2 @@\n a: 1\n-b: 2\n-c: 3\n+b: 2\n\\ No newline at end of file"
    )
    assert [files["meshes/prod.yaml"][k] for k in ("additions", "deletions")] == [1, 2]

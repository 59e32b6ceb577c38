"""Mesh files at a commit, by trees and blobs."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import responses

from bot.adapters.github.contents import Contents, git_id
from bot.errors import GitHubError, GitHubRefused
from tests.adapters.github.api import REPO, sent, session

SHA = "a" * 40
A, B = b"a: 1\n", b"b: 2\n"


def tree(sha: str, *entries: tuple[str, str, str, str], truncated: bool = False) -> None:
    """A tree of entries (path, mode, type, sha)."""
    listed: list[dict[str, Any]] = [
        {"path": path, "mode": mode, "type": kind, "sha": own, "size": 5}
        for path, mode, kind, own in entries
    ]
    answer = {"sha": sha, "tree": listed, "truncated": truncated, "url": f"{REPO}/t"}
    responses.get(f"{REPO}/git/trees/{sha}", json=answer)


def commit() -> None:
    url = f"{REPO}/git/commits/{SHA}"
    responses.get(url, json={"sha": SHA, "url": url, "tree": {"sha": "root", "url": f"{REPO}/t"}})


def blob(content: bytes) -> str:
    sha = git_id(content)
    encoded = b64encode(content).decode() + "\n"
    answer = {"sha": sha, "content": encoded, "encoding": "base64", "size": len(content)}
    responses.get(f"{REPO}/git/blobs/{sha}", json=answer)
    return sha


FILE, FOLDER, LINK = ("100644", "blob"), ("040000", "tree"), ("120000", "blob")


@responses.activate
def test_the_mesh_files_below_a_folder_are_read() -> None:
    commit()
    tree("root", ("README.md", *FILE, "r"), ("meshes", *FOLDER, "m"), ("meshes2", *FOLDER, "x"))
    tree(
        "m",
        ("a.yaml", *FILE, blob(A)),
        ("deep/b.yml", *FILE, blob(B)),
        ("deep", *FOLDER, "d"),
        ("notes.txt", *FILE, "n"),
        (".hidden/c.yaml", *FILE, "h"),
        (".d.yaml", *FILE, "h"),
        ("link.yaml", *LINK, blob(b"../README.md")),
        ("module.yaml", "160000", "commit", "s"),
    )

    files = Contents(session()).mesh_files(SHA, "meshes")

    assert files == {"meshes/a.yaml": A, "meshes/deep/b.yml": B}
    assert sent("GET", "/trees/m")[0].request.url == f"{REPO}/git/trees/m?recursive=1"
    assert sent("GET", "/trees/root")[0].request.url == f"{REPO}/git/trees/root"


@responses.activate
def test_links_that_stay_in_the_folder_are_followed() -> None:
    commit()
    tree("root", ("meshes", *FOLDER, "m"))
    tree(
        "m",
        (".data", *FOLDER, "d"),
        (".data/a.txt", *FILE, blob(A)),
        ("a.yaml", *LINK, blob(b".data/a.txt")),
        ("b.yaml", *FILE, blob(B)),
        ("c.yaml", *LINK, blob(b"b.yaml")),
    )

    files = Contents(session()).mesh_files(SHA, "meshes")

    assert files == {"meshes/a.yaml": A, "meshes/b.yaml": B}


@responses.activate
@pytest.mark.parametrize("path", ["linked", "linked/b.yaml", "one.conf"])
def test_the_path_itself_may_lead_through_links(path: str) -> None:
    commit()
    entries = [("linked", *LINK, blob(b"meshes")), ("one.conf", *LINK, blob(b"meshes/b.yaml"))]
    tree("root", *entries, ("meshes", *FOLDER, "m"), ("meshes/b.yaml", *FILE, blob(B)))

    files = Contents(session()).mesh_files(SHA, path)

    assert files == {"linked/b.yaml" if path == "linked" else path: B}


@responses.activate
@pytest.mark.parametrize("name", ["peerd.conf", ".mesh.yaml"])
def test_one_file_may_have_any_name(name: str) -> None:
    commit()
    tree("root", (name, *FILE, blob(A)), ("other.yaml", *FILE, "o"))

    assert Contents(session()).mesh_files(SHA, name) == {name: A}


@responses.activate
def test_a_file_that_is_at_hand_is_not_fetched() -> None:
    commit()
    tree("root", ("meshes", *FOLDER, "m"))
    tree("m", ("a.yaml", *FILE, git_id(A)), ("b.yaml", *FILE, blob(B)))

    files = Contents(session()).mesh_files(SHA, "meshes", [A, b"c: 3\n"])

    assert files == {"meshes/a.yaml": A, "meshes/b.yaml": B}
    assert len(sent("GET", "/blobs/")) == 1


@responses.activate
def test_one_file_in_a_folder_may_be_all() -> None:
    commit()
    tree("root", ("net", *FOLDER, "n"))
    tree("n", ("mesh.yaml", *FILE, blob(A)), ("other.yaml", *FILE, "o"))

    assert Contents(session()).mesh_files(SHA, "net/mesh.yaml") == {"net/mesh.yaml": A}


@responses.activate
def test_the_repositorys_root_may_be_the_folder() -> None:
    commit()
    tree("root", ("a.yaml", *FILE, blob(A)))

    assert Contents(session()).mesh_files(SHA, ".") == {"a.yaml": A}


@responses.activate
@pytest.mark.parametrize("path", ["meshes", "meshes/deep", "README.md/x"])
def test_a_path_that_was_not_there_holds_nothing(path: str) -> None:
    commit()
    tree("root", ("README.md", *FILE, "r"))

    assert Contents(session()).mesh_files(SHA, path) == {}


@responses.activate
def test_a_list_that_is_cut_short_is_an_error() -> None:
    commit()
    tree("root", ("meshes", *FOLDER, "m"))
    tree("m", ("a.yaml", *FILE, "a"), truncated=True)

    with pytest.raises(GitHubError, match="only in part"):
        Contents(session()).mesh_files(SHA, "meshes")


@responses.activate
def test_a_commit_that_github_does_not_know_is_a_refusal() -> None:
    responses.get(f"{REPO}/git/commits/{SHA}", status=404, json={"message": "Not Found"})

    with pytest.raises(GitHubRefused, match="show commit aaaaaaaaaaaa"):
        Contents(session()).mesh_files(SHA, "meshes")


@responses.activate
def test_a_blob_that_is_not_base64_is_an_error() -> None:
    commit()
    tree("root", ("meshes", *FOLDER, "m"))
    tree("m", ("a.yaml", *FILE, "a"))
    broken = {"sha": "a", "content": "abc", "encoding": "base64", "size": 3}
    responses.get(f"{REPO}/git/blobs/a", json=broken)

    with pytest.raises(GitHubError, match=r"read meshes/a\.yaml"):
        Contents(session()).mesh_files(SHA, "meshes")


def test_a_blobs_id_is_gits() -> None:
    assert git_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"

"""The mesh files of a revision are those that a checkout of it gives, wherever links lead."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.adapters.files import read_mesh_files
from bot.adapters.git import mesh_files_at
from bot.errors import UsageError


def git(*arguments: str, folder: Path | None = None) -> None:
    """Run git as somebody."""
    who = {
        f"GIT_{role}_{part}": "x@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(  # noqa: S603
        ["git", *arguments],  # noqa: S607
        cwd=folder,
        env={**os.environ, **who, **quiet},
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, which is the working folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git("init", "--quiet", folder=folder)
    monkeypatch.chdir(folder)
    return folder


def write(*paths: str) -> None:
    """Files that hold their own path."""
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(path)


def link(path: str, target: str) -> None:
    """A symbolic link."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).symlink_to(target)


def commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", "x")


def arrange() -> None:
    """Every sort of thing that a mesh file may be read through."""
    write("meshes/a.yaml", "meshes/team/b.yml", "meshes/notes.txt", "meshes/.hidden.yaml")
    write("meshes/.data/c.yaml", "meshes/*.yaml", "other/x.yaml", "peerd.conf", ".mesh.yaml")
    link("meshes/c.yaml", ".data/c.yaml")
    link("meshes/again.yaml", "a.yaml")
    link("meshes/chain.yaml", "hop/chain.yaml")
    link("meshes/hop/chain.yaml", "../.data/../.data/d.txt")
    write("meshes/.data/d.txt")
    link("meshes/folder", "team")
    link("meshes/.linked", "team")
    link("linked", "meshes")
    link("linked.conf", "peerd.conf")
    link("deep/folder", "../meshes")


@pytest.mark.parametrize(
    "path",
    [
        "meshes", "meshes/team", "meshes/a.yaml", "meshes/c.yaml", "meshes/chain.yaml",
        "meshes/notes.txt", "meshes/*.yaml", "peerd.conf", ".mesh.yaml", "linked", "linked.conf",
        "linked/team", "deep/folder/team", "meshes/.data", "other",
    ],
)  # fmt: skip
def test_the_base_is_read_like_the_head(repository: Path, path: str) -> None:
    arrange()
    commit()
    for typed in (Path(path), repository / path):
        now = read_mesh_files(typed)

        assert mesh_files_at(typed, "HEAD") == now
        assert now


def test_the_repository_itself_may_be_the_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.yaml", "deep/b.yaml")
    commit()

    assert mesh_files_at(Path(), "HEAD") == read_mesh_files(Path()) != {}
    assert mesh_files_at(repository, "HEAD") == read_mesh_files(repository) != {}
    monkeypatch.chdir("deep")
    assert mesh_files_at(Path(".."), "HEAD") == read_mesh_files(Path("..")) != {}
    assert mesh_files_at(Path(), "HEAD") == {"b.yaml": b"deep/b.yaml"}


def test_what_is_gone_now_is_read(repository: Path) -> None:
    arrange()
    commit()
    for path in ("linked", "peerd.conf", "meshes/a.yaml", "meshes/c.yaml"):
        before = read_mesh_files(Path(path))
        Path(path).unlink()

        assert mesh_files_at(Path(path), "HEAD") == before


def test_a_file_that_was_a_link_is_known(repository: Path) -> None:
    write("meshes/.data/a.txt")
    link("meshes/a.yaml", ".data/a.txt")
    commit()
    Path("meshes/a.yaml").unlink()
    write("meshes/a.yaml")

    assert mesh_files_at(Path("meshes"), "HEAD") == {"meshes/a.yaml": b"meshes/.data/a.txt"}


def test_a_path_that_was_not_there_holds_nothing(repository: Path) -> None:
    write("README.md")
    commit()
    write("meshes/a.yaml")

    assert mesh_files_at(Path("meshes"), "HEAD") == {}
    assert mesh_files_at(Path("meshes/a.yaml"), "HEAD") == {}


@pytest.mark.parametrize("target", ["../outside.yaml", "nowhere", "a.yaml", "/etc/hostname"])
@pytest.mark.parametrize("path", ["meshes", "meshes/a.yaml"])
def test_a_file_that_the_base_hides_is_an_error(repository: Path, target: str, path: str) -> None:
    write("outside.yaml" if path == "meshes" else "elsewhere.yaml", "meshes/b.yaml")
    link("meshes/a.yaml", target)
    commit()
    Path("meshes/a.yaml").unlink()
    write("meshes/a.yaml")

    with pytest.raises(UsageError, match=r"^meshes/a\.yaml: at --base 'HEAD' .* not known"):
        mesh_files_at(Path(path), "HEAD")


def test_what_the_base_hides_and_nobody_reads_now_does_not_matter(repository: Path) -> None:
    write("README.md", "meshes/b.yaml")
    link("meshes/README", "../README.md")
    link("meshes/gone.yaml", "nowhere")
    commit()
    Path("meshes/gone.yaml").unlink()
    Path("meshes/README").unlink()
    write("meshes/README")

    assert mesh_files_at(Path("meshes"), "HEAD") == {"meshes/b.yaml": b"meshes/b.yaml"}


def test_a_submodule_with_mesh_files_is_an_error(repository: Path) -> None:
    inner = repository / "meshes" / "team"
    write("meshes/a.yaml", "meshes/team/b.yaml")
    git("init", "--quiet", folder=inner)
    git("add", "--all", folder=inner)
    git("commit", "--quiet", "--message", "x", folder=inner)
    commit()

    with pytest.raises(UsageError, match=r"^meshes/team: .* a submodule"):
        mesh_files_at(Path("meshes"), "HEAD")

"""Mesh files on the disk, in folders that a pull request may have arranged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.adapters import files
from bot.adapters.files import read_mesh_files
from bot.config.text import MAX_SIZE
from bot.errors import MeshInvalid, UsageError


@pytest.fixture
def meshes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``meshes`` in the working folder, as the command line names it."""
    monkeypatch.chdir(tmp_path)
    folder = Path("meshes")
    folder.mkdir()
    return folder


def told(path: Path) -> list[str]:
    """Every fault that reading ends in: place and code."""
    with pytest.raises(MeshInvalid) as caught:
        read_mesh_files(path)
    return [f"{d.location} {d.code}" for d in caught.value.diagnostics]


def test_files_come_sorted_with_the_path_as_typed(meshes: Path) -> None:
    for name in ("b.yaml", "a.yml", "team/z.yaml", "team/deep/y.yaml"):
        (meshes / name).parent.mkdir(parents=True, exist_ok=True)
        (meshes / name).write_bytes(name.encode())

    read = read_mesh_files(meshes)

    assert list(read.items()) == [
        ("meshes/a.yml", b"a.yml"),
        ("meshes/b.yaml", b"b.yaml"),
        ("meshes/team/deep/y.yaml", b"team/deep/y.yaml"),
        ("meshes/team/z.yaml", b"team/z.yaml"),
    ]
    assert next(iter(read_mesh_files(meshes.absolute()))) == str(meshes.absolute() / "a.yml")


def test_hidden_and_other_files_are_left_out(meshes: Path) -> None:
    (meshes / ".hidden.yaml").write_text("x")
    (meshes / ".git").mkdir()
    (meshes / ".git" / "a.yaml").write_text("x")
    (meshes / "README.md").write_text("x")
    (meshes / "a.yaml").write_text("x")

    assert list(read_mesh_files(meshes)) == ["meshes/a.yaml"]


def test_one_file_may_have_any_name(meshes: Path) -> None:
    (meshes / "config.txt").write_text("x")

    assert read_mesh_files(meshes / "config.txt") == {"meshes/config.txt": b"x"}


def test_a_folder_without_mesh_files_is_an_error(meshes: Path) -> None:
    with pytest.raises(UsageError, match=r"^meshes: no mesh files \(\*\.yaml, \*\.yml\)"):
        read_mesh_files(meshes)


def test_a_path_that_is_not_there_is_an_error(meshes: Path) -> None:
    with pytest.raises(UsageError, match=r"^meshs: no such file or folder"):
        read_mesh_files(Path("meshs"))


def test_links_out_of_the_folder_are_all_told(meshes: Path) -> None:
    Path("secret").mkdir()
    Path("secret/credentials.yaml").write_text("secret")
    (meshes / "a.yaml").symlink_to(Path("../secret/credentials.yaml"))
    (meshes / "b.yaml").symlink_to(Path("secret/credentials.yaml").absolute())
    (meshes / "c").symlink_to(Path("../secret"))
    (meshes / "d.yaml").symlink_to(Path("nowhere"))
    (meshes / "e.yaml").symlink_to(Path("e.yaml"))
    (meshes / "ok.yaml").write_text("x")

    assert told(meshes) == [
        f"meshes/{name}:1:1 symlink" for name in ("a.yaml", "b.yaml", "c", "d.yaml", "e.yaml")
    ]


@pytest.mark.parametrize("target", ["secret", "secret/credentials.yaml"])
def test_the_path_itself_may_not_be_a_link_that_leads_out(tmp_path: Path, target: str) -> None:
    outside, repository = tmp_path / "outside", tmp_path / "repository"
    (outside / "secret").mkdir(parents=True)
    (outside / "secret" / "credentials.yaml").write_text("secret")
    repository.mkdir()
    (repository / "meshes").symlink_to(outside / target)

    assert told(repository / "meshes") == [f"{repository / 'meshes'}:1:1 symlink"]


def test_links_inside_the_folder_are_read_once(meshes: Path) -> None:
    (meshes / ".data").mkdir()
    (meshes / ".data" / "x.yaml").write_text("x")
    (meshes / "x.yaml").symlink_to(".data/x.yaml")
    (meshes / "a.yaml").symlink_to("z.yaml")
    (meshes / "z.yaml").write_text("z")
    (meshes / "again").symlink_to(".")

    assert read_mesh_files(meshes) == {"meshes/x.yaml": b"x", "meshes/z.yaml": b"z"}


def test_a_large_file_is_cut_just_above_the_limit(meshes: Path) -> None:
    (meshes / "a.yaml").write_bytes(b"#" * (MAX_SIZE + 1000))

    assert len(read_mesh_files(meshes)["meshes/a.yaml"]) == MAX_SIZE + 1


def test_too_many_files(meshes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for name in "abc":
        (meshes / f"{name}.yaml").write_text("x")

    assert told(meshes) == ["meshes:1:1 too-many-files"]


def test_too_much_in_all(meshes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_TOTAL", 25)
    for name in "abc":
        (meshes / f"{name}.yaml").write_text("x" * 10)

    assert told(meshes) == ["meshes/c.yaml:1:1 too-large"]


def test_what_is_no_file_and_cannot_be_shown(meshes: Path) -> None:
    os.mkfifo(meshes / "a.yaml")
    (meshes / "b\x1b[31m.yaml").write_text("x")

    assert told(meshes) == [
        "'meshes/b\\x1b[31m.yaml':1:1 file-name",
        "meshes/a.yaml:1:1 unreadable",
    ]


def test_a_folder_named_like_a_mesh_file_is_a_folder(meshes: Path) -> None:
    (meshes / "a.yaml").mkdir()
    (meshes / "a.yaml" / "b.yaml").write_text("x")

    assert list(read_mesh_files(meshes)) == ["meshes/a.yaml/b.yaml"]

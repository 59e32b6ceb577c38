"""What environments ask for, and the mesh as it was last applied."""

from __future__ import annotations

import pytest

from bot.config import load
from bot.engine.content import composed, differing, files_digest
from bot.model.mesh import Mesh
from tests.usecases.action.stage import mesh_text


def mesh(**files: bytes) -> Mesh:
    return load({f"meshes/{name}.yaml": text for name, text in files.items()}).mesh


ONE = mesh(a=mesh_text(0, 1))


@pytest.mark.parametrize(
    ("text", "differs"),
    [
        (b"# a comment\n" + mesh_text(0, 1), False),
        (mesh_text(0, 1).replace(b"vpc-00000001\n", b"vpc-00000001\n      note: x\n"), False),
        (mesh_text(0, 1, 2), True),
        (mesh_text(0, 1).replace(b"net@example.org", b"new@example.org"), True),
        (mesh_text(0, 1, extra="limits: {max_leaving_members: 9}\n"), True),
    ],
)
def test_an_environment_differs_when_something_else_is_asked_for(
    text: bytes, differs: bool
) -> None:
    assert differing(ONE, mesh(a=text)) == ({"production"} if differs else set())


def test_coming_and_going_are_differences() -> None:
    assert differing(ONE, mesh(b=mesh_text(0, 1, environment="edge"))) == {"edge", "production"}


def test_each_environment_is_as_it_was_last_applied() -> None:
    then = mesh(a=mesh_text(0, 1), b=mesh_text(0, 2, environment="edge"))
    later = mesh(a=mesh_text(0, 1, 2), c=mesh_text(0, 1, environment="new"))

    base = composed({"production": later, "edge": then}, Mesh(()))

    assert {name: len(env.members) for name, env in base.environments.items()} == {
        "production": 3, "edge": 2, "new": 2,
    }  # fmt: skip


def test_an_environment_gone_when_it_was_last_applied_is_not_in_the_base() -> None:
    then = mesh(a=mesh_text(0, 1), b=mesh_text(0, 2, environment="edge"))

    base = composed({"edge": ONE, "production": then}, then)

    assert set(base.environments) == {"production"}


def test_what_was_never_applied_is_as_before_the_push() -> None:
    base = composed({}, ONE)

    assert set(base.environments) == {"production"}
    assert base.files == ONE.files


def test_a_digest_covers_paths_and_contents() -> None:
    digests = {
        files_digest({"a": b"x", "b": b"y"}),
        files_digest({"a": b"xb", "": b"y"}),
        files_digest({"a": b"y", "b": b"x"}),
        files_digest({"a": b"x"}),
    }

    assert len(digests) == 4
    assert files_digest({"b": b"y", "a": b"x"}) == files_digest({"a": b"x", "b": b"y"})

"""``meshbot shards`` and ``--shard`` on a laptop."""

from __future__ import annotations

import pytest

from tests.integration.laptop import Laptop, live, member


@pytest.fixture
def mesh(laptop: Laptop) -> Laptop:
    """Two environments with a common VPC, and one apart in the same accounts."""
    vpcs = [member(vpc) for vpc in laptop.vpcs(6)]
    laptop.mesh(alpha=vpcs[:2], beta=vpcs[1:3], gamma=vpcs[3:])
    return laptop


def test_the_matrix_is_one_line_and_asks_nobody(mesh: Laptop) -> None:
    ran = mesh.ok("shards", "--format", "json")

    assert ran.out.count("\n") == 1
    assert ran.json == {
        "include": [
            {"shard": "1-of-2", "environments": "alpha,beta", "peerings": 2, "routes": 4},
            {"shard": "2-of-2", "environments": "gamma", "peerings": 3, "routes": 6},
        ]
    }
    assert not mesh.calls()
    assert "2-of-2: gamma (about 3 peerings, 6 routes)" in mesh.ok("shards").out
    assert "| 1-of-2 | `alpha`, `beta` | 2 | 4 |" in mesh.ok("shards", "--format", "markdown").out
    assert len(mesh.ok("shards", "--max", "1", "--format", "json").json["include"]) == 1


def test_an_empty_matrix_is_told_as_one_that_github_refuses(laptop: Laptop) -> None:
    laptop.mesh()

    ran = laptop.ok("shards", "--format", "json")

    assert ran.json == {"include": []}
    assert "skip the job" in ran.err
    assert "skip the job" not in laptop.ok("shards").err


def test_what_was_removed_since_the_base_is_divided_too(mesh: Laptop) -> None:
    base = mesh.commit()
    mesh.mesh(gamma=[member(vpc) for vpc in mesh.vpcs(2)])

    found = mesh.ok("shards", "--base", base, "--format", "json").json["include"]

    assert [entry["environments"] for entry in found] == ["alpha,beta", "gamma"]


@pytest.mark.parametrize("name", ["a,b", "a ", "\u00a0a"])
def test_a_name_that_the_input_cannot_say_fits_into_no_matrix(laptop: Laptop, name: str) -> None:
    laptop.mesh(**{name: [member(vpc) for vpc in laptop.vpcs(2)]})

    assert laptop.run("shards", "--format", "json").code == 64
    assert laptop.ok("shards").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("shards", "--max", "0"),
        ("shards", "--max", "257"),
        ("plan", "--shard", "one"),
        ("plan", "--shard", "1-of-3"),
        ("plan", "--shard", "1-of-2", "--environment", "nowhere"),
    ],
    ids=" ".join,
)
def test_shards_that_cannot_be_are_usage_errors(mesh: Laptop, arguments: tuple[str, ...]) -> None:
    assert mesh.run(*arguments).code == 64


def test_half_of_what_belongs_together_is_refused(mesh: Laptop) -> None:
    ran = mesh.run("plan", "--shard", "1-of-2", "--environment", "alpha")

    assert ran.code == 4
    assert "'alpha' and 'beta' belong together" in ran.err
    assert not mesh.calls()


def test_the_shards_are_the_plan_and_one_applied_leaves_the_other(mesh: Laptop) -> None:
    whole = mesh.plan()
    parts = [mesh.plan("--shard", f"{number}-of-2") for number in (1, 2)]

    mesh.ok("apply", "--yes", "--shard", "2-of-2")
    after = mesh.plan()

    addresses = [change["address"] for part in parts for change in part["changes"]]
    assert sorted(addresses) == sorted(change["address"] for change in whole["changes"])
    assert [part["environments"] for part in parts] == [["alpha", "beta"], ["gamma"]]
    assert len(live(mesh.world())) == 3
    assert after["changes"] == parts[0]["changes"]

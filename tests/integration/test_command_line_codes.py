"""Exit codes, and where results and complaints go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.integration.laptop import METADATA, A, Laptop, file, live, member

SCHEMA = Path(__file__).resolve().parents[2] / "schema" / "plan.schema.json"


@pytest.fixture
def mesh(laptop: Laptop) -> Laptop:
    """A laptop with a mesh that is not applied."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    return laptop


def test_detailed_exit_codes_tell_changes_from_none(mesh: Laptop) -> None:
    for command in ("plan", "drift"):
        assert mesh.run(command).code == 0
        assert mesh.run(command, "--detailed-exitcode").code == 2
    mesh.ok("apply", "--yes")
    for command in ("plan", "drift"):
        assert mesh.run(command, "--detailed-exitcode").code == 0


def test_the_process_ends_with_the_same_codes(mesh: Laptop) -> None:
    assert mesh.wait_for(mesh.start("plan", "--detailed-exitcode")).code == 2
    assert mesh.wait_for(mesh.start("plan", "--nonsense")).code == 64
    assert mesh.wait_for(mesh.start("--version")).code == 0
    assert mesh.wait_for(mesh.start("--help")).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("plan", "--nonsense"),
        ("plan", "--format", "yaml"),
        ("plan", "--environment"),
        ("plan", "extra"),
        ("plan", "--environment", "nowhere"),
        ("apply", "--yes", "--environment", "nowhere"),
        ("validate", "--environment", "nowhere"),
        ("plan", "--meshes", "nowhere"),
        ("validate", "--meshes", "nowhere.yaml"),
        ("plan", "--base", "nowhere"),
        ("plan", "--base", ""),
        ("plan", "--base", "--output=x"),
        ("plan", "--out", "no/such/folder/plan.json"),
        ("apply", "--yes", "--rate", "ec2:CreateRoute=fast"),
    ],
    ids=" ".join,
)
def test_usage_errors(laptop: Laptop, arguments: tuple[str, ...]) -> None:
    laptop.paper_mesh()
    laptop.commit()

    ran = laptop.run(*arguments)

    assert ran.code == 64, ran
    assert ran.err
    assert "bug" not in ran.err
    assert not Path("x").exists()


def test_an_unknown_environment_is_told_with_those_there_are(laptop: Laptop) -> None:
    laptop.paper_mesh()

    ran = laptop.run("plan", "--environment", "prod")

    assert ran.err == "error: no environment is called 'prod'. There are: production.\n"
    assert laptop.calls() == ()


def test_an_environment_that_only_the_base_has_is_known(mesh: Laptop) -> None:
    one, two, three, four = mesh.vpcs(4)
    mesh.write(
        {
            "meshes/mesh.yaml": {
                **file(left=[member(one), member(two)], right=[member(three), member(four)]),
                "limits": {"max_leaving_percent": 100, "allow_empty_environment": True},
            }
        }
    )
    revision = mesh.commit()
    mesh.converge()
    mesh.mesh(left=[member(one)])

    mesh.ok("apply", "--yes", "--base", revision, "--environment", "right")

    assert live(mesh.world()) == {frozenset((one.id, two.id))}


def test_without_a_folder_of_mesh_files_the_option_is_named(laptop: Laptop) -> None:
    ran = laptop.run("plan")

    assert ran.code == 64
    assert "--meshes" in ran.err
    assert laptop.calls() == ()


def test_base_outside_of_a_repository(laptop: Laptop) -> None:
    laptop.paper_mesh()
    ran = laptop.run("plan", "--base", "HEAD")

    assert ran.code == 64, ran
    assert "git" in ran.err


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "apply"])
def test_invalid_files_end_with_3_and_every_fault_before_aws_is_asked(
    laptop: Laptop, command: str
) -> None:
    members = [{"account_id": 123456789012, "region": "us-east-1", "vpc_id": "vpc-1"}]
    laptop.write({"meshes/a.yaml": file(e=members), "meshes/b.yaml": file(e=[], f=[{}])})

    ran = laptop.run(command)

    assert ran.code == 3, ran
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert all(line.startswith(("meshes/a.yaml:", "meshes/b.yaml:")) for line in lines)
    assert len(lines) >= 4
    assert laptop.calls() == ()


def test_an_override_that_overlaps_the_receiver_is_a_fault_of_the_files(mesh: Laptop) -> None:
    one, two = mesh.vpcs(2)
    mesh.mesh(production=[member(one, cidr_overrides=["10.1.4.0/24"]), member(two)])

    planned = mesh.run("plan")
    applied = mesh.run("apply", "--yes")

    assert planned.code == applied.code == 3
    assert "overlaps 10.1.0.0/16" in planned.out
    assert live(mesh.world()) == set()


def test_a_contested_destination_is_frozen_and_the_rest_goes_on(mesh: Laptop) -> None:
    one, two, three = mesh.vpcs(3)
    twice = ["172.16.0.0/16"]
    contested = [member(one, cidr_overrides=twice), member(two, cidr_overrides=twice)]
    mesh.mesh(production=[*contested, member(three)])

    ran = mesh.run("apply", "--yes")

    assert ran.code == 0, ran
    assert "both claim 172.16.0.0/16" in ran.out
    assert one.id in ran.out
    assert len(live(mesh.world())) == 3


def test_json_plan_follows_its_schema(mesh: Laptop) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.validate(mesh.plan())
    mesh.aws.settings(unassumable=[A])
    validator.validate(mesh.plan())
    mesh.aws.settings(unassumable=[])
    mesh.ok("apply", "--yes")
    revision = mesh.commit()
    mesh.mesh(production=[])
    told = ("--format", "json", "--out", "plan.json")
    refused = mesh.run("plan", "--base", revision, *told)

    validator.validate(refused.json)
    assert refused.code == 4
    assert refused.err == ""
    assert refused.json["refusals"]
    assert json.loads(Path("plan.json").read_text(encoding="utf-8")) == refused.json


def test_json_of_apply_stands_alone_on_standard_output(mesh: Laptop) -> None:
    ran = mesh.ok("apply", "--yes", "--format", "json")

    assert ran.err == ""
    assert len(ran.json["outcomes"]) == len(ran.json["changes"]) == 9
    assert {outcome["result"] for outcome in ran.json["outcomes"]} == {"applied"}


def test_json_of_validate(mesh: Laptop) -> None:
    ran = mesh.ok("validate", "--format", "json")
    assert (ran.json["valid"], ran.err) == (True, "")
    mesh.write({"meshes/a.yaml": file({**METADATA, "support": 1}, e=[])})

    ran = mesh.run("validate", "--format", "json")

    assert (ran.code, ran.json["valid"], ran.err) == (3, False, "")
    assert ran.json["diagnostics"][0]["location"]["file"] == "meshes/a.yaml"


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
def test_invalid_files_with_json_leave_json_or_nothing_on_standard_output(
    mesh: Laptop, command: str
) -> None:
    mesh.write({"meshes/a.yaml": file({**METADATA, "support": 1}, e=[])})

    ran = mesh.run(command, "--format", "json")

    assert ran.code == 3
    assert ran.out == "" or ran.json


def test_validate_asks_nobody(laptop: Laptop) -> None:
    laptop.paper_mesh()
    laptop.ok("validate")

    assert laptop.calls() == ()


def test_markdown(mesh: Laptop) -> None:
    planned = mesh.ok("plan", "--format", "markdown")
    applied = mesh.ok("apply", "--yes", "--format", "markdown")

    assert "Plan: 9 to add, 0 to change, 0 to destroy" in planned.out
    assert "```mermaid" in planned.out
    assert "9 added, 0 changed, 0 destroyed" in applied.out
    assert planned.err == applied.err == ""


@pytest.mark.parametrize("command", [("plan",), ("plan", "--format", "json"), ("validate",)])
def test_a_reader_that_stops_reading_is_no_bug(mesh: Laptop, command: tuple[str, ...]) -> None:
    process = mesh.start(*command)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None

    ran = mesh.wait_for(process)

    assert "bug" not in (ran.err or "")
    assert "Traceback" not in (ran.err or "")


def test_the_same_plan_is_the_same_bytes(mesh: Laptop) -> None:
    mesh.ok("plan", "--out", "one.json")
    mesh.ok("plan", "--out", "two.json")

    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()


def test_the_order_of_files_members_and_keys_does_not_move_the_fingerprint(
    laptop: Laptop,
) -> None:
    vpcs = laptop.vpcs(5)
    left = [member(vpc, peering_tags={"a": "1", "b": "2"}) for vpc in vpcs[:4]]
    right = [member(vpc) for vpc in vpcs[2:]]
    laptop.write({"meshes/a.yaml": file(left=left), "meshes/b.yaml": file(right=right)})
    one = laptop.plan()
    turned = [dict(reversed(item.items())) for item in reversed(left)]
    laptop.write(
        {"meshes/b.yaml": file(left=turned), "meshes/a.yaml": file(right=[*reversed(right)])}
    )

    two = laptop.plan()

    assert two["fingerprint"] == one["fingerprint"]
    assert two["fingerprints"] == one["fingerprints"]
    assert [c["address"] for c in two["changes"]] == [c["address"] for c in one["changes"]]


def test_files_made_in_another_order_plan_to_the_same_bytes(laptop: Laptop) -> None:
    one, two, three, four = laptop.vpcs(4)
    files = {
        "meshes/a.yaml": file(left=[member(one), member(two)]),
        "meshes/b.yaml": file(right=[member(three), member(four)]),
    }
    laptop.write(files)
    first = laptop.ok("plan", "--format", "json").out
    laptop.write({})

    laptop.write(dict(reversed(files.items())))

    assert laptop.ok("plan", "--format", "json").out == first


def test_no_credentials_are_told_with_advice(mesh: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    ran = mesh.run("plan")

    assert "AWS_PROFILE" in ran.out + ran.err
    assert "Traceback" not in ran.err
    assert mesh.calls() == ()


def test_an_unknown_profile_is_a_failure(mesh: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    ran = mesh.run("plan")

    assert ran.code == 1, ran
    assert "nobody" in ran.err
    assert "AWS_PROFILE" in ran.err


def test_an_unexpected_failure_is_1_and_shows_no_traceback(
    mesh: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("bot.usecases.local.make_plan", broken)
    monkeypatch.setattr("tempfile.tempdir", str(mesh.folder))

    ran = mesh.run("plan")

    assert ran.code == 1
    assert "bug" in ran.err
    assert "secret detail" not in ran.err
    (log,) = mesh.folder.glob("meshbot-*.log")
    assert str(log) in ran.err
    assert log.stat().st_mode & 0o077 == 0

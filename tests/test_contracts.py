"""What is said in more than one place is said alike: action.yml, its reader, README, locks, image.

Every comparison first asserts that there is something to compare.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.adapters import runner
from bot.adapters.github import context
from bot.errors import FailureReason
from bot.model.github import Inputs

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
INPUTS = {
    "command",
    "meshes",
    "role-to-assume",
    "aws-region",
    "audience",
    "github-token",
    "environments",
    "expect-fingerprint",
    "shard",
    "max-shards",
    "rates",
    "require-pull-request",
    "session-tags",
    "comment",
    "lock",
    "lock-wait",
    "debug",
}
OUTPUTS = {
    "has-changes",
    "creates",
    "updates",
    "deletes",
    "fingerprint",
    "plan-json-path",
    "report-html-path",
    "comment-url",
    "matrix",
    "shard-path",
    "failure-reason",
}


# --- action.yml and the code that reads and writes it


def strings_of(*paths: Path) -> set[str]:
    """Every string constant of these modules that is not a docstring."""
    found: set[str] = set()
    for path in paths:
        tree = ast.parse(path.read_text())
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        }
    return found


def variable(name: str) -> str:
    """The variable in which GitHub hands an input over; it keeps the dashes."""
    return f"INPUT_{name.upper().replace(' ', '_')}"


def test_the_action_has_the_inputs_and_outputs_of_the_product() -> None:
    assert set(ACTION["inputs"]) == INPUTS
    assert set(ACTION["outputs"]) == OUTPUTS


def test_every_input_and_output_is_described_and_every_input_has_a_default() -> None:
    for name, entry in (ACTION["inputs"] | ACTION["outputs"]).items():
        assert entry["description"].strip(), name
    assert all("default" in entry for entry in ACTION["inputs"].values())


def test_the_inputs_that_are_read_are_those_of_the_action() -> None:
    assert sorted(context.INPUTS) == sorted(ACTION["inputs"])


@pytest.mark.parametrize("name", sorted(INPUTS - {"github-token", "debug"}))
def test_an_input_reaches_its_field_alone(name: str) -> None:
    inputs = context.read_inputs({variable(name): "a mark"})

    marked = [field.name for field in fields(Inputs) if getattr(inputs, field.name) == "a mark"]
    assert marked == [name.replace("-", "_")]


def test_an_input_left_out_means_what_the_action_says() -> None:
    defaults = {field.name.replace("_", "-"): field.default for field in fields(Inputs)}

    assert defaults
    assert defaults == {name: ACTION["inputs"][name]["default"] for name in defaults}
    assert context.read_input({variable("github-token"): "t"}, context.TOKEN_INPUT) == "t"
    assert context.read_input({variable("debug"): "true"}, context.DEBUG_INPUT) == "true"


def test_the_outputs_that_can_be_set_are_those_of_the_action() -> None:
    assert sorted(runner.OUTPUTS) == sorted(ACTION["outputs"])


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_every_output_is_set_by_the_action_command(name: str) -> None:
    modules = [path for name in ("cli", "usecases") for path in (ROOT / "bot" / name).rglob("*.py")]

    assert name in strings_of(*modules), f"neither the command line nor a use case sets {name}"


def test_the_failure_reasons_of_the_action_are_those_of_the_code() -> None:
    described = ACTION["outputs"]["failure-reason"]["description"]

    assert re.findall(r"`([a-z-]+)`", described) == [r.value for r in FailureReason if r.value]


# --- README.md


def table_under(heading: str, text: str) -> set[str]:
    """The names in the first column of the first table below a heading or a bold line."""
    start = re.search(rf"(?im)^(#+ .*|\*\*|\| *){heading}\b.*$", text)
    assert start, f"README.md has no table of the action's {heading}"
    names: set[str] = set()
    for line in text[start.start() :].splitlines():
        cell = re.match(r"\|\s*`([a-z-]+)`\s*\|", line)
        if cell:
            names.add(cell[1])
        elif names:
            break
    return names


@pytest.mark.parametrize(("heading", "names"), [("Inputs?", INPUTS), ("Outputs?", OUTPUTS)])
def test_the_readme_lists_what_the_action_has(heading: str, names: set[str]) -> None:
    assert table_under(heading, (ROOT / "README.md").read_text()) == names


# --- workflows


def workflows() -> dict[str, Any]:
    paths = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    return {path.name: yaml.safe_load(path.read_text()) for path in paths}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in workflows().items():
        for job in workflow["jobs"].values():
            yield from ((name, step) for step in job["steps"])


def test_the_workflows_use_inputs_and_outputs_that_exist() -> None:
    uses = [(name, step) for name, step in steps() if step.get("uses") == "./"]
    text = "".join(p.read_text() for p in (ROOT / ".github" / "workflows").glob("*.yml"))
    outputs = re.findall(r"steps\.meshbot\.outputs\.([A-Za-z_-]+)", text)

    assert {name for name, _ in uses} == {"plan.yml", "apply.yml", "drift.yml", "review.yml"}
    assert all(set(step.get("with", ())) <= INPUTS and step["id"] == "meshbot" for _, step in uses)
    assert outputs
    assert set(outputs) <= OUTPUTS


def test_no_workflow_writes_an_expression_into_a_script() -> None:
    scripts = [step["run"] for _, step in steps() if "run" in step]

    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_every_workflow_grants_nothing_at_the_top_and_no_checkout_keeps_the_token() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout")]

    assert all(workflow["permissions"] == {} for workflow in workflows().values())
    assert len(checkouts) >= len(workflows()) == 5
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


# --- Dockerfile


DOCKERFILE = (ROOT / "Dockerfile").read_text()
# IAM's name of a service, where botocore's is another.
BOTOCORE = {"servicequotas": "service-quotas"}


def test_the_image_keeps_the_descriptions_of_every_service_that_is_called() -> None:
    kept = re.search(r'^ARG AWS_SERVICES="(.*)"$', DOCKERFILE, re.MULTILINE)
    actions = re.compile(r"([a-z0-9-]+):[A-Z][A-Za-z]+")
    product = [p for p in (ROOT / "bot").rglob("*.py") if "emulator" not in p.parts]
    called = {m[1] for text in strings_of(*product) if (m := actions.fullmatch(text))}

    assert kept
    assert "ec2" in called
    assert {BOTOCORE.get(service, service) for service in called} <= set(kept[1].split())


def test_the_image_runs_meshbot_and_imports_nothing_from_the_workspace() -> None:
    final = re.split(r"(?m)^FROM ", DOCKERFILE)[-1]
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", final, re.MULTILINE)

    assert entry
    command = json.loads(entry[1])
    assert command[0].startswith("/")
    assert "-I" in command
    assert command[-3:] == ["-m", "bot", "action"]
    # GitHub runs container actions as root, in a folder of its own choice.
    assert not re.findall(r"(?m)^(USER|WORKDIR)\b", final)


def test_the_image_is_built_on_a_pinned_digest() -> None:
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)

    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
    assert set(bases[1:]) == {"base"}


# --- locks


def pins(name: str) -> set[tuple[str, str]]:
    """Packages with their versions, of one lock. Markers may differ: who needs it decides."""
    text = (ROOT / "requirements" / name).read_text()
    found = re.findall(r"(?m)^([a-z0-9.-]+)==([^ ;]+)(?: ;[^\\\n]*)? \\$", text)
    assert len(found) == len(re.findall(r"(?m)^[^\s#]", text)), f"{name}: a line that is no pin"
    return set(found)


@pytest.mark.parametrize(("part", "whole"), [("run", "demo"), ("build", "demo"), ("demo", "dev")])
def test_the_locks_are_parts_of_one_resolution(part: str, whole: str) -> None:
    smaller, larger = pins(f"{part}.txt"), pins(f"{whole}.txt")

    assert smaller
    assert smaller <= larger


@pytest.mark.parametrize("name", ["build.txt", "demo.txt", "dev.txt", "run.txt"])
def test_a_lock_holds_hashes_and_names_no_registry(name: str) -> None:
    lock = (ROOT / "requirements" / name).read_text()

    assert lock.count("--hash=sha256:") >= len(pins(name)) > 0
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host|^-", lock, re.MULTILINE)


# --- the package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_has_every_schema_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    schemas = {f"bot/_schema/{path.name}" for path in (ROOT / "schema").glob("*.json")}

    assert schemas
    assert schemas <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bot"}


def test_a_mesh_is_checked_with_the_schema_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import bot.config, bot.errors
assert bot.__file__.startswith(sys.argv[1]), bot.__file__
try:
    bot.config.load({"mesh.yaml": "metadata: {typo: 1}"})
except bot.errors.MeshInvalid as invalid:
    print(invalid)
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", script, tmp_path], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "typo" in done.stdout


# --- schema/

SCHEMA = json.loads((ROOT / "schema" / "mesh.schema.json").read_text())


def examples(schema: object) -> Iterator[tuple[dict[str, Any], object]]:
    """Every part of a schema that has examples, with each of them."""
    if isinstance(schema, dict):
        if isinstance(schema.get("examples"), list):
            yield from ((schema, example) for example in schema["examples"])
        for part in schema.values():
            yield from examples(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from examples(part)


@pytest.mark.parametrize("name", ["mesh.schema.json", "plan.schema.json", "shard.schema.json"])
def test_a_schema_is_versioned_and_its_examples_are_valid(name: str) -> None:
    schema = json.loads((ROOT / "schema" / name).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    found = list(examples(schema))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert re.search(r"v?\d", schema["$id"])
    assert found or name != "mesh.schema.json"
    for part, example in found:
        validator.evolve(schema=part).validate(example)


def test_the_example_meshes_point_editors_to_the_schema() -> None:
    meshes = [*(ROOT / "meshes").rglob("*.y*ml")]

    assert meshes, "meshes/ holds no example"
    for path in meshes:
        modeline = re.search(r"# yaml-language-server: \$schema=(\S+)", path.read_text())
        assert modeline, path
        place = SCHEMA["$id"] if "://" in modeline[1] else (path.parent / modeline[1]).resolve()
        assert place in {modeline[1], ROOT / "schema" / "mesh.schema.json"}, path

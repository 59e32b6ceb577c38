"""The workflows in examples/ fit the action and one another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
REUSABLE = sorted((ROOT / "examples" / "reusable").glob("*.yml"))
CALLING = ROOT / "examples" / "calling" / "meshes.yml"
TWINS = {"mesh-plan": "plan", "mesh-apply": "apply", "mesh-drift": "drift"}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", re.ASCII)


def read(path: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text())
    return loaded


def only_job(path: Path) -> dict[str, Any]:
    [job] = read(path)["jobs"].values()
    assert isinstance(job, dict)
    return job


def inputs_of(path: Path) -> dict[str, Any]:
    """``on`` is true to YAML 1.1."""
    inputs: dict[str, Any] = read(path)[True]["workflow_call"]["inputs"]
    return inputs


def test_there_is_one_for_each_workflow() -> None:
    assert {path.stem for path in REUSABLE} == set(TWINS)


@pytest.mark.parametrize("path", REUSABLE, ids=lambda path: path.stem)
def test_a_reusable_workflow_uses_inputs_and_outputs_that_exist(path: Path) -> None:
    [step] = [step for step in only_job(path)["steps"] if step.get("id") == "meshbot"]
    outputs = set(re.findall(r"steps\.meshbot\.outputs\.([A-Za-z_-]+)", path.read_text()))

    assert set(step["with"]) <= set(ACTION["inputs"])
    assert outputs
    assert outputs <= set(ACTION["outputs"])
    assert set(re.findall(r"inputs\.([a-z-]+)", path.read_text())) == set(inputs_of(path))


@pytest.mark.parametrize("path", [*REUSABLE, CALLING], ids=lambda path: path.stem)
def test_everything_is_pinned_and_nothing_granted_at_the_top(path: Path) -> None:
    used = re.findall(r"(?m)^\s*(?:- )?uses: (\S+)", path.read_text())

    assert used
    assert all(PINNED.fullmatch(name) for name in used), used
    assert read(path)["permissions"] == {}
    assert "run:" not in path.read_text()


@pytest.mark.parametrize("path", REUSABLE, ids=lambda path: path.stem)
def test_the_caller_grants_what_the_called_job_asks_for_and_passes_what_it_has(path: Path) -> None:
    jobs = read(CALLING)["jobs"].values()
    [caller] = [job for job in jobs if f"/{path.name}@" in job["uses"]]
    required = {name for name, entry in inputs_of(path).items() if entry.get("required")}

    assert caller["permissions"] == only_job(path)["permissions"]
    assert required <= set(caller["with"]) <= set(inputs_of(path))


@pytest.mark.parametrize(("name", "twin"), TWINS.items())
def test_a_reusable_workflow_asks_for_what_its_twin_does(name: str, twin: str) -> None:
    jobs = read(ROOT / ".github" / "workflows" / f"{twin}.yml")["jobs"]
    granted = jobs[twin]["permissions"]

    assert only_job(ROOT / "examples" / "reusable" / f"{name}.yml")["permissions"] == granted


def test_the_makefile_lints_the_examples() -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert makefile.count("$(examples)") == 2
    assert "'examples/*/*.yml'" in makefile

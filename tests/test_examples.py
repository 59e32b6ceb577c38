"""The workflows in examples/ fit the action and one another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.usecases.action.gathering import PREFIX

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


# --- by shards: several jobs, of which the last alone writes

SHARDED = sorted((ROOT / "examples" / "sharded").glob("*.yml"))


def meshbot_steps(path: Path) -> dict[str, dict[str, Any]]:
    """The step that runs meshbot, by job."""
    jobs = read(path)["jobs"].items()
    found = {name: [s for s in job["steps"] if s.get("id") == "meshbot"] for name, job in jobs}
    assert all(len(steps) == 1 for steps in found.values())
    return {name: steps[0] for name, steps in found.items()}


def test_there_is_a_sharded_workflow_to_plan_and_one_to_apply() -> None:
    assert [path.stem for path in SHARDED] == ["apply", "plan"]


@pytest.mark.parametrize("path", SHARDED, ids=lambda path: path.stem)
def test_a_sharded_workflow_uses_what_exists_pinned_with_nothing_granted(path: Path) -> None:
    text = path.read_text()
    used = re.findall(r"(?m)^\s*(?:- )?uses: (\S+)", text)
    outputs = set(re.findall(r"steps\.meshbot\.outputs\.([A-Za-z_-]+)", text))

    assert all(set(step["with"]) <= set(ACTION["inputs"]) for step in meshbot_steps(path).values())
    assert {"matrix", "shard-path", "plan-json-path"} <= outputs <= set(ACTION["outputs"])
    assert all(PINNED.fullmatch(name) for name in used), used
    assert read(path)["permissions"] == {}
    assert "run:" not in text


@pytest.mark.parametrize("path", SHARDED, ids=lambda path: path.stem)
def test_only_the_report_may_write_on_pull_requests_and_it_gets_no_aws(path: Path) -> None:
    jobs, steps = read(path)["jobs"], meshbot_steps(path)

    for name in ("shards", path.stem):
        assert "write" not in {jobs[name]["permissions"].get("pull-requests")}
        assert "write" not in {jobs[name]["permissions"].get("checks")}
    for name in ("shards", "report"):
        assert "id-token" not in jobs[name]["permissions"]
        assert "role-to-assume" not in steps[name]["with"]
    assert steps["shards"]["with"]["command"] == "shards"
    assert "report" in steps["report"]["with"]["command"]
    assert set(jobs["report"]["needs"]) == {"shards", path.stem}


@pytest.mark.parametrize("path", SHARDED, ids=lambda path: path.stem)
def test_a_shard_uploads_its_file_under_the_name_that_the_report_looks_for(path: Path) -> None:
    job = read(path)["jobs"][path.stem]
    (upload,) = (s for s in job["steps"] if s.get("uses", "").startswith("actions/upload-artifact"))

    assert upload["with"]["name"] == f"{PREFIX}${{{{ matrix.shard }}}}"
    assert upload["with"]["path"] == "${{ steps.meshbot.outputs.shard-path }}"
    assert job["strategy"]["fail-fast"] is False
    assert meshbot_steps(path)[path.stem]["with"]["shard"] == "${{ matrix.shard }}"

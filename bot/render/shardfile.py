"""What the run of a shard leaves for the report of all of them: ``schema/shard.schema.json``.

It holds the plan as plan.json has it, and what pages show besides: AWS's ids, the picture of
the mesh, and after an apply the outcomes and why not more was done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.engine.review import Verdict
from bot.model.change import (
    Existence,
    MeshPicture,
    Outcome,
    PictureConnection,
    PictureMember,
    Plan,
    Report,
    Result,
)
from bot.model.shard import Shard, numbered
from bot.render.planfile import (
    PlanFileError,
    check_plan,
    check_schema,
    outcome_data,
    parsed,
    plan_data,
)
from bot.render.reachability import as_data
from bot.render.rebuilt import address_of, plan_of, reaches_of, vpc_of

SHARD_SCHEMA = "shard.schema.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reviewing:
    """Why a shard applied what it did: whom it is about, and what was refused.

    ``told`` are numbers of pull requests, ``reviewed`` addresses that were reviewed for the
    refused environments, ``problems`` why recorded plans could not be used, ``reason`` the
    failure-reason of the refusal.
    """

    told: tuple[int, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    reviewed: tuple[str, ...] = ()
    problems: Mapping[int, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShardFile:
    """What one shard's run did. ``plan`` is None when it failed or was superseded.

    ``head`` and ``base`` are commits, ``meshes`` the digest of the mesh files; they tell
    whether shards are parts of one thing. ``failure`` is a reason and a text. ``run`` and
    ``attempt`` are GitHub's numbers of the workflow run that left it, and which attempt it was.
    """

    command: str
    shard: Shard
    head: str = ""
    base: str = ""
    meshes: str = ""
    plan: Plan | None = None
    report: Report | None = None
    reviewing: Reviewing = Reviewing()
    failure: tuple[str, str] | None = None
    superseded: str = ""
    run: str = ""
    attempt: int = 1


def shard_json(file: ShardFile) -> str:
    """The file's text."""
    plan = file.plan or Plan()
    data = {
        "format_version": FORMAT,
        "command": file.command,
        "shard": file.shard.label,
        "environments": list(file.shard.environments),
        "head": file.head,
        "base": file.base,
        "meshes": file.meshes,
        "plan": plan_data(file.plan) if file.plan else None,
        "ids": {str(change.address): change.id for change in plan.changes if change.id},
        "members": [
            {
                "environment": m.environment,
                "vpc": str(m.vpc),
                "existence": str(m.existence),
                "note": m.note,
            }
            for m in plan.mesh.members
        ],
        "connections": [
            {
                "environment": c.environment,
                "first": str(c.first),
                "second": str(c.second),
                "existence": str(c.existence),
            }
            for c in plan.mesh.connections
        ],
        "outcome": _outcome(file.report, file.reviewing) if file.report else None,
        "failure": {"reason": file.failure[0], "text": file.failure[1]} if file.failure else None,
        "superseded": file.superseded,
        "run": file.run,
        "attempt": file.attempt,
    }
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n"


def _outcome(report: Report, reviewing: Reviewing) -> dict[str, Any]:
    return {
        "outcomes": [outcome_data(outcome) for outcome in report.outcomes],
        "warnings": list(report.warnings),
        "lease_lost": report.lease_lost,
        **as_data(report.reachability, "reachability_now"),
        "told": list(reviewing.told),
        "verdicts": [
            {
                "environment": verdict.environment,
                "beyond": [str(change.address) for change in verdict.beyond],
                "refused": verdict.refused,
                "direct": verdict.direct,
            }
            for verdict in reviewing.verdicts
        ],
        "reviewed": list(reviewing.reviewed),
        "problems": {str(number): why for number, why in reviewing.problems.items()},
        "reason": reviewing.reason,
    }


def read_shard(content: bytes) -> ShardFile:
    """A shard's file. Hostile content raises PlanFileError: of another form, or changed."""
    data = parsed(content)
    check_schema(data, SHARD_SCHEMA)
    if data["plan"] is not None:
        check_plan(data["plan"])
    try:
        return _read(data)
    except ValueError as error:
        raise PlanFileError(f"the shard's file cannot be used: {str(error)[:200]}") from error


def _read(data: Mapping[str, Any]) -> ShardFile:
    shard = numbered(data["shard"])
    if shard is None:
        raise PlanFileError(f"there is no shard {data['shard']}.")
    plan = plan_of(data["plan"], data["ids"]) if data["plan"] is not None else None
    plan = replace(plan, mesh=_picture(data)) if plan else None
    told, failure = data["outcome"], data["failure"]
    return ShardFile(
        data["command"],
        replace(shard, environments=tuple(data["environments"])),
        data["head"],
        data["base"],
        data["meshes"],
        plan,
        _report(plan, told) if plan and told else None,
        _reviewing(plan, told) if plan and told else Reviewing(),
        (failure["reason"], failure["text"]) if failure else None,
        data["superseded"],
        data["run"],
        data["attempt"],
    )


def _picture(data: Mapping[str, Any]) -> MeshPicture:
    return MeshPicture(
        tuple(
            PictureMember(m["environment"], vpc_of(m["vpc"]), Existence(m["existence"]), m["note"])
            for m in data["members"]
        ),
        tuple(
            PictureConnection(
                c["environment"], vpc_of(c["first"]), vpc_of(c["second"]), Existence(c["existence"])
            )
            for c in data["connections"]
        ),
    )


def _report(plan: Plan, data: Mapping[str, Any]) -> Report:
    known = {(str(change.address), str(change.action)): change for change in plan.changes}
    outcomes: list[Outcome] = []
    for item in data["outcomes"]:
        change = known.pop((item["address"], item["action"]), None)
        if change is None:
            raise PlanFileError(f"{item['address'][:200]} ended, but was not planned.")
        because = address_of(item["because_of"]) if item["because_of"] else None
        result = Result(item["result"])
        outcomes.append(Outcome(change, result, item["error"], item["advice"], because))
    allowed = replace(plan, changes=tuple(outcome.change for outcome in outcomes))
    found = reaches_of(data.get("reachability_now", ()))
    return Report(allowed, tuple(outcomes), tuple(data["warnings"]), data["lease_lost"], found)


def _reviewing(plan: Plan, data: Mapping[str, Any]) -> Reviewing:
    known = {str(change.address): change for change in plan.changes}
    return Reviewing(
        tuple(data["told"]),
        tuple(
            Verdict(
                item["environment"],
                tuple(known[address] for address in item["beyond"] if address in known),
                item["refused"],
                item["direct"],
            )
            for item in data["verdicts"]
        ),
        tuple(data["reviewed"]),
        {int(number): why for number, why in data["problems"].items()},
        data["reason"],
    )

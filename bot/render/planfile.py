"""The plan as JSON, for machines and for ``--expect-plan``; ``schema/plan.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from bot.config.schema import schema_text
from bot.errors import BotError
from bot.model.change import (
    FORMAT_VERSION,
    Change,
    Gap,
    Membership,
    Outcome,
    Plan,
    Report,
    fingerprint_of,
)
from bot.model.diagnostic import Diagnostic, SourceLine
from bot.render.json_text import json_text
from bot.render.reachability import as_data

CANONICAL_KEYS = ("action", "kind", "address", "before", "after")
"""What of a change the fingerprint covers."""

PLAN_SCHEMA = "plan.schema.json"

MAX_BYTES = 128 * 1024 * 1024
"""Largest plan file that is read: four times the largest mesh that AWS allows."""


class PlanFileError(BotError):
    """A plan file that cannot be used: not of the schema, too large, or changed by hand."""


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """A plan as it was recorded: its fingerprint and its changes as canonical data.

    Each change has the five keys of ``Change.canonical``.
    """

    fingerprint: str
    changes: tuple[Mapping[str, Any], ...]


def plan_json(plan: Plan) -> str:
    """The plan as JSON text: the same bytes for the same plan."""
    return json_text(_plan(plan)) + "\n"


def report_json(report: Report) -> str:
    """What an apply did as JSON text: the plan's form with ``outcomes`` and ``warnings``."""
    outcomes = map(outcome_data, report.outcomes)
    told = _plan(report.plan) | {"outcomes": outcomes, "warnings": list(report.warnings)}
    return json_text({**told, **as_data(report.reachability, "reachability_now")}) + "\n"


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "address": str(outcome.change.address),
        "action": str(outcome.change.action),
        "result": str(outcome.result),
        "error": outcome.error,
        "advice": outcome.advice,
        "because_of": str(outcome.because_of) if outcome.because_of else None,
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    told = _plan(plan)
    return {**told, "changes": list(told["changes"])}


def _plan(plan: Plan) -> dict[str, Any]:
    """A plan as data; its changes are an iterator, since as data they are many times as large."""
    summary = plan.summary
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": plan.fingerprint,
        "fingerprints": dict(sorted(plan.fingerprints.items())),
        "complete": plan.complete,
        "summary": {
            "create": summary.create,
            "update": summary.update,
            "delete": summary.delete,
        },
        "environments": list(plan.environments),
        "changes": map(_change, plan.changes),
        "diagnostics": [diagnostic_data(diagnostic) for diagnostic in plan.diagnostics],
        "refusals": [diagnostic_data(diagnostic) for diagnostic in plan.refusals],
        "gaps": [_gap(gap) for gap in plan.gaps],
        "memberships": [_membership(membership) for membership in plan.memberships],
        **as_data(plan.reachability, "reachability"),
    }


def _change(change: Change[Any]) -> dict[str, Any]:
    return {
        **change.canonical,
        "environments": sorted(change.environments),
        "declared_at": [_line(line) for line in change.declared_at],
        "origin": str(change.origin),
        "reason": change.reason,
    }


def _line(line: SourceLine) -> dict[str, Any]:
    return {"file": line.file, "line": line.line, "column": line.column}


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON data, in the form that plans hold it."""
    return {
        "severity": str(diagnostic.severity),
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "location": _line(diagnostic.location) if diagnostic.location else None,
        "environments": sorted(diagnostic.environments),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "account": gap.scope.account,
        "region": gap.scope.region,
        "action": gap.action,
        "error": gap.error,
    }


def _membership(membership: Membership) -> dict[str, Any]:
    return {
        "environment": membership.environment,
        "account": membership.vpc.scope.account,
        "region": membership.vpc.scope.region,
        "vpc_id": membership.vpc.vpc_id,
        "movement": str(membership.movement),
        "declared_at": _line(membership.declared_at) if membership.declared_at else None,
        "in_base": membership.in_base,
        "note": membership.note,
    }


def read_plan(text: str | bytes) -> RecordedPlan:
    """A recorded plan, from the text of its file.

    Strict: the schema holds (without any network), no key stands twice, no number is
    unending, and the fingerprints are those of the changes. Raises PlanFileError.
    """
    data = parsed(text)
    check_plan(data)
    changes = tuple(_canonical(change) for change in data["changes"])
    return RecordedPlan(data["fingerprint"], changes)


def check_plan(data: Any) -> None:
    """Raises PlanFileError for parsed JSON that is not a plan file, or was changed by hand."""
    _check_version(data)
    check_schema(data, PLAN_SCHEMA)
    _check_fingerprints(data)


def _canonical(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: change[key] for key in CANONICAL_KEYS}


def parsed(text: str | bytes) -> Any:
    """The text's JSON data: no key twice, no unending number. Raises PlanFileError."""
    if len(text) > MAX_BYTES:
        raise PlanFileError(
            f"the plan file has {len(text):,} bytes, more than {MAX_BYTES:,}."
            " Record the plan again with `meshbot plan --out`."
        )
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PlanFileError(
            f"the plan file is not JSON: {error}. Record it with `meshbot plan --out`."
        ) from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:80]!r} stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_version(data: Any) -> None:
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise PlanFileError(
            f"the plan file has format version {str(version)[:40]!r}; this meshbot reads"
            f" {FORMAT_VERSION}. Record the plan again with the meshbot that applies it."
        )


def check_schema(data: Any, schema: str) -> None:
    """Raises PlanFileError for data that does not follow a schema of ``schema/``."""
    from jsonschema.exceptions import best_match

    fault = best_match(_validator(schema).iter_errors(data))
    if fault is not None:
        raise PlanFileError(
            f"the plan file does not follow its schema: {fault.json_path[:200]}:"
            f" {fault.message[:200]}. Record it with `meshbot plan --out`."
        )


def _check_fingerprints(data: Mapping[str, Any]) -> None:
    changes = data["changes"]
    wanted = {None: data["fingerprint"], **data["fingerprints"]}
    for name, recorded in wanted.items():
        own = (c for c in changes if name is None or name in c["environments"])
        if fingerprint_of(_canonical(change) for change in own) != recorded:
            of = "" if name is None else f" of environment {name[:80]!r}"
            raise PlanFileError(
                f"the fingerprint{of} in the plan file is not that of its changes: the file was"
                " changed after it was recorded. Record the plan again and have it reviewed."
            )


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # an empty registry: a reference that is not in the schema is an error, not a download
    return Draft202012Validator(json.loads(schema_text(schema)), registry=Registry())

"""The plan as JSON, for machines and for ``--expect-plan``; ``schema/plan.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

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
    fingerprints_of,
)
from bot.model.diagnostic import Diagnostic, SourceLine
from bot.model.json_text import INDENTED, quoted
from bot.model.remembered import Remembered
from bot.render.json_reader import no_constant, read_object, strict
from bot.render.json_text import Written, json_pieces
from bot.render.reachability import as_data
from bot.render.recorded import Kept

PLAN_SCHEMA = "plan.schema.json"

MAX_BYTES = 384 * 1024 * 1024
"""Largest plan file that is read: twice that of 50 environments of 40 VPCs with three route
tables each, made from nothing."""


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
    return "".join(plan_pieces(plan))


def plan_pieces(plan: Plan) -> Iterator[str]:
    """The same piece by piece: the text of a large plan is several times as large as the plan."""
    yield from json_pieces(_plan(plan))
    yield "\n"


def report_pieces(report: Report) -> Iterator[str]:
    """What an apply did: the plan's form with ``outcomes`` and ``warnings``."""
    outcomes = map(outcome_data, report.outcomes)
    told = _plan(report.plan) | {"outcomes": outcomes, "warnings": report.warnings}
    yield from json_pieces({**told, **as_data(report.reachability, "reachability_now")})
    yield "\n"


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
    return {**_plan(plan), "changes": [_change(change) for change in plan.changes]}


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
        "changes": Written(map(partial(_change_text, side=Remembered(_side_text)), plan.changes)),
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
        **({"names": dict(change.names)} if change.names else {}),
    }


def _side_text(side: Any) -> str:
    return INDENTED.text(side, 3)


def _change_text(change: Change[Any], side: Callable[[Any], str]) -> str:
    """The text of ``_change``, two levels below the whole. Large plans are all but only these."""
    entries = [
        f'"action": "{change.action}"',
        f'"kind": "{change.address.kind}"',
        f'"address": {quoted(str(change.address))}',
        f'"before": {side(change.before)}',
        f'"after": {side(change.after)}',
        f'"environments": {_names_text(change.environments)}',
        f'"declared_at": {_lines_text(change.declared_at)}',
        f'"origin": "{change.origin}"',
        f'"reason": {quoted(change.reason)}',
    ]
    if change.names:
        entries.append(f'"names": {INDENTED.text(dict(change.names), 3)}')
    return INDENTED.bracketed("{", entries, "}", 2)


@lru_cache(maxsize=1 << 12)
def _names_text(names: frozenset[str]) -> str:
    return INDENTED.text(sorted(names), 3)


def _lines_of(lines: tuple[SourceLine, ...]) -> str:
    return INDENTED.bracketed("[", [_line_text(line) for line in lines], "]", 3)


def _line_of(line: SourceLine) -> str:
    return INDENTED.text(line, 4)


_lines_text = Remembered(_lines_of)
_line_text = Remembered(_line_of)


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
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    kept = Kept(_schema(PLAN_SCHEMA))
    data = _within_limits(content, lambda: read_object(content, "changes", kept.keep))
    _check(data, kept)
    return RecordedPlan(data["fingerprint"], kept.canonical)


def check_plan(data: Any) -> None:
    """Raises PlanFileError for parsed JSON that is not a plan file, or was changed by hand."""
    kept = Kept(_schema(PLAN_SCHEMA))
    for change in data.get("changes", ()) if isinstance(data, dict) else ():
        kept.keep(change)
    _check(data, kept)


def _check(data: Any, kept: Kept) -> None:
    """``kept`` are the changes, of which one of each shape is held against the schema."""
    _check_version(data)
    listed = isinstance(data.get("changes"), list)
    one_of_each = {"changes": [change for _, change in kept.shapes]} if listed else {}
    check_schema({**data, **one_of_each}, PLAN_SCHEMA, [index for index, _ in kept.shapes])
    _check_fingerprints(data, kept)


def parsed(text: str | bytes) -> Any:
    """The text's JSON data: no key twice, no unending number. Raises PlanFileError."""
    return _within_limits(
        text, lambda: json.loads(text, object_pairs_hook=strict, parse_constant=no_constant)
    )


def _within_limits(text: str | bytes, read: Callable[[], Any]) -> Any:
    if len(text) > MAX_BYTES:
        raise PlanFileError(
            f"the plan file has {len(text):,} bytes, more than {MAX_BYTES:,}."
            " Record the plan again with `meshbot plan --out`."
        )
    try:
        return read()
    except (ValueError, RecursionError) as error:
        raise PlanFileError(
            f"the plan file is not JSON: {error}. Record it with `meshbot plan --out`."
        ) from error


def _check_version(data: Any) -> None:
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise PlanFileError(
            f"the plan file has format version {str(version)[:40]!r}; this meshbot reads"
            f" {FORMAT_VERSION}. Record the plan again with the meshbot that applies it."
        )


def check_schema(data: Any, schema: str, changes: Sequence[int] = ()) -> None:
    """Raises PlanFileError for data that does not follow a schema of ``schema/``.

    ``changes`` are the places of the data's changes, where not all of them are in it.
    """
    from jsonschema.exceptions import best_match

    fault = best_match(_validator(schema).iter_errors(data))
    if fault is not None:
        path = fault.json_path
        match list(fault.absolute_path):
            case ["changes", int(index), *_] if changes:
                path = path.replace(f"[{index}]", f"[{changes[index]}]", 1)
        raise PlanFileError(
            f"the plan file does not follow its schema: {path[:200]}:"
            f" {fault.message[:200]}. Record it with `meshbot plan --out`."
        )


def _check_fingerprints(data: Mapping[str, Any], kept: Kept) -> None:
    whole, parts = fingerprints_of(kept.canonical, kept.environments, data["fingerprints"])
    compared = [("", whole, data["fingerprint"])]
    compared += [
        (f" of environment {name[:80]!r}", parts[name], recorded)
        for name, recorded in data["fingerprints"].items()
    ]
    for of, found, recorded in compared:
        if found != recorded:
            raise PlanFileError(
                f"the fingerprint{of} in the plan file is not that of its changes: the file was"
                " changed after it was recorded. Record the plan again and have it reviewed."
            )


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # an empty registry: a reference that is not in the schema is an error, not a download
    return Draft202012Validator(_schema(schema), registry=Registry())


@cache
def _schema(name: str) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(schema_text(name))
    return found

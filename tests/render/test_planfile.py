"""The plan's JSON form: written, checked against its schema, read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.config.schema import schema_text
from bot.errors import BotError, ExitCode
from bot.kinds import KINDS
from bot.kinds.peering_options import OptionsSpec
from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.change import Plan
from bot.render import planfile
from bot.render.planfile import plan_json, read_plan
from tests.render import builder, infected
from tests.render.hostile import HOSTILE

SCHEMA = json.loads(schema_text(planfile.PLAN_SCHEMA))


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within a JSON value."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_the_schema_is_valid_and_has_a_versioned_id() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$id"].startswith("urn:meshbot:schema:plan:1")


def test_the_schema_describes_every_property_and_allows_no_other() -> None:
    properties = [p for node in objects(SCHEMA) for p in _properties(node)]

    assert len(properties) > 40
    assert all("description" in definition for definition in SCHEMA["$defs"].values())
    assert all(p.get("description") for p in properties)
    closed = [
        node for node in objects(SCHEMA) if node.get("type") == "object" and "required" in node
    ]
    assert closed
    assert all(node["additionalProperties"] is False for node in closed)


def _properties(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that a schema declares, not the conditions of its if and then."""
    return list(node.get("properties", {}).values()) if "additionalProperties" in node else []


@pytest.mark.parametrize(
    ("name", "spec"),
    [("peering", PeeringSpec), ("options", OptionsSpec), ("route", RouteSpec)],
)
def test_the_schema_has_the_kinds_attributes(name: str, spec: type) -> None:
    assert list(SCHEMA["$defs"][name]["properties"]) == [f.name for f in fields(spec)]


def test_the_schema_has_every_kind() -> None:
    kinds = SCHEMA["$defs"]["change"]["properties"]["kind"]["enum"]

    assert kinds == [kind.NAME for kind in KINDS]


@pytest.mark.parametrize("plan", [Plan(), builder.small(), builder.destructive(), builder.huge(9)])
def test_a_plan_is_read_back_as_it_was_recorded(plan: Plan) -> None:
    recorded = read_plan(plan_json(plan))

    assert recorded.fingerprint == plan.fingerprint
    assert [dict(change) for change in recorded.changes] == [c.canonical for c in plan.changes]


def test_the_same_plan_is_the_same_bytes() -> None:
    assert plan_json(builder.destructive()) == plan_json(builder.destructive())


def test_bytes_are_read_as_text_is() -> None:
    assert read_plan(plan_json(builder.small()).encode()) == read_plan(plan_json(builder.small()))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_survives_exactly(text: str) -> None:
    written = plan_json(infected.plan(text))

    read = json.loads(written)

    assert written.isascii()
    assert read["gaps"][0]["error"] == text
    assert read_plan(written).fingerprint == infected.plan(text).fingerprint


def test_every_field_of_a_plan_is_in_its_file() -> None:
    data = json.loads(plan_json(builder.destructive()))

    assert data["summary"] == {"create": 0, "update": 1, "delete": 12}
    assert data["complete"] is False
    assert data["gaps"][0]["action"] == "sts:AssumeRole"
    assert data["refusals"][0]["code"] == "leaving-percent"
    assert data["diagnostics"][0]["location"] == {
        "file": "meshes/prod.yaml",
        "line": 18,
        "column": 7,
    }
    assert data["memberships"][0]["movement"] == "leaves"
    assert data["memberships"][0]["in_base"] is True
    assert data["changes"][0]["environments"] == ["production"]
    assert data["fingerprints"] == {"production": data["fingerprint"]}


Tamper = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda d: d.update(format_version=2), "format version '2'"),
        (lambda d: d.update(format_version=True), "format version 'True'"),
        (lambda d: d.pop("gaps"), "'gaps' is a required property"),
        (lambda d: d.update(extra=1), "extra"),
        (lambda d: d["changes"][0].update(extra=1), "extra"),
        (lambda d: d["changes"][0].update(action="replace"), "replace"),
        (lambda d: d["changes"][0].update(action="delete"), "schema"),
        (lambda d: d["changes"][0].update(kind="other"), "other"),
        (lambda d: d["changes"][0]["after"].update(extra="x"), "extra"),
        (lambda d: d["changes"][0]["after"].update(status=1), "status"),
        (lambda d: d["changes"][0]["after"].update(status="pending"), "changed after"),
        (lambda d: d["changes"].pop(), "changed after"),
        (lambda d: d["changes"].append(d["changes"][0]), "changed after"),
        (lambda d: d.update(fingerprint="0" * 64), "changed after"),
        (lambda d: d.update(fingerprint="x"), r"\$\.fingerprint"),
        (lambda d: d.update(fingerprint="0" * 64 + "\n"), r"\$\.fingerprint"),
        (lambda d: d["fingerprints"].update(production="0" * 64), "environment 'production'"),
        (lambda d: d["changes"][0].update(environments=[]), "environment 'production'"),
    ],
)
def test_a_file_that_was_changed_is_refused(tamper: Tamper, message: str) -> None:
    data = json.loads(plan_json(builder.small()))
    tamper(data)

    with pytest.raises(BotError, match=message) as refused:
        read_plan(json.dumps(data))

    assert refused.value.exit_code is ExitCode.FAILURE
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{", "1", "[" * 100_000, b"\xff\xfe\x00"),
        *('{"format_version": NaN}', '{"format_version": 1e999}', '{"a": 1, "a": 1}'),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_what_is_no_plan_is_refused(text: str | bytes) -> None:
    with pytest.raises(BotError, match="plan file"):
        read_plan(text)


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(planfile, "MAX_BYTES", 10)

    with pytest.raises(BotError, match="more than 10"):
        read_plan(plan_json(Plan()))

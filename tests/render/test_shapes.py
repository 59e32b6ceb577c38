"""Of changes that are alike to the schema one is checked: never one too few."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.config.schema import schema_text
from bot.render.planfile import PlanFileError, plan_json, read_plan
from bot.render.shapes import Shapes
from tests.render import builder

SCHEMA: dict[str, Any] = json.loads(schema_text("plan.schema.json"))
VALID = Draft202012Validator({**SCHEMA["$defs"]["change"], "$defs": SCHEMA["$defs"]})
CHANGES: list[Any] = json.loads(plan_json(builder.destructive()))["changes"]

ODD: list[Any] = [
    *(None, True, False, 0, 1, 2, -1, 1.0, 1.5, "", "x", "create", "route", "drift"),
    *([], [1], {}, {"a": 1}, "requester", "0" * 64),
]


def shapes() -> Shapes:
    return Shapes(SCHEMA, SCHEMA["$defs"]["change"])


def places(value: Any) -> list[tuple[Any, ...]]:
    """The paths of all values within."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [(), *((key, *path) for key, item in inner for path in places(item))]


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The same with another value at a place."""
    if not path:
        return odd
    made = copy.copy(value)
    made[path[0]] = changed(value[path[0]], path[1:], odd)
    return made


def test_the_schema_says_nothing_that_shapes_do_not_see() -> None:
    assert shapes().usable


@pytest.mark.parametrize("keyword", ["pattern", "maxLength", "minItems", "uniqueItems", "format"])
def test_a_schema_that_looks_closer_has_everything_checked(keyword: str) -> None:
    found = Shapes({}, {"type": "object", "properties": {"a": {keyword: 1}}})

    assert [found.new({"a": "x"}) for _ in range(2)] == [True, True]


@pytest.mark.parametrize("change", [CHANGES[0], CHANGES[-1]], ids=["first", "last"])
def test_what_is_valid_never_has_the_shape_of_what_is_not(change: Any) -> None:
    found, verdicts = shapes(), dict[Any, bool]()
    tried = [changed(change, path, odd) for path in places(change) for odd in ODD]
    for item in [change, *tried]:
        shape = found._shape(item)
        assert verdicts.setdefault(shape, VALID.is_valid(item)) is VALID.is_valid(item), item

    assert set(verdicts.values()) == {True, False}


def test_texts_make_no_shape_of_their_own() -> None:
    found = shapes()

    assert found.new(CHANGES[0])
    assert not found.new({**CHANGES[0], "address": "another", "reason": "another"})


def test_the_fault_of_one_change_is_found_among_many_and_its_place_told() -> None:
    data = json.loads(plan_json(builder.huge(9)))
    *_, place = (at for at, c in enumerate(data["changes"]) if c["kind"] == "route" and c["after"])
    data["changes"][place]["after"]["blackhole"] = "no"
    assert place > 10

    with pytest.raises(PlanFileError, match=rf"changes\[{place}\]\.after\.blackhole"):
        read_plan(json.dumps(data))


def test_a_number_that_equals_another_is_not_taken_for_it() -> None:
    data = json.loads(plan_json(builder.small()))
    routes = [change for change in data["changes"] if change["kind"] == "route"]
    assert len(routes) > 1
    routes[-1]["after"]["blackhole"] = 0

    with pytest.raises(PlanFileError, match="blackhole"):
        read_plan(json.dumps(data))

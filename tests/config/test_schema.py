"""The schema itself: what editors and the loader rely on."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing.exceptions

from bot.config import load, schema
from bot.config.document import document
from bot.config.fault import Faults
from bot.config.node import Mapping, data
from bot.config.text import decoded
from bot.model.diagnostic import SourceLine
from bot.model.mesh import Limits, Metadata

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(schema.schema_text(schema.MESH_SCHEMA))


def parts(value: Any = SCHEMA, path: str = "#") -> Iterator[tuple[str, Any]]:
    """Every mapping inside the schema, with where it stands."""
    if isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from parts(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from parts(item, f"{path}/{index}")


def test_it_is_a_schema_with_a_version() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert re.fullmatch(r"urn:meshbot:schema:mesh:[0-9]+\.[0-9]+", SCHEMA["$id"])


def test_every_property_is_described_and_no_other_is_allowed() -> None:
    objects = [(path, part) for path, part in parts() if isinstance(part.get("properties"), dict)]

    assert len(objects) == 7
    for path, part in objects:
        assert part["additionalProperties"] is False, path
        for name, described in part["properties"].items():
            assert len(described["description"]) > 20, f"{path}: {name}"


def test_every_reference_stays_inside() -> None:
    references = {part["$ref"] for _, part in parts() if isinstance(part.get("$ref"), str)}

    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)


def test_every_pattern_matches_whole_texts_in_ascii_digits() -> None:
    patterns = [(p, part["pattern"]) for p, part in parts() if isinstance(part.get("pattern"), str)]

    assert len(patterns) > 10
    for path, pattern in patterns:
        assert pattern.startswith("^"), path
        assert pattern.endswith("$(?!\n)"), path
        assert "\\d" not in pattern, path
        assert "\\w" not in pattern, path


def test_patterns_explain_themselves() -> None:
    unexplained = [
        p for p, part in parts() if "pattern" in part and "patternErrorMessage" not in part
    ]

    assert unexplained == []


def test_the_schema_knows_the_models_keys() -> None:
    properties = SCHEMA["properties"]

    assert properties["metadata"]["properties"].keys() == {f.name for f in fields(Metadata)}
    limits = SCHEMA["$defs"]["limits"]["properties"]
    assert {key: part["default"] for key, part in limits.items()} == {
        field.name: getattr(Limits(), field.name) for field in fields(Limits)
    }


def test_regions_are_botocores() -> None:
    """When this fails after an update of botocore: put its list into the schema."""
    import botocore.session

    session = botocore.session.Session()
    known = {
        region
        for partition in ("aws", "aws-cn", "aws-us-gov")
        for region in session.get_available_regions("ec2", partition)
    }

    assert SCHEMA["$defs"]["region"]["enum"] == sorted(known)


def test_a_remote_reference_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", fetched)
    monkeypatch.setattr(schema, "schema_text", lambda _: '{"$ref": "https://example.com/x.json"}')
    schema._validator.cache_clear()
    place = SourceLine("x", 1)
    try:
        with pytest.raises(referencing.exceptions.Unresolvable):
            schema.check(Mapping(place, place), Faults())
    finally:
        schema._validator.cache_clear()


def test_the_example_is_valid_and_names_its_schema() -> None:
    path = ROOT / "meshes" / "example.yaml"
    text = path.read_text(encoding="utf-8")

    loaded = load({"meshes/example.yaml": text})

    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (path.parent / named[1]).resolve() == ROOT / "schema" / "mesh.schema.json"
    assert loaded.diagnostics == ()
    assert loaded.mesh.environments.keys() == {"production", "monitoring"}


def test_another_validator_agrees_about_the_good_files() -> None:
    """An editor is no Python: its patterns and types must mean the same."""
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator(SCHEMA)
    cases = sorted((ROOT / "tests" / "config" / "good").glob("*.yaml"))

    assert len(cases) > 12
    for path in cases:
        text = decoded(path.name, path.read_bytes(), Faults())
        root = document(path.name, text or "", Faults())
        assert root
        assert [str(error) for error in validator.iter_errors(data(root))] == [], path.name


def test_another_validator_knows_the_traps() -> None:
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator(SCHEMA)
    member = {"account_id": "111122223333", "region": "us-east-1", "vpc_id": "vpc-0a1b2c3d"}
    metadata = dict.fromkeys(SCHEMA["properties"]["metadata"]["required"], "text")

    def valid(**changed: object) -> bool:
        mesh = {"metadata": metadata, "environments": {"e": [{**member, **changed}]}}
        return bool(validator.is_valid(mesh))

    assert valid()
    assert not valid(account_id="111122223333\n")
    assert not valid(account_id="\uff11" * 12)
    assert not valid(vpc_id="vpc-0a1b2c3d\n")
    assert not valid(peering_tags={"Aws:x": "y"})
    assert not valid(peering_tags={"x": "y\u202e"})
    assert not valid(acount_id="111122223333")


def test_an_installed_package_brings_its_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_schema").mkdir()
    (tmp_path / "_schema" / "mesh.schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(schema, "files", lambda _: tmp_path)

    assert schema.schema_text("mesh.schema.json") == "{}"
    assert json.loads(schema.schema_text("plan.schema.json"))

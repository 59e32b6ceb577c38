"""The emulator's GraphQL schema is a part of GitHub's, signature for signature."""

from __future__ import annotations

from typing import Any

from bot.emulator.github.graphql import schema
from tests.contract.github.checker import document
from tests.contract.github.prune import signature

LEAVES = frozenset({"BigInt", "DateTime", "GitObjectID", "URI"})


def test_every_field_and_argument_is_githubs() -> None:
    github = document("graphql.json")
    emulated: dict[str, Any] = {
        name: kind for name, kind in schema().type_map.items()
        if not name.startswith("__") and name not in {"Boolean", "ID", "Int", "String"} | LEAVES
    }  # fmt: skip

    for name, kind in emulated.items():
        members = getattr(kind, "values", None) or kind.fields
        assert set(members) <= set(github[name]), name
        for field in members if hasattr(kind, "fields") else ():
            ours, theirs = signature(kind.fields[field]), github[name][field]
            assert ours.rpartition(": ")[2] == theirs.rpartition(": ")[2], f"{name}.{field}"
            arguments = ours.rpartition("): ")[0].removeprefix("(").split(", ")
            assert all(argument in theirs for argument in arguments), f"{name}.{field}"
    assert {"viewer", "repository"} <= set(emulated["Query"].fields)

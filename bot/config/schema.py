"""Nodes against schema/mesh.schema.json, with faults a person can act on.

jsonschema decides what is wrong; where it stands and how to say it is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.config.fault import Faults, quoted
from bot.config.node import Mapping, Node, Sequence, data
from bot.config.phrase import Phrase, closest, missing, phrase, unknown_key

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MESH_SCHEMA = "mesh.schema.json"

MAX_FAULTS = 500
"""Schema faults told of per file; a document of another kind has one per value."""

MAX_FINDINGS = 20_000
"""More than this is not even looked at."""

_ORDER = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum")
"""Of several faults of one value the first of these is told."""


def schema_text(name: str) -> str:
    """A schema of ``schema/``: from inside the installed package, else from the checkout."""
    packaged = files("bot") / "_schema" / name
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "schema" / name).read_text(encoding="utf-8")


@cache
def _validator() -> Draft202012Validator:
    # imported here because it is slow, and not needed to say that a file is not YAML
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # an empty registry: a reference that is not in the schema is an error, not a download
    return Draft202012Validator(json.loads(schema_text(MESH_SCHEMA)), registry=Registry())


@dataclass(frozen=True, slots=True)
class _Finding:
    """What jsonschema found: the rule, and the value, or the key of a mapping, that breaks it."""

    path: tuple[str | int, ...]
    key: str | None
    rule: str
    wanted: Any
    schema: dict[str, Any]

    @classmethod
    def of(cls, error: ValidationError) -> _Finding:
        key = str(error.instance) if "propertyNames" in error.absolute_schema_path else None
        schema = error.schema if isinstance(error.schema, dict) else {}
        rule = str(error.validator)
        return cls(tuple(error.absolute_path), key, rule, error.validator_value, schema)

    @property
    def place(self) -> tuple[object, ...]:
        """Of the findings with one place only one is told; those about keys are all told."""
        return (self.path, self.key, "" if self.rule in _ORDER else self.rule)

    @property
    def rank(self) -> int:
        """Which is told first."""
        return _ORDER.index(self.rule) if self.rule in _ORDER else 0

    @property
    def environments(self) -> tuple[str, ...]:
        """The environment it is in."""
        names = self.path[1:2] if self.path[:1] == ("environments",) else ()
        return tuple(str(name) for name in names)

    @property
    def name(self) -> str:
        """What a person would call the value: its key, or which item of which list it is."""
        if self.key is not None:
            tags = self.path[-1] in ("peering_tags", "group_tags")
            return "the tag key" if tags else "the environment name"
        match self.path:
            case [*_, "cidr_overrides", int(index)]:
                return f"item {index + 1} of cidr_overrides"
            case [*above, int(index)]:
                what = "rule" if above == ["security_group_rules"] else "member"
                return f"{what} {index + 1}"
            case ["environments", str(name)]:
                return f"the environment {quoted(name)}"
            case [*_, "peering_tags" | "group_tags", str(tag)]:
                return f"the tag {quoted(tag)}"
            case _:
                return str(self.path[-1]) if self.path else "the document"


def check(root: Node, faults: Faults) -> bool:
    """Record every fault, and mark the nodes that have one as broken.

    False when there were too many to go on.
    """
    errors = _validator().iter_errors(data(root))
    findings = [_Finding.of(error) for error in islice(errors, MAX_FINDINGS + 1)]
    # sorted before it is cut: jsonschema goes through a mapping's keys in no order
    placed = [(_node(root, finding), finding) for finding in _first_of_each(findings)]
    placed.sort(key=lambda pair: pair[0].at)
    countable = len(findings) <= MAX_FINDINGS
    for node, finding in placed[: MAX_FAULTS if countable else 0]:
        _tell(node, finding, faults)
    if countable and len(placed) <= MAX_FAULTS:
        return True
    summary = f"more than {MAX_FAULTS} faults; not all are shown"
    faults.error("too-many-faults", summary, "Is this a mesh file?", root.at)
    return False


def _first_of_each(findings: list[_Finding]) -> list[_Finding]:
    """One finding for each value: the pattern does not matter when the type is wrong."""
    first: dict[tuple[object, ...], _Finding] = {}
    for finding in findings:
        known = first.setdefault(finding.place, finding)
        if finding.rank < known.rank:
            first[finding.place] = finding
    return list(first.values())


def _tell(node: Node, finding: _Finding, faults: Faults) -> None:
    for about, said in _said(node, finding):
        if not about.broken:
            faults.error(
                said.code,
                said.summary,
                said.detail,
                about.at,
                defined=about.defined,
                environments=finding.environments,
            )
        about.broken = True


def _node(root: Node, finding: _Finding) -> Node:
    """The value that a finding is about, or its key."""
    node = root
    for step in finding.path:
        match node:
            case Mapping(entries=entries):
                node = entries[str(step)].value
            case Sequence(items=items):
                node = items[int(step)]
            case _:
                raise TypeError(node)
    if isinstance(node, Mapping) and finding.key is not None:
        return node.entries[finding.key].key
    return node


def _said(node: Node, finding: _Finding) -> Iterator[tuple[Node, Phrase]]:
    """What to say about a finding, and of which node."""
    known = sorted(finding.schema.get("properties", ()))
    match node, finding.rule:
        case Mapping(entries=entries), "additionalProperties":
            for key in entries.keys() - known:
                yield entries[key].key, unknown_key(key, known)
        case Mapping(entries=entries), "required":
            # a key that is only misspelt is told of as unknown
            meant = {close for key in entries.keys() - known for close in closest(key, known)}
            lacking = [k for k in finding.wanted if k not in entries and k not in meant]
            if lacking:
                yield node, missing(finding.name, lacking)
        case _:
            yield node, phrase(finding.name, node, finding.rule, finding.wanted, finding.schema)

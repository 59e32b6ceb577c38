"""Says where an exchange with the GitHub API departs from GitHub's own description of it.

    contract = Contract()
    assert contract.violations("GET", "/repos/o/r", "", None, 200, body) == []

Both directions are checked: path, query parameters and body of the request, status and body of
the reply. Stricter than the description in two points, because it is there to find mistakes: a
query parameter or a body property that GitHub does not document is a violation.
``openapi.json`` is made by prune.py; an operation that is missing there is a violation too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema_rs

HERE = Path(__file__).parent
BASE = "https://contract.invalid/openapi.json"
UNDOCUMENTED = frozenset({401, 403, 404, 422, 429})
"""Statuses any call may get although few operations list them; so may every 5xx."""
DEEP = frozenset({"ref", "path"})
"""Path parameters whose value may contain slashes."""


class Contract:
    """GitHub's REST description, pruned to the operations meshbot's flow uses."""

    def __init__(self) -> None:
        self._document = document("openapi.json")
        self._registry = jsonschema_rs.Registry([(BASE, self._document)])
        self._patterns = [
            (pattern(template), template)
            # A template without parameters wins over one with: most literal first.
            for template in sorted(self._document["paths"], key=literalness)
        ]

    def operation_id(self, method: str, path: str) -> str | None:
        """``checks/create`` for a method and a path without query, or None if undescribed."""
        found = self._find(method, path)
        return str(found[1]["operationId"]) if found else None

    @property
    def operation_ids(self) -> frozenset[str]:
        """Every operation that is described here."""
        paths = self._document["paths"].values()
        return frozenset(op["operationId"] for item in paths for op in item.values())

    def violations(
        self,
        method: str,
        path: str,
        query: str,
        request_body: Any,
        status: int,
        response_body: Any,
    ) -> list[str]:
        """Every departure, each a sentence that names the operation; empty when it conforms.

        ``path`` is as sent, without query; ``query`` undecoded without ``?``; bodies are decoded
        JSON, None for no body. A reply whose body is not JSON has a ``str``.
        """
        found = self._find(method, path)
        if found is None:
            return [f"{method} {path}: not an operation of GitHub's description"]
        template, operation, values = found
        problems = [
            *self._parameters(operation, values, parse_qsl(query, keep_blank_values=True)),
            *self._request(operation, request_body),
            *self._reply(operation, status, response_body),
        ]
        return [f"{method} {template}: {problem}" for problem in problems]

    def _find(self, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]] | None:
        for regex, template in self._patterns:
            operation = self._document["paths"][template].get(method.lower())
            if operation and (match := regex.fullmatch(path)):
                return template, operation, {k: unquote(v) for k, v in match.groupdict().items()}
        return None

    def _parameters(
        self, operation: dict[str, Any], values: dict[str, str], query: list[tuple[str, str]]
    ) -> Iterator[str]:
        described = {(p["in"], p["name"]): p for p in operation["parameters"]}
        names = [name for name, _ in query]
        yield from (f"query parameter {n} is sent twice" for n in set(names) if names.count(n) > 1)
        sent = {("path", n): v for n, v in values.items()} | {("query", n): v for n, v in query}
        for (place, name), text in sent.items():
            where = f"{place} parameter {name}"
            yield from self._parameter(described.get((place, name)), where, text)
        for (place, name), parameter in described.items():
            if place == "query" and parameter.get("required") and (place, name) not in sent:
                yield f"query parameter {name} is missing"

    def _parameter(self, described: dict[str, Any] | None, where: str, text: str) -> Iterator[str]:
        if described is None:
            yield f"{where} is not described"
        elif described["name"] not in DEEP:
            schema = described.get("schema", {})
            yield from (f"{where}: {fault}" for fault in self._faults(schema, typed(text, schema)))

    def _request(self, operation: dict[str, Any], body: Any) -> Iterator[str]:
        described = operation["requestBody"]
        if described is None:
            if body not in (None, {}):
                yield "request: has a body, none is described"
        elif body is None:
            if described["required"]:
                yield "request: the body is missing"
        else:
            for fault in self._faults(described["schema"], body):
                yield f"request: {fault}"
            yield from self._undescribed(described["schema"], body, "request")

    def _undescribed(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        """Property names, at any depth, that no branch of the schema knows."""
        branches = self._branches(schema)
        if isinstance(value, list):
            item: dict[str, Any] = next(
                (branch["items"] for branch in branches if "items" in branch), {}
            )
            for index, element in enumerate(value):
                yield from self._undescribed(item, element, f"{where}[{index}]")
        if not isinstance(value, dict) or any(map(takes_anything, branches)):
            return
        known = {n: s for branch in branches for n, s in branch.get("properties", {}).items()}
        for name, element in value.items():
            if name in known:
                yield from self._undescribed(known[name], element, f"{where}.{name}")
            else:
                yield f"{where}: property {name} is not described"

    def _branches(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self._document["components"]["schemas"][name]
        choices = [c for key in ("anyOf", "oneOf", "allOf") for c in schema.get(key, ())]
        # Branches of anyOf that only add "required" say nothing about names.
        named = [c for c in choices if set(c) - {"required"}]
        return [
            *([schema] if schema.get("properties") or not named else []),
            *(branch for choice in named for branch in self._branches(choice)),
        ]

    def _reply(self, operation: dict[str, Any], status: int, body: Any) -> Iterator[str]:
        responses = operation["responses"]
        if str(status) in responses:
            schema = responses[str(status)]
            if schema is None:
                if status in (204, 205, 304) and body is not None:
                    yield f"reply {status}: has a body"
            else:
                yield from (f"reply {status}: {f}" for f in self._faults(schema, body))
        elif status in UNDOCUMENTED or status >= 500:
            if status < 500 and not (isinstance(body, dict) and "message" in body):
                yield f"reply {status}: an error has a message"
        else:
            yield f"reply {status}: this status is not described"

    def _faults(self, schema: dict[str, Any], value: Any) -> Iterator[str]:
        for error in validator(self._registry, json.dumps(schema)).iter_errors(value):
            yield told(error)


def webhook_violations(event: str, payload: Mapping[str, Any]) -> list[str]:
    """Where an event's payload departs from octokit's schema; ``schedule`` has none."""
    action = payload.get("action", "event") if event not in UNACTIONED else "event"
    schema = {**document("webhooks.json"), "$ref": f"#/definitions/{event}${action}"}
    errors = jsonschema_rs.validator_for(schema).iter_errors(dict(payload))
    return [told(error) for error in errors]


def told(error: jsonschema_rs.ValidationError) -> str:
    """``pull_request/head: …``; the end of a long message is what it is about."""
    where = "/".join(map(str, error.instance_path)) or "."
    return f"{where}: {error.message[-300:]}"


UNACTIONED = frozenset({"push", "workflow_dispatch"})


def exchange_violations(
    contract: Contract, exchanges: Iterable[Mapping[str, Any]], wrong_on_purpose: bool = False
) -> list[str]:
    """Violations of all REST exchanges that the GitHub emulator recorded, in order.

    Replies that a fault rule replaced, cut or dropped are not GitHub's; their requests are still
    checked. ``wrong_on_purpose``: requests that were refused (400, 422) are not.
    """
    found = []
    for exchange in exchanges:
        if exchange["api"] != "rest":
            continue
        said = contract.violations(
            exchange["method"],
            exchange["path"],
            exchange["query"],
            exchange["request_body"],
            500 if exchange["fault"] else exchange["status"],
            exchange["response_body"],
        )
        refused = wrong_on_purpose and exchange["status"] in (400, 422)
        found += [problem for problem in said if not (refused and ": request" in problem)]
    return found


@cache
def document(name: str) -> dict[str, Any]:
    """One of the pruned files beside this module."""
    loaded: dict[str, Any] = json.loads((HERE / name).read_text("utf-8"))
    return loaded


@cache
def validator(registry: jsonschema_rs.Registry, schema: str) -> Any:
    """A compiled schema whose references resolve in the pruned description."""
    return jsonschema_rs.Draft202012Validator(
        based(json.loads(schema)), registry=registry, validate_formats=True
    )


def based(node: Any) -> Any:
    """References made absolute, so that a part of the description can be compiled alone."""
    if isinstance(node, dict):
        return {
            key: BASE + value if key == "$ref" and isinstance(value, str) else based(value)
            for key, value in node.items()
        }
    return [based(value) for value in node] if isinstance(node, list) else node


def takes_anything(branch: Mapping[str, Any]) -> bool:
    """Whether a schema allows an object with properties it does not name."""
    kinds = branch.get("type", "object")
    objects = "object" in ([kinds] if isinstance(kinds, str) else kinds)
    return objects and bool(branch.get("additionalProperties") or not branch.get("properties"))


def pattern(template: str) -> re.Pattern[str]:
    """``/a/{b}`` as a regular expression with a group for each parameter."""
    parts = re.split(r"\{(\w+)\}", template)
    text = "".join(
        re.escape(part) if index % 2 == 0 else f"(?P<{part}>{'.*' if part in DEEP else '[^/]+'})"
        for index, part in enumerate(parts)
    )
    return re.compile(text)


def literalness(template: str) -> tuple[int, int, int]:
    """Sort key: templates with fewer and shallower parameters first, then the longer."""
    names = re.findall(r"\{(\w+)\}", template)
    return (sum(name in DEEP for name in names), len(names), -len(template))


def typed(text: str, schema: Mapping[str, Any]) -> Any:
    """A parameter's text as the type its schema names."""
    kinds = schema.get("type")
    if kinds == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kinds == "boolean" and text in ("true", "false"):
        return text == "true"
    return text

"""Make the contract files here from GitHub's own descriptions of its API.

    npm pack @octokit/openapi@23.0.2 @octokit/webhooks-schemas@7.6.1 @octokit/graphql-schema@15.26.1
    (unpack each), then:
    python tests/contract/github/prune.py OPENAPI/generated/api.github.com.json \\
        WEBHOOKS/schema.json GRAPHQL/schema.graphql

What is kept: the operations, events and types that meshbot's flow touches. What is changed:
OpenAPI 3.0's ``nullable`` becomes JSON Schema 2020-12; prose and examples go. Nothing else.
All three packages are MIT licensed, see LICENSE.octokit beside this file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPO = "/repos/{owner}/{repo}"
OPERATIONS: dict[str, str] = {
    "/user": "get",
    "/users/{username}": "get",
    "/rate_limit": "get",
    REPO: "get",
    f"{REPO}/branches": "get",
    f"{REPO}/branches/{{branch}}": "get",
    f"{REPO}/git/blobs/{{file_sha}}": "get",
    f"{REPO}/git/commits/{{commit_sha}}": "get",
    f"{REPO}/git/trees/{{tree_sha}}": "get",
    f"{REPO}/git/ref/{{ref}}": "get",
    f"{REPO}/git/matching-refs/{{ref}}": "get",
    f"{REPO}/git/refs": "post",
    f"{REPO}/git/refs/{{ref}}": "patch delete",
    f"{REPO}/contents/{{path}}": "get",
    f"{REPO}/commits": "get",
    f"{REPO}/commits/{{ref}}": "get",
    f"{REPO}/commits/{{commit_sha}}/pulls": "get",
    f"{REPO}/compare/{{basehead}}": "get",
    f"{REPO}/pulls": "get post",
    f"{REPO}/pulls/{{pull_number}}": "get patch",
    f"{REPO}/pulls/{{pull_number}}/files": "get",
    f"{REPO}/pulls/{{pull_number}}/commits": "get",
    f"{REPO}/pulls/{{pull_number}}/merge": "get put",
    f"{REPO}/pulls/{{pull_number}}/reviews": "get post",
    f"{REPO}/pulls/{{pull_number}}/reviews/{{review_id}}": "get put",
    f"{REPO}/pulls/{{pull_number}}/reviews/{{review_id}}/dismissals": "put",
    f"{REPO}/issues": "get post",
    f"{REPO}/issues/{{issue_number}}": "get patch",
    f"{REPO}/issues/{{issue_number}}/comments": "get post",
    f"{REPO}/issues/{{issue_number}}/labels": "get post",
    f"{REPO}/issues/comments/{{comment_id}}": "get patch delete",
    f"{REPO}/check-runs": "post",
    f"{REPO}/check-runs/{{check_run_id}}": "get patch",
    f"{REPO}/check-runs/{{check_run_id}}/annotations": "get",
    f"{REPO}/check-suites/{{check_suite_id}}": "get",
    f"{REPO}/check-suites/{{check_suite_id}}/check-runs": "get",
    f"{REPO}/commits/{{ref}}/check-runs": "get",
    f"{REPO}/commits/{{ref}}/check-suites": "get",
    f"{REPO}/deployments": "get post",
    f"{REPO}/deployments/{{deployment_id}}": "get delete",
    f"{REPO}/deployments/{{deployment_id}}/statuses": "get post",
    f"{REPO}/deployments/{{deployment_id}}/statuses/{{status_id}}": "get",
    f"{REPO}/actions/artifacts": "get",
    f"{REPO}/actions/artifacts/{{artifact_id}}": "get",
    f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}": "get",
    f"{REPO}/actions/runs": "get",
    f"{REPO}/actions/runs/{{run_id}}": "get",
    f"{REPO}/actions/runs/{{run_id}}/artifacts": "get",
    f"{REPO}/collaborators/{{username}}/permission": "get",
}
EVENTS = (
    *("pull_request$opened", "pull_request$synchronize", "pull_request$reopened"),
    *("pull_request$closed", "merge_group$checks_requested"),
    *(f"pull_request_review${action}" for action in ("submitted", "edited", "dismissed")),
    *("push$event", "workflow_dispatch$event"),
)
GRAPHQL_TYPES = (
    *("Query", "Mutation", "User", "Bot", "Actor", "Repository", "PullRequest", "Issue"),
    *("IssueComment", "IssueCommentConnection", "PageInfo", "Minimizable"),
    *("PullRequestReview", "PullRequestReviewConnection", "PullRequestReviewState", "Commit"),
    *("MinimizeCommentInput", "MinimizeCommentPayload"),
    *("UnminimizeCommentInput", "UnminimizeCommentPayload", "ReportedContentClassifiers", "Node"),
)
PROSE = ("description", "example", "examples", "externalDocs", "tags", "deprecated", "title")


def main(openapi: str, webhooks: str, graphql: str) -> None:
    """Write openapi.json, webhooks.json and graphql.json beside this file."""
    write("openapi.json", pruned_openapi(json.loads(Path(openapi).read_text("utf-8"))))
    write("webhooks.json", pruned_webhooks(json.loads(Path(webhooks).read_text("utf-8"))))
    write("graphql.json", pruned_graphql(Path(graphql).read_text("utf-8")))


def write(name: str, document: Any) -> None:
    """One minified file, keys in a fixed order."""
    text = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    (HERE / name).write_text(text + "\n", "utf-8")


def pruned_openapi(document: dict[str, Any]) -> dict[str, Any]:
    """``paths`` reduced to parameters, request body and replies, and the schemas they reach."""
    paths = {
        path: {
            method: operation(document, document["paths"][path], method)
            for method in methods.split()
        }
        for path, methods in OPERATIONS.items()
    }
    schemas = reachable(paths, document["components"]["schemas"], "#/components/schemas/")
    source = {key: document["info"][key] for key in ("version", "license")}
    kept: dict[str, Any] = {"info": source, "paths": paths, "components": {"schemas": schemas}}
    pruned: dict[str, Any] = modern(kept)
    return pruned


def operation(document: dict[str, Any], item: dict[str, Any], method: str) -> dict[str, Any]:
    """What a request and its replies must look like, with references to parts resolved."""
    found = item[method]
    parameters = [resolved(document, p) for p in found.get("parameters", ())]
    body = found.get("requestBody")
    return {
        "operationId": found["operationId"],
        "parameters": [
            {key: p[key] for key in ("name", "in", "required", "schema") if key in p}
            for p in parameters
        ],
        "requestBody": body
        and {"required": body.get("required", False), "schema": schema_of(body)},
        "responses": {
            status: schema_of(resolved(document, reply))
            for status, reply in found["responses"].items()
        },
    }


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part a ``$ref`` into ``components`` names, or the part itself."""
    if "$ref" not in part:
        return part
    found: Any = document
    for key in part["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return dict(found)


def schema_of(part: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the JSON form of a body; None when it has no JSON form."""
    content = part.get("content", {})
    for media_type in ("application/json", "application/scim+json"):
        if media_type in content:
            schema: dict[str, Any] = content[media_type].get("schema", {})
            return schema
    return None


def reachable(root: Any, definitions: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The definitions that ``root`` refers to, directly or not."""
    found: dict[str, Any] = {}
    waiting = list(references(root, prefix))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting.extend(references(found[name], prefix))
    return found


def references(node: Any, prefix: str) -> Iterator[str]:
    """Names after ``prefix`` of every ``$ref`` below ``node``."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(prefix)
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from references(value, prefix)
    elif isinstance(node, list):
        for value in node:
            yield from references(value, prefix)


def modern(node: Any, names: bool = False) -> Any:
    """A 3.0 schema as 2020-12, without prose. ``names``: the keys here are property names."""
    if isinstance(node, list):
        return [modern(value) for value in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {key: modern(value) for key, value in node.items()}
    kept = {
        key: modern(value, names=key in ("properties", "schemas", "responses", "paths"))
        for key, value in node.items()
        if not (key in PROSE or key.startswith("x-"))
    }
    # GitHub's own bot addresses (…github-actions[bot]@…) are not RFC 5321 mailboxes, and an empty
    # text that is the default of a "uri" is none.
    if kept.get("format") == "email" or kept.get("default") == "":
        kept.pop("format", None)
    return nulled(kept) if kept.pop("nullable", False) else kept


def nulled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema or null."""
    if "$ref" in schema or not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return {**schema, "type": [schema["type"], "null"]}


def pruned_webhooks(document: dict[str, Any]) -> dict[str, Any]:
    """The definitions of the events we deliver; already JSON Schema (draft 7)."""
    wanted = {name: {"$ref": f"#/definitions/{name}"} for name in EVENTS}
    found = reachable(wanted, document["definitions"], "#/definitions/")
    return {"$schema": document["$schema"], "definitions": modern(found, names=True)}


def pruned_graphql(text: str) -> dict[str, dict[str, str]]:
    """Type → field → signature such as ``(first: Int, after: String): Thing!``."""
    from graphql import build_schema

    # GitHub publishes a field twice; strict building refuses that.
    schema = build_schema(text, assume_valid=True)
    types: dict[str, dict[str, str]] = {}
    for name in GRAPHQL_TYPES:
        kind: Any = schema.type_map[name]
        if hasattr(kind, "values"):
            types[name] = dict.fromkeys(kind.values, "")
        else:
            types[name] = {field: signature(kind.fields[field]) for field in kind.fields}
    return types


def signature(field: Any) -> str:
    """A field as it is written in a schema, without defaults."""
    arguments = ", ".join(f"{n}: {a.type}" for n, a in getattr(field, "args", {}).items())
    return re.sub(r"^\(\)", "", f"({arguments})") + f": {field.type}"


if __name__ == "__main__":
    main(*sys.argv[1:])

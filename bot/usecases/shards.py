"""Shards: how the environments are divided over several runs. Offline."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.errors import UsageError
from bot.model.shard import Shard
from bot.render import escape

MOST = 8
"""Shards when nobody says how many: as many jobs start at once without much of a queue."""


def matrix_json(shards: Sequence[Shard]) -> str:
    """A GitHub Actions matrix on one line; raises UsageError for a name that it cannot hold."""
    return json.dumps({"include": [_entry(shard) for shard in shards]}, separators=(",", ":"))


def _entry(shard: Shard) -> dict[str, object]:
    for name in shard.environments:
        if "," in name or name != name.strip():
            raise UsageError(
                f"The environment {name!r} has a comma in its name, or blanks around it: the input"
                " environments would not name it. Rename it, or run without shards."
            )
    return {
        "shard": shard.label,
        "environments": ",".join(shard.environments),
        "peerings": shard.peerings,
        "routes": shard.routes,
    }


def shards_text(shards: Sequence[Shard], form: str) -> str:
    """The shards as ``text``, ``json`` (the matrix) or ``markdown``. Raises UsageError."""
    if form == "json":
        return matrix_json(shards)
    if form == "markdown":
        return _markdown(shards)
    if not shards:
        return "The mesh files name no environment."
    return "\n".join(
        f"{shard.label}: {escape.terminal(', '.join(shard.environments), 4000)}"
        f" (about {shard.peerings:,} peerings, {shard.routes:,} routes)"
        for shard in shards
    )


def _markdown(shards: Sequence[Shard]) -> str:
    rows = [
        f"| {shard.label} | {', '.join(map(escape.code, shard.environments))}"
        f" | {shard.peerings:,} | {shard.routes:,} |"
        for shard in shards
    ]
    head = ["| Shard | Environments | Peerings, about | Routes, about |", "|---|---|--:|--:|"]
    return "\n".join([*head, *rows])

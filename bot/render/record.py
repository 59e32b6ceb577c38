"""A plan's record as the text of its check run, and back.

The text and not the ``external_id`` carries it: GitHub documents 65,535 characters for the
text (REST: check runs) and no limit at all for the id, and a record grows with the number of
environments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from bot.model.record import Record

VERSION = 1
MAX_TEXT = 60_000
"""Below GitHub's 65,535 characters."""
_OPENING = "```json meshbot:record"
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_RUN = re.compile(r"[0-9]{1,18}", re.ASCII)
# Kept from ending the fence or starting HTML, whatever the environments are called.
_MARKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "`<>&"}


def record_text(record: Record) -> str:
    """Markdown that holds the record on one line of its own; nothing when it cannot fit."""
    for kept in (record, replace(record, fingerprints={})):
        text = _text(kept)
        if len(text) <= MAX_TEXT:
            return text
    return ""


def _text(record: Record) -> str:
    data = {"version": VERSION, **asdict(record)}
    line = json.dumps(data, sort_keys=True, ensure_ascii=True).translate(_MARKS)
    return (
        "<details><summary>What meshbot recorded of this plan, for the apply</summary>\n\n"
        f"{_OPENING}\n{line}\n```\n\n</details>\n"
    )


def read_record(text: str) -> Record | None:
    """The record in a check run's text; None when there is none, or more than one, or a bad one."""
    lines = text.replace("\r\n", "\n").split("\n")
    places = [number for number, line in enumerate(lines) if line == _OPENING]
    if len(places) != 1 or places[0] + 1 >= len(lines):
        return None
    try:
        data = json.loads(lines[places[0] + 1])
    except (ValueError, RecursionError):
        return None
    return _record(data) if isinstance(data, dict) else None


def _record(data: dict[str, Any]) -> Record | None:
    names = {field.name for field in fields(Record)}
    if data.pop("version", None) != VERSION or set(data) != names or not _sound(data):
        return None
    data["refused"] = tuple(data["refused"])
    return Record(**data)


def _sound(data: Mapping[str, Any]) -> bool:
    texts = ("branch", "headline", "artifact", "stale")
    number = data["number"]
    return (
        type(number) is int
        and number > 0
        and all(_fits(_COMMIT, data[name]) for name in ("head", "base"))
        and all(_fits(_HEX, data[name]) for name in ("meshes", "digest", "fingerprint"))
        and all(isinstance(data[name], str) for name in texts)
        and all(isinstance(data[name], bool) for name in ("complete", "faulty"))
        and _fits(_RUN, data["run_id"])
        and _names(data["refused"])
        and isinstance(data["fingerprints"], dict)
        and all(_fits(_HEX, value) for value in data["fingerprints"].values())
    )


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)

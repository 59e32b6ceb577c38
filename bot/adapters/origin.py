"""What a command was started for, when it runs in a job of GitHub Actions outside our action.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from bot.model.session import RunOrigin

LARGEST_PAYLOAD = 30_000_000
"""Bytes. GitHub caps payloads at 25 MB."""

_PULL = re.compile(r"refs/pull/([0-9]{1,18})/(?:merge|head)", re.ASCII)


def run_origin(environ: Mapping[str, str] | None = None) -> RunOrigin:
    """The job's repository, pull request and run; nothing on a laptop, where no run has a number.

    Whoever starts the process can set these variables: what they hold is text, no proof.
    """
    given = os.environ if environ is None else environ
    run = given.get("GITHUB_RUN_ID", "")
    if not run:
        return RunOrigin()
    return RunOrigin(
        repository=given.get("GITHUB_REPOSITORY", ""),
        pull_request=_pull_request(given),
        run_id=run,
        run_attempt=given.get("GITHUB_RUN_ATTEMPT", ""),
        commit=given.get("GITHUB_SHA", ""),
    )


def _pull_request(given: Mapping[str, str]) -> int:
    """Its number by the ref, else by the event's payload; 0 for a run of no pull request."""
    named = _PULL.fullmatch(given.get("GITHUB_REF", ""))
    return int(named[1]) if named else _in_payload(given.get("GITHUB_EVENT_PATH", ""))


def _in_payload(path: str) -> int:
    try:
        file = Path(path)
        if not file.is_file() or file.stat().st_size > LARGEST_PAYLOAD:
            return 0
        payload = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return 0
    pull = payload.get("pull_request") if isinstance(payload, dict) else None
    number = pull.get("number") if isinstance(pull, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else 0

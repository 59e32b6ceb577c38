"""What a run calls its sessions in AWS: for CloudTrail, and for policies that look at tags.

A session name is 2 to 64 characters of ``[A-Za-z0-9_+=,.@-]``; a tag's value has up to 256 of
letters, digits, white space and ``_.:/=+-@``
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

LONGEST_NAME = 64
LONGEST_TAG = 256

_LEAST = 4
"""A repository of which fewer characters would be left is left out: nobody could tell it."""


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """What a run was started for; all of it is empty on a laptop.

    ``repository`` is ``owner/name``, ``run_id`` GitHub's number of the run, ``run_attempt``
    counts its re-runs from 1, ``commit`` is the one that started it.
    """

    repository: str = ""
    pull_request: int = 0
    run_id: str = ""
    run_attempt: str = ""
    commit: str = ""


def session_name(name: str, origin: RunOrigin | None = None) -> str:
    """``name-owner.repository-pr7-run42``, whatever the parts hold.

    The pull request and the run are kept whole: they lead to everything else. The rest
    shares what is left: first the repository loses its owner, then its end, then ``name``
    its end. Different run ids never give one name.
    """
    origin = origin or RunOrigin()
    tail = "".join(f"-{part}" for part in (_pull(origin), _run(origin)) if part)
    head = _of_set(name)[: LONGEST_NAME - len(tail)]
    whole = (head + _repository(origin, LONGEST_NAME - len(head + tail)) + tail).lstrip("-")
    whole = whole or "meshbot"
    return whole if len(whole) > 1 else f"{whole}-"


def session_tags(origin: RunOrigin) -> tuple[tuple[str, str], ...]:
    """Keys and values of what is known of the run, by key."""
    known = {
        "Commit": origin.commit,
        "PullRequest": str(origin.pull_request or ""),
        "Repository": origin.repository,
        "Run": origin.run_id,
    }
    return tuple((key, _tag(value)) for key, value in known.items() if value)


def _pull(origin: RunOrigin) -> str:
    return f"pr{origin.pull_request}"[:12] if origin.pull_request > 0 else ""


def _run(origin: RunOrigin) -> str:
    """The last part, which has no dash: two names differ where their runs do."""
    run, attempt = origin.run_id, origin.run_attempt
    if not run:
        return ""
    if not re.fullmatch(r"[0-9]{1,20}", run):  # not GitHub's: told apart, and not shown
        return "runx" + hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    again = f".{attempt}" if re.fullmatch(r"[2-9]|[1-9][0-9]{1,3}", attempt) else ""
    return f"run{run}{again}"


def _repository(origin: RunOrigin, room: int) -> str:
    """With a dash in front, at most ``room`` characters; nothing if that is too few."""
    name = origin.repository.rpartition("/")[2]
    for text in (origin.repository.replace("/", "."), name):
        if 0 < len(text) < room:
            return f"-{_of_set(text)}"
    cut = _of_set(name)[: max(room - 1, 0)]
    return f"-{cut}" if len(cut) >= _LEAST else ""


def _of_set(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", text)


def _tag(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9 _.:/=+@-]", "-", value)[:LONGEST_TAG]

"""Watches what a run is given to keep secret, and where it goes.

The watcher sits in the HTTP libraries, below everything of meshbot, and reads the secrets off the
answers of the emulated STS and GitHub. It can also answer in place of AWS.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter

from bot import cli

_ISSUED = re.compile(r"<(?:SecretAccessKey|SessionToken)>([^<]+)<")
_HELD = ("X-Amz-Security-Token", "x-amz-security-token")

Answering = Callable[[str, str, bytes], bytes | None]
"""From a request's action, its session token and the answer's body to another body, or None."""


@dataclass
class Watch:
    """The secrets of one run, what it printed, and secrets that were used before they were masked.

    ``expected`` says that the run has a runner to tell about secrets.
    """

    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    known: set[str] = field(default_factory=set)
    unmasked: list[str] = field(default_factory=list)
    expected: bool = False
    answering: Answering | None = None
    status: int = 200

    def run(self, *arguments: str) -> int:
        """A command in this process; its exit code. pytest has the outputs until a test begins."""
        with redirect_stdout(self.out), redirect_stderr(self.err):
            return cli.run(arguments)

    def issued(self, text: str) -> None:
        """Secrets of an STS answer."""
        self.known.update(_ISSUED.findall(text))

    def used(self, secret: str) -> None:
        """A secret is about to be sent."""
        if self.expected and f"::add-mask::{secret}\n" not in self.out.getvalue():
            self.unmasked.append(secret)

    def shown(self) -> str:
        """Everything printed but the masks that hide it."""
        lines = self.out.getvalue().splitlines(keepends=True)
        kept, off = [], ""
        for line in lines:
            if off:
                off = "" if line.strip() == f"::{off}::" else off
            elif line.startswith("::stop-commands::"):
                off = line.removeprefix("::stop-commands::").strip()
            elif line.startswith("::add-mask::"):
                continue
            kept.append(line)
        return "".join(kept) + self.err.getvalue()


def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Start watching what this process sends and receives."""
    watching = Watch()
    aws, web = URLLib3Session.send, HTTPAdapter.send

    def to_aws(self: URLLib3Session, request: Any) -> Any:
        held = next((_text(request.headers[n]) for n in _HELD if n in request.headers), "")
        if held:
            watching.known.add(held)
            watching.used(held)
        answer: Any = aws(self, request)
        watching.issued(answer.content.decode("utf-8", "replace"))
        if watching.answering:
            action = _action(request)
            other = watching.answering(action, held, answer.content)
            if other is not None:
                answer._content, answer.status_code = other, watching.status
                answer.headers["Content-Length"] = str(len(other))
        return answer

    def to_web(self: Any, request: Any, **given: Any) -> Any:
        answer = web(self, request, **given)
        if "/idtoken" in str(request.url) and answer.status_code == 200:
            watching.known.add(json.loads(answer.content)["value"])
        return answer

    monkeypatch.setattr(URLLib3Session, "send", to_aws)
    monkeypatch.setattr(HTTPAdapter, "send", to_web)
    return watching


def _action(request: Any) -> str:
    body = _text(request.body or "")
    found = re.search(r"(?:^|&)Action=(\w+)", body)
    return found[1] if found else ""


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

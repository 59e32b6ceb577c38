"""A repository on a pretended API: shapes of its answers, and a session that does not wait."""

from __future__ import annotations

import json
from typing import Any

import responses

from bot.adapters.github.session import Session, open_session

API = "http://127.0.0.1:9/api"
REPO = f"{API}/repos/acme/net"
BOT = "github-actions[bot]"
MARKER = "<!-- meshbot:v1 key=meshes -->"


class Waits:
    """A sleep that only remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def session(waits: Waits | None = None) -> Session:
    """A session for acme/net."""
    return open_session(API, "t0ken", "acme/net", seconds_between_writes=0, sleep=waits or Waits())


def comment(number: int, body: str | None, login: str | None = BOT) -> dict[str, Any]:
    """A comment of pull request 7."""
    return {
        "id": number,
        "url": f"{REPO}/issues/comments/{number}",
        "html_url": f"https://github.example/acme/net/pull/7#issuecomment-{number}",
        "body": body,
        "user": {"login": login, "id": 1} if login else None,
    }


def viewer(login: str = BOT) -> None:
    """Has GraphQL say whose the token is."""
    responses.post(f"{API}/graphql", json={"data": {"viewer": {"login": login}}})


def sent(method: str, part: str = "") -> list[responses.Call]:
    """The calls of a method whose URL holds a text."""
    calls = [responses.calls[index] for index in range(len(responses.calls))]
    return [c for c in calls if c.request.method == method and part in str(c.request.url)]


def body(call: responses.Call) -> Any:
    """What a call sent."""
    sent_body = call.request.body
    assert isinstance(sent_body, str | bytes)
    return json.loads(sent_body)

"""What the token for GitHub may read, tried out; what it may write is not tried.

Sources: https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps and,
for ``X-OAuth-Scopes``,
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.github.context import TOKEN_INPUT, read_input
from bot.adapters.github.session import Session, open_session
from bot.errors import BotError, GitHubError, GitHubRefused
from bot.model.doctor import TokenFacts

_READS = {
    "contents": "/commits?per_page=1",
    "pull-requests": "/pulls?per_page=1",
    "checks": "/commits/{branch}/check-runs?per_page=1",
    "actions": "/actions/artifacts?per_page=1",
    "deployments": "/deployments?per_page=1",
    "issues": "/issues?per_page=1",
}
"""A read that needs the permission, below the repository's address."""


def probe_token(environ: Mapping[str, str]) -> TokenFacts:
    """Asks GitHub with the token of the environment, if there is one. Never raises BotError."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    in_actions = environ.get("GITHUB_ACTIONS") == "true"
    oidc = bool(environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"))
    token = read_input(environ, TOKEN_INPUT) or environ.get("GITHUB_TOKEN", "")
    if not (token and repository):
        missing = "GITHUB_TOKEN" if not token else "GITHUB_REPOSITORY"
        problem = f"{missing} is not set: GitHub was not asked"
        return TokenFacts(repository, in_actions, oidc, problem=problem)
    try:
        session = open_session(environ.get("GITHUB_API_URL", ""), token, repository)
        return _probed(session, TokenFacts(repository, in_actions, oidc))
    except BotError as error:
        return TokenFacts(repository, in_actions, oidc, problem=str(error))


def probe_own_token() -> TokenFacts:
    """The token of this process's environment."""
    return probe_token(os.environ)


def _probed(session: Session, known: TokenFacts) -> TokenFacts:
    headers, repository = _get(session.needing("contents: read"), "")
    told = headers.get("x-oauth-scopes")
    scopes = None if told is None else frozenset(filter(None, map(str.strip, told.split(","))))
    branch = quote(str(repository.get("default_branch") or "main"), safe="")
    refused: dict[str, str] = {}
    for permission, path in _READS.items():
        try:
            _get(session.needing(f"{permission}: read"), path.replace("{branch}", branch))
        except GitHubRefused as error:
            refused[permission] = str(error)
        except GitHubError as error:
            if "409" not in str(error):  # an empty repository, which the token may read
                refused[permission] = str(error)
    allowed = tuple(name for name in _READS if name not in refused)
    public = repository.get("private") is False
    return TokenFacts(
        known.repository, known.in_actions, known.oidc, allowed, refused, scopes, public
    )


def _get(session: Session, path: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    def ask() -> tuple[Mapping[str, str], Mapping[str, Any]]:
        url = f"/repos/{quote(session.name)}{path}"
        headers, data = session.github.requester.requestJsonAndCheck("GET", url)
        return headers, data if isinstance(data, dict) else {}

    what = path.partition("?")[0].strip("/") or "repository"
    return session.call(f"read its {what}", ask)

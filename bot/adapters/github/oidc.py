"""GitHub's OIDC token, which AWS exchanges for the initial role.

Source: https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from bot.adapters.github.session import PAUSES, TIMEOUT
from bot.errors import GitHubError

MAX_TOKEN = 20_000
"""Characters; STS takes a web identity token of this length at most."""


def token_supplier(
    environ: Mapping[str, str],
    audience: str,
    mask: Callable[[str], None],
    sleep: Callable[[float], object] = time.sleep,
) -> Callable[[], str]:
    """A function that fetches a fresh token each time and has it masked.

    It raises GitHubError: a job without the permission gets no address to ask.
    """
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")

    def supply() -> str:
        if not (url and bearer):
            raise GitHubError(
                "The job may not ask for an OIDC token, so role-to-assume cannot be used. "
                "Add `id-token: write` to the job's `permissions:` (a pull request from a "
                "fork never gets it)."
            )
        token = _fetch(url, bearer, audience, sleep)
        mask(token)
        return token

    return supply


def _fetch(url: str, bearer: str, audience: str, sleep: Callable[[float], object]) -> str:
    token, fault = _ask(url, bearer, audience)
    for pause in PAUSES:
        if token or not fault.startswith(("5", "429", "ConnectionError", "Timeout")):
            break
        sleep(pause)
        token, fault = _ask(url, bearer, audience)
    if token:
        return token
    raise GitHubError(
        f"GitHub gave no OIDC token for the audience {audience} ({fault}). Run the job again."
    )


def _ask(url: str, bearer: str, audience: str) -> tuple[str, str]:
    """The token or what went wrong; never the address or the bearer, which are secrets."""
    import requests

    try:
        answer = requests.get(
            url,
            params={"audience": audience},
            # an auth of our own keeps requests from putting ~/.netrc in its place
            auth=_Bearer(bearer),
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        token = _token(answer.json()) if answer.status_code == HTTPStatus.OK else ""
    except requests.Timeout:
        return "", "Timeout"
    except requests.ConnectionError:
        return "", "ConnectionError"
    except (requests.RequestException, ValueError) as error:
        return "", f"500 {type(error).__name__}"
    return token, str(answer.status_code)


def _token(answer: Any) -> str:
    token = answer.get("value") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and len(token) <= MAX_TOKEN else ""


class _Bearer:
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

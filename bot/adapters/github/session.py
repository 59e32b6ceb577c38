"""One door for every exchange with GitHub: what is repeated, how long, and what failures mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlsplit

from bot.adapters.redaction import without_secrets
from bot.errors import GitHubError, GitHubRefused, UsageError

if TYPE_CHECKING:
    from github import Github, GithubException
    from github.Repository import Repository

    from bot.ports import Stop

T = TypeVar("T")

DEFAULT_API_URL = "https://api.github.com"
PAUSES = (1.0, 2.0, 4.0)
"""Seconds before a call that may have failed by chance is repeated."""
LONGEST_WAIT = 180.0
"""Seconds that one call may spend on waiting for a rate limit, all its repetitions together."""
SECONDARY_WAIT = 60.0
"""GitHub: wait at least a minute when a secondary limit names no time (docs: rate limits)."""
TIMEOUT = 30
SHORT_TIMEOUT = 5
"""Seconds for what is not worth waiting for."""
ODD_ANSWERS = (AssertionError, RuntimeError, TypeError, KeyError, AttributeError)
"""How PyGithub reports an address on another host, and an answer of an odd shape."""


class Uncertain(GitHubError):
    """A write was sent and no usable answer came back: it may have happened or not."""


class TooLate(GitHubError):
    """Nothing was sent, for nothing more is to be sent."""


class Kind(Enum):
    """What a failed exchange allows to do next."""

    LIMITED = auto()
    UNCERTAIN = auto()
    REFUSED = auto()
    FINAL = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed exchange: what it means, GitHub's words, and how long to wait if limited."""

    kind: Kind
    words: str
    wait: float = 0.0


class Session:
    """A repository seen through PyGithub, which raises nothing but GitHubError.

    PyGithub's own retries are off: they would repeat a POST that GitHub already carried
    out. ``sleep`` takes seconds. With ``until`` nothing is repeated or waited for, and once
    it is set nothing more is sent.
    """

    def __init__(
        self,
        github: Github,
        repository: str,
        sleep: Callable[[float], object] = time.sleep,
        permission: str = "contents: read",
        until: Stop | None = None,
    ) -> None:
        self.github, self.name, self.sleep = github, repository, sleep
        self.permission, self.until = permission, until

    @property
    def repository(self) -> Repository:
        """The repository as PyGithub has it; nothing is asked before it is used."""
        return self.github.get_repo(self.name)

    def needing(self, permission: str) -> Session:
        """The same session, whose refusals name this line of a job's ``permissions:``."""
        return Session(self.github, self.name, self.sleep, permission, self.until)

    def call(self, what: str, work: Callable[[], T], *, repeatable: bool = True) -> T:
        """Does one exchange, and again when that is safe and may help.

        A rate limit means that nothing happened, so every call is repeated after the time
        GitHub asks for. After a lost or broken answer only ``repeatable`` calls are, others
        raise Uncertain. ``what`` completes "GitHub could not …".
        """
        pauses, waited = iter(PAUSES), 0.0
        longest = LONGEST_WAIT if self.until is None else 0.0
        while True:
            if self.until is not None and self.until.is_set():
                raise TooLate(f"GitHub was not asked to {what}: it was too late for that.")
            fault = _attempt(work)
            if isinstance(fault, _Done):
                return fault.value
            pause = fault.wait
            if fault.kind is Kind.UNCERTAIN and repeatable:
                pause = next(pauses, 0.0)
            if not pause or waited + pause > longest:
                raise _error(what, fault, self.permission, again=self.until is None)
            waited += pause
            self.sleep(pause)


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    value: T


def _attempt(work: Callable[[], T]) -> Fault | _Done[T]:
    import requests
    from github import BadAttributeException, GithubException

    try:
        return _Done(work())
    except GithubException as error:
        return _fault_of(error)
    except (requests.RequestException, ValueError, EOFError) as error:
        # ValueError: PyGithub lets json.JSONDecodeError through when a body is cut
        return Fault(Kind.UNCERTAIN, f"{type(error).__name__}: the answer is missing or broken")
    except (BadAttributeException, *ODD_ANSWERS) as error:
        return Fault(Kind.FINAL, f"{type(error).__name__}: GitHub's answer cannot be used")


def _fault_of(error: GithubException) -> Fault:
    words = _words(error)
    if wait := _limit(error, words):
        return Fault(Kind.LIMITED, words, wait)
    if error.status >= 500:
        return Fault(Kind.UNCERTAIN, words)
    return Fault(Kind.REFUSED if error.status in (403, 404, 410) else Kind.FINAL, words)


def _words(error: GithubException) -> str:
    data: Any = error.data
    message = data.get("message") if isinstance(data, dict) else None
    if not message and isinstance(data, dict):  # GraphQL says it in a list
        faults = data.get("errors")
        first = faults[0] if isinstance(faults, list) and faults else None
        message = first.get("message") if isinstance(first, dict) else None
    said = f": {str(message)[:300]}" if message else ""
    return f"{error.status}{said}"


def _limit(error: GithubException, words: str) -> float:
    """Seconds to wait before a rate-limited call is worth repeating; 0 if it was not limited."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status not in (403, 429):
        return 0.0
    if str(headers.get("retry-after", "")).isdigit():
        return max(float(headers["retry-after"]), 1.0)
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset"):
        return _until(str(headers["x-ratelimit-reset"]))
    limited = error.status == 429 or "rate limit" in words.lower()
    return SECONDARY_WAIT if limited else 0.0


def _until(moment: str) -> float:
    if not moment.isdigit():
        return SECONDARY_WAIT
    return max(float(moment) - time.time(), 0.0) + 1.0


def _error(what: str, fault: Fault, permission: str, *, again: bool) -> GitHubError:
    """``again``: it is worth saying that the job can be run again."""
    said = f"GitHub could not {what} ({fault.words})."
    match fault.kind:
        case Kind.LIMITED:
            advice = " The rate limit lasts too long to wait for. Run the job again later."
            return GitHubError(f"{said}{advice if again else ''}")
        case Kind.UNCERTAIN:
            advice = " Run the job again; see https://www.githubstatus.com if it goes on."
            return Uncertain(f"{said}{advice if again else ''}")
        case Kind.REFUSED:
            return GitHubRefused(
                f"GitHub would not {what} ({fault.words}). "
                f"The job needs `{permission}` in its `permissions:`, or the thing is not there."
            )
        case Kind.FINAL:
            return GitHubError(said)


def open_session(
    api_url: str,
    token: str,
    repository: str,
    *,
    seconds_between_writes: float = 1.0,
    sleep: Callable[[float], object] = time.sleep,
    until: Stop | None = None,
) -> Session:
    """A session that asks nothing yet. The token goes to the host of ``api_url`` alone.

    GitHub wants a second between writes (docs: best practices for the REST API). ``until``:
    see Session; then an answer has to come soon, too.
    Raises UsageError when the API's address or the repository's name cannot be used.
    """
    from github import Auth, Github

    url = api_url.rstrip("/") or DEFAULT_API_URL
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname or address.username:
        shown = without_secrets(url)
        raise UsageError(f"GITHUB_API_URL is not the address of an API: {shown!r}")
    if len(repository.split("/")) != 2 or not all(repository.split("/")):
        raise UsageError(f"GITHUB_REPOSITORY is not owner/name: {repository!r}")
    if not token:
        raise UsageError(
            "The input github-token is empty. Leave it out to use the job's own token, "
            "or pass one that may read the repository's contents."
        )
    github = Github(
        base_url=url,
        auth=Auth.Token(token),
        user_agent="meshbot",
        timeout=TIMEOUT if until is None else SHORT_TIMEOUT,
        per_page=100,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=seconds_between_writes,
        lazy=True,
    )
    return Session(github, repository, sleep, until=until)

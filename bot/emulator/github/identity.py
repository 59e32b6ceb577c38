"""Who is calling, and what they may do.

An Actions token acts as the bot ``github-actions[bot]`` of one repository, within the permissions
of its job; other tokens belong to users and follow their role in the repository. Which permission
an operation needs is what GitHub documents in "Permissions required for GitHub Apps".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.emulator.github.errors import NOT_ACCESSIBLE, ApiError, not_found
from bot.emulator.github.world import Repository

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
OPEN_TO_READERS = frozenset({"issues", "pull_requests"})
"""Writing that someone with read access may do: open issues and pull requests, comment, review."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The holder of a token. ``repository`` is set for an Actions token alone."""

    login: str | None = None
    repository: str | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    run: int | None = None

    @property
    def is_actions(self) -> bool:
        """Whether this is a job's GITHUB_TOKEN."""
        return self.repository is not None


ANONYMOUS = Identity()


@dataclass(slots=True)
class Tokens:
    """Every token that is valid; ``requests`` are those that may only ask for OIDC tokens."""

    api: dict[str, Identity] = field(default_factory=dict)
    requests: dict[str, Identity] = field(default_factory=dict)
    count: int = 0

    def issue(self, identity: Identity) -> str:
        """A new token, in the form GitHub gives that kind."""
        self.count += 1
        prefix = "ghs" if identity.is_actions else "ghp"
        token = f"{prefix}_{'emulated':0<30}{self.count:06d}"
        self.api[token] = identity
        return token

    def issue_request(self, identity: Identity) -> str:
        """A new ACTIONS_ID_TOKEN_REQUEST_TOKEN."""
        self.count += 1
        token = f"emulated-id-token-request-{self.count:06d}"
        self.requests[token] = identity
        return token

    def identify(self, authorization: str | None) -> Identity:
        """Whose token a header holds. Raises ApiError 401 for one that is not valid."""
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() not in ("bearer", "token") or token not in self.api:
            raise ApiError(401, "Bad credentials")
        return self.api[token]


def role(repository: Repository, login: str | None) -> str:
    """A user's role: that of a member, the owner's, or what everybody has."""
    if login == repository.owner:
        return "admin"
    everybody = "none" if repository.private else "read"
    return repository.roles.get(login or "", everybody)


def at_least(held: str, wanted: str) -> bool:
    """Whether one role includes another."""
    return ROLES.index(held) >= ROLES.index(wanted)


def authorize(repository: Repository, identity: Identity, needs: tuple[str, ...]) -> None:
    """Raise ApiError unless one of ``needs`` (such as ``checks:write``) is granted."""
    writes = all(need.endswith(":write") for need in needs)
    if not repository.private and not writes:
        return
    if identity is ANONYMOUS:
        raise ApiError(401, "Requires authentication") if writes else not_found()
    if identity.is_actions:
        authorize_actions(repository, identity, needs)
    else:
        authorize_user(repository, identity, needs)


def authorize_actions(repository: Repository, identity: Identity, needs: tuple[str, ...]) -> None:
    """A job's token reaches its own repository, within the job's permissions."""
    if identity.repository != repository.full_name:
        raise not_found() if repository.private else ApiError(403, NOT_ACCESSIBLE)
    if not any(granted(identity.permissions, need) for need in needs):
        raise ApiError(403, NOT_ACCESSIBLE)


def granted(permissions: Mapping[str, str], need: str) -> bool:
    """Whether a permission set has this one; write includes read, metadata is always readable."""
    name, _, access = need.partition(":")
    held = permissions.get(name) or ("read" if name == "metadata" else "none")
    return held == "write" or held == access


def authorize_user(repository: Repository, identity: Identity, needs: tuple[str, ...]) -> None:
    """A user's token reaches what the user's role reaches."""
    held = role(repository, identity.login)
    if not at_least(held, "read"):
        raise not_found()
    writes = [need.partition(":")[0] for need in needs if need.endswith(":write")]
    if len(writes) < len(needs) or OPEN_TO_READERS.intersection(writes):
        return
    if writes == ["checks"]:
        # "Write permission for the REST API … is only available to GitHub Apps" (Checks).
        raise ApiError(403, "You must authenticate via a GitHub App.")
    if not at_least(held, "write"):
        raise ApiError(403, "Must have push access to repository")


def visible(identity: Identity, repository: Repository) -> bool:
    """Whether the caller may know that this repository exists."""
    if not repository.private or identity.repository == repository.full_name:
        return True
    return not identity.is_actions and at_least(role(repository, identity.login), "read")

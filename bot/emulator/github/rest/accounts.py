"""Users, repositories, permissions, rate limit."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Reply, route
from bot.emulator.github.errors import NOT_ACCESSIBLE, ApiError, not_found
from bot.emulator.github.identity import visible
from bot.emulator.github.views import accounts as view
from bot.emulator.github.views import repositories

LIMIT = {"limit": 5000, "remaining": 4999, "reset": 4102444800, "used": 1}


def get_authenticated_user(call: Call) -> Reply:
    """Refused for an Actions token, which belongs to an installation and no user."""
    if call.identity.is_actions:
        raise ApiError(403, NOT_ACCESSIBLE)
    return Reply(view.public_user(call.world, call.world.account(call.login)))


def get_user(call: Call) -> Reply:
    """Anybody's public profile."""
    account = call.world.accounts.get(call.params["username"])
    if account is None:
        raise not_found()
    return Reply(view.public_user(call.world, account))


def get_rate_limit(call: Call) -> Reply:
    """Not counted, and always nearly full."""
    resources = dict.fromkeys(("core", "search", "graphql"), LIMIT)
    return Reply({"resources": resources, "rate": LIMIT})


def get_repository(call: Call) -> Reply:
    """The repository, if the caller may know of it."""
    if not visible(call.identity, call.repository):
        raise not_found()
    return Reply(repositories.detailed(call.world, call.repository))


def get_permission(call: Call) -> Reply:
    """A user's role; 404 for a login nobody has."""
    login = call.params["username"]
    if login not in call.world.accounts:
        raise not_found()
    return Reply(view.permission(call.world, call.repository, login))


ROUTES = (
    route("GET", "/user", get_authenticated_user),
    route("GET", "/users/{username}", get_user),
    route("GET", "/rate_limit", get_rate_limit),
    route("GET", REPO, get_repository, "metadata:read"),
    route("GET", f"{REPO}/collaborators/{{username}}/permission", get_permission, "metadata:read"),
)

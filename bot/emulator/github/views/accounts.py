"""Users, apps and the parts every object has."""

from __future__ import annotations

import base64
from urllib.parse import quote

from bot.emulator.github.calls import Json, stamp
from bot.emulator.github.identity import ROLES, role
from bot.emulator.github.world import Account, App, Repository, World


def node_id(kind: str, number: int | str) -> str:
    """An opaque id of the GraphQL API."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def user(world: World, login: str) -> Json:
    """``simple-user``."""
    account = world.account(login)
    api = f"{world.url}/users/{quote(login)}"
    return {
        "login": login,
        "id": account.id,
        "node_id": node_id(account.type, account.id),
        "avatar_url": f"{world.url}/avatars/u/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": profile_url(world, account),
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.type,
        "site_admin": False,
    }


def profile_url(world: World, account: Account) -> str:
    """The page of an account; a bot has its app's."""
    if account.type == "Bot":
        return f"{world.url}/apps/{account.login.removesuffix('[bot]')}"
    return f"{world.url}/{quote(account.login)}"


def public_user(world: World, account: Account) -> Json:
    """``public-user``: with the profile."""
    profile = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    created = stamp(account.created_at)
    times = {"created_at": created, "updated_at": created}
    return user(world, account.login) | profile | {"blog": ""} | counts | times


def app(world: World, found: App) -> Json:
    """``integration``: the GitHub App that made something."""
    return {
        "id": found.id,
        "slug": found.slug,
        "node_id": node_id("App", found.id),
        "owner": user(world, "github"),
        "name": found.name,
        "description": None,
        "external_url": f"{world.url}/features/{found.slug}",
        "html_url": f"{world.url}/apps/{found.slug}",
        "created_at": "2018-07-30T09:30:17Z",
        "updated_at": "2024-04-10T20:33:16Z",
        "permissions": {"checks": "write", "metadata": "read"},
        "events": ["check_run"],
    }


def association(repository: Repository, login: str) -> str:
    """``author_association`` of a user in a repository."""
    if login == repository.owner:
        return "OWNER"
    held = repository.roles.get(login, "none")
    return "NONE" if held == "none" else "COLLABORATOR"


def permission(world: World, repository: Repository, login: str) -> Json:
    """``repository-collaborator-permission``: legacy permission and role.

    Maintain counts as write and triage as read (REST: collaborators).
    """
    held = role(repository, login)
    legacy = {"maintain": "write", "triage": "read"}.get(held, held)
    rank = ROLES.index(held)
    flags = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain",
             "admin": "admin"}  # fmt: skip
    permissions = {flag: rank >= ROLES.index(name) for flag, name in flags.items()}
    holder = user(world, login) | {"permissions": permissions, "role_name": held}
    return {"permission": legacy, "role_name": held, "user": holder}

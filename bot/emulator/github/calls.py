"""A call of the API: what handlers are given, what they answer, and how paths find handlers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode

from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.faults import Faults
from bot.emulator.github.identity import Identity
from bot.emulator.github.world import Repository, World

T = TypeVar("T")
Json = dict[str, Any]
PAGE, LARGEST_PAGE = 30, 100
REPO = "/repos/{owner}/{repo}"


@dataclass(slots=True)
class Reply:
    """An answer; ``body`` is JSON, bytes, or None for none."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One call, its caller and the world it is about."""

    world: World
    faults: Faults
    identity: Identity
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository the path names; set before a handler of one is called."""
        assert self.found is not None, self.path
        return self.found

    @property
    def login(self) -> str:
        """The caller's login; only calls that need a token get here without one."""
        if self.identity.login is None:
            raise ApiError(401, "Requires authentication")
        return self.identity.login

    def number(self, name: str) -> int:
        """A path parameter that is a number. Raises ApiError 404."""
        if not re.fullmatch(r"[0-9]{1,18}", self.params[name]):
            raise not_found()
        return int(self.params[name])

    def entry(self, table: Mapping[int, T], name: str) -> T:
        """What a path parameter names in a table by id. Raises ApiError 404."""
        item = table.get(self.number(name))
        if item is None:
            raise not_found()
        return item

    def fields(self, **types: type | tuple[type, ...]) -> Json:
        """The body's fields of these names, checked. Raises ApiError 400 and 422.

        Null is let through only where the types include NoneType.
        """
        if not isinstance(self.body, dict):
            raise ApiError(400, "Problems parsing JSON")
        for name, wanted in types.items():
            value = self.body.get(name)
            if name in self.body and (
                not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int)
            ):
                said = f"For 'properties/{name}', {value!r} is not of the documented type."
                raise ApiError(422, f"Invalid request.\n\n{said}")
        return {name: self.body[name] for name in types if name in self.body}

    def page(self, items: Iterable[T], view: Callable[[T], Any]) -> Reply:
        """One page of a list, with the Link header of the others."""
        shown, headers = self.slice(items)
        return Reply([view(item) for item in shown], headers=headers)

    def slice(self, items: Iterable[T]) -> tuple[list[T], dict[str, str]]:
        """The items of the page that is asked for, and the Link header."""
        all_items = self.settled(items)
        size = min(max(count(self.query.get("per_page"), PAGE), 1), LARGEST_PAGE)
        page = max(count(self.query.get("page"), 1), 1)
        last = max(-(-len(all_items) // size), 1)
        links = {"prev": page - 1 if page > 1 else 0, "next": page + 1 if page < last else 0,
                 "last": last if page < last else 0, "first": 1 if page > 1 else 0}  # fmt: skip
        base = f"{self.world.url}{self.path}"
        header = ", ".join(
            f'<{base}?{urlencode({**self.query, "page": number})}>; rel="{rel}"'
            for rel, number in links.items()
            if number
        )
        shown = all_items[(page - 1) * size : page * size]
        return shown, {"Link": header} if header else {}

    def settled(self, items: Iterable[T]) -> list[T]:
        """The items that lists show by now."""
        return [i for i in items if not self.faults.missing(getattr(i, "id", 0))]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, the handler, and the permissions of which one is needed."""

    method: str
    pattern: re.Pattern[str]
    handler: Callable[[Call], Reply]
    needs: tuple[str, ...]


def route(method: str, template: str, handler: Callable[[Call], Reply], *needs: str) -> Route:
    """A route; ``{name}`` is one segment of the path, ``{name*}`` any number of them."""
    parts = re.split(r"\{(\w+\*?)\}", template)
    text = "".join(
        re.escape(part)
        if index % 2 == 0
        else f"(?P<{part.rstrip('*')}>{'.*' if part.endswith('*') else '[^/]+'})"
        for index, part in enumerate(parts)
    )
    return Route(method, re.compile(text), handler, needs)


def matched(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The first route for a call and its path parameters, decoded."""
    for candidate in routes:
        if candidate.method == method and (match := candidate.pattern.fullmatch(path)):
            return candidate, {name: unquote(text) for name, text in match.groupdict().items()}
    return None


def count(text: str | None, default: int) -> int:
    """A number of a query; the default where it is missing or none."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else default


def stamp(moment: datetime | None) -> str | None:
    """A moment as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def moment(text: str) -> datetime:
    """A moment as callers write it. Raises ApiError 422."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(422, f"Invalid request.\n\n{text!r} is not a date-time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""Routes that somebody made. Local routes follow from the VPC and are not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Destination(NamedTuple):
    """What a route is for: one of the three kinds, in canonical form."""

    kind: str
    value: str


IPV4 = "DestinationCidrBlock"
IPV6 = "DestinationIpv6CidrBlock"
PREFIX_LIST = "DestinationPrefixListId"


class Target(NamedTuple):
    """Where a route leads: the parameter that names it, and its id."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Route:
    """One route. A propagated one and a static one may share their destination.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html#route-tables-priority
    """

    destination: Destination
    target: Target
    propagated: bool = False

    @property
    def origin(self) -> str:
        """How it came to be: API_Route."""
        return "EnableVgwRoutePropagation" if self.propagated else "CreateRoute"


class Routes:
    """The routes of every table, in the order they were made."""

    def __init__(self) -> None:
        self._tables: defaultdict[str, dict[tuple[Destination, bool], Route]] = defaultdict(dict)

    def of(self, table: str) -> tuple[Route, ...]:
        """A table's routes."""
        return tuple(self._tables[table].values())

    def get(self, table: str, destination: Destination) -> Route | None:
        """The static route to a destination."""
        return self._tables[table].get((destination, False))

    def put(self, table: str, route: Route) -> None:
        """Add a route, or replace the one of its kind to its destination."""
        self._tables[table][route.destination, route.propagated] = route

    def remove(self, table: str, destination: Destination) -> None:
        """Remove the static route to a destination."""
        self._tables[table].pop((destination, False), None)

    def withdraw(self, table: str, gateway: str) -> None:
        """Remove what a gateway propagated."""
        kept: Mapping[tuple[Destination, bool], Route] = self._tables[table]
        self._tables[table] = {
            key: route
            for key, route in kept.items()
            if not (route.propagated and route.target.value == gateway)
        }

    def count(self, table: str, kind: str) -> int:
        """How many static routes a table has to one kind of destination."""
        routes = self._tables[table].values()
        return sum(r.destination.kind == kind and not r.propagated for r in routes)

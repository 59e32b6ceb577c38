"""Nothing is done twice: told from the calls that took effect and from what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from tests.fakes.aws import Call
from tests.fakes.world import World

CREATE, DELETE = "ec2:CreateVpcPeeringConnection", "ec2:DeleteVpcPeeringConnection"
ROUTE, NO_ROUTE = "ec2:CreateRoute", "ec2:DeleteRoute"
OWN_WORK = frozenset({"VpcPeeringConnectionAlreadyExists", "RouteAlreadyExists"})
"""Refusals of what a call sent unseen meets when it was carried out before."""


def twins(world: World) -> list[str]:
    """Pairs with more than one live peering."""
    live = sorted((p for p in world.peerings.values() if p.live), key=lambda p: p.id)
    return [
        f"{one.id} and {other.id}" for one, other in combinations(live, 2) if one.ends == other.ends
    ]


def doubles(calls: Iterable[Call], world: World) -> list[str]:
    """What the calls of one run did twice; empty is good."""
    log = [call for call in calls if call.mutating]
    done = [call for call in log if not call.refused]
    return [*_peerings(done, world), *_deletes(done), *_routes(done), *_unseen(log), *twins(world)]


def _peerings(done: list[Call], world: World) -> Iterator[str]:
    """A second request is right only after the first one failed, say."""
    made = Counter(
        frozenset((c.params["VpcId"], c.params["PeerVpcId"])) for c in done if c.action == CREATE
    )
    dead = Counter(
        frozenset(end.vpc_id for end in p.ends) for p in world.peerings.values() if not p.live
    )
    for pair, times in made.items():
        if times > 1 + dead[pair]:
            yield f"{sorted(pair)}: requested {times} times"


def _deletes(done: list[Call]) -> Iterator[str]:
    gone = Counter(c.params["VpcPeeringConnectionId"] for c in done if c.action == DELETE)
    yield from (f"{id_}: deleted {times} times" for id_, times in gone.items() if times > 1)


def _routes(done: list[Call]) -> Iterator[str]:
    made: Counter[tuple[str, str]] = Counter()
    for call in done:
        made[_place(call)] += (call.action == ROUTE) - (call.action == NO_ROUTE)
    yield from (f"{place}: made {times} times" for place, times in made.items() if times > 1)


def _place(call: Call) -> tuple[str, str]:
    given = call.params
    destination = next((str(v) for k, v in given.items() if k.startswith("Destination")), "")
    return str(given.get("RouteTableId", "")), destination


def _unseen(log: list[Call]) -> Iterator[str]:
    yield from (f"{c.action} sent although {c.refused}" for c in log if c.refused in OWN_WORK)

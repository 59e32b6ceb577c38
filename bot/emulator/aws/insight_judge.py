"""Who judges analyses of network insights paths.

AWS's Reachability Analyzer models everything between two resources. Here a path between two
network interfaces is followed by routes alone: the longest prefix in the route table of each
one's subnet, to an active peering of the two VPCs, there and back. Security groups and network
ACLs are not looked at. A test that wants another verdict says so (``Settings.analyses``).

Sources: https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html
and explanation-codes.html beside it. AWS does not document which error code refuses a path
across Regions or accounts; those here are made up, and nothing may depend on them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from bot.emulator.aws import targets
from bot.emulator.aws.insights import End, PathAnalysis
from bot.emulator.aws.peerings import Place
from bot.emulator.aws.routes import IPV4, Route
from bot.emulator.aws.world import World


def judge(world: World, analysis: PathAnalysis) -> None:
    """Give the analysis its verdict."""
    ends = analysis.path.source, analysis.path.destination
    source, destination = (interface(world, end) for end in ends)
    told = world.settings.analyses.get(f"{source.vpc_id}:{destination.vpc_id}")
    if told is None:
        found = _way(world, ends[0], destination) or _way(world, ends[1], source)
        analysis.explanations = (found,) if found else ()
    elif told.startswith("failed: "):
        analysis.failure = told.removeprefix("failed: ")
    elif told:
        component = {"Id": destination.id}
        analysis.explanations = (
            {"Direction": "ingress", "ExplanationCode": told, "NetworkInterface": component},
        )


def interface(world: World, end: End) -> Any:
    """moto's network interface, or None."""
    return world.backend(*end.place).enis.get(end.id)


def _way(world: World, end: End, to: Any) -> Mapping[str, Any]:
    """Why a packet does not get from an interface into the other one's VPC; empty if it does."""
    here = interface(world, end)
    table = _table(world, end.place, here)
    route = _route(world, table.id, to.private_ip_address)
    component = {"RouteTable": {"Id": table.id}}
    if route is None:
        return {"ExplanationCode": "NO_ROUTE_TO_DESTINATION", **component}
    if targets.state(world, end.place, here.vpc_id, route.target) != "active":
        return {"ExplanationCode": "BAD_STATE_ROUTE", **component}
    peering = world.peerings.get(route.target.value)
    if peering is None or to.vpc_id not in {side.vpc for side in peering.sides}:
        return {"ExplanationCode": "NO_POSSIBLE_DESTINATION", **component}
    return {}


def _table(world: World, place: Place, held: Any) -> Any:
    """The route table of an interface's subnet."""
    tables = [t for t in world.backend(*place).route_tables.values() if t.vpc_id == held.vpc_id]
    named = [t for t in tables for a in t.associations if a.get("SubnetId") == held.subnet_id]
    main = [t for t in tables for a in t.associations if a["Main"]]
    return (named or main)[0]


def _route(world: World, table: str, address: str) -> Route | None:
    wanted = ipaddress.ip_address(address)
    routes = [
        (ipaddress.ip_network(route.destination.value).prefixlen, not route.propagated, route)
        for route in world.routes.of(table)
        if route.destination.kind == IPV4
        and wanted in ipaddress.ip_network(route.destination.value)
    ]
    return max(routes, key=lambda found: found[:2])[2] if routes else None

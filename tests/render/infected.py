"""Plans in which every text that comes from outside is a hostile one."""

from __future__ import annotations

from typing import Any

from bot.kinds.peering_options import OptionsSpec
from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import AccountId, Address, Pair, Region, Scope, VpcRef, peering_address
from bot.model.change import (
    Change,
    Existence,
    Gap,
    Membership,
    MeshPicture,
    Movement,
    Origin,
    Outcome,
    PictureConnection,
    PictureMember,
    Plan,
    Report,
    Result,
)
from bot.model.diagnostic import Diagnostic, Severity, SourceLine
from bot.model.tags import Tags
from bot.render.context import Context, Link, marker_of


def scope(text: str, other: str = "") -> Scope:
    """A scope named so."""
    return Scope(AccountId(text + other), Region(text))


def plan(text: str) -> Plan:
    """A plan with a create, an update and a delete of each kind, a gap and diagnostics."""
    one, other = VpcRef(scope(text), text), VpcRef(scope(text, "b"), text)
    pair = Pair.of(one, other)
    line = SourceLine(text, 3, 1)
    environments = frozenset({text})
    held = PeeringSpec(one, other, text, Tags.of({text: text}), None)
    wanted = PeeringSpec(one, other, "active", Tags.of({text: text + "x", "b": text}), None)
    here, there = (
        RouteSpec(one, text, target, blackhole=True) for target in (text, peering_address(pair))
    )
    options = [OptionsSpec(one, peering_address(pair), "requester", on) for on in (False, True)]
    things: tuple[tuple[Address, Any, Any], ...] = (
        (peering_address(pair), held, wanted),
        (Address("peering_options", (one.scope,), text), options[0], options[1]),
        (Address("route", (one.scope,), f"{text}/{text}"), here, there),
    )
    changes = [
        Change(address, before, after, text, environments, (line,), text, origin, text)
        for address, *sides in things
        for before, after in ((None, sides[1]), (sides[0], sides[1]), (sides[0], None))
        for origin in Origin
    ]
    problems = tuple(Diagnostic(s, text, text, text, line, environments) for s in Severity)
    return Plan(
        tuple(changes),
        diagnostics=problems,
        gaps=(Gap(one.scope, text, text),),
        environments=(text, "quiet" + text),
        memberships=tuple(
            Membership(text, vpc, movement, line, in_base, text)
            for vpc in pair_of(pair)
            for movement in Movement
            for in_base in (False, True)
        ),
        refusals=problems[:1],
        mesh=MeshPicture(
            tuple(PictureMember(text, vpc, Existence.NEW, text) for vpc in pair_of(pair)),
            (PictureConnection(text, pair.first, pair.second, Existence.GOING),),
        ),
    )


def pair_of(pair: Pair) -> tuple[VpcRef, VpcRef]:
    """Both sides."""
    return pair.first, pair.second


def report(text: str) -> Report:
    """Every result for the plan's changes, with hostile causes and advice."""
    whole = plan(text)
    results = list(Result)
    outcomes = tuple(
        Outcome(change, results[index % 4], text, text, change.address)
        for index, change in enumerate(whole.changes)
    )
    return Report(whole, outcomes, (text,))


def context(text: str) -> Context:
    """A context whose free texts are hostile; the URLs are the runner's own."""
    return Context(
        marker=marker_of(text),
        repository_url="https://github.com/acme/network",
        head_sha="3f6c1e0a9b8d7c6f5e4d3c2b1a0f9e8d7c6b5a49",
        base_sha="a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        base=text,
        run_url="https://github.com/acme/network/actions/runs/42",
        links=(Link(text, "https://github.com/acme/network/actions/runs/42/artifacts/1"),),
        applies_on_merge=True,
    )

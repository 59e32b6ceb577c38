"""The words that every renderer uses. Plain text: the renderers escape it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from bot.kinds import by_name, peering_options, route, security_group_rule, vpc_peering
from bot.kinds.peering_options import OptionsSpec
from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import Address, VpcRef, pair_of
from bot.model.change import Action, Change, Plan, Summary, summarise
from bot.model.diagnostic import Severity
from bot.model.tags import Tags

SIGN = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
TO = {Action.CREATE: "add", Action.UPDATE: "change", Action.DELETE: "destroy"}
NO_CHANGES = "No changes. The mesh in AWS is as its files ask for."
NOTHING_NAMED = (
    "No changes. The files name no environment, so nothing was read; a base revision tells what"
    " was removed."
)

BESIDES = frozenset(
    {
        "delete-withheld",
        "disputed-peering",
        "orphan-route",
        "reference-goes-stale",
        "rules-left-behind",
        "stale-rules",
        "stray-peering",
    }
)
"""Problems with what is there beside what the files ask for: that may all be there."""

_NOUN = {
    vpc_peering.NAME: "peering",
    peering_options.NAME: "peering option",
    route.NAME: "route",
}


def count(number: int, noun: str) -> str:
    """``1 route``, ``1,104 routes``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """``routes``, ``summaries``; what ends with an s is one already."""
    if noun.endswith("s"):
        return noun
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def no_changes(plan: Plan) -> str:
    """What a plan without changes says: only one without problems says that all is well."""
    problems = [d for d in plan.diagnostics if d.severity is not Severity.NOTICE]
    lacking = [d for d in problems if d.code not in BESIDES]
    if not plan.complete:
        return "No changes in what could be read."
    if lacking:
        told = count(len(problems), "problem")
        return f"No changes. {told}: not all that the files ask for is there."
    if problems:
        return f"{NO_CHANGES} {count(len(problems), 'problem')} with what else is there."
    return NO_CHANGES if plan.environments else NOTHING_NAMED


def to_do(summary: Summary) -> str:
    """``12 to add, 3 to change, 1 to destroy``: Terraform's words, always all three."""
    return f"{summary.create:,} to add, {summary.update:,} to change, {summary.delete:,} to destroy"


def some_to_do(changes: Iterable[Change[Any]]) -> str:
    """Like ``to_do``, without what there is none of."""
    total = summarise(changes)
    numbers = zip((total.create, total.update, total.delete), Action, strict=True)
    return ", ".join(f"{number:,} to {TO[action]}" for number, action in numbers if number) or (
        "nothing"
    )


def done(summary: Summary) -> str:
    """``12 added, 3 changed, 1 destroyed``."""
    return f"{summary.create:,} added, {summary.update:,} changed, {summary.delete:,} destroyed"


def things(changes: Iterable[Change[Any]]) -> str:
    """``2 peerings, 4 routes``."""
    nouns: Counter[str] = Counter()
    for kind, number in Counter(change.address.kind for change in changes).items():
        nouns[noun_of(kind)] += number
    return ", ".join(count(number, name) for name, number in nouns.items())


def noun(change: Change[Any]) -> str:
    """What a person calls the kind of a change."""
    return noun_of(change.address.kind)


def noun_of(kind: str) -> str:
    """What a person calls one thing of a kind."""
    return _NOUN.get(kind, kind.replace("_", " "))


def signs(changes: Iterable[Change[Any]]) -> str:
    """``+12 ~3 -1``."""
    total = summarise(changes)
    parts = ((total.create, "+"), (total.update, "~"), (total.delete, "-"))
    return " ".join(f"{sign}{number:,}" for number, sign in parts if number)


def describe(change: Change[Any]) -> str:
    """A change in one line, in the words of its kind."""
    return by_name(change.address.kind).describe(change)


def brief(change: Change[Any]) -> str:
    """A change in one line; of a peering only its sides, for where the rest is told apart."""
    spec = change.after or change.before
    if isinstance(spec, PeeringSpec):
        return f"peering {spec.requester} ↔ {spec.accepter}"
    return describe(change)


def named(address: Address) -> str:
    """An address in words."""
    scope, key = address.scopes[0], address.key
    if address.kind == vpc_peering.NAME:
        pair = pair_of(address)
        return f"peering {pair.first} ↔ {pair.second}"
    if address.kind == security_group_rule.NAME:
        return security_group_rule.named(address)
    if address.kind == route.NAME:
        table, _, destination = key.partition("/")
        return f"route {destination} in {table} of {scope}"
    if address.kind == peering_options.NAME:
        vpc, _, peer = key.partition("~")
        return f"peering option of {scope}/{vpc}, for its peering with {peer}"
    return f"{noun_of(address.kind)} {key} in {scope}"


def peer(spec: RouteSpec) -> str:
    """Where a route leads, seen from its VPC: the peer of our peering, or an id."""
    target = spec.target
    there = _far(target, spec.vpc) if isinstance(target, Address) else target
    return f"{there} (blackhole)" if spec.blackhole else there


@lru_cache(maxsize=1 << 14)
def _far(peering: Address, vpc: VpcRef) -> str:
    """The VPC at the other end."""
    return str(pair_of(peering).other(vpc))


def dns(changes: Sequence[Change[OptionsSpec]], arrow: str = "→") -> str:
    """What becomes of DNS resolution on one or both sides of a peering: ``both sides off → on``."""
    told = {
        spec.side: (f"{_switch(change.before)} {arrow} " if change.before else "") + _switch(spec)
        for change in changes
        if (spec := change.after) is not None
    }
    words = set(told.values())
    if len(told) > 1 and len(words) == 1:
        return f"both sides {words.pop()}"
    return ", ".join(f"{side}'s side {word}" for side, word in told.items())


def _switch(spec: OptionsSpec) -> str:
    return "on" if spec.allow_dns_resolution_from_remote_vpc else "off"


def differences(before: PeeringSpec, after: PeeringSpec) -> list[str]:
    """What an update does to a peering, item by item."""
    found = []
    if before.status != after.status:
        found.append(f"status {before.status} → {after.status}")
    one_set = after.requester_tags is None or before.requester_tags == after.requester_tags
    sides = (
        ("requester's ", before.requester_tags, after.requester_tags),
        ("accepter's " if not one_set else "", before.accepter_tags, after.accepter_tags),
    )
    for side, old, new in sides:
        found += _tag_differences(side, old or Tags(), new or Tags())
    return found


def _tag_differences(side: str, old: Tags, new: Tags) -> list[str]:
    held = old.mapping
    return [
        f"{side}tag {key}: {held.get(key, 'none')} → {value}"
        for key, value in new.missing_from(old).items
    ]

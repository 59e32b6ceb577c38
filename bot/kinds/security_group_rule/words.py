"""Security group rules in words: what they let through first, then whose they are. Plain text."""

from __future__ import annotations

from collections.abc import Mapping

from bot.kinds.security_group_rule.spec import RuleSpec
from bot.model.address import Address
from bot.model.change import Change
from bot.model.security_group import Direction, Traffic

NAME_LIMIT = 60
"""AWS allows names of 255 characters."""

Names = Mapping[str, str]
"""What groups are called, by id."""


def called(group: str, names: Names) -> str:
    """``sg-0a (web)``; the id alone of a group whose name is not known."""
    name = names.get(group, "")
    short = name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"
    return f"{group} ({short})" if short else group


def lets(spec: RuleSpec, names: Names) -> str:
    """``ingress tcp 5432 from sg-0b (web)``."""
    word = "from" if spec.direction is Direction.INGRESS else "to"
    account = f" of account {spec.allowed_owner}" if spec.allowed_owner else ""
    return f"{spec.direction} {spec.traffic} {word} {called(spec.allowed, names)}{account}"


def lets_peer(spec: RuleSpec, names: Names) -> str:
    """The same, and whose that is: ``… of 111122223333/us-east-1/vpc-0a``."""
    joined = "in" if spec.allowed_owner else "of"
    return lets(spec, names) + (f" {joined} {spec.peer}" if spec.peer else "")


def place(spec: RuleSpec, names: Names) -> str:
    """The group that has it: ``sg-0a (db) of 111122223333/us-east-1/vpc-0a``."""
    return f"{called(spec.group, names)} of {spec.vpc}"


def describe(change: Change[RuleSpec]) -> str:
    """``rule ingress tcp 5432 from GROUP of VPC, in GROUP of VPC``, and what is done to it."""
    spec, names = change.after or change.held, dict(change.names)
    text = f"rule {lets_peer(spec, names)}, in {place(spec, names)}"
    if change.before is not None and change.after is not None:
        return f"{text}: {', '.join(done(change.before, change.after))}"
    return f"{text} ({spec.description})" if spec.description else text


def done(before: RuleSpec, after: RuleSpec) -> list[str]:
    """What an update does."""
    found = ["made anew, as it is stale"] if before.stale else []
    if before.description != after.description:
        found.append(f"description {before.description!r} -> {after.description!r}")
    differing = after.tags.missing_from(before.tags)
    return found + [f"tag {key}={value}" for key, value in differing.items]


def named(address: Address) -> str:
    """A rule of which only the address is known: ``rule ingress tcp 5432 from sg-0b, in …``."""
    group, direction, protocol, ports, allowed = address.key.split("/", 4)
    first, _, last = ports.partition("..")
    traffic = Traffic(protocol, int(first), int(last))
    word = "from" if direction == Direction.INGRESS else "to"
    return f"rule {direction} {traffic} {word} {allowed}, in {group} of {address.scopes[0]}"

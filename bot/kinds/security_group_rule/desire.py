"""The rules that the mesh asks for, as far as their groups are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.kinds.base import environment_names
from bot.kinds.security_group_rule.lookup import Resolved, Unresolved, resolved
from bot.kinds.security_group_rule.spec import RuleClaim, RuleWish, rule_address
from bot.model.address import Address, Pair, peering_address
from bot.model.change import Desired
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Mesh, MeshFile
from bot.model.security_group import Direction, WantedRule


def desire(mesh: Mesh, inventory: Inventory) -> Iterable[Desired[RuleWish]]:
    """One wish per rule of a group, with the claim of every entry that asks for it."""
    wishes: dict[Address, list[RuleWish]] = {}
    for file, environment, rule, direction in _each(mesh):
        found = resolved(environment, rule, direction, inventory)
        if isinstance(found, Resolved):
            for allowed in found.allowed:
                wish = _wish(file, environment, rule, direction, found, allowed)
                wishes.setdefault(_address(wish), []).append(wish)
    for address in sorted(wishes):
        yield _together(address, wishes[address])


def unresolved(mesh: Mesh, inventory: Inventory) -> Iterator[Unresolved]:
    """The rules of which AWS's answers do not tell what they are."""
    for _, environment, rule, direction in _each(mesh):
        found = resolved(environment, rule, direction, inventory)
        if isinstance(found, Unresolved):
            yield found


def _each(mesh: Mesh) -> Iterator[tuple[MeshFile, Environment, WantedRule, Direction]]:
    for file, environment in mesh:
        for rule in environment.security_group_rules:
            for direction in rule.directions:
                yield file, environment, rule, direction


def _wish(
    file: MeshFile,
    environment: Environment,
    rule: WantedRule,
    direction: Direction,
    found: Resolved,
    allowed: str,
) -> RuleWish:
    near, far = rule.near(direction).vpc, rule.far(direction).vpc
    claim = RuleClaim(
        environment.name, file.metadata, environment.adopt, rule.description, rule.declared_at
    )
    peering = peering_address(Pair.of(near, far))
    ends = near, found.group, direction, rule.traffic, far
    return RuleWish(*ends, allowed, peering, (claim,), found.owner)


def _address(wish: RuleWish) -> Address:
    return rule_address(wish.vpc.scope, wish.group, wish.direction, wish.traffic, wish.allowed)


def _together(address: Address, wishes: list[RuleWish]) -> Desired[RuleWish]:
    claims = sorted(
        (claim for wish in wishes for claim in wish.claims),
        key=lambda claim: (claim.environment, claim.declared_at),
    )
    wish = replace(wishes[0], claims=tuple(claims))
    lines = tuple(sorted({claim.declared_at for claim in claims}))
    return Desired(address, wish, lines, environment_names(tuple(c.environment for c in claims)))

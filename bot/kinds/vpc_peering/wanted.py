"""A pair that the mesh wants connected: create, adopt, repair, or say why not."""

from __future__ import annotations

from dataclasses import replace

from bot.kinds.vpc_peering.spec import Claim, PeeringSpec, PeeringWish, requester_of
from bot.kinds.vpc_peering.verdict import Verdict
from bot.model.address import Pair
from bot.model.change import Change, Desired, Observed
from bot.model.cidr import first_overlap
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.inventory import Inventory
from bot.model.ownership import ENVIRONMENT, SERVICE_NAME, Ownership, SideTags
from bot.model.peering_status import ACTIVE, INITIATING, PROGRESS, PROVISIONING
from bot.model.tags import Tags

Wish = Desired[PeeringWish]
Found = Observed[PeeringSpec]


def meet(wish: Wish, current: Found | None, inventory: Inventory, ownership: Ownership) -> Verdict:
    """The verdict on a wanted pair."""
    if current is None:
        return _absent(wish, inventory)
    if current.spec.status not in PROGRESS:
        return _odd(wish, current)
    pair, sides = current.spec.pair, current.spec.sides
    ours = any(ownership.environment(tags, pair) for tags in sides)
    foreign = any(ownership.foreign(tags, pair) for tags in sides)
    if any(ownership.elsewhere(tags, pair) for tags in sides) or (
        not ours and (foreign or not wish.spec.adopt)
    ):
        return _left_alone(wish, current, ownership)
    return _repaired(wish, current, inventory)


def _absent(wish: Wish, inventory: Inventory) -> Verdict:
    pair, nothing = wish.spec.pair, Verdict(wish.environments)
    vpcs = [inventory.vpcs.get(vpc) for vpc in (pair.first, pair.second)]
    if vpcs[0] is None or vpcs[1] is None:
        return nothing  # a gap or a missing VPC, which is told once, per scope or member
    overlap = _overlap(pair, inventory)
    if overlap is not None:
        return replace(nothing, diagnostics=(_overlapping(wish, overlap),))
    requester = requester_of(pair)
    accepter = pair.other(requester)
    claim = wish.spec.claims[0]
    tags = claim.tags(requester, accepter)
    after = PeeringSpec(requester, accepter, ACTIVE, tags.requester, tags.accepter)
    return replace(nothing, managed=True, available=True, change=_change(wish, claim, None, after))


def _overlap(pair: Pair, inventory: Inventory) -> tuple[str, str] | None:
    one, other = inventory.vpcs[pair.first], inventory.vpcs[pair.second]
    return first_overlap(one.cidr_blocks, other.cidr_blocks) or first_overlap(
        one.ipv6_cidr_blocks, other.ipv6_cidr_blocks
    )


def _repaired(wish: Wish, current: Found, inventory: Inventory) -> Verdict:
    verdict = Verdict(wish.environments, current.id, managed=True, available=True)
    now = current.spec
    unreadable = [s for s in wish.address.scopes if not inventory.readable(s)]
    if now.status != ACTIVE and unreadable:
        return replace(verdict, available=False)  # cannot be accepted from here
    if now.status not in (ACTIVE, PROVISIONING):
        known = {now.requester, now.accepter} <= inventory.vpcs.keys()
        overlap = _overlap(now.pair, inventory) if known else None
        if overlap is not None:
            diagnostics = (_overlapping(wish, overlap),)
            return replace(verdict, available=False, diagnostics=diagnostics)
    claim = _owner(wish.spec, now)
    tags = claim.tags(now.requester, now.accepter)
    before, after = _sides(_lagging(now) if _unlisted(now, inventory) else now, tags)
    if before == after:
        return verdict
    return replace(verdict, change=_change(wish, claim, before, after, current.id))


def _unlisted(now: PeeringSpec, inventory: Inventory) -> bool:
    """True when the accepter's scope was read and does not show the peering yet."""
    return now.accepter_tags is None and inventory.readable(now.accepter.scope)


def _lagging(now: PeeringSpec) -> PeeringSpec:
    """What its accepter does not see has no tags there, and is not active everywhere."""
    status = PROVISIONING if now.status == ACTIVE else now.status
    return replace(now, status=status, accepter_tags=Tags())


def _owner(wish: PeeringWish, now: PeeringSpec) -> Claim:
    """The environment that the tags name while it wants the pair, else the next by name."""
    for tags in now.sides:
        for claim in wish.claims:
            if tags.get("peerd_environment") == claim.environment:
                return claim
    return wish.claims[0]


def _sides(now: PeeringSpec, wanted: SideTags) -> tuple[PeeringSpec, PeeringSpec]:
    """Before and after, with the keys that we own; foreign keys stay and are not shown."""
    requester, accepter = wanted.requester, wanted.accepter
    sides = now.requester, now.accepter
    before = PeeringSpec(
        *sides,
        now.status,
        _owned(now.requester_tags, requester),
        _owned(now.accepter_tags, accepter),
    )
    after = PeeringSpec(
        *sides,
        ACTIVE,
        requester if now.requester_tags is not None else None,
        accepter if now.accepter_tags is not None else None,
    )
    return before, after


def _owned(now: Tags | None, wanted: Tags | None) -> Tags | None:
    if now is None or wanted is None:
        return None
    return now.only(wanted.mapping)


def _change(
    wish: Wish, claim: Claim, before: PeeringSpec | None, after: PeeringSpec, id_: str = ""
) -> Change[PeeringSpec]:
    return Change(
        wish.address,
        before,
        after,
        id_,
        wish.environments,
        wish.declared_at,
        claim.metadata.support,
        reason=_reason(before, after),
    )


def _reason(before: PeeringSpec | None, after: PeeringSpec) -> str:
    if before is None:
        return "wanted and not there"
    if before.status in (PROVISIONING, INITIATING):
        return f"AWS is still at {before.status}: wait until it is active"
    if before.status != ACTIVE:
        return "requested and not accepted"
    return "tags differ"


def _odd(wish: Wish, current: Found) -> Verdict:
    diagnostic = Diagnostic(
        Severity.WARNING,
        "peering-status",
        f"peering {current.id} between {wish.spec.pair.first} and {wish.spec.pair.second}"
        f" is {current.spec.status!r}; it is left alone",
        "This status is not known to meshbot. Look at the peering in the AWS console.",
        wish.declared_at[0] if wish.declared_at else None,
        wish.environments,
    )
    return Verdict(wish.environments, current.id, diagnostics=(diagnostic,))


def _left_alone(wish: Wish, current: Found, ownership: Ownership) -> Verdict:
    between = f"{current.id} between {wish.spec.pair.first} and {wish.spec.pair.second}"
    pair = current.spec.pair
    claims = [tags for tags in current.spec.sides if ownership.foreign(tags, pair)]
    if claims:
        severity, code = Severity.WARNING, "foreign-peering"
        owner = f"{claims[0].get(ENVIRONMENT)!r} of {claims[0].get(SERVICE_NAME)!r}"
        summary = f"peering {between} belongs to environment {owner}, not of these files"
        detail = (
            "It is left alone, with its routes. If the environment was renamed here, give the base"
            " revision (--base); if another configuration has it, take the VPCs out of one."
        )
    else:
        severity, code = Severity.NOTICE, "unmanaged-peering"
        summary = f"peering {between} exists without our tags"
        detail = (
            "It is left alone, with its routes. `adopt: true` on the environment takes it over."
        )
    where = wish.declared_at[0] if wish.declared_at else None
    diagnostic = Diagnostic(severity, code, summary, detail, where, wish.environments)
    return Verdict(wish.environments, current.id, diagnostics=(diagnostic,))


def _overlapping(wish: Wish, blocks: tuple[str, str]) -> Diagnostic:
    first, second = wish.spec.pair.first, wish.spec.pair.second
    return Diagnostic(
        Severity.WARNING,
        "cidr-overlap",
        f"no peering between {first} ({blocks[0]}) and {second} ({blocks[1]}):"
        " their CIDR blocks overlap",
        "AWS refuses to peer VPCs that share an address. Take one of them out of the environment.",
        wish.declared_at[0] if wish.declared_at else None,
        wish.environments,
    )

"""Plans made by hand, small and large, for the renderers' tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from bot.kinds.peering_options import OptionsSpec
from bot.kinds.route import RouteSpec
from bot.kinds.security_group_rule.spec import RuleSpec, rule_address
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import (
    AccountId,
    Address,
    Pair,
    Region,
    Scope,
    VpcRef,
    peering_address,
    peering_options_address,
)
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
from bot.model.security_group import Direction
from bot.model.tags import Tags
from bot.render.context import Context, Link, marker_of

ACCOUNTS = ("111122223333", "444455556666", "777788889999", "123456789012", "210987654321")
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
HEAD = "3f6c1e0a9b8d7c6f5e4d3c2b1a0f9e8d7c6b5a49"
BASE = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"

CONTEXT = Context(
    marker=marker_of("meshes"),
    repository_url="https://github.com/acme/network",
    head_sha=HEAD,
    base_sha=BASE,
    base="main",
    run_url="https://github.com/acme/network/actions/runs/42",
    links=(
        Link("plan.json", "https://github.com/acme/network/actions/runs/42/artifacts/1"),
        Link("report.html", "https://github.com/acme/network/actions/runs/42/artifacts/2"),
    ),
    applies_on_merge=True,
)


def vpc(number: int, accounts: Sequence[str] = ACCOUNTS[:3]) -> VpcRef:
    """The VPC of that number: accounts in turn, then regions."""
    account = accounts[number % len(accounts)]
    region = REGIONS[number // len(accounts) % len(REGIONS)]
    return VpcRef(Scope(AccountId(account), Region(region)), f"vpc-{number:017x}")


def tags(environment: str, role: str, **extra: str) -> Tags:
    """The tags of one side."""
    return Tags.of(
        {
            "Name": "peerd peering",
            "peerd_created": "true",
            "peerd_environment": environment,
            "peerd_role": role,
            "resource_owner": "network",
            **extra,
        }
    )


def peering(one: VpcRef, other: VpcRef, environment: str, status: str = "active") -> PeeringSpec:
    """A tagged peering."""
    return PeeringSpec(
        one, other, status, tags(environment, "requester"), tags(environment, "accepter")
    )


def created(
    one: VpcRef, other: VpcRef, environment: str, line: SourceLine, **more: Any
) -> Change[PeeringSpec]:
    """A peering to create."""
    return Change(
        peering_address(Pair.of(one, other)),
        None,
        peering(one, other, environment),
        environments=frozenset({environment}),
        declared_at=(line,),
        reason="wanted and not there",
        **more,
    )


def deleted(
    one: VpcRef, other: VpcRef, environment: str, line: SourceLine, **more: Any
) -> Change[PeeringSpec]:
    """A peering to delete."""
    return Change(
        peering_address(Pair.of(one, other)),
        peering(one, other, environment),
        None,
        id="pcx-0" + one.vpc_id[-8:] + other.vpc_id[-8:],
        environments=frozenset({environment}),
        declared_at=(line,),
        reason="no environment wants it",
        **more,
    )


def route_change(
    at: VpcRef,
    table: str,
    before: RouteSpec | None,
    after: RouteSpec | None,
    environment: str,
    **more: Any,
) -> Change[RouteSpec]:
    """A change of a route in a table."""
    spec = after or before
    assert spec is not None
    address = Address("route", (at.scope,), f"{table}/{spec.destination}")
    return Change(address, before, after, environments=frozenset({environment}), **more)


def options_change(
    at: VpcRef, peer: VpcRef, side: str, before: bool | None, after: bool
) -> Change[OptionsSpec]:
    """A change of the option on a VPC's side; ``before`` is None on a new peering."""
    wanted = OptionsSpec(at, peering_address(Pair.of(at, peer)), side, after)
    held = None if before is None else replace(wanted, allow_dns_resolution_from_remote_vpc=before)
    return Change(
        peering_options_address(at, peer),
        held,
        wanted,
        environments=frozenset({"production"}),
        declared_at=(line(9),),
        reason="dns_resolution asks for it",
    )


def routes_between(
    one: VpcRef, other: VpcRef, environment: str, *, gone: bool = False, **more: Any
) -> list[Change[RouteSpec]]:
    """One route on each side of a peering."""
    target = peering_address(Pair.of(one, other))
    found = []
    for here, there in ((one, other), (other, one)):
        spec = RouteSpec(here, block(there), target)
        table = f"rtb-{here.vpc_id[4:]}"
        before, after = (spec, None) if gone else (None, spec)
        found.append(route_change(here, table, before, after, environment, **more))
    return found


def block(ref: VpcRef) -> str:
    """The VPC's CIDR block."""
    number = int(ref.vpc_id[4:], 16)
    return f"10.{number // 250}.{number % 250}.0/24"


def line(number: int, file: str = "meshes/prod.yaml") -> SourceLine:
    """A line of a mesh file."""
    return SourceLine(file, number, 7)


def picture(
    environment: str,
    members: Iterable[VpcRef],
    *,
    new: Iterable[VpcRef] = (),
    going: Iterable[VpcRef] = (),
) -> MeshPicture:
    """A full mesh, in which these VPCs are new and those go."""
    fresh, leaving, every = set(new), set(going), sorted(members)

    def fate(*ends: VpcRef) -> Existence:
        if leaving & set(ends):
            return Existence.GOING
        return Existence.NEW if fresh & set(ends) else Existence.KEPT

    return MeshPicture(
        tuple(PictureMember(environment, v, fate(v)) for v in every),
        tuple(PictureConnection(environment, a, b, fate(a, b)) for a, b in combinations(every, 2)),
    )


def rule(direction: Direction, near: VpcRef, far: VpcRef, **more: Any) -> RuleSpec:
    """A rule of a group of ``near``, for PostgreSQL, that names the group of ``far``."""
    given: dict[str, Any] = {"description": "web to database", "tags": Tags()} | more
    groups = (f"sg-{vpc.vpc_id[-8:]}" for vpc in (near, far))
    group, allowed = groups
    peering = peering_address(Pair.of(near, far))
    return RuleSpec(near, group, direction, "tcp", 5432, 5432, far, allowed, peering, **given)


def ruled() -> Plan:
    """Security group rules: two to add, one to mend, one to destroy as it is wanted no more."""
    one, other, names = vpc(0), vpc(1), frozenset({"production"})
    before = rule(Direction.INGRESS, other, one, description="what was said before")
    stale = replace(rule(Direction.INGRESS, one, other), from_port=22, to_port=22)
    specs: list[tuple[RuleSpec | None, RuleSpec | None, str]] = [
        (None, rule(Direction.EGRESS, one, other), "wanted and not there"),
        (None, replace(rule(Direction.EGRESS, one, other), protocol="udp"), "wanted and not there"),
        (before, rule(Direction.INGRESS, other, one), "description differs"),
        (stale, None, "no environment wants it"),
    ]
    changes: list[Change[Any]] = []
    for old, new, reason in specs:
        spec = new or old
        assert spec is not None
        where = rule_address(spec.vpc.scope, spec.group, spec.direction, spec.traffic, spec.allowed)
        id_ = "sgr-0123456789abcdef0" if old else ""
        known = ((spec.group, "database"), (spec.allowed, "web"))
        changes.append(
            Change(
                where, old, new, id_, names, (line(40),), reason=reason, names=known[: len(changes)]
            )
        )
    return Plan(tuple(changes), environments=("production",))


def small() -> Plan:
    """One VPC joins three others; a peering's tags had drifted."""
    members = [vpc(n) for n in range(4)]
    newcomer = members[3]
    changes: list[Change[Any]] = [
        created(newcomer, old, "production", line(31)) for old in members[:3]
    ]
    now = peering(members[0], members[1], "production")
    drifted = PeeringSpec(
        now.requester,
        now.accepter,
        "active",
        tags("production", "requester", support="old|team"),
        now.accepter_tags,
    )
    wanted = PeeringSpec(
        now.requester, now.accepter, "active",
        tags("production", "requester", support="network-team@acme.org"), now.accepter_tags,
    )  # fmt: skip
    changes.append(
        Change(
            peering_address(now.pair), drifted, wanted, "pcx-0123456789abcdef0",
            frozenset({"production"}), (line(12),), origin=Origin.DRIFT, reason="tags differ",
        )
    )  # fmt: skip
    for old in members[:3]:
        changes += routes_between(newcomer, old, "production")
    return Plan(
        tuple(changes),
        environments=("edge", "production"),
        memberships=(
            Membership("production", newcomer, Movement.JOINS, line(31), note="payments, Dublin"),
        ),
        mesh=picture("production", members, new=[newcomer]),
    )


def resolving() -> Plan:
    """DNS resolution on both sides of a new peering, and otherwise on three that stay."""
    here, there, *stay = (vpc(n) for n in range(5))
    changes: list[Change[Any]] = [
        created(here, there, "production", line(31)),
        options_change(here, there, "requester", None, True),
        options_change(there, here, "accepter", None, True),
        options_change(here, stay[0], "accepter", False, True),
        options_change(stay[0], here, "requester", False, True),
        options_change(stay[1], here, "requester", True, False),
        options_change(here, stay[2], "accepter", None, True),
        options_change(stay[2], here, "requester", True, False),
    ]
    return Plan(
        tuple(changes),
        environments=("production",),
        mesh=picture("production", [here, there, *stay]),
    )


def destructive() -> Plan:
    """One VPC leaves by a removed line, a route moves, an account is unreadable."""
    members = [vpc(n) for n in range(5)]
    leaver = members[4]
    changes: list[Change[Any]] = [
        deleted(leaver, old, "production", line(3)) for old in members[:4]
    ]
    moved = RouteSpec(members[0], "10.9.0.0/16", peering_address(Pair.of(members[0], leaver)))
    to = RouteSpec(members[0], "10.9.0.0/16", peering_address(Pair.of(members[0], members[1])))
    changes.append(route_change(members[0], "rtb-00000000000000000", moved, to, "production"))
    for old in members[:4]:
        changes += routes_between(leaver, old, "production", gone=True)
    return Plan(
        tuple(changes),
        diagnostics=(
            Diagnostic(
                Severity.WARNING,
                "cidr-overlap",
                f"no peering between {members[1]} (10.0.1.0/24) and {vpc(7)} (10.0.0.0/16):"
                " their CIDR blocks overlap",
                "AWS refuses to peer VPCs that share an address. Take one of them out of the"
                " environment.",
                line(18),
                frozenset({"production"}),
            ),
            Diagnostic(
                Severity.NOTICE,
                "unmanaged-peering",
                f"peering pcx-0aaaabbbbccccdddd between {members[0]} and {vpc(8)} exists"
                " without our tags",
                "It is left alone, with its routes. `adopt: true` on the environment takes it"
                " over.",
                line(9),
                frozenset({"production"}),
            ),
        ),
        gaps=(
            Gap(
                Scope(AccountId("123456789012"), Region("us-east-1")),
                "sts:AssumeRole",
                "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/plan/pr-7 is not"
                " authorized to perform: sts:AssumeRole on resource:"
                " arn:aws:iam::123456789012:role/peerd-bot-plan (request 0a1b2c3d)",
            ),
        ),
        environments=("production",),
        memberships=(
            Membership(
                "production", leaver, Movement.LEAVES, line(27), in_base=True, note="old billing"
            ),
        ),
        refusals=(
            Diagnostic(
                Severity.ERROR,
                "leaving-percent",
                "production: 1 of 5 members leaves, which is 20 %; the limit is 10 %",
                "Raise `max_leaving_percent` on the base branch first, or have the plan approved"
                " by its fingerprint.",
                line(3),
                frozenset({"production"}),
            ),
        ),
        mesh=picture("production", members, going=[leaver]),
    )


def failed() -> Report:
    """An apply of the small plan in which an account refuses one peering."""
    plan = small()
    first = plan.changes[0]
    outcomes = []
    for change in plan.changes:
        spec = change.after
        needs = isinstance(spec, RouteSpec) and spec.target == first.address
        if change is first:
            outcomes.append(
                Outcome(
                    change,
                    Result.FAILED,
                    "111122223333/us-east-1: ec2:CreateVpcPeeringConnection:"
                    " UnauthorizedOperation: You are not authorized to perform this operation."
                    " (request 5b2f9a10-aaaa-bbbb-cccc-0123456789ab)",
                    "Add `ec2:CreateVpcPeeringConnection` to the role `peerd-bot` of account"
                    " 111122223333.",
                )
            )
        elif needs:
            outcomes.append(Outcome(change, Result.SKIPPED, because_of=first.address))
        else:
            outcomes.append(Outcome(change, Result.APPLIED))
    return Report(plan, tuple(outcomes), ("rtb-00000000000000001 could not be tagged",))


def huge(size: int = 125) -> Plan:
    """A full mesh that begins: 125 VPCs, 7,750 peerings, 15,500 routes, and one that goes."""
    members = [vpc(n, ACCOUNTS) for n in range(size)]
    changes: list[Change[Any]] = []
    pairs = list(combinations(members, 2))
    for one, other in pairs:
        declared = line(10 + 3 * int(one.vpc_id[4:], 16))
        changes.append(created(one, other, "production", declared))
    leaver = vpc(900, ACCOUNTS)
    changes.append(deleted(members[0], leaver, "production", line(3)))
    for one, other in pairs:
        changes += routes_between(one, other, "production")
    changes += routes_between(members[0], leaver, "production", gone=True)
    return Plan(
        tuple(changes),
        environments=("production",),
        memberships=(
            *(
                Membership("production", member, Movement.JOINS, line(10 + 3 * number))
                for number, member in enumerate(members)
            ),
            Membership("production", leaver, Movement.LEAVES, line(9), in_base=True),
        ),
        mesh=picture("production", [*members, leaver], new=members, going=[leaver]),
    )

"""What is left of our rules when members, entries, sections or peerings go: nothing, or it is told.

Judged from the entries and the world alone, by code that shares nothing with what is tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.address import VpcRef
from bot.model.change import Plan, Report
from bot.model.mesh import Mesh
from bot.usecases.plan import make_plan
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.group import FakeGroupRule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World
from tests.kinds.grouped import PATH, TWO, codes, members, ref

RULES, GROUPS = "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"
DELETE = "ec2:DeleteVpcPeeringConnection"
A, B, C = ref(1), ref(2, TWO), ref(3, "333333333333")
NAMES = {A: "web", B: "db", C: "cache"}
IDS = {A: "sg-00000001", B: "sg-00000002", C: "sg-00000003"}
Section = list[dict[str, Any]] | None
"""Entries; None: the file has no section."""


def mesh(section: Section, *vpcs: VpcRef, **environment: Any) -> Mesh:
    limits = {"max_leaving_percent": 100, "max_other_deletes": 99}
    settings = {"vpcs": members(*(vpcs or (A, B, C))), "limits": limits, **environment}
    given = {} if section is None else {"security_group_rules": section}
    return mesh_of({PATH: {"environments": {"prod": settings}, **given}})


def world(built: Mesh) -> World:
    """Three VPCs in three accounts, with a group each."""
    made = World()
    for number, vpc in enumerate((A, B, C), 1):
        made.vpc(vpc, f"10.{number}.0.0/16")
        made.table(f"rtb-{number:08x}", vpc)
        made.group(IDS[vpc], vpc, NAMES[vpc]).tags["Name"] = f"the {NAMES[vpc]}"
    peerd.build(built, made)
    return made


def side(vpc: VpcRef, by: str = "group_id") -> dict[str, Any]:
    named = {
        "group_id": IDS[vpc],
        "group": NAMES[vpc],
        "group_tags": {"Name": f"the {NAMES[vpc]}"},
    }
    return {"vpc_id": vpc.vpc_id, by: named[by]}


def entry(source: VpcRef, destination: VpcRef, port: int = 22, **more: Any) -> dict[str, Any]:
    by = more.pop("named", ("group_id", "group_id"))
    ends = {"source": side(source, by[0]), "destination": side(destination, by[1])}
    return {"environment": "prod", **ends, "protocol": "tcp", "ports": port} | more


def apply(there: World, head: Mesh, base: Mesh | None = None, *faults: Rule) -> Report:
    aws = FakeAws(there, rules=list(faults))
    return run.apply(aws, head, base, run.plan(aws, head, base))


def applied(section: Section, **environment: Any) -> World:
    """The world as these entries leave it."""
    head = mesh(section, **environment)
    there = world(head)
    assert apply(there, head).succeeded
    return there


Key = tuple[str, str, int, str]
"""A group, in or out, a port, and who is let through."""


def ours(there: World) -> Counter[Key]:
    return Counter(
        (group.id, "out" if rule.egress else "in", rule.from_port, rule.allowed)
        for group in there.groups.values()
        for rule in group.rules.values()
        if rule.tags.get("meshbot_created") == "true"
    )


def asked(section: Section) -> Counter[Key]:
    """The rules that entries ask for, by the words of docs/security-groups.md."""
    found: set[Key] = set()
    vpcs = {vpc.vpc_id: vpc for vpc in (A, B, C)}
    for item in section or ():
        source, destination = (vpcs[item[end]["vpc_id"]] for end in ("source", "destination"))
        for near, far, way in ((destination, source, "in"), (source, destination, "out")):
            named = {"in": "ingress", "out": "egress"}[way]
            if item.get("direction", "both") in ("both", named):
                number = int(far.vpc_id[-1])
                cidr = item.get("by") == "cidr"
                allowed = f"10.{number}.0.0/16" if cidr else IDS[far]
                found.add((IDS[near], way, item["ports"], allowed))
    return Counter(found)


# --- with a base: nothing of ours is left, and nothing of others is touched


@st.composite
def sections(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for port in range(22, 22 + draw(st.integers(1, 4))):
        source, destination = draw(st.permutations([A, B, C]))[:2]
        by = st.sampled_from(["group_id", "group", "group_tags"])
        found.append(
            entry(
                source,
                destination,
                port,
                named=(draw(by), draw(by)),
                direction=draw(st.sampled_from(["both", "both", "ingress", "egress"])),
                by=draw(st.sampled_from(["reference", "reference", "cidr"])),
            )
        )
    return found


def by_hand(there: World) -> None:
    """Somebody's rules: one beside ours in every group, and one that names a peer's group."""
    for number, vpc in enumerate((A, B, C)):
        group = there.groups[IDS[vpc]]
        group.add(FakeGroupRule(f"sgr-{number}", False, "tcp", 1, 9, "10.0.0.0/8", "by hand"))
    named = FakeGroupRule("sgr-9", True, "tcp", 1, 9, IDS[B], "by hand", {"Team": "dba"})
    held = there.live_between(A, B)
    assert held is not None
    named.peering = held.id
    there.groups[IDS[A]].add(named)


def theirs(there: World) -> dict[str, FakeGroupRule]:
    return {
        rule.id: rule
        for group in there.groups.values()
        for rule in group.rules.values()
        if rule.tags.get("meshbot_created") != "true"
    }


def hub_of(vpc: VpcRef) -> dict[str, Any]:
    """Everybody stays, but only peerings with this member do."""
    listed = [m | ({"role": "hub"} if m["vpc_id"] == vpc.vpc_id else {}) for m in members(A, B, C)]
    return {"topology": "hub-and-spoke", "vpcs": listed}


def survivors(
    section: list[dict[str, Any]], kept: set[int], gone: VpcRef | None
) -> list[dict[str, Any]]:
    """Entries of these ports, as far as the member that goes is in none."""
    return [
        item
        for item in section
        if item["ports"] in kept and not (gone and gone.vpc_id in str(item))
    ]


def joined(hub: VpcRef | None, item: dict[str, Any]) -> bool:
    return hub is None or hub.vpc_id in str(item)


@settings(max_examples=70, deadline=None)
@given(
    sections(),
    st.sets(st.sampled_from([22, 23, 24, 25])),
    st.sampled_from([None, A, B, C]),
    st.sampled_from([None, A, B, C]),
    st.booleans(),
)
def test_nothing_of_ours_is_left(
    before: list[dict[str, Any]],
    kept: set[int],
    gone: VpcRef | None,
    hub: VpcRef | None,
    sectionless: bool,
) -> None:
    """A member leaves, entries leave, peerings go: each, all, or none."""
    there = applied(before)
    by_hand(there)
    foreign = {id_: FakeGroupRule(**vars(rule)) for id_, rule in theirs(there).items()}
    now = survivors(before, kept, gone)
    vpcs = [vpc for vpc in (A, B, C) if vpc != gone]
    hub = hub if gone is None else None
    head = mesh(now or (None if sectionless else []), *vpcs, **(hub_of(hub) if hub else {}))
    standing = over_peerings(there)
    aws = FakeAws(there)

    report = run.apply(aws, head, mesh(before), run.plan(aws, head, mesh(before)))

    assert report.succeeded, [o for o in report.outcomes if o.error]
    assert ours(there) == asked([item for item in now if joined(hub, item)])
    assert theirs(there) == foreign
    assert not list(dangling(there))
    assert_rules_went_first(aws, standing)
    assert run.plan(FakeAws(there), head, mesh(before)).changes == ()
    assert run.plan(FakeAws(there), head).changes == ()


def dangling(there: World) -> Iterator[str]:
    """Rules of ours over peerings that are gone."""
    for group in there.groups.values():
        for rule in group.rules.values():
            held = there.peerings.get(rule.peering)
            gone = rule.peering and (held is None or not held.live)
            if gone and rule.tags.get("meshbot_created") == "true":
                yield rule.id


def over_peerings(there: World) -> dict[str, str]:
    """Our rules that name a group of a peer, each with its peering."""
    return {
        rule.id: rule.peering
        for group in there.groups.values()
        for rule in group.rules.values()
        if rule.tags.get("meshbot_created") == "true" and rule.peering
    }


def assert_rules_went_first(aws: FakeAws, standing: dict[str, str]) -> None:
    """No peering was deleted before the rules of ours that named groups over it."""
    for call in aws.calls:
        if call.action.startswith("ec2:RevokeSecurityGroup"):
            for identifier in call.params["SecurityGroupRuleIds"]:
                standing.pop(identifier, None)
        if call.action == DELETE:
            assert call.params["VpcPeeringConnectionId"] not in standing.values()


# --- without a base


def leaver(section: list[dict[str, Any]], **environment: Any) -> tuple[World, Mesh, FakeAws]:
    """C leaves, with the entries that name it, and no base is known."""
    there = applied(section)
    now = [item for item in section if C.vpc_id not in str(item)]
    head = mesh(now or None, A, B, **environment)
    return there, head, FakeAws(there)


@pytest.mark.parametrize("direction", ["both", "ingress", "egress"])
@pytest.mark.parametrize("others", [True, False])
def test_a_member_that_leaves_without_a_base_takes_its_rules_along(
    direction: str, others: bool
) -> None:
    leaving = entry(A, C, direction=direction)
    there, head, aws = leaver([leaving, *([entry(A, B, 23)] if others else [])])

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert report.succeeded
    assert ours(there) == asked([entry(A, B, 23)] if others else None)
    assert there.live_between(A, C) is None
    made = [c.action for c in aws.calls if "Revoke" in c.action or c.action == DELETE]
    first = made.index(DELETE)
    assert not [action for action in made[first:] if "Revoke" in action]


def test_an_entry_that_leaves_without_a_base_goes_on_both_sides() -> None:
    """A's side is where another entry leads; the other side is found from there."""
    there = applied([entry(A, C), entry(A, B, 23)])

    assert apply(there, mesh([entry(A, B, 23)])).succeeded

    assert ours(there) == asked([entry(A, B, 23)])


def test_a_mesh_that_is_as_its_files_say_asks_no_more() -> None:
    there = applied([entry(A, B)])
    aws = FakeAws(there)

    assert run.plan(aws, mesh([entry(A, B)])).changes == ()
    assert {c.scope for c in aws.calls if c.action in (RULES, GROUPS)} == {A.scope, B.scope}
    without = FakeAws(world(mesh(None)))
    assert run.plan(without, mesh(None)).changes == ()
    assert not without.made(RULES) + without.made(GROUPS)


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AccessDenied"])
def test_a_role_for_peerings_alone_still_deletes_peerings(code: str) -> None:
    there, head, _ = leaver([])
    aws = FakeAws(there, rules=[Rule(RULES, code=code)])

    plan = run.plan(aws, head)

    assert plan.complete
    assert run.apply(aws, head, None, plan).succeeded
    assert there.live_between(A, C) is None


def test_what_cannot_be_read_for_another_reason_is_a_gap() -> None:
    there, head, _ = leaver([entry(A, C)])
    aws = FakeAws(there, rules=[Rule(RULES, code="InternalError", scope=C.scope)])

    plan = run.plan(aws, head)

    assert [gap.scope for gap in plan.gaps] == [C.scope]
    assert not [c for c in plan.changes if c.address.kind == "vpc_peering_connection"]


def test_rules_of_another_repository_are_not_followed() -> None:
    there = applied([entry(A, C)])
    for group in there.groups.values():
        for rule in group.rules.values():
            rule.tags["service_name"] = "other"
    aws = FakeAws(there)

    plan = run.plan(aws, mesh([entry(A, B, 23)]))

    assert {c.scope for c in aws.made(RULES)} == {A.scope, B.scope}
    assert not [c for c in plan.changes if c.after is None]


def test_an_emptied_section_takes_all_rules_away_without_a_base() -> None:
    there = applied([entry(A, B), entry(B, C, by="cidr")])
    by_hand(there)

    report = apply(there, mesh([]))

    assert report.succeeded
    assert ours(there) == Counter()
    assert len(theirs(there)) == 4


def test_the_emptied_section_of_a_tombstone() -> None:
    there = applied([entry(A, C)])
    tombstone = [*members(A, B), members(C)[0] | {"state": "absent"}]

    assert apply(there, mesh([], vpcs=tombstone)).succeeded

    assert ours(there) == Counter()


# --- what no plan can know is told by drift


def drift(there: World, head: Mesh, *environments: str) -> tuple[Plan, FakeAws]:
    aws = FakeAws(there)
    return make_plan(aws, head, None, environments=environments, drifting=True), aws


def test_drift_tells_of_rules_whose_section_went() -> None:
    there = applied([entry(A, B), entry(B, C)])
    assert run.plan(FakeAws(there), mesh(None)).changes == ()

    plan, aws = drift(there, mesh(None))

    told = [d for d in plan.diagnostics if d.code == "rules-left-behind"]
    assert [d.summary.partition(" in ")[0] for d in told] == ["1 rule", "2 rules", "1 rule"]
    assert {name for d in told for name in d.environments} == {"prod"}
    assert all("--base" in d.detail and "security_group_rules: []" in d.detail for d in told)
    assert Counter(c.scope for c in aws.made(RULES)) == {v.scope: 1 for v in (A, B, C)}
    assert plan.changes == ()
    # and what it says to do does it
    assert apply(there, mesh(None), mesh([entry(A, B), entry(B, C)])).succeeded
    assert codes(drift(there, mesh(None))[0]) == {}


def test_drift_asks_where_no_entry_leads_alone() -> None:
    there = applied([entry(A, B), entry(A, C, direction="ingress")])

    plan, aws = drift(there, mesh([entry(A, B)]))

    assert codes(plan) == {"rules-left-behind": 1, "referenced-elsewhere": 1}
    assert Counter(c.scope for c in aws.made(RULES)) == {v.scope: 1 for v in (A, B, C)}


def test_drift_does_not_tell_what_it_removes() -> None:
    there = applied([entry(A, B), entry(A, C)])

    plan, _ = drift(there, mesh([entry(A, B)]))

    assert len(plan.changes) == 2
    assert codes(plan)["rules-left-behind"] == 0


def test_drift_tells_nothing_of_other_environments_and_of_others() -> None:
    there = applied([entry(A, B)])
    there.groups[IDS[C]].add(
        FakeGroupRule("sgr-1", False, "tcp", 1, 1, "10.0.0.0/8", "", {"meshbot_created": "true"})
    )

    (told,) = {d.environments for d in drift(there, mesh(None))[0].diagnostics}

    assert told == frozenset({"prod"})
    assert codes(drift(there, mesh(None))[0]) == {"rules-left-behind": 2}
    other = {"prod": members(A, B, C), "edge": members(A, B)}
    both = mesh_of({PATH: {"environments": other}})
    assert codes(drift(there, both, "edge")[0])["rules-left-behind"] == 0


@pytest.mark.parametrize(
    ("section", "code", "told"),
    [(False, "UnauthorizedOperation", 0), (False, "InternalError", 3), (True, "InternalError", 1)],
)
def test_drift_says_what_it_could_not_read(section: bool, code: str, told: int) -> None:
    head = mesh([entry(A, B)] if section else None)
    there = applied([entry(A, B)] if section else None)
    aws = FakeAws(there, rules=[Rule(RULES, code=code, scope=C.scope)])
    if not section:
        aws.rules = [Rule(RULES, code=code)]

    plan = make_plan(aws, head, None, drifting=True)

    assert codes(plan)["references-unread"] == told
    assert plan.complete


# --- what stands where a rule of ours was wanted


@pytest.mark.parametrize("adopt", [True, False])
def test_a_rule_made_by_hand_is_adopted_or_left_and_so_it_goes(adopt: bool) -> None:
    section = [entry(A, B, direction="ingress")]
    head = mesh(section, adopt=adopt)
    there = world(head)
    held = there.live_between(A, B)
    assert held is not None
    hand = FakeGroupRule("sgr-1", False, "tcp", 22, 22, IDS[A], "by hand", {"Team": "dba"})
    hand.peering = held.id
    there.groups[IDS[B]].add(hand)

    assert apply(there, head).succeeded
    assert ours(there) == (asked(section) if adopt else Counter())
    assert hand.tags["Team"] == "dba"

    assert apply(there, mesh(None, A, C), head).succeeded
    assert list(theirs(there)) == ([] if adopt else ["sgr-1"])


def test_a_group_that_was_deleted_takes_its_rules_along() -> None:
    """Between plan and apply: AWS knows no such group, so there is no rule to revoke."""
    section = [entry(A, B)]
    there = applied(section)
    aws = FakeAws(there)
    plan = run.plan(aws, mesh(None), mesh(section))
    there.groups[IDS[B]].rules.clear()
    there.groups[IDS[B]].participant = "999999999999"  # nobody whom we know sees it

    report = run.apply(aws, mesh(None), mesh(section), plan)

    assert report.succeeded, report.outcomes
    assert ours(there) == Counter()


@pytest.mark.parametrize("times", [2, 99])
def test_a_peering_that_is_active_elsewhere_is_waited_for_and_a_missing_group_is_not(
    times: int,
) -> None:
    """AWS answers InvalidGroup.NotFound for both."""
    head = mesh([entry(A, B, direction="ingress")])
    there = world(head)
    aws = FakeAws(
        there,
        rules=[
            Rule("ec2:AuthorizeSecurityGroupIngress", code="InvalidGroup.NotFound", times=times)
        ],
    )
    start = there.clock.now

    report = run.apply(aws, head, None, run.plan(aws, head))

    assert report.succeeded is (times == 2)
    assert there.clock.now - start < 15

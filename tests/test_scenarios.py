"""End-to-end cases as data: ``scenarios/<rule>/`` holds mesh files, a world, what comes of them.

``mesh/`` and ``base/`` hold the files at both revisions, ``world.yaml`` what AWS has,
``expect.yaml`` the plan, its diagnostics and the calls of the apply. After each apply the oracle
is asked, and a second plan must be empty. The README beside them explains the form.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import load
from bot.model.address import VpcRef
from bot.model.change import Change, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.group import FakeGroupRule
from tests.fakes.world import FakePeering, FakeRoute, World, scope
from tests.oracle import disagreements, expect

SCENARIOS = Path(__file__).parent / "scenarios"
FOLDERS = sorted(path.parent for path in SCENARIOS.glob("*/expect.yaml"))


def mesh_in(folder: Path) -> Mesh | None:
    """The mesh of a folder's files, or None when there is no such folder."""
    if not folder.is_dir():
        return None
    files = {f"meshes/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    return load(files).mesh


def world_in(folder: Path, head: Mesh, base: Mesh | None) -> World:
    """The world that ``world.yaml`` describes."""
    data: dict[str, Any] = yaml.safe_load((folder / "world.yaml").read_text())
    world = World()
    for vpc_id, item in data["vpcs"].items():
        account, region = item["in"].split("/")
        ref = VpcRef(scope(account, region), vpc_id)
        vpc = world.vpc(ref, *item["cidrs"], ipv6=item.get("ipv6", ()))
        vpc.blocks |= dict.fromkeys(item.get("disassociated", ()), "disassociated")
        vpc.attributes |= dict.fromkeys(item.get("lacks", ()), False)
        for table, kind in item.get("tables", {}).items():
            world.table(table, ref, eligible=kind == "eligible")
    if built := data.get("built_by_peerd"):
        mesh = {"head": head, "base": base, "past": mesh_in(folder / "past")}[built]
        assert mesh is not None
        peerd.build(mesh, world)
    _groups(world, data.get("groups", {}))
    for peering_id, item in data.get("peerings", {}).items():
        _peering(world, peering_id, item)
    for table, routes in data.get("routes", {}).items():
        for destination, target in routes.items():
            _route(world, table, destination, target)
    _group_rules(world, data)
    _afterwards(world, data)
    return world


def _ref(world: World, vpc_id: str) -> VpcRef:
    return next(ref for ref in world.vpcs if ref.vpc_id == vpc_id)


def _peering(world: World, peering_id: str, item: dict[str, Any]) -> None:
    requester, accepter = (_ref(world, item[side]) for side in ("requester", "accepter"))
    peering = FakePeering(peering_id, requester, accepter, item.get("status", "active"))
    for side, end in (("requester_tags", requester), ("accepter_tags", accepter)):
        tags = item.get("tags", {}) | item.get(side, {})
        peering.tags.setdefault(end.scope, {}).update(tags)
    if peering.status in ("provisioning", "initiating-request"):
        becomes = {"provisioning": "active", "initiating-request": "pending-acceptance"}
        peering.due.append((5.0, becomes[peering.status], ""))
    peering.visible = {accepter.scope: item["unseen"]} if "unseen" in item else {}
    world.peerings[peering_id] = peering


def _groups(world: World, groups: dict[str, Any]) -> None:
    for group_id, item in groups.items():
        group = world.group(group_id, _ref(world, item["in"]), item.get("name", group_id))
        group.tags |= item.get("tags", {})


def _group_rules(world: World, data: dict[str, Any]) -> None:
    for group_id, item in data.get("groups", {}).items():
        for rule_id, rule in item.get("rules", {}).items():
            _group_rule(world, group_id, rule_id, rule)


def _group_rule(world: World, group_id: str, rule_id: str, item: dict[str, Any]) -> None:
    """``is`` says direction, protocol, ports (``from-to``) and what it lets through."""
    direction, protocol, ports, allowed = item["is"].split()
    first, _, last = ports.removeprefix("-").partition("-")
    ends = (-1, -1) if ports == "-1" else (int(first), int(last or first))
    group, tags = world.groups[group_id], dict(item.get("tags", {}))
    if "ours" in item:
        environment, peer = item["ours"].split()
        tags = {
            "meshbot_created": "true",
            "meshbot_environment": environment,
            "meshbot_peer": str(_ref(world, peer)),
            "service_name": "peerd",
            "meshbot_support": "net@example.org",
            "resource_owner": "netops",
            "business_unit": "PaaS",
        } | tags
    rule = FakeGroupRule(rule_id, direction == "egress", protocol, *ends, allowed)
    rule.description, rule.tags = item.get("description", ""), tags
    if allowed.startswith("sg-"):
        pairs = {group.vpc, world.groups[allowed].vpc}
        found = [p.id for p in world.peerings.values() if p.ends == pairs]
        rule.peering = item.get("over", found[-1] if found else "")
    group.add(rule)


def _route(world: World, table: str, destination: str, target: str) -> None:
    """``target`` is an id; ``X propagated`` and ``X broken`` say more, ``gone`` removes."""
    name, _, more = target.partition(" ")
    routes = world.tables[table].routes
    origin = "EnableVgwRoutePropagation" if more == "propagated" else "CreateRoute"
    if more != "propagated" and (old := world.tables[table].static(destination)):
        routes.remove(old)
    if name != "gone":
        routes.append(FakeRoute(destination, name, origin, broken=more == "broken"))


def _afterwards(world: World, data: dict[str, Any]) -> None:
    """What happened to what peerd built; a peering is named ``vpc-…~vpc-…``."""
    for pair, status in data.get("then", {}).items():
        one, other = (_ref(world, vpc_id) for vpc_id in pair.split("~"))
        peering = world.live_between(one, other)
        assert peering is not None
        if status == "forgotten":
            del world.peerings[peering.id]
        elif isinstance(status, str):
            peering.status = status
        else:
            side = peering.requester if status["side"] == "requester" else peering.accepter
            peering.tags[side.scope].update(status.get("set", {}))
            for key in status.get("drop", ()):
                del peering.tags[side.scope][key]
    for pair, sides in data.get("dns", {}).items():
        peering = world.live_between(*(_ref(world, vpc_id) for vpc_id in pair.split("~")))
        assert peering is not None
        peering.dns = {_ref(world, vpc_id) for vpc_id in sides}
    for vpc_id, cidr in data.get("disassociate", {}).items():
        world.disassociate(_ref(world, vpc_id), cidr)
    for vpc_id in data.get("delete_vpcs", ()):
        del world.vpcs[_ref(world, vpc_id)]
    world.closed |= {scope(account, "").account for account in data.get("closed", ())}


def line(change: Change[Any]) -> str:
    """A change as the scenarios write it."""
    key = change.address.key
    if change.address.kind == "route":
        return f"{change.action} route {key.replace('/', ' ', 1)}"
    if change.address.kind == "security_group_rule":
        return f"{change.action} rule {key.replace('/', ' ', 4)}"
    first, _, second = key.partition("~")
    if change.address.kind == "peering_options":
        return f"{change.action} options {first}~{second.rpartition('/')[2]}"
    ends = "~".join(sorted((first, second.rpartition("/")[2])))
    return f"{change.action} peering {ends}"


def assert_told(found: tuple[Diagnostic, ...], wanted: list[dict[str, Any]]) -> None:
    """Every expectation is met, and no error or warning is there that none expects."""
    texts = [(d.severity, str(d)) for d in found]
    for item in wanted:
        met = [t for s, t in texts if s == item["severity"] and all(w in t for w in item["says"])]
        assert met, f"no {item['severity']} says {item['says']}: {texts}"
    for severity, text in texts:
        if severity is not Severity.NOTICE:
            expected = [i for i in wanted if all(word in text for word in i["says"])]
            assert expected, f"not expected: {text}"


def assert_calls(aws: FakeAws, wanted: dict[str, Any]) -> None:
    """The mutating calls by action, and which come before which."""
    made = [call.action for call in aws.calls if call.mutating]
    assert Counter(made) == Counter(wanted.get("calls", {}))
    for earlier, later in wanted.get("order", ()):
        last = max(n for n, action in enumerate(made) if action == earlier)
        assert last < made.index(later), f"{earlier} comes before {later}: {made}"


def assert_planned(plan: Plan, wanted: dict[str, Any]) -> None:
    """Changes, diagnostics, refusals and gaps."""
    assert sorted(line(change) for change in plan.changes) == sorted(wanted.get("plan", []))
    assert_told(plan.diagnostics, wanted.get("diagnostics", []))
    assert sorted(d.code for d in plan.refusals) == sorted(wanted.get("refused", []))
    assert sorted(str(gap.scope) for gap in plan.gaps) == sorted(wanted.get("gaps", []))
    drift = sorted(line(change) for change in plan.changes if change.origin == "drift")
    assert drift == sorted(wanted.get("drift", []))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    wanted: dict[str, Any] = yaml.safe_load((folder / "expect.yaml").read_text())
    head, base = mesh_in(folder / "mesh"), mesh_in(folder / "base")
    head = head or Mesh(())
    world = world_in(folder, head, base)
    before, aws = world.copy(), FakeAws(world)

    plan = run.plan(aws, head, base, *wanted.get("environments", ()))

    assert_planned(plan, wanted)
    assert aws.mutations == 0

    report = run.apply(aws, head, base, plan)
    world.let_pass(60)

    assert report.succeeded, [o for o in report.outcomes if o.error]
    assert_calls(aws, wanted)
    if "environments" not in wanted:
        assert disagreements(expect(head, base, before), world) == []
    again = run.plan(FakeAws(world), head, base, *wanted.get("environments", ()))
    assert [line(change) for change in again.changes] == []
    for table, routes in wanted.get("routes_after", {}).items():
        for destination, target in routes.items():
            found = [r.target for r in world.tables[table].routes if r.destination == destination]
            assert found == ([] if target == "gone" else [target])


def test_there_are_scenarios() -> None:
    assert len(FOLDERS) >= 25

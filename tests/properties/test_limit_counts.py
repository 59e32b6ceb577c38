"""Every switch of ``limits`` against a count of its own, written from the product's section 6.

The count looks at the files, at the world before, and at what the plan would delete; whether
it deletes the right things is for the oracle to say (``test_apply``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

import pytest
from hypothesis import assume, event, given, note

from bot.engine.content import composed
from bot.engine.safety import Taking, limits_for, over
from bot.errors import Refused
from bot.model.address import Address, VpcRef, pair_of
from bot.model.change import Plan
from bot.model.mesh import Limits, Mesh
from bot.render.planfile import plan_json, read_plan
from bot.usecases.approval import Approval, check_applicable
from bot.usecases.plan import make_plan
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, World
from tests.properties.cases import Case, Files, bounded, draw_case, likely, randoms
from tests.properties.cases import build_with_peerd as build
from tests.properties.mutations import (
    FILE_EDITS,
    bury_member,
    change_overrides,
    change_topology,
    close_account,
    drop_route,
    mutate,
    remove_member,
)

DEFAULTS = {
    "max_leaving_members": 3,
    "max_leaving_percent": 50,
    "max_other_deletes": 25,
    "max_route_delete_percent": 50,
    "allow_empty_environment": False,
}
NOTHING = {**DEFAULTS, **dict.fromkeys(list(DEFAULTS)[:4], 0)}
EDITS = (*FILE_EDITS, remove_member, remove_member, bury_member, change_overrides, change_topology)


@dataclass(frozen=True)
class Loss:
    """What one environment would lose."""

    leaving: int
    members: int
    left: int
    other_deletes: int
    route_deletes: int
    routes: int

    def over(self, limits: dict[str, Any]) -> set[str]:
        """The switches that it is beyond."""
        number = self.leaving
        beyond = {
            "max_leaving_members": number > limits["max_leaving_members"],
            "max_leaving_percent": _more(number, self.members, limits["max_leaving_percent"]),
            "max_other_deletes": self.other_deletes > limits["max_other_deletes"],
            "max_route_delete_percent": _more(
                self.route_deletes, self.routes, limits["max_route_delete_percent"]
            ),
            "allow_empty_environment": bool(
                number and not self.left and not limits["allow_empty_environment"]
            ),
        }
        return {
            f"limit-{name.replace('_', '-')}" for name, is_beyond in beyond.items() if is_beyond
        }


def _more(part: int, whole: int, percent: float) -> bool:
    """Whether more than this share goes; of nothing, anything is more."""
    return Fraction(part) > Fraction(str(percent)) / 100 * whole


@dataclass(frozen=True)
class Count:
    """The losses of a plan."""

    head: Mesh
    base: Mesh | None
    world: World
    plan: Plan

    def loss(self, name: str) -> Loss:
        deleted = [self._ends(c.address) for c in self._deletes(name, "vpc_peering_connection")]
        now, before = self._present(self.head, name), self._present(self.base, name)
        leaving = (before - now) | (frozenset().union(*deleted) - now)
        known = self.base is not None and name in self.base.environments
        members = leaving | (before if known else self._connected(name))
        targets = [c.before.target for c in self._deletes(name, "route") if c.before]
        routes = [t for t in targets if isinstance(t, Address) and self._wanted(self._ends(t))]
        return Loss(
            len(leaving),
            len(members),
            len(now),
            sum(not ends & leaving for ends in deleted),
            len(routes),
            sum(1 for _ in self._routes(name)),
        )

    def _deletes(self, name: str, kind: str) -> list[Any]:
        changes = self.plan.changes_of(name)
        return [c for c in changes if c.after is None and c.address.kind == kind]

    @staticmethod
    def _ends(address: Address) -> frozenset[VpcRef]:
        pair = pair_of(address)
        return frozenset((pair.first, pair.second))

    @staticmethod
    def _present(mesh: Mesh | None, name: str) -> frozenset[VpcRef]:
        members = mesh.environments[name].members if mesh and name in mesh.environments else ()
        return frozenset(m.vpc for m in members if m.state == "present")

    def _wishes(self, mesh: Mesh | None, ends: frozenset[VpcRef]) -> set[str]:
        """The environments that want a pair."""
        found = set()
        for name, environment in mesh.environments.items() if mesh else ():
            roles = {m.vpc: m.role for m in environment.members if m.state == "present"}
            meshed = environment.topology == "full-mesh"
            if ends <= roles.keys() and (meshed or "hub" in {roles[end] for end in ends}):
                found.add(name)
        return found

    def _wanted(self, ends: frozenset[VpcRef]) -> bool:
        return bool(self._wishes(self.head, ends))

    def _owners(self, peering: FakePeering) -> set[str]:
        """The environments of ours that the tags name, on a side that can be read."""
        found = set()
        for end in peering.ends:
            tags = peering.tags[end.scope] if self._readable(end) else {}
            name = tags.get("peerd_environment", "")
            for mesh in (self.head, self.base):
                file = mesh.file_of(name) if mesh else None
                renamed = {
                    value
                    for member in (mesh.environments[name].members if mesh and file else ())
                    for key, value in member.peering_tags
                    if key == "service_name" and member.vpc in peering.ends
                }
                services = renamed | ({file.metadata.service_name} if file else set())
                if tags.get("service_name") in services:
                    found.add(name)
        return found

    def _readable(self, vpc: VpcRef) -> bool:
        closed = {*self.world.closed, *self.head.abandoned_accounts}
        return vpc.scope.account not in closed

    def _of(self, name: str) -> Iterator[FakePeering]:
        """Live peerings of ours that belong to an environment, now or before."""
        for peering in self.world.peerings.values():
            owners = self._owners(peering) if peering.live else set()
            wishes = self._wishes(self.head, peering.ends) | self._wishes(self.base, peering.ends)
            if owners and name in owners | wishes:
                yield peering

    def _connected(self, name: str) -> frozenset[VpcRef]:
        return frozenset().union(*(peering.ends for peering in self._of(name)))

    def _routes(self, name: str) -> Iterator[str]:
        staying = {p.id for p in self._of(name) if self._wanted(p.ends)}
        for table in self.world.tables.values():
            if table.eligible and self._readable(table.vpc):
                yield from (r.destination for r in table.routes if r.static and r.target in staying)


def limits_of(files: Files, path: str, name: str) -> dict[str, Any]:
    """What a file says for one of its environments: its own, over the file's, over the defaults."""
    data = files[path]
    own = data["environments"].get(name, {}).get("limits")
    said: dict[str, Any] = data.get("limits", {}) if own is None else own
    return DEFAULTS | said


def path_of(files: Files, name: str) -> str | None:
    return next((path for path, data in files.items() if name in data["environments"]), None)


def in_force(case: Case, name: str, base: str) -> dict[str, Any]:
    """Section 6: the base's; the defaults for a new file; without a base the file's own."""
    path = path_of(case.head_files, name)
    own = limits_of(case.head_files, path, name) if path else DEFAULTS
    if base == "none":
        return own
    if base == "unknown":
        return {k: min(own[k], DEFAULTS[k]) for k in DEFAULTS}
    before = path_of(case.base_files, name) or path
    return limits_of(case.base_files, before, name) if before in case.base_files else DEFAULTS


def at_the_edge(rnd: Random, loss: Loss) -> dict[str, Any]:
    """Values at, just below and just above what would be lost; zero; or absent."""

    def number(lost: int) -> int:
        return max(0, lost + rnd.randint(-1, 1))

    def percent(part: int, whole: int) -> float:
        share = 10_000 * part / whole if whole else 0
        return max(
            0.0, min(100.0, (floor(share), ceil(share), floor(share) - 1)[rnd.randint(0, 2)] / 100)
        )

    drawn: dict[str, Any] = {
        "max_leaving_members": number(loss.leaving),
        "max_leaving_percent": percent(loss.leaving, loss.members),
        "max_other_deletes": number(loss.other_deletes),
        "max_route_delete_percent": percent(loss.route_deletes, loss.routes),
        "allow_empty_environment": likely(rnd, 50),
    }
    if likely(rnd, 10):
        return dict(NOTHING)
    return {key: value for key, value in drawn.items() if not likely(rnd, 20)}


def a_case(rnd: Random) -> Case:
    """Some environments of peerd's, sharing members and pairs; then edits."""
    case = draw_case(rnd, 8)
    build(rnd, case)
    if likely(rnd, 35):
        case.told.append(change_topology(rnd, case))
    mutate(rnd, case, EDITS, 5)
    if likely(rnd, 25):
        case.told.append(close_account(rnd, case))
    if likely(rnd, 25):
        case.told.append(drop_route(rnd, case))
    return case


def base_of(case: Case, kind: str) -> Mesh | None:
    return {"told": case.base, "none": None, "unknown": Mesh((), known=False)}[kind]


def draw_limits(rnd: Random, case: Case, kind: str) -> None:
    """Limits for both revisions, around what would be lost without any."""
    plan = run.plan(FakeAws(case.world.copy()), case.head, base_of(case, kind))
    count = Count(case.head, base_of(case, kind), case.world, plan)
    for files in (case.base_files, case.head_files):
        for data in files.values():
            names = list(data["environments"])
            if names and likely(rnd, 60):
                data["limits"] = at_the_edge(rnd, count.loss(names[rnd.randint(0, len(names) - 1)]))
            for name, environment in data["environments"].items():
                if likely(rnd, 50):
                    environment["limits"] = at_the_edge(rnd, count.loss(name))


def refused(plan: Plan) -> set[tuple[str, str]]:
    """Environment and switch of each refusal because of a limit."""
    return {
        (name, refusal.code)
        for refusal in plan.refusals
        if refusal.code.startswith("limit-")
        for name in refusal.environments
    }


@bounded(150)
@given(randoms)
def test_a_limit_refuses_exactly_what_is_beyond_it(rnd: Random) -> None:
    case = a_case(rnd)
    kind = ("told", "told", "told", "none", "unknown")[rnd.randint(0, 4)]
    draw_limits(rnd, case, kind)
    base = base_of(case, kind)
    note(f"{kind} {case.told}\nbase: {case.base_files}\nhead: {case.head_files}")

    plan = run.plan(FakeAws(case.world), case.head, base)

    count = Count(case.head, base if base and base.known else None, case.world, plan)
    busy = [name for name in plan.environments if plan.changes_of(name)]
    losses = {name: count.loss(name) for name in busy}
    note(f"{losses}\n{[str(c.address) for c in plan.changes if c.after is None]}")
    expected = {
        (name, code) for name in busy for code in losses[name].over(in_force(case, name, kind))
    }
    assert refused(plan) == expected
    for _, code in expected:
        event(f"{code} ({kind})")


@bounded(60)
@given(randoms)
def test_pull_request_apply_and_last_applied_commit_are_judged_alike(rnd: Random) -> None:
    case = a_case(rnd)
    draw_limits(rnd, case, "told")
    head, base = case.head, case.base
    applied = composed(dict.fromkeys(base.environments, base), base)

    in_review = make_plan(FakeAws(case.world), head, base)
    at_apply = make_plan(FakeAws(case.world), head, applied, applying=True)

    assert in_review.refusals == at_apply.refusals
    for name in in_review.environments:
        part = make_plan(FakeAws(case.world), head, base, environments=(name,), applying=True)
        mine = {r for r in in_review.refusals if not r.environments or name in r.environments}
        assert mine <= set(part.refusals) if part.changes else True


@bounded(60)
@given(randoms)
def test_an_approval_holds_for_the_plan_and_what_is_left_of_it(rnd: Random) -> None:
    case = a_case(rnd)
    for data in case.base_files.values():
        data["limits"] = dict(NOTHING)
        for environment in data["environments"].values():
            environment.pop("limits", None)
    aws = FakeAws(case.world)
    plan = run.plan(aws, case.head, case.base)
    faulty = {"override-overlap"} & {d.code for d in plan.diagnostics}
    assume(bool(refused(plan)) and not faulty)
    recorded = Approval(recorded=read_plan(plan_json(plan)))

    with pytest.raises(Refused):
        check_applicable(plan, Approval())
    with pytest.raises(Refused):
        check_applicable(plan, Approval("0" * 64))
    check_applicable(plan, Approval(plan.fingerprint[:12]))
    check_applicable(plan, recorded)

    steps = iter(range(rnd.randint(1, 40)))
    try:
        run.apply(aws, case.head, case.base, plan, kill=lambda: next(steps, None) is None)
    except Killed:
        event("killed")
    case.world.let_pass(60)
    left = run.plan(aws, case.head, case.base)
    check_applicable(left, recorded)
    if left.changes and left.fingerprint != plan.fingerprint:
        event("something is left")
        with pytest.raises(Refused):
            check_applicable(left, Approval(plan.fingerprint))


@pytest.mark.parametrize(("lost", "over_it"), [(69, False), (70, True)])
def test_a_percentage_is_exact(lost: int, over_it: bool) -> None:
    """18.4 percent of 375 are 69, which binary fractions miss."""
    taking = Taking("prod", frozenset(), 0, 1, 0, lost, 375)

    found = list(over(taking, Limits(max_route_delete_percent=18.4)))

    assert bool(found) == over_it


def test_a_path_that_stands_twice_in_the_applied_mesh_has_the_stricter_limits() -> None:
    """Two environments of a file were applied at two of its revisions; a third is new."""
    loose: Files = {"meshes/a.yaml": {"limits": {"max_other_deletes": 9}, "environments": {}}}
    strict: Files = {"meshes/a.yaml": {"limits": {"max_other_deletes": 0}, "environments": {}}}
    for files in (loose, strict):
        files["meshes/a.yaml"]["environments"] = {"one": [], "two": []}
    for order in ((loose, strict), (strict, loose)):
        first, second = (mesh_of(files) for files in order)
        applied = composed({"one": first, "two": second}, first)
        head = mesh_of({"meshes/a.yaml": {"environments": {"one": [], "two": [], "three": []}}})

        assert limits_for("three", head, applied).max_other_deletes == 0

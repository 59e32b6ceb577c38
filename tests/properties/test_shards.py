"""The plans of all shards are the plan, and each is made of its own accounts and regions."""

from __future__ import annotations

import copy
from dataclasses import replace
from random import Random

from hypothesis import given

from bot.engine.shard_union import check_division, check_own, union
from bot.engine.shards import divided, home_scopes
from bot.errors import Refused
from bot.model.address import Scope
from bot.model.change import Plan
from bot.model.ownership import ENVIRONMENT, SERVICE_NAME
from bot.model.shard import Shard
from bot.render import html, markdown, planfile
from bot.render.context import Context
from bot.render.shardfile import ShardFile, read_shard, shard_json
from bot.usecases.plan import make_plan
from tests.fakes.aws import SIGN_IN, FakeAws
from tests.fakes.world import World
from tests.properties.cases import (
    Case,
    Files,
    _files,
    _vpc,
    bounded,
    build_with_peerd,
    likely,
    randoms,
    some_live,
)
from tests.properties.mutations import FILE_EDITS, WORLD_EVENTS, close_account, mutate
from tests.properties.test_apply import told

QUOTAS = "quota"
"""What a quota says is gathered for all VPCs of a scope, so shards say it by parts."""


def separate_meshes(rnd: Random) -> Case:
    """Two or three pools of VPCs in the same accounts, each with environments of its own."""
    world, files = World(), Files()
    for pool in range(rnd.randint(2, 3)):
        members = [_vpc(rnd, world, pool * 16 + n) for n in range(rnd.randint(2, 5))]
        for path, data in _files(rnd, members, peerd_only=False).items():
            file = files.setdefault(path, data | {"environments": {}})
            for name, environment in data["environments"].items():
                file["environments"][f"{'xyz'[pool]}{name}"] = environment
    case = Case(world, files, {path: _copied(data) for path, data in files.items()})
    build_with_peerd(rnd, case)
    return case


def _copied(data: dict[str, object]) -> dict[str, object]:
    return copy.deepcopy(data)


def mistag(rnd: Random, case: Case) -> str:
    """Somebody writes the name of another environment into a tag."""
    peering = some_live(rnd, case)
    owners = sorted((e.name, f.metadata.service_name) for f, e in case.base)
    if peering is None or not owners:
        return ""
    name, service = owners[rnd.randint(0, len(owners) - 1)]
    for tags in peering.tags.values():
        tags.update({ENVIRONMENT: name, SERVICE_NAME: service})
    return f"{peering.id} {name}"


def planned(case: Case, aws: FakeAws, shard: Shard | None = None) -> Plan:
    return make_plan(aws, case.head, case.base, shard=shard)


def likened(plan: Plan) -> Plan:
    """Without what is AWS's alone, and without what quotas say."""
    spoken = tuple(d for d in plan.diagnostics if QUOTAS not in d.code)
    return replace(union([plan]), ids={}, diagnostics=spoken)


@bounded(120)
@given(randoms)
def test_the_plans_of_all_shards_are_the_whole_plan(rnd: Random) -> None:
    case = separate_meshes(rnd)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 5)
    if likely(rnd, 20):
        close_account(rnd, case)
    told(case)
    whole = planned(case, FakeAws(case.world))
    shards = divided(case.head, case.base, rnd.randint(1, 4))

    plans = [planned(case, FakeAws(case.world), shard) for shard in shards]

    strays = [d for plan in plans for d in plan.diagnostics if d.code == "stray-peering"]
    assert not strays
    files = [shard_json(ShardFile("plan", s, plan=p)) for s, p in zip(shards, plans, strict=True)]
    read = union(found.plan for file in files if (found := read_shard(file.encode())).plan)
    assert shown(read) == shown(union(plans))
    check_division(shards, {*case.head.environments, *case.base.environments})
    for shard, plan in zip(shards, plans, strict=True):
        check_own(shard, plan)
    assert likened(union(plans)) == likened(whole)
    assert union(plans).fingerprint == whole.fingerprint
    assert dict(union(plans).fingerprints) == dict(whole.fingerprints)


def shown(plan: Plan) -> tuple[str, ...]:
    """Everything that people and the apply are shown of a plan."""
    context = Context(marker="<!-- m -->", head_sha="a" * 40, base_sha="b" * 40)
    pages = (markdown.comment, markdown.job_summary, html.report)
    return (planfile.plan_json(plan), *(page(plan, context) for page in pages))


@bounded(60)
@given(randoms)
def test_a_shard_asks_only_where_its_members_are_and_their_peerings_lead(rnd: Random) -> None:
    case = separate_meshes(rnd)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 3)
    told(case)
    for shard in divided(case.head, case.base, 8):
        aws = FakeAws(case.world)
        home = home_scopes(shard.environments, case.head, case.base)

        planned(case, aws, shard)

        asked = {call.scope for call in aws.calls if call.action != SIGN_IN}
        assert asked <= home | ends(case, shard)


def ends(case: Case, shard: Shard) -> set[Scope]:
    """Where the peerings that carry the shard's tags lead."""
    return {
        end.scope
        for peering in case.world.peerings.values()
        if any(tags.get(ENVIRONMENT) in shard.environments for tags in peering.tags.values())
        for end in peering.ends
    }


@bounded(80)
@given(randoms)
def test_a_tag_that_ties_two_shards_is_refused_or_told_and_never_acted_on(rnd: Random) -> None:
    case = separate_meshes(rnd)
    mutate(rnd, case, (mistag, mistag, *FILE_EDITS), 4)
    told(case)
    whole = planned(case, FakeAws(case.world))
    planned_changes = {change.address: change.canonical for change in whole.changes}
    plans, refused = [], False

    for shard in divided(case.head, case.base, 4):
        try:
            plan = planned(case, FakeAws(case.world), shard)
        except Refused:
            refused = True
        else:
            check_own(shard, plan)
            plans.append(plan)

    merged = union(plans)
    assert all(planned_changes[c.address] == c.canonical for c in merged.changes)
    strays = [d for d in merged.diagnostics if d.code == "stray-peering"]
    if not refused and not strays:
        assert merged.fingerprint == whole.fingerprint

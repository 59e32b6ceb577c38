"""Ask AWS what the doctor wants to know; reads alone, and a refusal is an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from bot.engine.doctor.facts import InitialFacts, RoleFacts, ScopeFacts
from bot.engine.doctor.permissions import CONTEXT, needed, resources, verdicts
from bot.engine.inventory import read_route_tables, read_vpcs
from bot.engine.quotas.ask import asked
from bot.errors import AwsError
from bot.kinds import route, vpc_peering
from bot.model.address import Region, Scope, VpcRef, partition
from bot.model.cidr import is_ipv6
from bot.model.peering_status import DEAD
from bot.model.quota import PEERINGS_PER_VPC, ROUTES_PER_TABLE, QuotaQuestion
from bot.model.step import Role
from bot.ports import Identities, Reader

T = TypeVar("T")

GET_ROLE = "iam:GetRole"
SIMULATE = "iam:SimulatePrincipalPolicy"


def look_at_initial(aws: Identities, region: Region) -> InitialFacts:
    """Who we are in a region's partition, and who may become us."""
    caller = _answer(lambda: aws.caller(region))
    if isinstance(caller, AwsError) or not caller.role_name:
        return InitialFacts(partition(region), caller)
    trust = _answer(lambda: aws.trust_of_initial(caller.role_name, region))
    return InitialFacts(partition(region), caller, trust)


def look_at_role(
    aws: Identities, reader: Reader, role: Role, scope: Scope, uses: tuple[str, ...]
) -> RoleFacts:
    """Whether a role can be assumed, and, where IAM may be asked, what it is."""
    facts = RoleFacts(
        role, partition(scope.region), uses, _answer(lambda: aws.session(role, scope))
    )
    if isinstance(facts.session, AwsError):
        return facts
    name = role.name.rpartition("/")[2]
    trust = _answer(lambda: _trust(reader.read(scope, GET_ROLE, RoleName=name)))
    refused = isinstance(trust, AwsError)  # then the rest of IAM is closed as well
    simulated = trust if refused else _answer(lambda: _simulated(reader, facts, scope))
    return RoleFacts(role, facts.partition, uses, facts.session, trust, simulated)


def look_at_scope(reader: Reader, scope: Scope) -> ScopeFacts:
    """What a plan would read, each question by itself, and the quotas."""
    vpcs = _answer(lambda: tuple(read_vpcs(reader, scope)))
    if isinstance(vpcs, AwsError) and vpcs.action == "sts:AssumeRole":
        return ScopeFacts(scope, vpcs, vpcs, vpcs)
    tables = _answer(lambda: tuple(read_route_tables(reader, scope)))
    peerings = _answer(lambda: _peerings(reader, scope))
    routes = _answer(lambda: _routes(reader, scope))
    quotas = (PEERINGS_PER_VPC, ROUTES_PER_TABLE)
    return ScopeFacts(
        scope,
        vpcs,
        tables,
        peerings,
        {} if isinstance(routes, AwsError) else routes,
        {quota: asked(reader, QuotaQuestion(scope, quota)) for quota in quotas},
    )


def _answer(question: Callable[[], T]) -> T | AwsError:
    try:
        return question()
    except AwsError as error:
        return error


def _trust(answers: Iterable[Mapping[str, Any]]) -> Any:
    role = next(iter(answers), {}).get("Role") or {}
    return role.get("AssumeRolePolicyDocument")


def _simulated(reader: Reader, facts: RoleFacts, scope: Scope) -> Mapping[str, bool]:
    results = reader.read(
        scope,
        SIMULATE,
        PolicySourceArn=facts.arn,
        ActionNames=list(needed(facts.uses)),
        ResourceArns=list(resources(scope)),
        ContextEntries=list(CONTEXT),
    )
    return verdicts(results, facts.uses)


def _peerings(reader: Reader, scope: Scope) -> Mapping[VpcRef, int]:
    counted: Counter[VpcRef] = Counter()
    for item in vpc_peering.observe(reader, scope):
        if item.spec.status not in DEAD:
            counted.update((item.spec.requester, item.spec.accepter))
    return counted


def _routes(reader: Reader, scope: Scope) -> Mapping[str, int]:
    counted: Counter[tuple[str, bool]] = Counter()
    for item in route.observe(reader, scope):
        spec = item.spec
        if not spec.propagated:
            counted[spec.table, not spec.to_prefix_list and is_ipv6(spec.destination)] += 1
    tables = {table for table, _ in counted}
    return {table: max(counted[table, False], counted[table, True]) for table in tables}

"""Ask for subnets and network ACLs, in the scopes of the environments that are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.errors import AwsError
from bot.model.address import Scope, VpcRef, vpc_ref
from bot.model.cidr import canonical
from bot.model.subnet import AclRule, NetworkAcl, Subnet, SubnetFacts
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop

SUBNETS = "ec2:DescribeSubnets"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html"""
ACLS = "ec2:DescribeNetworkAcls"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html"""

Items = tuple[Mapping[str, Any], ...]


def read_subnets(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    scopes: Iterable[Scope],
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> SubnetFacts:
    """Two questions for each scope, all asked at once.

    A question that AWS does not answer is among the problems: an older role may lack the
    permission, and then routes alone are judged. Raises Interrupted.
    """
    wanted = sorted(set(scopes))
    if not wanted:
        return SubnetFacts()
    reader = reader_for(dict.fromkeys(wanted, ""))
    questions = {
        (scope, action): partial(_asked, reader, scope, action)
        for scope in wanted
        for action in (SUBNETS, ACLS)
    }
    answers = gather(questions, dispatcher, "reading subnets", progress or Quiet(), stop)
    return _facts(answers)


def _asked(reader: Reader, scope: Scope, action: str) -> Items | str:
    """The items, or AWS's words for why there are none."""
    try:
        return tuple(reader.read(scope, action))
    except AwsError as error:
        return f"{error.action}: {error.code}: {error.message}"


def _facts(answers: Mapping[tuple[Scope, str], Items | str]) -> SubnetFacts:
    subnets: dict[VpcRef, list[Subnet]] = {}
    acls: dict[VpcRef, list[NetworkAcl]] = {}
    read: set[Scope] = set()
    problems: list[tuple[Scope, str]] = []
    for (scope, action), items in sorted(answers.items()):
        if isinstance(items, str):
            problems.append((scope, items))
        elif action == SUBNETS:
            read.add(scope)
            for subnet in (_subnet(item, scope) for item in items):
                subnets.setdefault(subnet.vpc, []).append(subnet)
        else:
            for acl in (_acl(item, scope) for item in items):
                acls.setdefault(acl.vpc, []).append(acl)
    return SubnetFacts(
        frozenset(read),
        {vpc: tuple(sorted(found, key=lambda s: s.id)) for vpc, found in subnets.items()},
        {vpc: tuple(sorted(found, key=lambda a: a.id)) for vpc, found in acls.items()},
        tuple(problems),
    )


def _subnet(item: Mapping[str, Any], scope: Scope) -> Subnet:
    vpc = vpc_ref(scope.account, scope.region, str(item.get("VpcId", "")))
    ipv4 = [canonical(str(item["CidrBlock"]))] if item.get("CidrBlock") else []
    ipv6 = [
        canonical(str(held["Ipv6CidrBlock"]))
        for held in item.get("Ipv6CidrBlockAssociationSet") or ()
        if (held.get("Ipv6CidrBlockState") or {}).get("State", "associated") == "associated"
        and held.get("Ipv6CidrBlock")
    ]
    return Subnet(str(item["SubnetId"]), vpc, (*ipv4, *ipv6))


def _acl(item: Mapping[str, Any], scope: Scope) -> NetworkAcl:
    vpc = vpc_ref(scope.account, scope.region, str(item.get("VpcId", "")))
    rules = [rule for entry in item.get("Entries") or () for rule in _rules(entry)]
    named = (held.get("SubnetId") for held in item.get("Associations") or ())
    return NetworkAcl(
        str(item["NetworkAclId"]),
        vpc,
        bool(item.get("IsDefault")),
        frozenset(str(subnet) for subnet in named if subnet),
        tuple(sorted(rules, key=lambda rule: (rule.egress, rule.number, rule.block))),
    )


def _rules(entry: Mapping[str, Any]) -> Iterator[AclRule]:
    """An entry as a rule; protocols are numbers in AWS's answers."""
    block = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
    protocol = str(entry.get("Protocol", "-1"))
    ports = entry.get("PortRange") or {}
    if block:
        yield AclRule(
            int(entry["RuleNumber"]),
            bool(entry.get("Egress")),
            entry.get("RuleAction") == "allow",
            canonical(str(block)),
            int(protocol) if protocol.lstrip("-").isdecimal() else -1,
            (int(ports["From"]), int(ports["To"])) if {"From", "To"} <= ports.keys() else None,
        )

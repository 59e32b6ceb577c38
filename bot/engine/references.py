"""What a report of drift adds about security groups: stale rules, and who else names our groups.

Asked for in drift alone, and only where a mesh file has security group rules: the two calls have
small buckets of their own (20 calls, 5 a second), and no plan depends on what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.engine.observe import Facts
from bot.engine.stale_rules import Standing, stale
from bot.errors import AwsError
from bot.kinds import security_group_rule
from bot.model.address import Scope, VpcRef
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop

STALE = "ec2:DescribeStaleSecurityGroups"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeStaleSecurityGroups.html"""

REFERENCES = "ec2:DescribeSecurityGroupReferences"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupReferences.html"""

Answer = tuple[Mapping[str, Any], ...] | AwsError


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """One question: about the stale rules of a VPC, or with ``groups`` about who names them."""

    vpc: VpcRef
    groups: tuple[str, ...] = ()


def references(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    mesh: Mesh,
    facts: Facts,
    environments: Collection[str],
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Diagnostic, ...]:
    """What AWS says about the groups that entries of these environments (none: all) name.

    A question that AWS does not answer is told as a notice. Raises Interrupted.
    """
    named = _named(mesh, facts, environments)
    looks = [Look(vpc) for vpc in named]
    looks += [Look(vpc, tuple(sorted(groups))) for vpc, groups in named.items() if groups]
    if not looks:
        return ()
    reader = reader_for({look.vpc.scope: "" for look in looks})
    work = {look: partial(_answer, reader, look) for look in looks}
    answers = gather(work, dispatcher, "reading references", progress or Quiet(), stop)
    owners = _environments(mesh, environments)
    expected, standing = _expected(mesh, facts), Standing.of(mesh, facts)
    return tuple(
        diagnostic
        for look, answer in sorted(answers.items(), key=lambda item: item[0])
        for diagnostic in _told(look, answer, owners[look.vpc], expected, standing)
    )


def _named(mesh: Mesh, facts: Facts, names: Collection[str]) -> dict[VpcRef, set[str]]:
    """The VPCs that entries name, with the groups of theirs that rules by reference name."""
    owners = _environments(mesh, names)
    found: dict[VpcRef, set[str]] = {
        vpc: set() for vpc in sorted(owners) if vpc in facts.inventory.vpcs
    }
    for _, allowed, _, peer in _expected(mesh, facts):
        if peer in found:
            found[peer].add(allowed)
    return found


def _environments(mesh: Mesh, names: Collection[str]) -> dict[VpcRef, frozenset[str]]:
    found: dict[VpcRef, set[str]] = {}
    for _, environment in mesh:
        for rule in environment.security_group_rules:
            if not names or environment.name in names:
                for side in (rule.source, rule.destination):
                    found.setdefault(side.vpc, set()).add(environment.name)
    return {vpc: frozenset(environments) for vpc, environments in found.items()}


Named = tuple[str, str, VpcRef, VpcRef]
"""A group with a rule, the group that it names, and the VPCs of both."""


def _expected(mesh: Mesh, facts: Facts) -> frozenset[Named]:
    """The references that the mesh asks for."""
    wishes = (wish.spec for wish in security_group_rule.desire(mesh, facts.inventory))
    return frozenset(
        (w.group, w.allowed, w.vpc, w.peer)
        for w in wishes
        # who names a group, its owner alone may ask
        if w.allowed.startswith("sg-") and not w.allowed_owner
    )


def _answer(reader: Reader, look: Look) -> Answer:
    try:
        if look.groups:
            return tuple(reader.read(look.vpc.scope, REFERENCES, GroupId=list(look.groups)))
        return tuple(reader.read(look.vpc.scope, STALE, VpcId=look.vpc.vpc_id))
    except AwsError as error:
        return error


def _told(
    look: Look,
    answer: Answer,
    names: frozenset[str],
    expected: frozenset[Named],
    standing: Standing,
) -> Iterator[Diagnostic]:
    if isinstance(answer, AwsError):
        yield _unread(look, answer, names)
    elif look.groups:
        items = (i for page in answer for i in page.get("SecurityGroupReferenceSet") or ())
        yield from _others(look, items, names, expected, standing)
    else:
        for item in answer:
            yield from stale(look.vpc, item, standing, names)


def _others(
    look: Look,
    items: Iterable[Mapping[str, Any]],
    names: frozenset[str],
    expected: frozenset[Named],
    standing: Standing,
) -> Iterator[Diagnostic]:
    """VPCs that name our groups, though no entry asks them to."""
    known = {(allowed, vpc.vpc_id) for _, allowed, vpc, _ in expected}
    for item in items:
        group, vpc_id = str(item.get("GroupId")), str(item.get("ReferencingVpcId"))
        if (group, vpc_id) not in known:
            over = str(item.get("VpcPeeringConnectionId") or item.get("TransitGatewayId"))
            gone = standing.gone(over)
            yield Diagnostic(
                Severity.NOTICE,
                "referenced-elsewhere",
                f"{vpc_id} has rules that name {group} of {look.vpc} over {over}"
                + (", which is gone" if gone else ", and no entry asks for that"),
                "They are stale and let nothing through: whoever made them can remove them."
                if gone
                else "They go stale when that connection is deleted.",
                environments=names,
            )


def _unread(look: Look, error: AwsError, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.NOTICE,
        "references-unread",
        f"whether rules of {look.vpc} are stale, and who names its groups, could not be read",
        f"{error.action}: {error.code}: {error.message}",
        environments=names,
    )

"""Whether AWS will do what is asked: DNS resolution needs two attributes of both VPCs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.errors import AwsError
from bot.kinds.base import Answers, Question
from bot.kinds.peering_options.spec import OptionsSpec
from bot.model.address import Scope, VpcRef, pair_of
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic, Severity

DESCRIBE = "ec2:DescribeVpcAttribute"
ATTRIBUTES = {"enableDnsHostnames": "EnableDnsHostnames", "enableDnsSupport": "EnableDnsSupport"}
"""By the name of an attribute, where AWS's answer has it. One is asked for at a time.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html
"""

Changes = Iterable[Change[OptionsSpec]]


def questions(changes: Changes) -> Iterable[Question]:
    """Both attributes of the VPCs at both ends of every peering on which an option goes on.

    "Both VPCs must be enabled for DNS hostnames and DNS resolution."
    https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
    """
    for vpc in _concerned(changes):
        for attribute in ATTRIBUTES:
            yield _question(vpc, attribute)


def remarks(changes: Changes, answers: Answers) -> Iterator[Diagnostic]:
    """A warning for each VPC that lacks one, and a note for scopes that did not answer."""
    unread: dict[Scope, dict[str, None]] = {}
    environments: dict[Scope, frozenset[str]] = {}
    for vpc, found in _concerned(changes).items():
        names = frozenset().union(*(change.environments for change in found))
        lacking: list[str] = []
        for attribute, key in ATTRIBUTES.items():
            answer = answers.get(_question(vpc, attribute), {})
            if isinstance(answer, AwsError):
                problem = f"{answer.action}: {answer.code}: {answer.message}"
                unread.setdefault(vpc.scope, {})[problem] = None
                environments[vpc.scope] = environments.get(vpc.scope, frozenset()) | names
            elif _off(answer, key):
                lacking.append(attribute)
        if lacking:
            yield _lacks(vpc, lacking, found, names)
    for scope, problems in unread.items():
        yield _unread(scope, problems, environments[scope])


def _concerned(changes: Changes) -> dict[VpcRef, list[Change[OptionsSpec]]]:
    """The VPCs at both ends of what goes on, sorted, each with those changes."""
    found: dict[VpcRef, list[Change[OptionsSpec]]] = {}
    for change in changes:
        after = change.after
        if after is not None and after.allow_dns_resolution_from_remote_vpc:
            pair = pair_of(after.peering)
            for vpc in (pair.first, pair.second):
                found.setdefault(vpc, []).append(change)
    return dict(sorted(found.items()))


def _question(vpc: VpcRef, attribute: str) -> Question:
    return Question(vpc.scope, DESCRIBE, (("Attribute", attribute), ("VpcId", vpc.vpc_id)))


def _off(answer: Mapping[str, Any], key: str) -> bool:
    """Only what AWS says is off: an answer without the attribute says nothing."""
    value = answer.get(key)
    return isinstance(value, Mapping) and value.get("Value") is False


def _lacks(
    vpc: VpcRef,
    lacking: list[str],
    found: list[Change[OptionsSpec]],
    names: frozenset[str],
) -> Diagnostic:
    peerings = {change.after.peering for change in found if change.after is not None}
    number = "1 peering" if len(peerings) == 1 else f"{len(peerings):,} peerings"
    lines = sorted(line for change in found for line in change.declared_at)
    return Diagnostic(
        Severity.WARNING,
        "dns-attributes",
        f"{vpc} has {' and '.join(lacking)} off, which DNS resolution over {number} of it needs:"
        " AWS refuses it, or it does nothing",
        "Turn on both enableDnsSupport and enableDnsHostnames of the VPC, or set dns_resolution:"
        " false on the members concerned.",
        lines[0] if lines else None,
        names,
    )


def _unread(scope: Scope, problems: Iterable[str], names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.NOTICE,
        "dns-attributes-unread",
        f"whether VPCs of {scope} have enableDnsSupport and enableDnsHostnames could not be read",
        "; ".join(problems)
        + f". Allow {DESCRIBE} to the member role (docs/iam.md). DNS resolution needs both.",
        environments=names,
    )

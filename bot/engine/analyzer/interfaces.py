"""Ask for network interfaces that an analysis can start and end at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from bot.engine.analyzer.choose import Interfaces
from bot.engine.gather import gather
from bot.errors import AwsError
from bot.model.address import Scope, VpcRef, vpc_ref
from bot.model.analyzer import Interface
from bot.ports import Dispatcher, Progress, Reader, Stop

DESCRIBE = "ec2:DescribeNetworkInterfaces"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html"""

_VALUES = 200
"""A filter takes no more values (EC2 User Guide, filtering)."""

Items = tuple[Mapping[str, Any], ...]


def read_interfaces(
    reader: Reader,
    vpcs: Mapping[Scope, Collection[str]],
    dispatcher: Dispatcher,
    progress: Progress,
    stop: Stop | None,
) -> Interfaces:
    """One question for each scope, all at once. Raises Interrupted.

    A scope that does not answer is among the ``unread``.
    """
    questions = {scope: partial(_asked, reader, scope, held) for scope, held in vpcs.items()}
    answers = gather(questions, dispatcher, "reading network interfaces", progress, stop)
    found: dict[VpcRef, list[Interface]] = {}
    for scope, items in answers.items():
        if not isinstance(items, str):
            for interface in (made for item in items for made in _usable(item, scope)):
                found.setdefault(interface.vpc, []).append(interface)
    return Interfaces(
        {vpc: tuple(held) for vpc, held in found.items()},
        {scope: items for scope, items in answers.items() if isinstance(items, str)},
    )


def _asked(reader: Reader, scope: Scope, vpcs: Collection[str]) -> Items | str:
    """The items, or why there are none."""
    filters = [
        {"Name": "status", "Values": ["in-use"]},
        {"Name": "interface-type", "Values": ["interface"]},
    ]
    if len(vpcs) <= _VALUES:
        filters.append({"Name": "vpc-id", "Values": sorted(vpcs)})
    try:
        return tuple(reader.read(scope, DESCRIBE, Filters=filters))
    except AwsError as error:
        return (
            f"the network interfaces of {scope} could not be read: {error.action}: {error.code}:"
            f" {error.message}"
        )


def _usable(item: Mapping[str, Any], scope: Scope) -> Iterator[Interface]:
    """Those of the account itself, with an IPv4 address: the analyzer looks at no other."""
    owner, address = item.get("OwnerId", scope.account), item.get("PrivateIpAddress")
    if owner == scope.account and address:
        yield Interface(
            str(item["NetworkInterfaceId"]),
            vpc_ref(scope.account, scope.region, str(item.get("VpcId", ""))),
            str(item.get("SubnetId", "")),
            str(address),
            bool((item.get("Attachment") or {}).get("InstanceId")),
            bool(item.get("RequesterManaged")),
        )

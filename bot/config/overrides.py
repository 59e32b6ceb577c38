"""``cidr_overrides``: networks that routes may have as their destination."""

from __future__ import annotations

from ipaddress import ip_network

from bot.config.draft import EnvironmentDraft, MemberDraft
from bot.config.fault import Faults, quoted
from bot.config.node import Scalar, Sequence
from bot.model.cidr import Network
from bot.model.diagnostic import SourceLine


def check_overrides(draft: EnvironmentDraft, faults: Faults) -> None:
    """Record what is wrong with the overrides of an environment."""
    for item in draft.members:
        _check_member(draft, item, faults)


def _check_member(draft: EnvironmentDraft, item: MemberDraft, faults: Faults) -> None:
    overrides = item.node.get("cidr_overrides")
    first: dict[Network, SourceLine] = {}
    names = (draft.environment.name,)
    for node in overrides.items if isinstance(overrides, Sequence) else []:
        if not isinstance(node, Scalar) or node.broken:
            continue
        try:
            network = ip_network(node.text, strict=False)
        except ValueError:
            summary = f"{quoted(node.text)} is not a network"
            detail = "Write one in CIDR form, such as 10.53.101.32/27."
            faults.error("cidr", summary, detail, node.at, defined=node.defined, environments=names)
            continue
        _check_network(node, network, names, faults)
        if network in first:
            summary = f"{network} is an override of this VPC twice"
            detail = f"It is there already, at {first[network]}: remove one."
            faults.error("override-twice", summary, detail, node.at, environments=names)
        elif network.version == 6 and not draft.environment.ipv6:
            summary = f"{network} will not be routed: {quoted(names[0])} has no ipv6: true"
            detail = "Set ipv6: true on the environment (long form), or remove the override."
            faults.warning("ipv6-override", summary, detail, node.at, environments=names)
        first.setdefault(network, node.at)


def _check_network(node: Scalar, network: Network, names: tuple[str], faults: Faults) -> None:
    if network.prefixlen == 0:
        summary = f"{node.text} would send all traffic to this VPC"
        detail = "Name the networks that are behind it."
        faults.error(
            "default-route", summary, detail, node.at, defined=node.defined, environments=names
        )
    elif not _is_network(node.text):
        summary = f"{node.text} is not a network: it has host bits"
        detail = f"Did you mean {network}?"
        faults.error(
            "host-bits", summary, detail, node.at, defined=node.defined, environments=names
        )


def _is_network(text: str) -> bool:
    """True when no bit is set behind the prefix."""
    try:
        ip_network(text, strict=True)
    except ValueError:
        return False
    return True

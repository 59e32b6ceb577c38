"""Every kind of thing meshbot manages, in apply order."""

from typing import Any

from bot.kinds import peering_options, route, security_group_rule, vpc_peering
from bot.kinds.base import Kind

KINDS: tuple[Kind[Any, Any, Any], ...] = (
    vpc_peering,
    peering_options,
    route,
    security_group_rule,
)


def by_name(name: str) -> Kind[Any, Any, Any]:
    """The kind of that name. Raises KeyError."""
    return {kind.NAME: kind for kind in KINDS}[name]

"""Every kind of thing meshbot manages, in apply order."""

from typing import Any

from bot.kinds import route, vpc_peering
from bot.kinds.base import Kind

KINDS: tuple[Kind[Any, Any, Any], ...] = (vpc_peering, route)


def by_name(name: str) -> Kind[Any, Any, Any]:
    """The kind of that name. Raises KeyError."""
    return {kind.NAME: kind for kind in KINDS}[name]

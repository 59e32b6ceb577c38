"""The quotas of AWS that a plan can run into.

Codes, defaults and what counts:
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.address import Scope


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """A quota of the service code ``vpc``, the same for everything in one scope.

    ``counted`` is what there may be so many of in one ``holder``; ``default`` and ``most`` are
    the documented default and what AWS raises it to at most; ``advice`` what else helps.
    """

    code: str
    counted: str
    holder: str
    default: int
    most: int
    advice: str

    def __hash__(self) -> int:
        """By its code: it is looked up once for every route."""
        return hash(self.code)


PEERINGS_PER_VPC = Quota(
    "L-7E9ECCDB",
    "VPC peering connections",
    "VPC",
    50,
    125,
    "connect fewer members with each other (topology: hub-and-spoke)",
)
"""Active ones; the peering guide's limitations count those that are pending as well."""

ROUTES_PER_TABLE = Quota(
    "L-93826ACB",
    "routes",
    "route table",
    500,
    1000,
    "route fewer, wider blocks: aggregate_routes, or cidr_overrides",
)
"""Routes that are not propagated, IPv4 and IPv6 counted apart."""


RULES_PER_GROUP = Quota(
    "L-0EA8095F",
    "rules",
    "security group",
    60,
    1000,
    "let fewer blocks or groups through",
)
"""Inbound and outbound apart, and IPv4 and IPv6; a rule that names a group counts as one of each.
AWS allows as many as rules per group times groups per network interface do not pass 1,000."""


@dataclass(frozen=True, slots=True, order=True)
class QuotaQuestion:
    """What a quota is in a scope."""

    scope: Scope
    quota: Quota


@dataclass(frozen=True, slots=True)
class QuotaAnswer:
    """The applied quota, or the ``problem`` (AWS's words) for which it is not known."""

    value: int = 0
    problem: str = ""

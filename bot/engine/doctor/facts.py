"""What the doctor was told, before anybody judges it. An AwsError stands for no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import AwsError
from bot.model.address import Scope, VpcRef
from bot.model.doctor import Caller
from bot.model.inventory import RouteTable, Vpc
from bot.model.quota import Quota, QuotaAnswer
from bot.model.step import Role


@dataclass(frozen=True, slots=True)
class InitialFacts:
    """The initial identity in one partition; ``trust`` is its role's policy, as IAM gave it.

    ``trust`` is None for an identity that is no role.
    """

    partition: str
    caller: Caller | AwsError
    trust: Any = None


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """One member role, and who uses it (``plan``, ``apply``).

    ``session`` is the ARN that STS gave. ``trust`` is the role's policy, ``simulated`` what
    IAM says of each of its calls: by action, whether every resource that it needs is allowed.
    Both are None when the role could not be assumed.
    """

    role: Role
    partition: str
    uses: tuple[str, ...]
    session: str | AwsError
    trust: Any = None
    simulated: Mapping[str, bool] | AwsError | None = None

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:{self.partition}:iam::{self.role.account}:role/{self.role.name}"

    @property
    def title(self) -> str:
        """The role, for people."""
        return f"{' and '.join(self.uses)} role {self.role.name}"


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """What could be read of one scope.

    ``peerings`` and ``routes`` are how many there are that count against a quota, by VPC, and
    by route table in the fuller of its two address families.
    """

    scope: Scope
    vpcs: tuple[Vpc, ...] | AwsError
    tables: tuple[RouteTable, ...] | AwsError
    peerings: Mapping[VpcRef, int] | AwsError
    routes: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[Quota, QuotaAnswer] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[AwsError, ...]:
        """What could not be read."""
        read = (self.vpcs, self.tables, self.peerings)
        return tuple(answer for answer in read if isinstance(answer, AwsError))

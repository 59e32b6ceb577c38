"""Where things are: accounts, regions, VPCs, and the address of everything meshbot manages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

AccountId = NewType("AccountId", str)
"""Twelve ASCII digits."""

Region = NewType("Region", str)
"""An AWS region name such as ``us-east-1``."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One account in one region: what is observed at a time, and what can fail to be."""

    account: AccountId
    region: Region

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, order=True)
class VpcRef:
    """A VPC by name: the scope it lives in and its ``vpc-`` id."""

    scope: Scope
    vpc_id: str

    def __str__(self) -> str:
        return f"{self.scope}/{self.vpc_id}"


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two VPCs that a peering connects, smaller one first, whichever side requested."""

    first: VpcRef
    second: VpcRef

    @classmethod
    def of(cls, one: VpcRef, other: VpcRef) -> Pair:
        """The pair of two VPCs, in either order."""
        return cls(min(one, other), max(one, other))

    def other(self, vpc: VpcRef) -> VpcRef:
        """The side that ``vpc`` is not."""
        return self.second if vpc == self.first else self.first

    def __contains__(self, vpc: object) -> bool:
        return vpc in (self.first, self.second)

    def __str__(self) -> str:
        return f"{self.first}~{self.second}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Names one managed thing: ``kind.account/region/key``.

    What AWS cannot modify in place belongs in the key, so nothing is ever "replaced".
    ``scopes`` holds the scopes it lives in, sorted: one, or two for a peering.
    """

    kind: str
    scopes: tuple[Scope, ...]
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.scopes[0]}/{self.key}"


VPC_PEERING_CONNECTION = "vpc_peering_connection"


def peering_address(pair: Pair) -> Address:
    """The address of the peering connection of a pair, the same in both directions."""
    scopes = tuple(sorted({pair.first.scope, pair.second.scope}))
    key = f"{pair.first.vpc_id}~{pair.second}"
    return Address(VPC_PEERING_CONNECTION, scopes, key)


def pair_of(address: Address) -> Pair:
    """The pair of a peering's address: the inverse of ``peering_address``."""
    first, second = address.key.split("~", 1)
    account, region, vpc_id = second.split("/", 2)
    far = VpcRef(Scope(AccountId(account), Region(region)), vpc_id)
    return Pair(VpcRef(address.scopes[0], first), far)


def partition(region: str) -> str:
    """The ARN partition of a region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"

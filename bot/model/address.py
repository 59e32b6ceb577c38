"""Where things are: accounts, regions, VPCs, and the address of everything meshbot manages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

AccountId = NewType("AccountId", str)
"""Twelve ASCII digits."""

Region = NewType("Region", str)
"""An AWS region name such as ``us-east-1``."""

KEPT = 1 << 16
"""How many values are kept to be one for all who ask: peerings and VPCs of the largest meshes."""


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

    def __hash__(self) -> int:
        return hash(self.vpc_id)  # all but unique, and quick: plans look up millions of them

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Sorts as the VPC itself does, several times as quickly."""
        return self.scope.account, self.scope.region, self.vpc_id

    def __str__(self) -> str:
        return f"{self.scope}/{self.vpc_id}"


@lru_cache(maxsize=KEPT)
def vpc_ref(account: str, region: str, vpc_id: str) -> VpcRef:
    """A VPC by name; one value for all who name it."""
    return VpcRef(_scope(account, region), vpc_id)


@lru_cache(maxsize=KEPT)
def _scope(account: str, region: str) -> Scope:
    return Scope(AccountId(account), Region(region))


@lru_cache(maxsize=KEPT)
def home_of(scope: Scope) -> tuple[Scope, ...]:
    """The scopes of an address that lives in one; one value for the thousands that do."""
    return (scope,)


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two VPCs that a peering connects, smaller one first, whichever side requested."""

    first: VpcRef
    second: VpcRef

    @classmethod
    def of(cls, one: VpcRef, other: VpcRef) -> Pair:
        """The pair of two VPCs, in either order."""
        # by their sort keys, which are not asked for: plans put millions of pairs together
        here, there = one.scope, other.scope
        first = (here.account, here.region, one.vpc_id) < (
            there.account,
            there.region,
            other.vpc_id,
        )
        return cls(one, other) if first else cls(other, one)

    def other(self, vpc: VpcRef) -> VpcRef:
        """The side that ``vpc`` is not."""
        return self.second if vpc == self.first else self.first

    @property
    def sort_key(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Sorts as the pair itself does, several times as quickly."""
        return self.first.sort_key, self.second.sort_key

    def __hash__(self) -> int:
        return hash((self.first.vpc_id, self.second.vpc_id))

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

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        home = self.scopes[0]
        return f"{self.kind}.{home.account}/{home.region}/{self.key}"


VPC_PEERING_CONNECTION = "vpc_peering_connection"
PEERING_OPTIONS = "peering_options"


@lru_cache(maxsize=KEPT)
def peering_address(pair: Pair) -> Address:
    """The address of the peering connection of a pair, the same in both directions."""
    scopes = tuple(sorted({pair.first.scope, pair.second.scope}))
    key = f"{pair.first.vpc_id}~{pair.second}"
    return Address(VPC_PEERING_CONNECTION, scopes, key)


@lru_cache(maxsize=KEPT)
def pair_of(address: Address) -> Pair:
    """The pair of a peering's address: the inverse of ``peering_address``."""
    first, second = address.key.split("~", 1)
    near = address.scopes[0]
    return Pair(vpc_ref(near.account, near.region, first), vpc_ref(*second.split("/", 2)))


def peering_options_address(vpc: VpcRef, peer: VpcRef) -> Address:
    """The address of the options on a VPC's own side of its peering with another."""
    return Address(PEERING_OPTIONS, (vpc.scope,), f"{vpc.vpc_id}~{peer}")


def partition(region: str) -> str:
    """The ARN partition of a region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"

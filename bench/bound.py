"""The least that a mesh can take: calls, and seconds by AWS's token buckets.

Computed from nothing but how many VPCs each account and region holds, and not by the code that
is measured. EC2 has no call that makes two peerings, accepts two or makes two routes; tags of
up to 1,000 things can be written with one call if they are the same
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import ceil

from bench.meshes import Place, places

CHANGING = (50, 5)
"""EC2's bucket of a changing action, and what returns a second, for an account and a region.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

TABLES_A_PAGE, OTHERS_A_PAGE = 100, 1000
"""The largest pages of DescribeRouteTables, and of DescribeVpcs and of peerings."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A full mesh: VPCs spread over the accounts' regions in turn, with route tables each.

    Each VPC has one CIDR block.
    """

    vpcs: int
    accounts: int
    regions: int
    tables: int

    def __post_init__(self) -> None:
        assert self.accounts * self.regions <= self.vpcs, "a VPC for every account and region"

    @classmethod
    def of(cls, text: str) -> Shape:
        """From ``24/3/2/2``."""
        return cls(*(int(part) for part in text.split("/")))

    def __str__(self) -> str:
        return f"{self.vpcs}/{self.accounts}/{self.regions}/{self.tables}"

    @property
    def title(self) -> str:
        """For people."""
        where = f"{self.accounts} accounts in {self.regions} regions"
        return f"{self.vpcs} VPCs, {where}, {self.tables} route tables each"

    @property
    def places(self) -> tuple[Place, ...]:
        """The VPCs."""
        return places(self.vpcs, self.accounts, self.regions)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many VPCs each account and region holds; not all the same, if it does not divide."""
        return tuple(Counter((place.account, place.region) for place in self.places).values())

    @property
    def peerings(self) -> int:
        """One for each pair."""
        return self.vpcs * (self.vpcs - 1) // 2

    @property
    def routes(self) -> int:
        """Each VPC's tables lead to all others."""
        return self.vpcs * (self.vpcs - 1) * self.tables


def least_reads(shape: Shape, built: bool) -> int:
    """Calls of a plan: each account signed in to once, each scope asked for each thing once.

    More for what does not fit on a page. ``built``: whether the mesh is there.
    """
    calls = shape.accounts
    for count in shape.counts:
        within = count * (count - 1) // 2
        seen = count * (shape.vpcs - count) + within if built else 0
        for things, page in ((count, OTHERS_A_PAGE), (seen, OTHERS_A_PAGE)):
            calls += max(1, ceil(things / page))
        calls += max(1, ceil(count * shape.tables / TABLES_A_PAGE))
    return calls


def least_writes(shape: Shape) -> int:
    """Calls that make the whole mesh, after reading.

    A peering is requested and accepted, and each route is made. The accepter's side of a
    peering has tags of its own, which are the same for all peerings that a VPC requests: so
    between two scopes, the fewest tag calls are as many as the scope with fewer VPCs has. The
    route tables of a scope are tagged at once, and each scope is polled once.
    """
    tags = sum(min(one, other) for one, other in combinations(shape.counts, 2))
    return 2 * shape.peerings + shape.routes + tags + 2 * len(shape.counts)


def least_seconds(shape: Shape, share: float = 1.0) -> float:
    """Until the last token of the fullest bucket; 0 when all buckets hold enough at the start.

    ``share`` is the part of each bucket that is there. Peerings within a scope are requested
    there, and of all together some scope requests its part or more.
    """
    size, refill = (number * share for number in CHANGING)
    requests = ceil(shape.peerings / len(shape.counts))
    most = max(
        max(count * (shape.vpcs - 1) * shape.tables, count * (count - 1) // 2, requests)
        for count in shape.counts
    )
    return max(0.0, (most - size) / refill)

"""Who requests a peering: said by the pair alone, and balanced over the scopes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kinds.vpc_peering.spec import requester_of
from bot.model.address import AccountId, Pair, Region, Scope, VpcRef

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2")
accounts = st.lists(st.integers(10**11, 10**12 - 1).map(str), min_size=2, max_size=8, unique=True)


def mesh(names: list[str], regions: tuple[str, ...], each: int) -> list[VpcRef]:
    """So many VPCs in every scope."""
    return [
        VpcRef(Scope(AccountId(account), Region(region)), f"vpc-{n:08x}")
        for account, region, n in product(names, regions, range(each))
    ]


def requests(vpcs: list[VpcRef]) -> Counter[Scope]:
    """How many requests each scope makes."""
    return Counter(requester_of(Pair.of(*pair)).scope for pair in combinations(vpcs, 2))


@given(accounts)
def test_in_two_regions_every_scope_requests_about_equally(names: list[str]) -> None:
    vpcs = mesh(names, REGIONS[:2], 3)
    made = requests(vpcs)
    fair = sum(made.values()) / (2 * len(names))

    # a scope pair is 9 requests; only that of an account's own two regions is left to chance
    assert all(abs(number - fair) <= 4.5 for number in made.values())


@given(accounts)
def test_in_three_regions_none_requests_much_more_than_its_share(names: list[str]) -> None:
    vpcs = mesh(names, REGIONS[:3], 2)
    made = requests(vpcs)
    others = 3 * len(names) - 1

    # of each other account's three regions it requests from one or two
    most = 4 * (2 * (len(names) - 1) + 2) + 1
    assert len(made) >= others
    assert max(made.values()) <= most


def test_the_reference_mesh_needs_no_more_than_a_bucket_of_requests_and_a_little() -> None:
    names = ["111111111111", "222222222222", "333333333333"]
    made = requests(mesh(names, REGIONS[:2], 4))

    assert sum(made.values()) == 276
    assert max(made.values()) <= 54


@given(accounts, st.integers(1, 4))
def test_all_pairs_of_two_scopes_go_one_way(names: list[str], regions: int) -> None:
    vpcs = mesh(names[:3], REGIONS[:regions], 2)
    ways: dict[frozenset[Scope], set[Scope]] = {}
    for pair in combinations(vpcs, 2):
        scopes = frozenset(vpc.scope for vpc in pair)
        ways.setdefault(scopes, set()).add(requester_of(Pair.of(*pair)).scope)

    assert all(len(requesting) == 1 for requesting in ways.values())


@pytest.mark.parametrize("big", [5, 20])
def test_a_mesh_with_most_vpcs_in_one_scope_is_bound_by_its_routes(big: int) -> None:
    names = [str(111_111_111_111 * n) for n in range(1, 6)]
    vpcs = mesh(names, REGIONS[:2], 1) + [
        VpcRef(Scope(AccountId(names[0]), Region(REGIONS[0])), f"vpc-1{n:07x}") for n in range(big)
    ]
    accepts = Counter[Scope]()
    ends = Counter[Scope]()
    for pair in (Pair.of(*two) for two in combinations(vpcs, 2)):
        accepts[pair.other(requester_of(pair)).scope] += 1
        ends.update((pair.first.scope, pair.second.scope))

    made = requests(vpcs)

    for scope, routes in ends.items():  # one table and one block each, at least
        assert max(made[scope], accepts[scope]) <= routes

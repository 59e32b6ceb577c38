"""Quick keys sort as the values themselves do; what is kept is what would be computed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.model.address import Address, Pair, Scope, VpcRef, pair_of, peering_address, vpc_ref
from bot.model.change import (
    Change,
    Existence,
    PictureConnection,
    Plan,
    fingerprint,
)
from bot.model.tags import Tags

VPCS = st.builds(
    vpc_ref,
    st.sampled_from(("111111111111", "222222222222")),
    st.sampled_from(("us-east-1", "us-east-2", "eu-west-1")),
    st.integers(0, 4).map(lambda n: f"vpc-{n:08x}"),
)
PAIRS = st.builds(Pair.of, VPCS, VPCS)
CONNECTIONS = st.builds(
    PictureConnection, st.sampled_from("abc"), VPCS, VPCS, st.sampled_from(Existence)
)


@given(st.lists(VPCS))
def test_vpcs_sort_by_their_key(vpcs: list[VpcRef]) -> None:
    assert sorted(vpcs, key=lambda vpc: vpc.sort_key) == sorted(vpcs)


@given(st.lists(PAIRS))
def test_pairs_sort_by_their_key(pairs: list[Pair]) -> None:
    assert sorted(pairs, key=lambda pair: pair.sort_key) == sorted(pairs)


@given(st.lists(CONNECTIONS))
def test_connections_sort_by_their_key(connections: list[PictureConnection]) -> None:
    assert sorted(connections, key=lambda c: c.sort_key) == sorted(connections)


@given(VPCS, VPCS)
def test_a_pair_is_the_same_in_both_orders_and_back(one: VpcRef, other: VpcRef) -> None:
    pair = Pair.of(one, other)

    assert pair == Pair.of(other, one)
    assert hash(pair) == hash(Pair.of(other, one))
    assert pair.first <= pair.second
    assert pair_of(peering_address(pair)) == pair


@given(VPCS)
def test_equal_vpcs_hash_alike_however_they_were_made(vpc: VpcRef) -> None:
    again = VpcRef(Scope(vpc.scope.account, vpc.scope.region), vpc.vpc_id)

    assert again == vpc
    assert hash(again) == hash(vpc)


def test_equal_tags_are_one_value() -> None:
    assert Tags.of({"a": "1", "b": "2"}) is Tags.of({"b": "2", "a": "1"})
    assert Tags.of({"a": "1"}) != Tags.of({"a": "2"})


@given(st.lists(st.tuples(st.integers(0, 30), st.frozensets(st.sampled_from("abc"))), max_size=12))
def test_fingerprints_are_those_of_each_environments_changes(
    made: list[tuple[int, frozenset[str]]],
) -> None:
    scope = Scope(*("111111111111", "us-east-1"))  # type: ignore[arg-type]
    changes = tuple(
        Change(Address("route", (scope,), f"{n}"), None, n, environments=names) for n, names in made
    )

    plan = Plan(changes, environments=("a", "b"))

    assert plan.fingerprint == fingerprint(changes)
    assert plan.fingerprints == {
        name: fingerprint(c for c in changes if name in c.environments) for name in "ab"
    }
    for name in "abc":
        assert plan.changes_of(name) == tuple(c for c in changes if name in c.environments)

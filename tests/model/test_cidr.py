"""CIDR blocks put together."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from bot.model.cidr import exact_unions, overlap


def test_halves_become_the_whole_and_neighbours_do_not() -> None:
    merged = exact_unions(["10.4.0.0/16", "10.5.0.0/16", "10.7.0.0/16", "10.8.0.0/16"])

    assert merged == ("10.4.0.0/15", "10.7.0.0/16", "10.8.0.0/16")


def test_the_families_are_kept_apart() -> None:
    merged = exact_unions(["2001:db8:1::/48", "10.1.0.0/16", "2001:db8::/48", "10.0.0.0/16"])

    assert merged == ("10.0.0.0/15", "2001:db8::/47")


def test_the_halves_of_everything_do_not_become_a_default_route() -> None:
    assert exact_unions(["0.0.0.0/1", "128.0.0.0/1"]) == ("0.0.0.0/1", "128.0.0.0/1")


small = st.integers(24, 32).flatmap(
    lambda length: st.integers(0, 2 ** (length - 24) - 1).map(
        lambda number: f"{ip_network('10.0.0.0/24')[number << (32 - length)]}/{length}"
    )
)


@given(st.lists(small, max_size=12))
def test_unions_hold_the_same_addresses_in_blocks_that_do_not_meet(blocks: list[str]) -> None:
    merged = exact_unions(blocks)

    def addresses(cidrs: list[str]) -> set[int]:
        return {int(address) for cidr in cidrs for address in ip_network(cidr)}

    assert addresses(list(merged)) == addresses(blocks)
    assert sum(ip_network(cidr).num_addresses for cidr in merged) == len(addresses(blocks))
    assert len(merged) <= len(set(blocks))
    assert not any(overlap(a, b) for a in merged for b in merged if a != b)

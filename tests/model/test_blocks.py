"""Blocks that hold another one: found without trying every prefix length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.model.cidr import Blocks, canonical, network, overlap, within


def blocks(version: int) -> st.SearchStrategy[str]:
    """Blocks that often hold one another."""
    addresses = st.integers(0, 3).map(lambda n: f"10.{n}.128.0" if version == 4 else f"2600:{n}::")
    lengths = st.integers(0, 32 if version == 4 else 128)
    return st.builds(lambda address, length: canonical(f"{address}/{length}"), addresses, lengths)


CIDRS = blocks(4) | blocks(6)


@given(CIDRS, st.sets(CIDRS, max_size=12))
def test_the_broader_blocks_come_narrowest_first(cidr: str, held: set[str]) -> None:
    found = list(Blocks({block: f"at {block}" for block in held}).broader(cidr))

    expected = [block for block in held if block != cidr and within(cidr, block)]
    expected.sort(key=lambda block: -network(block).prefixlen)
    assert found == [(block, f"at {block}") for block in expected]


@given(CIDRS, CIDRS)
def test_blocks_overlap_as_the_standard_library_says(one: str, other: str) -> None:
    first, second = network(one), network(other)

    same = first.version == second.version
    assert overlap(one, other) is (same and first.overlaps(second))
    assert overlap(one, other) is overlap(other, one)


def test_what_is_no_block_holds_nothing() -> None:
    held = {"pl-0123": 1, "10.0.0.0/8": 2}

    assert list(Blocks(held).broader("10.1.0.0/16")) == [("10.0.0.0/8", 2)]

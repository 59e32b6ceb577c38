"""Values of the model as JSON: the standard library's bytes for their plain data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.address import Address, Scope, vpc_ref
from bot.model.change import Change, Movement, Plan, fingerprint_of, plain
from bot.model.diagnostic import SourceLine
from bot.model.json_text import COMPACT, INDENTED
from bot.model.tags import Tags
from tests.render import builder

TEXTS = st.text(alphabet=st.sampled_from('a~ !"\\\n\u2028é😀\ud800'), max_size=4)
HERE = Scope(*("111111111111", "us-east-1"))  # type: ignore[arg-type]
VALUES = st.one_of(
    st.builds(Tags.of, st.dictionaries(TEXTS, TEXTS, max_size=3)),
    st.builds(SourceLine, TEXTS, st.integers(), st.integers()),
    st.builds(vpc_ref, TEXTS, TEXTS, TEXTS),
    st.builds(lambda key: Address("route", (HERE,), key), TEXTS),
    st.tuples(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2),
    st.sampled_from(Movement),
)


@given(VALUES)
def test_compact_text_is_sorted_and_narrow(value: object) -> None:
    wanted = json.dumps(plain(value), sort_keys=True, separators=(",", ":"))

    assert COMPACT.text(value) == wanted


@given(VALUES)
def test_indented_text_is_that_of_indent_one(value: object) -> None:
    assert INDENTED.text(value) == json.dumps(plain(value), indent=1)


@pytest.mark.parametrize("plan", [builder.small(), builder.destructive(), builder.huge(9)])
def test_a_changes_text_is_that_of_its_canonical_data(plan: Plan) -> None:
    assert plan.changes
    for change in plan.changes:
        wanted = json.dumps(change.canonical, sort_keys=True, separators=(",", ":"))
        assert change.canonical_text == wanted


@given(st.lists(st.tuples(TEXTS, st.sampled_from([None, "", "a"]), st.integers(0, 2))))
def test_the_fingerprint_is_that_of_the_sorted_texts(
    made: list[tuple[str, str | None, int]],
) -> None:
    """Whatever stands in an address, and for two changes of one address too."""
    changes = [Change(Address("route", (HERE,), key), before, n) for key, before, n in made]
    lines = sorted(json.dumps(c.canonical, sort_keys=True, separators=(",", ":")) for c in changes)
    wanted = hashlib.sha256("".join(["meshbot plan 1\n", *(f"{x}\n" for x in lines)]).encode())

    assert Plan(tuple(changes)).fingerprint == wanted.hexdigest()
    assert fingerprint_of(change.canonical for change in changes) == wanted.hexdigest()


def test_equal_text_is_equal_data() -> None:
    plan = builder.small()
    other = replace(plan.changes[0], reason="another", environments=frozenset({"x"}))

    assert other.canonical_text == plan.changes[0].canonical_text

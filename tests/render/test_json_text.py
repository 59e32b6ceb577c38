"""JSON on many lines: the standard library's bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.json_text import json_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), DATA, max_size=4))
def test_the_text_is_that_of_the_standard_library(data: dict[str, Any]) -> None:
    assert json_text(data) == json.dumps(data, ensure_ascii=True, indent=1)


@given(st.lists(DATA, max_size=3), st.booleans(), st.booleans())
def test_an_iterator_is_a_list(items: list[Any], before: bool, after: bool) -> None:
    first: dict[str, Any] = {"a": 1} if before else {}
    last: dict[str, Any] = {"z": []} if after else {}

    text = json_text({**first, "items": iter(items), **last})

    assert text == json.dumps({**first, "items": items, **last}, ensure_ascii=True, indent=1)


def test_one_is_not_true_and_zero_is_not_false() -> None:
    assert json_text({"a": [1, True, 0, False, 1.0]}) == json.dumps(
        {"a": [1, True, 0, False, 1.0]}, indent=1
    )


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(TypeError):
        json_text({"a": object()})

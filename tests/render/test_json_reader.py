"""Reading JSON through a window: the standard library's data, of one item at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render import json_reader
from bot.render.json_reader import read_object

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(["items", "a", "b"]) | st.text(max_size=3)


@pytest.fixture(autouse=True, scope="module", params=[1, 2, 7, 1 << 20])
def _window(request: pytest.FixtureRequest) -> Any:
    """Windows that end within every value, and one that holds everything."""
    before, json_reader.WINDOW = json_reader.WINDOW, request.param
    yield
    json_reader.WINDOW = before


@given(st.dictionaries(KEYS, DATA, max_size=3), st.sampled_from([None, 1]), st.booleans())
def test_the_data_is_that_of_the_standard_library(
    data: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    if "\\ud" not in json.dumps(data):  # which is no text that a file can hold
        kept: list[Any] = []

        def keep(item: Any) -> int:
            kept.append(item)
            return len(kept)

        found = read_object(text.encode(), "items", keep)

        listed = data.get("items") if isinstance(data.get("items"), list) else None
        if listed is not None:
            assert kept == listed
            data = {**data, "items": list(range(1, len(listed) + 1))}
        assert found == data


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[]", "1", '"a"', "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', "{,}"),
        *('{"a":1}{', '{"a":1} 2', "{1:2}", '{"a" 1}', '{"a":1 "b":2}', '{"items":[1', "{a:1}"),
        *('{"items":[1,]}', '{"items":[,1]}', '{"items":[1 2]}', '{"items":[}', '{"items":[1]'),
        *('{"a":NaN}', '{"items":[Infinity]}', '{"a":1,"a":1}', '{"items":[{"a":1,"a":2}]}'),
        *('{"items":[],"items":[]}', '{"a":tru}', '{"a":"b}', '{"a":"\n"}', "\ufeff{}"),
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are those of whoever found it
        read_object(text.encode(), "items", lambda item: item)


@pytest.mark.parametrize("content", [b"\xff{}", b'{"a":"\xff"}', b'{"a":"\xc3', b'{"a":1}\xc3'])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - likewise
        read_object(content, "items", lambda item: item)

"""The parser: the same with and without libyaml, and never surprised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config import load
from bot.config.compose import MAX_DEPTH, MAX_WEIGHT
from bot.config.document import document
from bot.config.fault import Faults
from bot.config.node import Mapping, Node, Scalar, Sequence, data
from bot.config.text import decoded
from bot.errors import MeshInvalid
from bot.model.diagnostic import Diagnostic, Severity

HERE = Path(__file__).parent
FILES = sorted(path for kind in ("bad", "good") for path in (HERE / kind).rglob("*.y*ml"))
PIECES = (
    *"a1[]{},:?#|>@`~=-",
    *(
        "b: ",
        "- ",
        "\n",
        "    ",
        "&x ",
        "*x",
        "<<: ",
        "'",
        '"',
        "!t ",
        "!!str ",
        "! ",
        "---\n",
        "...",
    ),
    *(
        "%YAML 1.1\n",
        "\\n",
        "\\u0000",
        "é",
        "😀",
        "k: v",
        "012",
        "10:20",
        "|2",
        "\\UFFFFFFFF",
        "\r\n",
    ),
    *("\t", ".nan", "account_id: ", "environments:\n", "metadata: ", "null"),
)


def seen(node: Node) -> Any:
    """Everything about a node that the rest may look at."""
    place = (node.at, node.defined, node.weight, node.height, node.broken)
    match node:
        case Mapping(entries=entries):
            return place, [(k, seen(e.key), seen(e.value)) for k, e in entries.items()]
        case Sequence(items=items):
            return place, [seen(item) for item in items]
        case Scalar():
            return place, node.text, repr(node.value), node.plain
        case _:
            raise TypeError(node)


def parsed(text: str, *, quick: bool) -> tuple[Any, tuple[Diagnostic, ...]]:
    """A text's nodes and faults."""
    faults = Faults()
    root = document("x.yaml", text, faults, quick=quick)
    return root and seen(root), faults.errors


def plainly(text: str) -> Any:
    """A text as plain data, which must be without faults."""
    faults = Faults()
    root = document("x.yaml", text, faults)
    assert not faults.errors
    assert root
    return data(root)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_libyaml_and_pyyaml_read_every_case_alike(path: Path) -> None:
    text = decoded("x.yaml", path.read_bytes(), Faults())

    if text is not None:
        assert parsed(text, quick=True) == parsed(text, quick=False)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_libyaml_and_pyyaml_read_any_text_alike(text: str) -> None:
    if decoded("x.yaml", text, Faults()) is not None:
        assert parsed(text, quick=True) == parsed(text, quick=False)


def tolerated(raw: str | bytes) -> None:
    """Loads, or says where it is wrong: nothing else may happen."""
    told: tuple[Diagnostic, ...] = ()
    try:
        load({"x.yaml": raw})
    except MeshInvalid as invalid:
        told = invalid.diagnostics or (Diagnostic(Severity.ERROR, "none", "nothing is told"),)
    for diagnostic in told:
        assert diagnostic.location
        assert diagnostic.location.line > 0 < diagnostic.location.column
        assert str(diagnostic).isprintable()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_random_bytes_are_tolerated(raw: bytes) -> None:
    tolerated(raw)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=100))
def test_random_text_is_tolerated(text: str) -> None:
    tolerated(text)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_random_yaml_is_tolerated(text: str) -> None:
    tolerated(text)


GOOD_TEXTS = [p.read_bytes().decode() for p in FILES if p.parent.name == "good"]


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.sampled_from(GOOD_TEXTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(PIECES)), max_size=3),
)
def test_damaged_mesh_files_are_tolerated(text: str, damages: list[tuple[float, int, str]]) -> None:
    for where, length, piece in damages:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    tolerated(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    JSON,
    st.sampled_from(["metadata", "limits", "environments", "production", "edge", "vpcs", "member"]),
)
def test_any_data_at_any_place_is_tolerated(value: Any, place: str) -> None:
    member = {"account_id": "111122223333", "region": "us-east-1", "vpc_id": "vpc-0a1b2c3d"}
    edge: dict[str, Any] = {"topology": "hub-and-spoke", "vpcs": [{**member, "role": "hub"}]}
    environments: dict[str, Any] = {"production": [member], "edge": edge}
    mesh: dict[str, Any] = {"metadata": {}, "limits": {}, "environments": environments}
    holder = {"production": environments, "edge": environments, "vpcs": edge, "member": member}
    target = holder.get(place, mesh)
    target["region" if place == "member" else place] = value

    tolerated(yaml.safe_dump(mesh, allow_unicode=True))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(JSON)
def test_quoted_data_is_read_as_pyyaml_reads_it(value: Any) -> None:
    """With every text in quotes nothing is unclear but numbers in odd spellings."""
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    if "!!" in text or "\\0" in text or "\\x" in text or "\\u" in text.lower():
        return  # PyYAML tags what it cannot quote, and escapes what is refused here
    faults = Faults()
    root = document("x.yaml", text, faults)

    if root and not faults.errors:
        assert data(root) == yaml.safe_load(text)


def test_merged_keys_win_as_in_pyyaml() -> None:
    text = """\
a: &a {one: a, two: a}
b: &b {two: b, three: b}
own: {two: own, <<: *a}
list: {<<: [*a, *b]}
twice: {<<: *a, <<: *b}
chain: &c {<<: *a, four: c}
chained: {<<: *c, one: d}
inline: {<<: {one: e}}
quoted: {"<<": f}
none: {<<: []}
"""
    assert plainly(text) == yaml.safe_load(text)


def test_keys_keep_pyyamls_order_when_merged() -> None:
    text = "a: &a {one: '1', two: '2'}\nb: {three: '3', <<: *a, two: '4'}\n"

    assert list(plainly(text)["b"]) == list(yaml.safe_load(text)["b"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("y", "y"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("0.5", 0.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("vpc-012", "vpc-012"),
        ("1.2.3", "1.2.3"),
        ("12ab", "12ab"),
        ("-", "-"),
        ("a:b", "a:b"),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    item = plainly(f"[{text}]" if text not in ("", "-") else f"- {text or ''}")

    assert text == "-" or item == [value]


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 400 + ".0", "1" + "_0" * 4000, "1:" * 9 + "1"])
def test_numbers_beyond_sense_are_not_numbers(text: str) -> None:
    (value,) = plainly(f"[{text}]")

    assert not isinstance(value, int | float | str)


def test_a_document_just_within_the_bounds_is_read() -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    wide = "[" + "abcdefgh," * (MAX_WEIGHT // 24 - 2) + "]"

    assert plainly(deep)
    assert len(plainly(wide)) == MAX_WEIGHT // 24 - 2

"""Large answers of EC2, parsed to what botocore's parser makes of them, faster.

botocore looks up for every element of an answer what its model says about it, and a plan of the
largest meshes reads millions of elements. Here that is looked up once for each shape of the
model. Equal texts, and equal structures of nothing but text such as tags, are one object, as
most of a large answer is repetition: so these answers must not be changed in place.

Small answers, errors, and shapes that EC2's reads do not have are left to botocore.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import EC2QueryParser, ResponseParser, ResponseParserFactory
from botocore.utils import parse_timestamp

Shared = dict[tuple[tuple[str, str | None], ...], dict[str, Any]]
Parse = Callable[[Element, Shared], Any]

LARGE = 50_000
"""Bytes of an answer from which on it pays."""

_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": sys.intern,
    "boolean": lambda text: text == "true",
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}


class Parsers(ResponseParserFactory):
    """botocore's parsers, and for EC2 one that knows a short way. For the clients of a session."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Parse | None] = {}
        # the elements of an answer take many times its bytes, and parsing is never parallel
        self._one = threading.Lock()

    def create_parser(self, protocol_name: str) -> ResponseParser:
        """A parser for answers of a protocol, such as ``ec2``."""
        if protocol_name == "ec2":
            return _Ec2Parser(self._parser_of, self._one)
        parser: ResponseParser = super().create_parser(protocol_name)
        return parser

    def _parser_of(self, shape: StructureShape) -> Parse | None:
        """The short way for the answers of a call; None when there is none."""
        if shape.name not in self._known:
            try:
                self._known[shape.name] = _of_structure(shape)
            except _NoShortWay:
                self._known[shape.name] = None
        return self._known[shape.name]


class _NoShortWay(Exception):
    """A shape that is left to botocore."""


class _Ec2Parser(EC2QueryParser):
    def __init__(
        self, parser_of: Callable[[StructureShape], Parse | None], one: threading.Lock
    ) -> None:
        super().__init__()
        self._parser_of, self._one = parser_of, one

    def parse(self, response: Any, shape: Any) -> Any:
        """As botocore's: ``response`` has ``body``, ``headers`` and ``status_code``."""
        large = response["status_code"] == 200 and len(response["body"]) >= LARGE
        parse = self._parser_of(shape) if large and isinstance(shape, StructureShape) else None
        if parse is None:
            return super().parse(response, shape)
        with self._one:
            try:
                root = fromstring(response["body"])  # noqa: S314  (as botocore does)
            except ParseError:
                return super().parse(response, shape)
            parsed = parse(root, {})
        parsed["ResponseMetadata"] = _metadata(root, response)
        return parsed


def _metadata(root: Element, response: Mapping[str, Any]) -> dict[str, Any]:
    headers = {key.lower(): value for key, value in response["headers"].items()}
    told = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": headers}
    ids = (child.text for child in root if _local(child.tag) == "requestId")
    return next(({"RequestId": id_} for id_ in ids), {}) | told


def _parser_of(shape: Shape) -> Parse:
    """Raises _NoShortWay."""
    if shape.serialization.get("flattened"):
        raise _NoShortWay
    if isinstance(shape, StructureShape):
        return _of_structure(shape)
    if isinstance(shape, ListShape):
        item = _parser_of(shape.member)
        return lambda node, shared: [item(child, shared) for child in node]
    scalar = _SCALARS.get(shape.type_name)
    if scalar is not None:
        return lambda node, shared: scalar(node.text or "")
    if shape.type_name == "timestamp":
        return lambda node, shared: parse_timestamp(node.text or "")
    raise _NoShortWay


def _of_structure(shape: StructureShape) -> Parse:
    own = shape.is_tagged_union or shape.metadata.get("exception")
    if own or any(map(_beside, shape.members.values())):
        raise _NoShortWay
    members = {
        held.serialization.get("name") or name: (name, _parser_of(held))
        for name, held in shape.members.items()
    }
    if members and all(held.type_name == "string" for held in shape.members.values()):
        return _of_texts({element: name for element, (name, _) in members.items()})
    known: dict[str, tuple[str, Parse] | None] = {}

    def parse(node: Element, shared: Shared) -> dict[str, Any]:
        parsed: dict[str, Any] = {}
        for child in node:
            tag = child.tag
            if tag not in known:
                known[tag] = members.get(_local(tag))
            found = known[tag]
            if found is not None:
                parsed[found[0]] = found[1](child, shared)
        return parsed

    return parse


def _beside(shape: Shape) -> bool:
    """True for what is no element of the body."""
    return not {"location", "xmlAttribute", "eventheader"}.isdisjoint(shape.serialization)


_TAG_AND_TEXT: Callable[[Element], tuple[str, str | None]] = attrgetter("tag", "text")


def _of_texts(names: Mapping[str, str]) -> Parse:
    """For a structure of nothing but texts."""

    def parse(node: Element, shared: Shared) -> dict[str, Any]:
        key = tuple(map(_TAG_AND_TEXT, node))
        known = shared.get(key)
        if known is None:
            found = ((names.get(_local(tag)), text) for tag, text in key)
            known = shared[key] = {name: sys.intern(text or "") for name, text in found if name}
        return known

    return parse


def _local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]

"""YAML events to nodes: duplicate keys, tags, anchors, aliases, merge keys and bounds.

Anchors, aliases and ``<<`` mean what they mean to PyYAML: keys of the mapping itself win,
of several merged mappings the first in a list, of several ``<<`` the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NoReturn

from yaml import events

from bot.config.fault import Faults, quoted
from bot.config.node import Entry, Mapping, Node, Scalar, Sequence
from bot.config.scalar import reading, resolved
from bot.config.text import UNUSABLE
from bot.model.diagnostic import SourceLine

MAX_DEPTH = 32
"""Levels of lists and mappings; a mesh file has seven."""

MAX_WEIGHT = 1 << 22
"""Size of a document with aliases expanded: its characters, and NODE_WEIGHT a value."""

NODE_WEIGHT = 16


class Stop(Exception):
    """The rest of the document is not worth reading; why is recorded already."""


@dataclass(slots=True, eq=False)
class _Open:
    """A list or mapping that has not ended yet. ``key`` waits for its value."""

    node: Sequence | Mapping
    anchor: str | None
    weight_before: int
    key: Scalar | None = None
    merged: list[Entry] = field(default_factory=list)


class Composer:
    """Takes the events of one document; ``root`` is what they make."""

    def __init__(self, file: str, faults: Faults) -> None:
        self.root: Node | None = None
        self._file = file
        self._faults = faults
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}  # None while it has not ended
        self._weight = 0

    def take(self, event: events.Event | None) -> None:
        """The next event. Raises Stop when a fault makes the rest pointless."""
        match event:
            case events.ScalarEvent():
                self._scalar(event)
            case events.CollectionStartEvent():
                self._start(event)
            case events.CollectionEndEvent():
                self._end()
            case events.AliasEvent():
                self._alias(event)
            case events.DocumentStartEvent() if self.root:
                self.root.broken |= not isinstance(self.root, Mapping)
                detail = "A mesh file is one document: put each in a file of its own."
                self._stop("multi-document", "a second document starts", detail, self._at(event))

    def _scalar(self, event: events.ScalarEvent) -> None:
        at = self._at(event)
        plain = event.implicit[0] and event.tag is None
        value = resolved(event.value) if plain else event.value
        node = Scalar(at, at, text=event.value, value=value, plain=plain)
        if event.tag is not None:
            self._tagged(node, event.tag)
            node.value = node.text
        elif not plain and UNUSABLE.search(event.value):
            node.broken = True
            summary = f"{quoted(event.value)} holds a character that cannot be shown"
            self._faults.error("control-character", summary, "Remove the escape.", at)
        node.weight = self._grow(NODE_WEIGHT + len(event.value), at)
        self._remember(event.anchor, node, at)
        self._add(node)

    def _start(self, event: events.CollectionStartEvent) -> None:
        at = self._at(event)
        mapping = isinstance(event, events.MappingStartEvent)
        node = Mapping(at, at) if mapping else Sequence(at, at)
        if event.tag is not None:
            self._tagged(node, event.tag)
        self._check_depth(1, at)
        self._remember(event.anchor, None, at)
        self._open.append(_Open(node, event.anchor, self._weight))
        self._grow(NODE_WEIGHT, at)

    def _end(self) -> None:
        ended = self._open.pop()
        node = ended.node
        if isinstance(node, Mapping):
            _merge(node, ended.merged)
        node.weight = self._weight - ended.weight_before
        if ended.anchor is not None:
            self._anchors[ended.anchor] = node
        self._add(node)

    def _alias(self, event: events.AliasEvent) -> None:
        at, anchor = self._at(event), event.anchor or ""
        name, target = quoted(anchor), self._anchors.get(anchor)
        if target:
            self._check_depth(target.height, at)
            self._grow(target.weight, at)
            self._add(replace(target, at=at))
            return
        if anchor in self._anchors:
            detail = "An alias cannot stand inside the value it stands for."
            self._faults.error("recursive-alias", f"the alias {name} holds itself", detail, at)
        else:
            detail = "An anchor (&name) stands before the value that its aliases (*name) repeat."
            self._faults.error("undefined-alias", f"no anchor {name} before this", detail, at)
        self._add(_nothing(at))

    def _add(self, node: Node) -> None:
        """Put a node that is complete where it belongs."""
        if not self._open:
            if isinstance(node, Scalar) and node.empty:
                node.at = node.defined = SourceLine(self._file, 1)
            self.root = node
            return
        parent = self._open[-1]
        parent.node.height = max(parent.node.height, node.height + 1)
        match parent.node:
            case Sequence(items=items):
                items.append(node)
            case Mapping() if parent.key is None:
                parent.key = self._key(node)
            case Mapping():
                key, parent.key = parent.key, None
                self._entry(parent, parent.node, key, node)

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            what = "a list" if isinstance(node, Sequence) else "a mapping"
            summary = f"the key is not text but {what}"
            self._faults.error("key-not-text", summary, "Keys must be text.", node.at)
            return _nothing(node.at)
        if not isinstance(node.value, str) and not node.broken:
            summary = f"the key {quoted(node.text)} is not text but {reading(node.value)}"
            detail = f"Quote it: {quoted(node.text)}" if node.text else "Give it a name."
            self._faults.error("key-not-text", summary, detail, node.at, defined=node.defined)
            node.broken = True
        return node

    def _entry(self, parent: _Open, mapping: Mapping, key: Scalar, value: Node) -> None:
        if key.plain and key.text == "<<":
            parent.merged.extend(self._merge_source(value))
            return
        if isinstance(value, Scalar) and value.empty:
            value.at = value.defined = key.at  # parsers disagree about where nothing stands
        if key.broken and not key.text:
            return
        known = mapping.entries.get(key.text)
        if known is None:
            mapping.entries[key.text] = Entry(key, value)
            return
        mapping.broken = True
        detail = f"It is there already, at {known.key.at}: remove or rename one."
        self._faults.error("duplicate-key", f"duplicate key {quoted(key.text)}", detail, key.at)

    def _merge_source(self, value: Node) -> Iterator[Entry]:
        """The entries that a ``<<`` brings, the ones that win last."""
        sources = reversed(value.items) if isinstance(value, Sequence) else (value,)
        for source in sources:
            if isinstance(source, Mapping):
                yield from source.entries.values()
            elif not source.broken:
                detail = "Let it refer to a mapping: <<: *name"
                summary = "the merge key << is given something else than mappings"
                self._faults.error("merge", summary, detail, source.at)

    def _tagged(self, node: Node, tag: str) -> None:
        node.broken = True
        name = quoted(tag.replace("tag:yaml.org,2002:", "!!"))
        detail = "Remove it; to make something text, put it in quotes."
        self._faults.error("explicit-tag", f"the tag {name} is not allowed", detail, node.at)

    def _remember(self, anchor: str | None, node: Node | None, at: SourceLine) -> None:
        if anchor is None:
            return
        if anchor in self._anchors:
            summary = f"the anchor {quoted(anchor)} is set a second time"
            detail = "Give it another name: its aliases could mean either."
            self._faults.error("duplicate-anchor", summary, detail, at)
        self._anchors[anchor] = node

    def _check_depth(self, more: int, at: SourceLine) -> None:
        if len(self._open) + more > MAX_DEPTH:
            summary = f"lists and mappings are nested more than {MAX_DEPTH} deep"
            self._stop("too-deep", summary, "A mesh file needs seven levels.", at)

    def _grow(self, weight: int, at: SourceLine) -> int:
        self._weight += weight
        if self._weight > MAX_WEIGHT:
            summary = "the document is too large once its aliases are expanded"
            detail = f"At most {MAX_WEIGHT:,} characters: split it into several files."
            self._stop("too-large", summary, detail, at)
        return weight

    def _stop(self, code: str, summary: str, detail: str, at: SourceLine) -> NoReturn:
        self._faults.error(code, summary, detail, at)
        raise Stop

    def _at(self, event: events.Event) -> SourceLine:
        mark = event.start_mark
        assert mark is not None
        return SourceLine(self._file, mark.line + 1, mark.column + 1)


def _merge(mapping: Mapping, merged: list[Entry]) -> None:
    """Put merged entries under a mapping's own, which win."""
    if merged:
        under = {entry.key.text: entry for entry in merged}
        mapping.entries = under | mapping.entries


def _nothing(at: SourceLine) -> Scalar:
    """Stands where something unusable stood, so that the rest is still checked."""
    return Scalar(at, at, broken=True)

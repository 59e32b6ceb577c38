"""Desired and observed things, the changes between them, and the plan that holds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache, cached_property
from operator import itemgetter
from typing import Any, Generic, TypeVar

from bot.model.address import Address, Scope, VpcRef
from bot.model.diagnostic import Diagnostic, Severity, SourceLine
from bot.model.reachability import EnvironmentReach
from bot.model.subnet import SubnetFacts
from bot.model.tags import Tags

FORMAT_VERSION = 1
"""Version of the plan's JSON form and of what the fingerprint covers."""

S = TypeVar("S")


class Action(StrEnum):
    """What a change does to the thing at its address."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Origin(StrEnum):
    """Why a change is in the plan, for people: the revision under review, or drift before it."""

    CHANGED = "changed"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Gap:
    """A scope that could not be read; nothing is deleted in or towards it.

    ``action`` is the AWS call that failed (``sts:AssumeRole``), ``error`` AWS's words.
    """

    scope: Scope
    action: str
    error: str


@dataclass(frozen=True, slots=True)
class Desired(Generic[S]):
    """Something the mesh asks for. A spec field that holds an Address is known after apply."""

    address: Address
    spec: S
    declared_at: tuple[SourceLine, ...] = ()
    environments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed(Generic[S]):
    """Something AWS answered; ``id`` is the id AWS gave it, empty where it has none."""

    address: Address
    spec: S
    id: str = ""


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """One difference to make. The action follows from which sides exist.

    ``id`` is the AWS id of what is there now, for the steps; it is in no fingerprint.
    ``environments`` are those that want it, or wanted what is deleted. ``support`` is the
    metadata's ``support`` of the file that it belongs to (peerd tags touched tables with it).
    ``needs`` are changes that must be made before this one; their order is not in the
    fingerprint. ``origin`` and ``reason`` exist for people and never steer what is done.
    """

    address: Address
    before: S | None
    after: S | None
    id: str = ""
    environments: frozenset[str] = frozenset()
    declared_at: tuple[SourceLine, ...] = ()
    support: str = ""
    origin: Origin = Origin.CHANGED
    reason: str = ""
    needs: tuple[Address, ...] = ()

    @property
    def action(self) -> Action:
        """Create, update or delete."""
        if self.before is None:
            return Action.CREATE
        return Action.DELETE if self.after is None else Action.UPDATE

    @property
    def held(self) -> S:
        """What is there now, of a change that has a before."""
        assert self.before is not None, "a create has no before"
        return self.before

    @property
    def canonical(self) -> dict[str, Any]:
        """What would be done, as plain data: what the fingerprint covers and plans compare."""
        return {
            "action": str(self.action),
            "kind": self.address.kind,
            "address": str(self.address),
            "before": plain(self.before),
            "after": plain(self.after),
        }

    @property
    def canonical_text(self) -> str:
        """``canonical`` as one line of JSON: equal when the same would be done."""
        return _text(self.canonical)


def plain(value: Any) -> Any:
    """A spec as JSON data: dataclasses become mappings, addresses and enums their text."""
    kind: Any = type(value)
    if value is None or kind in (str, bool, int):
        return value
    match value:
        case Address() | VpcRef() | Scope():
            result: Any = str(value)
        case Tags():
            result = value.mapping
        case Enum():
            result = value.value
        case Mapping():
            result = {str(key): plain(item) for key, item in value.items()}
        case tuple() | list():
            result = [plain(item) for item in value]
        case _ if is_dataclass(value):
            result = {name: plain(getattr(value, name)) for name in _fields(kind)}
        case _:
            result = value
    return result


@cache
def _fields(spec: type[Any]) -> tuple[str, ...]:
    """The names of a dataclass's fields."""
    return tuple(field.name for field in fields(spec))


def fingerprint(changes: Iterable[Change[Any]]) -> str:
    """sha256, in hex, of what the changes would do, whatever their order."""
    return _digest(change.canonical_text for change in changes)


def fingerprint_of(canonical: Iterable[Mapping[str, Any]]) -> str:
    """sha256, in hex, of canonical changes (``Change.canonical`` or read from a plan file)."""
    return _digest(_text(item) for item in canonical)


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _text(canonical: Mapping[str, Any]) -> str:
    return _CANONICAL.encode(canonical)


def _digest(lines: Iterable[str]) -> str:
    digest = _started()
    for line in sorted(lines):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _started() -> hashlib._Hash:
    return hashlib.sha256(f"meshbot plan {FORMAT_VERSION}\n".encode())


class Movement(StrEnum):
    """What happens to a VPC's membership in an environment."""

    JOINS = "joins"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Membership:
    """A VPC that joins or leaves an environment; ``declared_at`` is the line that says so.

    For a VPC that leaves because its line was removed, the line is the base revision's
    and ``in_base`` is true.
    """

    environment: str
    vpc: VpcRef
    movement: Movement
    declared_at: SourceLine | None = None
    in_base: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many things a plan creates, updates and deletes."""

    create: int = 0
    update: int = 0
    delete: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything that would be done, in apply order, and everything a reviewer must know.

    ``environments`` are those the plan speaks for, sorted. ``refusals`` are the reasons
    that it must not be applied without an override bound to its fingerprint. ``ids`` are
    AWS's ids of what is there and may be referred to; they are in no fingerprint.
    ``reachability`` tells, for the environments that change, who reaches whom before and
    after; ``subnets`` is what was read for it and need not be asked again after an apply.

    It has no slots, so that what takes long to compute and is asked for often is kept.
    """

    changes: tuple[Change[Any], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    gaps: tuple[Gap, ...] = ()
    environments: tuple[str, ...] = ()
    memberships: tuple[Membership, ...] = ()
    refusals: tuple[Diagnostic, ...] = ()
    ids: Mapping[Address, str] = field(default_factory=dict)
    mesh: MeshPicture = field(default_factory=lambda: MeshPicture())
    reachability: tuple[EnvironmentReach, ...] = ()
    subnets: SubnetFacts = field(default_factory=SubnetFacts)

    @property
    def complete(self) -> bool:
        """True when every scope was read."""
        return not self.gaps

    @property
    def fingerprint(self) -> str:
        """sha256, in hex, of the whole plan."""
        return self._fingerprints[0]

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """One fingerprint per environment; a shared change is in each of its environments'."""
        return self._fingerprints[1]

    @cached_property
    def _fingerprints(self) -> tuple[str, Mapping[str, str]]:
        """Of the whole and of each environment, from one pass over the canonical texts."""
        whole, parts = _started(), {name: _started() for name in self.environments}
        texts = ((change.canonical_text, change.environments) for change in self.changes)
        for text, names in sorted(texts, key=itemgetter(0)):
            line = text.encode() + b"\n"
            whole.update(line)
            for name in names:
                if name in parts:
                    parts[name].update(line)
        return whole.hexdigest(), {name: part.hexdigest() for name, part in parts.items()}

    def changes_of(self, environment: str) -> tuple[Change[Any], ...]:
        """The changes that belong to an environment."""
        return self._by_environment.get(environment, ())

    @cached_property
    def _by_environment(self) -> Mapping[str, tuple[Change[Any], ...]]:
        found: dict[str, list[Change[Any]]] = {}
        for change in self.changes:
            for name in change.environments:
                found.setdefault(name, []).append(change)
        return {name: tuple(changes) for name, changes in found.items()}

    @property
    def summary(self) -> Summary:
        """Counts by action."""
        return summarise(self.changes)

    @property
    def faulty(self) -> bool:
        """True when a diagnostic is an error."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)


def summarise(changes: Iterable[Change[Any]]) -> Summary:
    """Counts by action."""
    actions = [change.action for change in changes]
    return Summary(*(actions.count(action) for action in Action))


class Existence(StrEnum):
    """What a plan does to one connection of the picture."""

    NEW = "new"
    KEPT = "kept"
    GOING = "going"


@dataclass(frozen=True, slots=True, order=True)
class PictureMember:
    """A VPC of the picture, in one environment."""

    environment: str
    vpc: VpcRef
    existence: Existence
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class PictureConnection:
    """A peering of the picture, in one environment that wants it (or wanted it)."""

    environment: str
    first: VpcRef
    second: VpcRef
    existence: Existence

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Sorts as the connection itself does, several times as quickly."""
        return self.environment, self.first.sort_key, self.second.sort_key, self.existence


@dataclass(frozen=True, slots=True)
class MeshPicture:
    """The mesh after the plan, with what goes, as a graph to draw. For people only."""

    members: tuple[PictureMember, ...] = ()
    connections: tuple[PictureConnection, ...] = ()


class Result(StrEnum):
    """How one change ended."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change.

    ``error`` says why in AWS's words with the call, scope and request id; ``advice`` what
    to do; ``because_of`` the address whose failure made this one be skipped.
    """

    change: Change[Any]
    result: Result
    error: str = ""
    advice: str = ""
    because_of: Address | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did: one outcome for each change of the plan, in the plan's order.

    ``lease_lost`` says why, when changes were interrupted because the lease was lost.
    ``reachability`` is what was found afterwards in the environments that were applied.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    warnings: tuple[str, ...] = ()
    lease_lost: str = ""
    reachability: tuple[EnvironmentReach, ...] = ()

    def count(self, result: Result) -> int:
        """How many changes ended so."""
        return sum(outcome.result is result for outcome in self.outcomes)

    @property
    def succeeded(self) -> bool:
        """True when every change was applied."""
        return all(outcome.result is Result.APPLIED for outcome in self.outcomes)

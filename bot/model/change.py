"""Desired and observed things, the changes between them, and the plan that holds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache, cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bot.model.address import Address, Scope, VpcRef
from bot.model.diagnostic import Diagnostic, Severity, SourceLine
from bot.model.json_text import COMPACT, quoted
from bot.model.reachability import EnvironmentReach
from bot.model.remembered import Remembered
from bot.model.subnet import SubnetFacts
from bot.model.tags import Tags

if TYPE_CHECKING:
    from bot.model.known import Known  # which is made of what is defined here

FORMAT_VERSION = 1
"""Version of the plan's JSON form and of what the fingerprint covers."""

CANONICAL_KEYS = ("action", "kind", "address", "before", "after")
"""What of a change the fingerprint covers."""

S = TypeVar("S")
C = TypeVar("C")


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

    ``id`` is the AWS id of what is there now, for the steps; it is in no fingerprint. A route
    has none: here it is that of what it leads to.
    ``environments`` are those that want it, or wanted what is deleted. ``support`` is the
    metadata's ``support`` of the file that it belongs to (peerd tags touched tables with it).
    ``needs`` are changes that must be made before this one; their order is not in the
    fingerprint. ``origin``, ``reason`` and ``names`` (what AWS's ids in it are called, sorted)
    exist for people and never steer what is done.
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
    names: tuple[tuple[str, str], ...] = ()

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
        return self.canonical_start + self.canonical_rest

    @property
    def canonical_start(self) -> str:
        """What ``canonical_text`` starts with: no two changes of a plan have the same."""
        return f'{{"action":"{self.action}","address":{quoted(str(self.address))},'

    @property
    def canonical_rest(self) -> str:
        """What follows in ``canonical_text``."""
        return self.rest_by(COMPACT.text)

    def rest_by(self, text: Callable[[S | None], str]) -> str:
        """``canonical_rest``, where ``text`` gives the two sides as compact JSON."""
        return (
            f'"after":{text(self.after)},"before":{text(self.before)},'
            f'"kind":{quoted(self.address.kind)}}}'
        )


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
    return Plan(tuple(changes)).fingerprint


Canonical = Mapping[str, Any]
"""``Change.canonical``, or what a plan file holds of a change."""


def fingerprint_of(canonical: Iterable[Canonical]) -> str:
    """sha256, in hex, of canonical changes."""
    changes = [*canonical]
    return fingerprints_of(changes, [()] * len(changes), ())[0]


def fingerprints_of(
    changes: Sequence[Canonical],
    belonging: Sequence[Iterable[str]],
    environments: Iterable[str],
) -> tuple[str, Mapping[str, str]]:
    """Of all canonical changes, and for each environment of those that belong to it.

    ``belonging`` are the names of each change's environments.
    """
    texts = _in_order(changes, _start_of, _rest_of)
    return _digest(((text, belonging[place]) for place, text in texts), environments)


def _in_order(
    changes: Sequence[C], start: Callable[[C], str], rest: Callable[[C], str]
) -> Iterator[tuple[int, str]]:
    """The texts of changes in order, each with its place; they are never all there at once.

    Their order is that of their starts: these end behind the address, within which no quote
    stands alone, so that none is the beginning of another one.
    """
    starts = [start(change) for change in changes]
    if len(frozenset(starts)) < len(starts):  # two of one address: all of their texts decides
        starts = [begun + rest(change) for begun, change in zip(starts, changes, strict=True)]
        yield from sorted(enumerate(starts), key=itemgetter(1))
    else:
        for place in sorted(range(len(starts)), key=starts.__getitem__):
            yield place, starts[place] + rest(changes[place])


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _start_of(canonical: Canonical) -> str:
    action, address = canonical["action"], canonical["address"]
    return f'{{"action":{quoted(action)},"address":{quoted(address)},'


def _rest_of(canonical: Canonical) -> str:
    rest = {key: canonical[key] for key in ("after", "before", "kind")}
    return _CANONICAL.encode(rest)[1:]


def _digest(
    lines: Iterable[tuple[str, Iterable[str]]], environments: Iterable[str] = ()
) -> tuple[str, Mapping[str, str]]:
    """Of sorted texts with their environments: of the whole, and of each environment."""
    whole, parts = _started(), {name: _started() for name in environments}
    for text, names in lines:
        line = f"{text}\n".encode()
        whole.update(line)
        for name in names:
            if name in parts:
                parts[name].update(line)
    return whole.hexdigest(), {name: part.hexdigest() for name, part in parts.items()}


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
    after; ``subnets`` is what was read for it and need not be asked again after an apply, nor
    need ``known``, of a plan that is made to be applied.

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
    known: Known | None = field(default=None, compare=False, repr=False)

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
        text = Remembered(COMPACT.text)
        texts = _in_order(self.changes, lambda c: c.canonical_start, lambda c: c.rest_by(text))
        lines = ((text, self.changes[place].environments) for place, text in texts)
        return _digest(lines, self.environments)

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
    total = create = delete = 0
    for change in changes:  # not by ``action``: a large plan is counted often
        total += 1
        create += change.before is None
        delete += change.before is not None and change.after is None
    return Summary(create, total - create - delete, delete)


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
    ``reachability`` is what was found afterwards in the environments that were applied. ``ids``
    are AWS's ids of what there was and of what was made.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    warnings: tuple[str, ...] = ()
    lease_lost: str = ""
    reachability: tuple[EnvironmentReach, ...] = ()
    ids: Mapping[Address, str] = field(default_factory=dict, compare=False, repr=False)

    def count(self, result: Result) -> int:
        """How many changes ended so."""
        return sum(outcome.result is result for outcome in self.outcomes)

    @property
    def succeeded(self) -> bool:
        """True when every change was applied."""
        return all(outcome.result is Result.APPLIED for outcome in self.outcomes)

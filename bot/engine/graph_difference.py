"""What a change of the mesh files does to the graph that they ask for, without asking AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from bot.engine.membership import memberships
from bot.engine.safety import Taking, limits_for, over
from bot.model.address import Pair, VpcRef
from bot.model.change import (
    Existence,
    Membership,
    MeshPicture,
    Movement,
    PictureConnection,
    PictureMember,
)
from bot.model.diagnostic import Diagnostic, SourceLine
from bot.model.mesh import Environment, Limits, Member, Mesh, MeshFile, Metadata
from bot.model.security_group import RuleBy, RuleSide, WantedRule
from bot.model.topology import connected_members, wanted_pairs


@dataclass(frozen=True, slots=True)
class Remark:
    """A setting that changed, in words of plain text, and the line that it belongs to now."""

    text: str
    place: SourceLine | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentDifference:
    """What is another in one environment; ``existence`` says whether the environment is."""

    name: str
    existence: Existence
    memberships: tuple[Membership, ...] = ()
    new: tuple[Pair, ...] = ()
    going: tuple[Pair, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def empty(self) -> bool:
        """True when the environment is as it was."""
        moved = self.memberships or self.new or self.going or self.remarks
        return self.existence is Existence.KEPT and not moved


@dataclass(frozen=True, slots=True)
class GraphDifference:
    """Two revisions of the mesh files compared.

    ``new`` and ``going`` are connections that any or no environment asks for now;
    ``environments`` those that differ, sorted; ``remarks`` are about whole files.
    ``refusals`` are the limits of the base that the change passes.
    """

    environments: tuple[EnvironmentDifference, ...] = ()
    new: tuple[Pair, ...] = ()
    going: tuple[Pair, ...] = ()
    remarks: tuple[Remark, ...] = ()
    refusals: tuple[Diagnostic, ...] = ()
    picture: MeshPicture = field(default_factory=MeshPicture)

    @property
    def empty(self) -> bool:
        """True when both revisions ask for the same."""
        return not (self.environments or self.remarks)


def graph_difference(base: Mesh, head: Mesh) -> GraphDifference:
    """The difference from base to head; a pure function of two values."""
    moves = memberships(head, base, ())
    before, after = wanted_pairs(base), wanted_pairs(head)
    names = sorted({*base.environments, *head.environments})
    every = [_environment(name, base, head, moves) for name in names]
    told = tuple(found for found in every if not found.empty)
    return GraphDifference(
        told,
        _sorted(after.keys() - before.keys()),
        _sorted(before.keys() - after.keys()),
        tuple(_files(base, head)),
        tuple(r for found in told for r in _refusals(found, base, head)),
        _picture(head, moves, every),
    )


def _environment(
    name: str, base: Mesh, head: Mesh, moves: Iterable[Membership]
) -> EnvironmentDifference:
    was, now = base.environments.get(name), head.environments.get(name)
    before, after = _pairs(was), _pairs(now)
    existence = Existence.KEPT
    if was is None or now is None:
        existence = Existence.NEW if was is None else Existence.GOING
    return EnvironmentDifference(
        name,
        existence,
        tuple(move for move in moves if move.environment == name),
        _sorted(after - before),
        _sorted(before - after),
        (*(_remarks(was, now) if was and now else ()), *_rules(was, now)),
    )


def _pairs(environment: Environment | None) -> set[Pair]:
    if environment is None:
        return set()
    return {Pair.of(one.vpc, other.vpc) for one, other in connected_members(environment)}


def _sorted(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: pair.sort_key))


SETTINGS = ("topology", "dns_resolution", "ipv6", "aggregate_routes", "adopt", "orphan_routes")


def _remarks(was: Environment, now: Environment) -> Iterator[Remark]:
    lines = {"dns_resolution": now.dns_declared_at}
    for setting in SETTINGS:
        line = lines.get(setting) or now.declared_at
        yield from _changed(setting, getattr(was, setting), getattr(now, setting), line)
    yield from _limits(was.limits, now.limits, now.declared_at)
    before = {member.vpc: member for member in was.members}
    for member in now.members:
        if member.vpc in before:
            yield from _member(before[member.vpc], member)


def _rules(was: Environment | None, now: Environment | None) -> Iterator[Remark]:
    """Entries of security_group_rules that come and go; one that changed does both."""
    before = {_entry(rule): rule for rule in (was.security_group_rules if was else ())}
    after = {_entry(rule): rule for rule in (now.security_group_rules if now else ())}
    for text, rule in after.items():
        if text not in before:
            yield Remark(f"security group rule: {text} is new", rule.declared_at)
    place = now.declared_at if now else None
    for text in before:
        if text not in after:
            yield Remark(f"security group rule: {text} goes", place)


def _entry(rule: WantedRule) -> str:
    sides = f"{rule.traffic} from {_end(rule.source)} to {_end(rule.destination)}"
    how = ", by cidr" if rule.by is RuleBy.CIDR else ""
    said = f" ({rule.description})" if rule.description else ""
    return f"{' and '.join(rule.directions)} {sides}{how}{said}"


def _end(side: RuleSide) -> str:
    return str(side if side.names_group else side.vpc)


def _rules_going(
    was: Environment | None, now: Environment | None, leaving: frozenset[VpcRef]
) -> int:
    """Rules between members that stay which nobody asks for any more; one each for its blocks."""

    def asked(environment: Environment | None) -> set[tuple[object, ...]]:
        rules = environment.security_group_rules if environment else ()
        return {
            (r.source, r.destination, r.traffic, r.by, direction)
            for r in rules
            if not leaving & {r.source.vpc, r.destination.vpc}
            for direction in r.directions
        }

    return len(asked(was) - asked(now))


def _member(was: Member, now: Member) -> Iterator[Remark]:
    line, who = now.declared_at, f"{now.vpc}: "
    yield from _changed(f"{who}role", was.role, now.role, line)
    yield from _changed(f"{who}state", was.state, now.state, line)
    place = now.overrides_declared_at or line
    yield from _changed(f"{who}cidr_overrides", was.cidr_overrides, now.cidr_overrides, place)
    place = now.dns_declared_at or line
    yield from _changed(f"{who}dns_resolution", was.dns_resolution, now.dns_resolution, place)
    before, after = dict(was.peering_tags), dict(now.peering_tags)
    for key in sorted({*before, *after}):
        yield from _changed(f"{who}tag {key}", before.get(key), after.get(key), line)


def _limits(was: Limits, now: Limits, place: SourceLine | None) -> Iterator[Remark]:
    for limit in (f.name for f in fields(Limits)):
        told = _changed(f"limit {limit}", getattr(was, limit), getattr(now, limit), place)
        yield from (Remark(f"{r.text}, in force after the merge", r.place) for r in told)


def _changed(what: str, was: Any, now: Any, place: SourceLine | None) -> Iterator[Remark]:
    if was != now:
        yield Remark(f"{what}: {_shown(was)} → {_shown(now)}", place)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _files(base: Mesh, head: Mesh) -> Iterator[Remark]:
    before = {file.path: file for file in base.files}
    for file in head.files:
        if file.path not in before:
            yield Remark(f"{file.path} is new")
            continue
        yield from _metadata(before[file.path], file)
    present = {file.path for file in head.files}
    yield from (Remark(f"{path} is gone") for path in sorted(before.keys() - present))


def _metadata(was: MeshFile, now: MeshFile) -> Iterator[Remark]:
    line = SourceLine(now.path, 1)
    for key in (f.name for f in fields(Metadata)):
        before, after = getattr(was.metadata, key), getattr(now.metadata, key)
        yield from _changed(f"{now.path}: {key}", before, after, line)


def _refusals(found: EnvironmentDifference, base: Mesh, head: Mesh) -> Iterator[Diagnostic]:
    """What the files alone can tell of the limits; routes are AWS's to count."""
    leaving = frozenset(m.vpc for m in found.memberships if m.movement is Movement.LEAVES)
    was, now = base.environments.get(found.name), head.environments.get(found.name)
    staying = [pair for pair in found.going if not leaving & {pair.first, pair.second}]
    taking = Taking(
        found.name,
        leaving,
        len(was.present) if was else 0,
        len(now.present) if now else 0,
        len(staying),
        route_deletes=0,
        routes=0,
        rule_deletes=_rules_going(was, now, leaving),
    )
    yield from over(taking, limits_for(found.name, head, base))


def _picture(
    head: Mesh, moves: Iterable[Membership], every: Iterable[EnvironmentDifference]
) -> MeshPicture:
    moved = {(m.environment, m.vpc): m for m in moves}
    members = {
        PictureMember(env.name, m.vpc, _fate((env.name, m.vpc) in moved, Existence.NEW), m.note)
        for _, env in head
        for m in env.present
    }
    members |= {
        PictureMember(m.environment, m.vpc, Existence.GOING, m.note)
        for m in moved.values()
        if m.movement is Movement.LEAVES
    }
    connections = set()
    for found in every:
        now = _pairs(head.environments.get(found.name))
        new = set(found.new)
        drawn = [(pair, _fate(pair in new, Existence.NEW)) for pair in now]
        drawn += [(pair, Existence.GOING) for pair in found.going]
        connections |= {PictureConnection(found.name, p.first, p.second, e) for p, e in drawn}
    lines = sorted(connections, key=lambda connection: connection.sort_key)
    return MeshPicture(tuple(sorted(members)), tuple(lines))


def _fate(changed: bool, to: Existence) -> Existence:
    return to if changed else Existence.KEPT


def connections_by_vpc(pairs: Iterable[Pair]) -> Counter[VpcRef]:
    """How many of the connections each VPC has an end of."""
    return Counter(vpc for pair in pairs for vpc in (pair.first, pair.second))

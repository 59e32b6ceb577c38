"""Read every scope at once; a scope that cannot be read becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.engine.inventory import (
    read_peers,
    read_route_tables,
    read_security_groups,
    read_vpcs,
)
from bot.engine.rules_beyond import read_ours, scopes_beyond
from bot.engine.shards import home_scopes
from bot.errors import AwsError
from bot.kinds import KINDS
from bot.model.address import Scope, VpcRef
from bot.model.aws_codes import STALE
from bot.model.change import Gap, Observed
from bot.model.inventory import Inventory, RouteTable, SecurityGroup, Vpc
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.security_group import SECURITY_GROUP_RULE
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop


@dataclass(frozen=True, slots=True)
class Facts:
    """All that AWS answered for one plan."""

    inventory: Inventory = field(default_factory=Inventory)
    observed: Mapping[str, tuple[Observed[Any], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """What AWS answered about one scope."""

    vpcs: tuple[Vpc, ...]
    route_tables: tuple[RouteTable, ...]
    observed: Mapping[str, tuple[Observed[Any], ...]]
    security_groups: tuple[SecurityGroup, ...] = ()
    peers: tuple[Vpc, ...] = ()


def observe(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    mesh: Mesh,
    base: Mesh | None,
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
    environments: Collection[str] | None = None,
) -> Facts:
    """Read the scopes of the files, of the base, and at the far ends of what is found.

    ``reader_for`` gives a reader for a scope, with an environment that it belongs to (empty
    when the files name the scope), on whichever thread reads it. Scopes of abandoned
    accounts are not read. Scopes are read side by side; each asks its questions one after
    another. With ``environments`` (a shard) only their scopes, and the far ends of theirs. Raises
    Interrupted once ``stop`` is set.
    """
    ownership = Ownership.of(mesh, base)
    closed = mesh.abandoned_accounts
    if environments is None:
        near = mesh.scopes | (base.scopes if base else set())
    else:
        near, ownership = home_scopes(environments, mesh, base), ownership.only(environments)
    wanted: dict[Scope, str] = dict.fromkeys(near, "")
    asked = {kind.NAME: kind.scopes(mesh, base) for kind in KINDS}
    read: dict[Scope, ScopeFacts | Gap] = {}
    while new := {s: e for s, e in wanted.items() if s not in read and s.account not in closed}:
        work = {
            scope: partial(_read, partial(reader_for, {scope: new[scope]}), scope, asked)
            for scope in sorted(new)
        }
        read |= gather(work, dispatcher, "reading scopes", progress or Quiet(), stop)
        for scope, environment in _further(read.values(), ownership).items():
            wanted.setdefault(scope, environment)
    _check_signed_in(read)
    done = set(asked[SECURITY_GROUP_RULE] or ())
    while more := sorted(_beyond(mesh, ownership, read) - done):
        done.update(more)
        look = {
            scope: partial(_and_rules, partial(reader_for, {scope: wanted[scope]}), scope, facts)
            for scope in more
            if isinstance(facts := read.get(scope), ScopeFacts)
        }
        read |= gather(look, dispatcher, "reading rules", progress or Quiet(), stop)
    return _facts(read)


def _beyond(
    mesh: Mesh, ownership: Ownership, read: Mapping[Scope, ScopeFacts | Gap]
) -> frozenset[Scope]:
    known = (facts.observed for facts in read.values() if isinstance(facts, ScopeFacts))
    return scopes_beyond(mesh, ownership, known)


def _and_rules(
    reader_for: Callable[[], Reader], scope: Scope, facts: ScopeFacts
) -> ScopeFacts | Gap:
    """A scope's facts, with the security group rules that are ours."""
    try:
        rules, groups = read_ours(reader_for(), scope)
    except AwsError as error:
        return Gap(scope, error.action, f"{error.code}: {error.message}")
    observed = {**facts.observed, SECURITY_GROUP_RULE: rules}
    return replace(facts, observed=observed, security_groups=groups)


UNSENT = frozenset({"NoCredentialsError", "PartialCredentialsError", "EndpointConnectionError"})
"""Codes which say that nothing was sent at all: not one account's fault."""

UNKNOWN = STALE | {"SignatureDoesNotMatch", "IncompleteSignature", "NoToken"}
"""Codes of a sign-in which say that who asked is not known, whichever role was asked for."""


def _check_signed_in(read: Mapping[Scope, ScopeFacts | Gap]) -> None:
    """Raises AwsError, once, when no scope could even be asked: a plan of gaps helps nobody."""
    gaps = [facts for facts in read.values() if isinstance(facts, Gap)]
    if gaps and len(gaps) == len(read) and all(map(_ours_to_blame, gaps)):
        code, _, message = gaps[0].error.partition(": ")
        raise AwsError(None, gaps[0].action, code, f"{message}. Nothing was read.")


def _ours_to_blame(gap: Gap) -> bool:
    code = gap.error.partition(":")[0]
    return code in UNSENT or (gap.action.startswith("sts:") and code in UNKNOWN)


Asked = Mapping[str, frozenset[Scope] | None]
"""By kind, the scopes that are asked about it; None: all."""


def _read(reader_for: Callable[[], Reader], scope: Scope, asked: Asked) -> ScopeFacts | Gap:
    """A scope's facts. Its answers are forgotten at once: as AWS gave them they are large."""
    reader = reader_for()
    here = frozenset(name for name, among in asked.items() if among is None or scope in among)
    try:
        return ScopeFacts(
            tuple(read_vpcs(reader, scope)),
            tuple(read_route_tables(reader, scope)),
            {k.NAME: tuple(k.observe(reader, scope)) for k in KINDS if k.NAME in here},
            tuple(read_security_groups(reader, scope)) if SECURITY_GROUP_RULE in here else (),
            tuple(read_peers(reader, scope)),
        )
    except AwsError as error:
        return Gap(scope, error.action, f"{error.code}: {error.message}")


def _further(read: Iterable[ScopeFacts | Gap], ownership: Ownership) -> dict[Scope, str]:
    further: dict[Scope, str] = {}
    for facts in read:
        if isinstance(facts, ScopeFacts):
            for kind in KINDS:
                further |= kind.further_scopes(facts.observed.get(kind.NAME, ()), ownership)
    return further


def _facts(read: Mapping[Scope, ScopeFacts | Gap]) -> Facts:
    ordered = sorted(read.items())
    known = [(scope, facts) for scope, facts in ordered if isinstance(facts, ScopeFacts)]
    tables: dict[Any, list[RouteTable]] = {}
    for _, facts in known:
        for table in facts.route_tables:
            tables.setdefault(table.vpc, []).append(table)
    inventory = Inventory(
        frozenset(scope for scope, _ in known),
        {vpc.ref: vpc for _, facts in known for vpc in facts.vpcs},
        {vpc: tuple(sorted(listed, key=lambda t: t.id)) for vpc, listed in tables.items()},
        tuple(facts for _, facts in ordered if isinstance(facts, Gap)),
        _groups(group for _, facts in known for group in facts.security_groups),
        _glimpsed(read),
    )
    return Facts(
        inventory,
        {
            kind.NAME: tuple(o for _, facts in known for o in facts.observed.get(kind.NAME, ()))
            for kind in KINDS
        },
    )


def _groups(listed: Iterable[SecurityGroup]) -> dict[VpcRef, tuple[SecurityGroup, ...]]:
    groups: dict[VpcRef, list[SecurityGroup]] = {}
    for group in listed:
        groups.setdefault(group.vpc, []).append(group)
    return {vpc: tuple(sorted(held, key=lambda g: g.id)) for vpc, held in groups.items()}


def _glimpsed(read: Mapping[Scope, ScopeFacts | Gap]) -> dict[VpcRef, Vpc]:
    """The VPCs of gaps as the scopes that were read see them, put together."""
    gaps = {scope for scope, facts in read.items() if isinstance(facts, Gap)}
    found: dict[VpcRef, Vpc] = {}
    if not gaps:
        return found
    for _, facts in sorted(read.items()):
        for vpc in facts.peers if isinstance(facts, ScopeFacts) else ():
            if vpc.ref.scope in gaps:
                known = found.get(vpc.ref, vpc)
                ipv4 = sorted({*known.cidr_blocks, *vpc.cidr_blocks})
                ipv6 = sorted({*known.ipv6_cidr_blocks, *vpc.ipv6_cidr_blocks})
                found[vpc.ref] = Vpc(vpc.ref, tuple(ipv4), tuple(ipv6))
    return found

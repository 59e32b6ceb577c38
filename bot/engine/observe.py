"""Read every scope at once; a scope that cannot be read becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from bot.engine.inventory import read_route_tables, read_vpcs
from bot.errors import AwsError
from bot.kinds import KINDS
from bot.model.address import Scope
from bot.model.change import Gap, Observed
from bot.model.inventory import Inventory, RouteTable, Vpc
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.ports import Progress, Quiet, Reader

CONCURRENT_SCOPES = 32
"""Scopes read at once; each asks its three questions one after another."""


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


def observe(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    mesh: Mesh,
    base: Mesh | None,
    progress: Progress | None = None,
) -> Facts:
    """Read the scopes of the files, of the base, and at the far ends of what is found.

    ``reader_for`` gives a reader for scopes, each with an environment that it belongs to
    (empty when the files name the scope). Scopes of abandoned accounts are not read.
    """
    ownership = Ownership.of(mesh, base)
    closed = mesh.abandoned_accounts
    wanted: dict[Scope, str] = dict.fromkeys(mesh.scopes | (base.scopes if base else set()), "")
    read: dict[Scope, ScopeFacts | Gap] = {}
    while new := {s: e for s, e in wanted.items() if s not in read and s.account not in closed}:
        read |= _read_all(reader_for(new), new, progress or Quiet())
        wanted |= _further(read.values(), ownership)
    return _facts(read)


def _read_all(
    reader: Reader, scopes: Iterable[Scope], progress: Progress
) -> dict[Scope, ScopeFacts | Gap]:
    listed = sorted(scopes)
    results: dict[Scope, ScopeFacts | Gap] = {}
    progress.update("reading scopes", 0, len(listed))
    with ThreadPoolExecutor(CONCURRENT_SCOPES) as pool:
        futures = {pool.submit(_read, reader, scope): scope for scope in listed}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            progress.update("reading scopes", len(results), len(listed))
    return results


def _read(reader: Reader, scope: Scope) -> ScopeFacts | Gap:
    try:
        return ScopeFacts(
            tuple(read_vpcs(reader, scope)),
            tuple(read_route_tables(reader, scope)),
            {kind.NAME: tuple(kind.observe(reader, scope)) for kind in KINDS},
        )
    except AwsError as error:
        return Gap(scope, error.action, f"{error.code}: {error.message}")


def _further(read: Iterable[ScopeFacts | Gap], ownership: Ownership) -> dict[Scope, str]:
    further: dict[Scope, str] = {}
    for facts in read:
        if isinstance(facts, ScopeFacts):
            for kind in KINDS:
                further |= kind.further_scopes(facts.observed[kind.NAME], ownership)
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
    )
    return Facts(
        inventory,
        {
            kind.NAME: tuple(o for _, facts in known for o in facts.observed[kind.NAME])
            for kind in KINDS
        },
    )

"""Read every scope at once; a scope that cannot be read becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot.engine.inventory import read_route_tables, read_vpcs
from bot.errors import AwsError, Interrupted
from bot.kinds import KINDS
from bot.model.address import Scope
from bot.model.change import Gap, Observed
from bot.model.inventory import Inventory, RouteTable, Vpc
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop

HEARTBEAT = 0.5
"""Seconds after which the waiting looks up, to see whether it was told to stop."""


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
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Facts:
    """Read the scopes of the files, of the base, and at the far ends of what is found.

    ``reader_for`` gives a reader for scopes, each with an environment that it belongs to
    (empty when the files name the scope). Scopes of abandoned accounts are not read.
    Scopes are read side by side; each asks its questions one after another. Raises
    Interrupted once ``stop`` is set.
    """
    ownership = Ownership.of(mesh, base)
    closed = mesh.abandoned_accounts
    wanted: dict[Scope, str] = dict.fromkeys(mesh.scopes | (base.scopes if base else set()), "")
    read: dict[Scope, ScopeFacts | Gap] = {}
    while new := {s: e for s, e in wanted.items() if s not in read and s.account not in closed}:
        round_ = _Round(reader_for(new), dispatcher, progress or Quiet(), stop)
        read |= round_.read(sorted(new))
        for scope, environment in _further(read.values(), ownership).items():
            wanted.setdefault(scope, environment)
    _check_signed_in(read)
    return _facts(read)


UNSENT = frozenset({"NoCredentialsError", "PartialCredentialsError", "EndpointConnectionError"})
"""Codes which say that nothing was sent at all: not one account's fault."""


def _check_signed_in(read: Mapping[Scope, ScopeFacts | Gap]) -> None:
    """Raises AwsError, once, when no scope could even be asked: a plan of gaps helps nobody."""
    gaps = [facts for facts in read.values() if isinstance(facts, Gap)]
    if gaps and len(gaps) == len(read) and all(_code(gap) in UNSENT for gap in gaps):
        code, _, message = gaps[0].error.partition(": ")
        raise AwsError(None, gaps[0].action, code, f"{message}. Nothing was read.")


def _code(gap: Gap) -> str:
    return gap.error.partition(":")[0]


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of reading: every scope at once."""

    reader: Reader
    dispatcher: Dispatcher
    progress: Progress
    stop: Stop | None

    def read(self, scopes: list[Scope]) -> dict[Scope, ScopeFacts | Gap]:
        results: dict[Scope, ScopeFacts | Gap] = {}
        self.progress.update("reading scopes", 0, len(scopes))
        for scope in scopes:
            self.dispatcher.submit(partial(_read, self.reader, scope), scope)
        while len(results) < len(scopes):
            if self.stop is not None and self.stop.is_set():
                raise Interrupted("interrupted while AWS was read; nothing was changed.")
            ended = self.dispatcher.next(HEARTBEAT)
            if ended is not None:
                token, facts, error = ended
                if error is not None:
                    raise error
                assert isinstance(token, Scope)
                results[token] = facts
                self.progress.update("reading scopes", len(results), len(scopes))
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

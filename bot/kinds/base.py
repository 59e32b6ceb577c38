"""What a kind is, and the parts that kinds share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar

from bot.errors import AwsError
from bot.model.address import AccountId, Address, Scope, VpcRef
from bot.model.change import Change, Desired, Observed
from bot.model.diagnostic import Diagnostic
from bot.model.inventory import Inventory
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.peering_status import DEAD
from bot.model.step import Condition, IdOf, Step
from bot.ports import Reader

W = TypeVar("W")
R = TypeVar("R")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Reference:
    """What an AWS id that other kinds refer to is: its address and its fate in this plan.

    ``managed``: ours. ``dead``: AWS keeps it only as a memory (deleted, failed …).
    ``going``: this plan deletes it. ``environments``: whose it is. ``ends``: the VPCs that
    it connects, where it is a connection. ``foreign``: tags say that it is somebody else's.
    ``active``: it carries traffic already.
    """

    address: Address
    managed: bool
    dead: bool
    going: bool
    environments: frozenset[str] = frozenset()
    ends: tuple[VpcRef, ...] = ()
    foreign: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that exists, ours, once the plan is applied.

    ``ends``: the VPCs that it connects, the requester first. ``environments``: whose it is.
    ``id``: AWS's, empty while it has yet to be made. ``active``: it carries traffic already.
    """

    ends: tuple[VpcRef, VpcRef]
    environments: frozenset[str] = frozenset()
    id: str = ""
    active: bool = False


@dataclass(frozen=True, slots=True)
class References:
    """Ids that AWS gave to things that other things refer to, and what will exist.

    ``by_id`` knows every id that was observed; ``available`` holds the addresses that
    exist, managed, once the plan is applied: things that refer to others are pruned.
    """

    by_id: Mapping[str, Reference] = field(default_factory=dict)
    available: Mapping[Address, Connection] = field(default_factory=dict)

    def kept(self, addresses: Collection[Address]) -> References:
        """The same, where the connections of these addresses are not deleted after all."""
        staying = {
            id_: replace(held, going=False)
            for id_, held in (self.by_id.items() if addresses else ())
            if held.going and held.address in addresses
        }
        if not staying:
            return self
        back = {
            held.address: Connection(
                (held.ends[0], held.ends[1]), held.environments, id_, held.active
            )
            for id_, held in staying.items()
        }
        return References({**self.by_id, **staying}, {**self.available, **back})


@dataclass(frozen=True)
class Situation:
    """All that a diff may look at besides the two sides: the mesh, before and now.

    ``closed`` are the mesh's abandoned accounts. It has no slots, so that the gaps are kept.
    """

    mesh: Mesh
    base: Mesh | None
    inventory: Inventory
    references: References
    closed: frozenset[AccountId] = frozenset()

    @cached_property
    def gaps(self) -> frozenset[Scope]:
        """The scopes that could not be read."""
        return frozenset(gap.scope for gap in self.inventory.gaps)

    def support_of(self, environments: Iterable[str]) -> str:
        """The metadata's ``support`` of the file that holds the first of these by name."""
        for name in sorted(environments):
            for mesh in (self.mesh, self.base):
                file = mesh.file_of(name) if mesh else None
                if file is not None:
                    return file.metadata.support
        return ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A kind's answer: what to change, what to tell, and what others may refer to.

    ``blocked`` are addresses whose deletion must not be made after all, because something
    of this kind still depends on them and stays.
    """

    changes: tuple[Change[Any], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    references: References = field(default_factory=References)
    blocked: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """Something that only a plan with certain changes needs to know: a read in a scope."""

    scope: Scope
    action: str
    params: tuple[tuple[str, str], ...] = ()


Answers = Mapping[Question, Mapping[str, Any] | AwsError]
"""To each question the first item of AWS's answer, or why there is none. What is asked of a gap
has no answer."""


class Kind(Protocol[W, R, S]):
    """A module of ``bot.kinds`` satisfies this by itself (PEP 544: modules as protocols).

    ``W`` is what the mesh wants of it, ``R`` how AWS shows it, ``S`` its spec in a change.
    """

    NAME: str

    def desire(self, mesh: Mesh, inventory: Inventory) -> Iterable[Desired[W]]:
        """What the mesh asks for: a pure function of two values."""

    def scopes(self, *meshes: Mesh | None) -> frozenset[Scope] | None:
        """The scopes in which AWS is asked about it, for these revisions; None: in all."""

    def observe(self, aws: Reader, scope: Scope) -> Iterable[Observed[R]]:
        """What AWS has in a scope. Raises AwsError."""

    def further_scopes(
        self, observed: Iterable[Observed[R]], ownership: Ownership
    ) -> Mapping[Scope, str]:
        """Scopes that must be read too because of what was found, each with an environment."""

    def diff(
        self,
        desired: Iterable[Desired[W]],
        observed: Iterable[Observed[R]],
        situation: Situation,
    ) -> Difference:
        """The changes from observed to desired; never one of what is not ours."""

    def questions(self, changes: Iterable[Change[S]]) -> Iterable[Question]:
        """What else AWS has to be asked because of these changes, once they are planned."""

    def remarks(self, changes: Iterable[Change[S]], answers: Answers) -> Iterable[Diagnostic]:
        """What the answers to those questions say about the changes."""

    def steps(self, change: Change[S]) -> tuple[Step, ...]:
        """The AWS calls that make a change."""

    def describe(self, change: Change[S]) -> str:
        """A change in one line of plain text, for people (renderers escape it)."""


def everywhere(*meshes: Mesh | None) -> frozenset[Scope] | None:
    """For kinds that every scope is asked about."""
    return None


def no_questions(changes: Iterable[Change[Any]]) -> Iterable[Question]:
    """For kinds whose changes AWS refuses for no reason that could be known before."""
    return ()


def no_remarks(changes: Iterable[Change[Any]], answers: Answers) -> Iterable[Diagnostic]:
    """Likewise."""
    return ()


PEERING_STATES = "ec2:DescribeVpcPeeringConnections"
"""The call that ``peering_in`` is asked with."""


@lru_cache(maxsize=16)
def _ended(wanted: frozenset[str]) -> frozenset[str]:
    return DEAD - wanted


def peering_in(peering: Address, wanted: frozenset[str]) -> Condition:
    """The state to wait for: a peering in one of these statuses."""
    return Condition(
        IdOf(peering),
        wanted,
        _ended(wanted),
        "vpc-peering-connection-id",
        "VpcPeeringConnectionId",
        "Status.Code",
        "Status.Message",
    )


@lru_cache(maxsize=1 << 12)
def environment_names(names: tuple[str, ...]) -> frozenset[str]:
    """Environments as a set: one value for the thousands of things that share it."""
    return frozenset(names)


def no_further_scopes(
    observed: Iterable[Observed[Any]], ownership: Ownership
) -> Mapping[Scope, str]:
    """For kinds that live in one scope."""
    return {}

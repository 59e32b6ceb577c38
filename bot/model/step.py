"""What applying a change means, as values: which AWS call, where, after what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.model.address import AccountId, Address, Scope


@dataclass(frozen=True, slots=True)
class Role:
    """A member role to assume in an account (peerd's role B) and how to assume it.

    With ``writes`` the session may change things, as far as the role may; else only read.
    """

    account: AccountId
    name: str
    session_name: str
    external_id: str | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class IdOf:
    """Stands in a step's parameters for the AWS id of an address: known when it exists."""

    address: Address


@dataclass(frozen=True, slots=True)
class AppliedAt:
    """Stands in a step's parameters for the time of the apply run, as peerd writes it."""


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step of a change, by name. A reference to a step that is not planned is satisfied."""

    address: Address
    step: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A state to wait for: the item with this id, in one of the ``wanted`` states.

    ``failed`` states end the wait with an error. Polled for all waiting steps of a scope
    with one call, narrowed by ``filter``; ``id_path``, ``state_path`` and ``message_path``
    are dotted paths in an item of the answer.
    """

    of: IdOf
    wanted: frozenset[str]
    failed: frozenset[str]
    filter: str
    id_path: str
    state_path: str
    message_path: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A place among the few that AWS allows at once, held until another step is done."""

    name: str
    size: int
    until: StepRef


@dataclass(frozen=True, slots=True)
class Step:
    """One AWS call (or wait) of a change.

    ``action`` is spelt ``ec2:CreateRoute``. ``after`` are steps that must be done before,
    ``before`` steps that must wait for this one. ``result`` is the dotted path of the new
    thing's id in the answer. ``merge`` lists the parameter whose items may be put together
    with those of steps that are otherwise equal. ``optional`` steps may fail without
    failing their change; ``tolerates`` are error codes that mean it was so already.
    """

    name: str
    scope: Scope
    action: str
    params: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[StepRef, ...] = ()
    before: tuple[StepRef, ...] = ()
    result: str = ""
    until: Condition | None = None
    merge: str = ""
    slot: Slot | None = None
    optional: bool = False
    tolerates: frozenset[str] = frozenset()

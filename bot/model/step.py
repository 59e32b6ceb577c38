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
    With ``inspects`` it may also read what a plan need not know: the role itself.
    With ``analyzes`` it may have Reachability Analyzer look, and change nothing in the mesh.
    """

    account: AccountId
    name: str
    session_name: str
    external_id: str | None = None
    writes: bool = False
    inspects: bool = False
    analyzes: bool = False


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
    are dotted paths in an item of the answer. ``needless_after``: a step that, once done,
    says as much; then this is asked about no more, and before only after ``not_before``
    seconds, since it is there for what goes wrong.
    """

    of: IdOf
    wanted: frozenset[str]
    failed: frozenset[str]
    filter: str
    id_path: str
    state_path: str
    message_path: str
    needless_after: StepRef | None = None
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """How to see whether a call took effect, when its answer was lost.

    The items of the read ``action``, narrowed by ``filter`` to ``value`` (the values of a
    scope's looks share one question), are searched for one that is as ``match`` says: dotted
    paths in the item, each with its value or a frozenset of values; ``Tags[key]`` is a tag's
    value. With ``within``, the items of that list are searched, each together with what
    holds it. The call took effect when there is one, or, with ``gone``, when there is none.
    ``result`` is the path of the new thing's id. ``codes`` are refusals that the look decides
    on too: they may come of what an earlier sending did, or of somebody who did the same.
    ``lag`` is for how many seconds AWS may not show it yet
    (https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html).
    """

    action: str
    filter: str
    value: str | IdOf
    match: Mapping[str, Any]
    within: str = ""
    gone: bool = False
    result: str = ""
    codes: frozenset[str] = frozenset()
    lag: float = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """What must still be as it was planned, right before a call takes something away.

    Among the items of the read ``action``, narrowed by ``filter`` to ``value``, the one that is
    as ``same`` says has to be as ``match`` says; both, and ``within``, are as in a Look. What is
    not there any more is no reason to hold the call back: AWS's answer to it tells.
    """

    action: str
    filter: str
    value: str | IdOf
    same: Mapping[str, Any]
    match: Mapping[str, Any]
    within: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place among the few that AWS allows a ``scope`` at once, held until a step is done.

    ``party`` is the scope that has to do its part until then. ``taken``: it is held from the
    start, for what an earlier run left behind; else from when the step that has it is sent.
    """

    name: str
    scope: Scope
    size: int
    until: StepRef
    party: Scope | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Occupied:
    """A place of that ``name`` in a ``scope`` that was taken when an apply began, by ``id``.

    ``party`` is the scope that could end it, and the plan has nothing to do with that.
    """

    name: str
    scope: Scope
    id: str
    party: Scope


@dataclass(frozen=True, slots=True)
class Step:
    """One AWS call (or wait) of a change.

    ``action`` is spelt ``ec2:CreateRoute``. ``after`` are steps that must be done before,
    ``before`` steps that must wait for this one. ``result`` is the dotted path of the new
    thing's id in the answer. ``merge`` names the parameter that is this step's own among steps
    that are otherwise equal and may share a call: a list, whose items are put together, or one
    that can stand beside those of the others. ``optional`` steps may fail without
    failing their change; ``tolerates`` are error codes that mean it was so already.

    After a lost answer, a ``repeatable`` call is sent again at once: twice is the same as
    once. Else ``look`` says how to see whether it took effect, before it is sent again;
    without either it is never sent again, and its change has failed. With a ``check`` it is
    sent only if that holds.
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
    repeatable: bool = False
    look: Look | None = None
    check: Check | None = None

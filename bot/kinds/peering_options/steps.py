"""The calls that set the options on one side of a peering."""

from __future__ import annotations

from bot.kinds.base import PEERING_STATES, peering_in
from bot.kinds.peering_options.observe import OPTION
from bot.kinds.peering_options.spec import ACCEPTER, REQUESTER, OptionsSpec
from bot.model.address import pair_of
from bot.model.change import Change
from bot.model.peering_status import ACTIVE
from bot.model.step import IdOf, Step, StepRef

MODIFY = "ec2:ModifyVpcPeeringConnectionOptions"
PARAMETERS = {
    REQUESTER: "RequesterPeeringConnectionOptions",
    ACCEPTER: "AccepterPeeringConnectionOptions",
}


def steps(change: Change[OptionsSpec]) -> tuple[Step, ...]:
    """One call, when the peering is active where it is made and carries our tags there.

    The accepter's Region is where a new peering is seen to be active; the requester's may see
    that later, and AWS refuses options until then. Who may set options is told by the tags.
    """
    after = change.after
    assert after is not None, "options are never deleted: they go with their peering"
    scope, pair = after.vpc.scope, pair_of(after.peering)
    alone = pair.first.scope != pair.second.scope
    option = {OPTION: after.allow_dns_resolution_from_remote_vpc}
    ready = tuple(StepRef(after.peering, name) for name in ("active", *_tagging(after, alone)))
    waits: tuple[Step, ...] = ()
    if change.before is None and after.side == REQUESTER and alone:
        until = peering_in(after.peering, frozenset({ACTIVE}))
        waits = (Step("active here", scope, PEERING_STATES, after=ready, until=until),)
    modify = Step(
        "options",
        scope,
        MODIFY,
        {"VpcPeeringConnectionId": IdOf(after.peering), PARAMETERS[after.side]: option},
        after=(*ready, *(StepRef(change.address, wait.name) for wait in waits)),
        # one call sets both sides of a peering within one account and Region
        merge="" if alone else PARAMETERS[after.side],
        repeatable=True,
    )
    return *waits, modify


def _tagging(spec: OptionsSpec, alone: bool) -> tuple[str, ...]:
    """The step that tags the side, where the plan has one; both sides in one scope share tags."""
    return (f"tag {spec.side}",) if alone else (f"tag {ACCEPTER}",)


def describe(change: Change[OptionsSpec]) -> str:
    """``peering options VPC <- peer: DNS resolution on``, and what it was."""
    spec = change.after or change.before
    assert spec is not None, "a change has a side"
    peer = pair_of(spec.peering).other(spec.vpc)
    was = "" if change.before is None else f" (was {_word(change.before)})"
    return f"peering options of {spec.vpc}: DNS resolution from {peer} {_word(spec)}{was}"


def _word(spec: OptionsSpec) -> str:
    return "on" if spec.allow_dns_resolution_from_remote_vpc else "off"

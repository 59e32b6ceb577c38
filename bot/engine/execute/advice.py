"""What to do about an error, by AWS's code or the state in which a peering ended."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine.execute.codes import silent
from bot.errors import AwsError
from bot.model.aws_codes import STALE, THROTTLED

TIMED_OUT = "TimedOut"
"""A state was waited for in vain; not a code of AWS."""

CHANGED = "ChangedMeanwhile"
"""What a call would take away is not as it was planned any more; not a code of AWS."""

UNKNOWN_ID = "UnknownId"
"""What a call refers to was never made; not a code of AWS."""

NO_PLACE = "NoPlace"
"""AWS allows few at once, and those that there are do not end; not a code of AWS."""

SET_OPTIONS = "ec2:ModifyVpcPeeringConnectionOptions"

AGAIN = "Run again: what is done stays done, and only the rest is tried."

_NO_PERMISSION = (
    "Allow {action} in the member role of account {account}. If it is allowed there, a condition,"
    " a permissions boundary or a service control policy denies it. Then run again."
)
_NO_ROLE = (
    "Check that the member role exists in account {account} under the name in the mesh file,"
    " trusts the initial role (with the external_id, if one is set), and that the account is"
    " active; then run again."
)
_SESSION = (
    "The session of account {account} was renewed once and is still refused: check the"
    " runner's clock, and that the role was not revoked meanwhile; then run again."
)
_SILENCE = (
    "AWS did not answer, or answered with a fault of its own. See https://health.aws.amazon.com"
    " and the network between here and {where}; then run again: it looks what is there and"
    " does what is left."
)
_THROTTLED = (
    "Something else uses up the request rate of {where}, which all its users share: run again"
    " when it is quieter, or ask AWS for a higher rate of {action}."
)
_PEERING_GONE = (
    "Somebody deleted or rejected the peering while it was being made. Find out who, in"
    " CloudTrail of both accounts, then run again: it is made anew."
)
_REQUESTS = (
    "Other peering requests in {where} wait to be accepted, and AWS allows few at once: accept"
    " or delete them, then run again."
)
_ROUTE_TAKEN = (
    "Somebody made a route for this destination meanwhile, and it leads elsewhere: remove it or"
    " narrow cidr_overrides, then plan again."
)
_VPC_GONE = (
    "The VPC was deleted, or account or region are not its own. If it is meant to be gone, give"
    " its member `state: absent`; else mend its line; then plan again."
)

_NO_NAMES = (
    "AWS resolves names over a peering only when both VPCs have enableDnsSupport and"
    " enableDnsHostnames on, and the peering is active. Turn them on, or set dns_resolution: false"
    " on the member; then run again."
)

_ADVICE: Mapping[str, str] = {
    # permissions and identities
    "UnauthorizedOperation": _NO_PERMISSION,
    "AccessDenied": _NO_PERMISSION,
    "AccessDeniedException": _NO_PERMISSION,
    "AuthFailure": "Account {account} does not accept its own session: check the region's name,"
    " that it is enabled in the account, and the runner's clock; then run again.",
    "OptInRequired": "Account {account} has not enabled this region or service: enable it under"
    " Account > AWS Regions, or take its members out of the mesh; then run again.",
    "AccountMismatch": "The credentials that came are of another account, and were not used:"
    " check account_id and the role's name.",
    "NoRole": "Name the account in a mesh file, so that its role is known.",
    "PendingVerification": "AWS still verifies account {account}, which takes up to four hours:"
    " run again later.",
    "Blocked": "AWS has blocked account {account}: its owner has to write to AWS Support.",
    # quotas
    "RouteLimitExceeded": "The route table is full: raise the quota of routes per route table"
    " in account {account}, or narrow the destinations with cidr_overrides; then run again.",
    "VpcPeeringConnectionsPerVpcLimitExceeded": "The VPC has all the peerings it may have: raise"
    " the quota of active peerings per VPC in both accounts (to 125 at most), or make the mesh"
    " smaller, with hubs say; then run again.",
    "OutstandingVpcPeeringConnectionLimitExceeded": _REQUESTS,
    "PendingVpcPeeringConnectionLimitExceeded": _REQUESTS,
    "TagLimitExceeded": "AWS allows 50 tags on a resource: remove tags that nobody needs, or"
    " ask for fewer peering_tags; then run again.",
    "RulesPerSecurityGroupLimitExceeded": "The security group has all the rules it may have: raise"
    " the quota L-0EA8095F in {where}, or ask for fewer rules or blocks; then run again.",
    # somebody else was here
    "InvalidPermission.Duplicate": "Somebody made the same rule meanwhile: plan again. With"
    " `adopt: true` on the environment the rule that is there becomes meshbot's.",
    "InvalidGroup.NotFound": "The security group was deleted, or the peering over which the rule"
    " names it is not active: plan again.",
    "InvalidSecurityGroupID.NotFound": "The security group was deleted: plan again.",
    "RouteAlreadyExists": _ROUTE_TAKEN,
    "VpcPeeringConnectionAlreadyExists": "Another run, or somebody, peered these VPCs meanwhile."
    " Run again: a peering of ours is then finished; for one that carries nobody's tags there is"
    " `adopt: true`. A lease (--lock) keeps two runs apart.",
    "InvalidVpcPeeringConnectionID.NotFound": "AWS does not know the peering, or not yet"
    " everywhere. Run again; if it was deleted, it is made anew.",
    "InvalidVpcPeeringConnectionId.NotFound": "AWS does not know the peering, or not yet"
    " everywhere. Run again; if it was deleted, it is made anew.",
    "InvalidStateTransition": "The peering's state does not allow this any more: plan again.",
    "OperationNotPermitted": "AWS does not allow this in the peering's present state, or to"
    " this side of it: plan again.",
    "InvalidRouteTableID.NotFound": "The route table was deleted meanwhile: plan again.",
    "InvalidVpcID.NotFound": _VPC_GONE,
    # peerings that ended while they were waited for; the words before this are AWS's
    "Failed": "AWS could not make the peering. Check vpc_id, account_id and region of both"
    " members, that both accounts are active, and that no IPv4 or IPv6 block of one VPC"
    " overlaps one of the other; then run again: a failed peering is made anew.",
    "Rejected": _PEERING_GONE,
    "Deleted": _PEERING_GONE,
    "Deleting": _PEERING_GONE,
    "Expired": "The request was not accepted within 7 days. Run again: it is made anew.",
    # ours
    TIMED_OUT: "AWS still works on it, which may take minutes. Run again later: it goes on from"
    " the state that it finds.",
    UNKNOWN_ID: AGAIN,
    CHANGED: "Somebody changed it after the plan was made: find out who, in CloudTrail. It was left"
    " alone; plan again, and review what is to be done now.",
    NO_PLACE: "Mend what keeps the other requests from being accepted, as the other failures here"
    " say, or delete them; then run again: it accepts what is there first.",
    # the network
    "EndpointConnectionError": "Nothing was sent: check the region's name and the network to"
    " {where} (DNS, proxy, VPC endpoints); then run again.",
    "ConnectTimeoutError": "Nothing was sent: check the network to {where} (firewall, proxy, VPC"
    " endpoints); then run again.",
}


def advice(error: AwsError) -> str:
    """What to do, in a sentence or two."""
    account = str(error.scope.account) if error.scope else "of the initial role"
    where = str(error.scope) if error.scope else "AWS"
    return _text(error).format(action=error.action, account=account, where=where)


def _text(error: AwsError) -> str:
    if error.code in STALE:
        return _SESSION
    if error.action == "sts:AssumeRole" and error.code == "AccessDenied":
        return _NO_ROLE
    if error.action == SET_OPTIONS and error.code == "OperationNotPermitted":
        return _NO_NAMES
    if error.code in _ADVICE:
        return _ADVICE[error.code]
    if error.code in THROTTLED:
        return _THROTTLED
    return _SILENCE if silent(error) else AGAIN

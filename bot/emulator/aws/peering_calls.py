"""The calls on VPC peering connections.

Sources: the page of each action in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ and
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html .
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.utils import random_vpc_peering_connection_id

from bot.emulator.aws import vpcs
from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import (
    EC2ClientError,
    invalid_value,
    not_found,
    not_permitted,
    state_transition,
)
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.peerings import LIVE, Options, Peering, Place, Side, Status

_UP = frozenset({Status.PROVISIONING, Status.ACTIVE})


class PeeringCalls(Calls):
    """Create, accept, reject, delete, describe, and the options of a peering."""

    def create_vpc_peering_connection(self) -> ActionResult:
        self.error_on_dryrun()
        new_tags = self.specified_tags("vpc-peering-connection")
        requester, accepter = self._requested_sides()
        self._check_new(requester, accepter)
        peering = self._make(requester, accepter)
        self.world.peerings.add(peering)
        self.write_tags(peering.id, new_tags)
        value = self._value(peering)
        owner = accepter.place.account
        value["Status"] = {
            "Code": Status.INITIATING.value,
            "Message": f"Initiating Request to {owner}",
        }
        value["RequesterVpcInfo"] = self._side_value(peering, requester, blocks=True)
        return self.answer("CreateVpcPeeringConnection", {"VpcPeeringConnection": value})

    def accept_vpc_peering_connection(self) -> ActionResult:
        self.error_on_dryrun()
        peering = self._answerable("accept", Status.PROVISIONING)
        now = self.world.now()
        for side in peering.sides:
            self._check_quota(side, _UP)
        peering.accept(now, self.world.settings)
        value = self._value(peering)
        return self.answer("AcceptVpcPeeringConnection", {"VpcPeeringConnection": value})

    def reject_vpc_peering_connection(self) -> ActionResult:
        self.error_on_dryrun()
        peering = self._answerable("reject", Status.REJECTED)
        peering.rejected = self.world.now()
        return self.answer("RejectVpcPeeringConnection", {"Return": True})

    def delete_vpc_peering_connection(self) -> ActionResult:
        self.error_on_dryrun()
        peering, now = self._peering(), self.world.now()
        status = peering.status(now)
        if status is Status.PENDING and self.place.account != peering.requester.place.account:
            raise not_permitted(f"User {self.place.account} cannot delete peering {peering.id}")
        if status not in {Status.ACTIVE, Status.PENDING}:
            raise state_transition(peering.id, status.value, Status.DELETING.value)
        peering.end(now, self.world.settings, self.place.account)
        return self.answer("DeleteVpcPeeringConnection", {"Return": True})

    def describe_vpc_peering_connections(self) -> ActionResult:
        seen = self.world.peerings.seen_from(self.place, self.world.now())
        return self.listing(
            "DescribeVpcPeeringConnections",
            "VpcPeeringConnections",
            ids="VpcPeeringConnectionIds",
            items={peering.id: peering for peering in seen},
            missing=_missing,
            getters=self._filters(),
            value=self._value,
        )

    def modify_vpc_peering_connection_options(self) -> ActionResult:
        self.error_on_dryrun()
        peering = self._peering()
        if peering.status(self.world.now()) is not Status.ACTIVE:
            raise not_permitted(
                f"Peering {peering.id} is not active. "
                "Peering options can be added only to active peerings."
            )
        changes = {
            role: self._get_param(f"{role}PeeringConnectionOptions")
            for role in ("Requester", "Accepter")
            if self._get_param(f"{role}PeeringConnectionOptions")
        }
        for role in changes:
            side = peering.requester if role == "Requester" else peering.accepter
            if side.place != self.place:
                raise not_permitted(
                    f"{role}'s VPC Peering connection options of {peering.id} can be modified "
                    f"only by {side.place.account} in {side.place.region}"
                )
        wanted = {
            role: bool(options.get("AllowDnsResolutionFromRemoteVpc", False))
            for role, options in changes.items()
        }
        if any(wanted.values()):
            self._check_names(peering)
        for role, dns in wanted.items():
            peering.options[role] = Options(dns=dns)
        answer = {f"{role}PeeringConnectionOptions": _options(peering, role) for role in changes}
        return self.answer("ModifyVpcPeeringConnectionOptions", answer)

    def _check_names(self, peering: Peering) -> None:
        """The peering guide: "Both VPCs must be enabled for DNS hostnames and DNS resolution". With
        which code AWS refuses it otherwise, it does not say."""
        for side in peering.sides:
            vpc = vpcs.find(self.world, *side)
            if vpc is None or not vpcs.resolves_names(vpc):
                raise not_permitted(
                    f"{side.vpc} is not enabled for DNS hostnames and DNS resolution, which "
                    f"the options of {peering.id} need."
                )

    def _requested_sides(self) -> tuple[Side, Side]:
        requester = Side(self.place, self.required("VpcId"))
        place = Place(
            self._get_param("PeerOwnerId") or self.place.account,
            self._get_param("PeerRegion") or self.place.region,
        )
        return requester, Side(place, self.required("PeerVpcId"))

    def _check_new(self, requester: Side, accepter: Side) -> None:
        if vpcs.find(self.world, *requester) is None:
            raise not_found("InvalidVpcID", "vpc", requester.vpc)
        if requester == accepter:
            why = "A VPC cannot be peered with itself."
            raise invalid_value(accepter.vpc, "peerVpcId", why)
        now = self.world.now()
        for other in self.world.peerings.of_vpc(requester.vpc):
            if accepter in other.sides and other.status(now) in LIVE:
                raise EC2ClientError(
                    "VpcPeeringConnectionAlreadyExists",
                    f"A VPC peering connection between the VPCs already exists: {other.id}",
                )
        self._check_quota(requester, LIVE)
        limit = self.world.settings.quota("L-DC9F7029", *requester.place)
        if self.world.peerings.outstanding(self.place, now) >= limit:
            raise EC2ClientError(
                "OutstandingVpcPeeringConnectionLimitExceeded",
                f"The limit of {limit} outstanding VPC peering connection requests is reached.",
            )

    def _check_quota(self, side: Side, counting: frozenset[Status]) -> None:
        """The peering guide counts active and pending ones per VPC: the request is refused for its
        own VPC by both; what is accepted, for either by those that are active."""
        limit = self.world.settings.quota("L-7E9ECCDB", *side.place)
        if self.world.peerings.count(side.vpc, counting, self.world.now()) >= limit:
            raise EC2ClientError(
                "VpcPeeringConnectionsPerVpcLimitExceeded",
                f"The limit of {limit} active VPC peering connections of {side.vpc} is reached.",
            )

    def _make(self, requester: Side, accepter: Side) -> Peering:
        settings, now = self.world.settings, self.world.now()
        mine = vpcs.find(self.world, *requester)
        peer = vpcs.find(self.world, *accepter)
        requested = now + settings.initiating_seconds
        return Peering(
            id=random_vpc_peering_connection_id(),
            requester=requester,
            accepter=accepter,
            created=now,
            requested=requested,
            # The requester's own account and Region sees what it has made at once.
            seen=now if requester.place == accepter.place else now + settings.visibility_seconds,
            expires=requested + settings.expire_seconds,
            # "incorrect VPC-ID, Account ID, or overlapping CIDR range", says AWS's message.
            fails=peer is None or vpcs.overlap(mine, peer),
            short=settings.short_retention_seconds,
            long=settings.long_retention_seconds,
        )

    def _peering(self) -> Peering:
        identifier = self.required("VpcPeeringConnectionId")
        peering = self.world.peerings.get(identifier)
        if peering is None or not peering.visible(self.place, self.world.now()):
            raise _missing(identifier)
        return peering

    def _answerable(self, verb: str, after: Status) -> Peering:
        """The pending request that the caller, being the accepter, may answer."""
        peering = self._peering()
        owner, region = peering.accepter.place
        if self.place.account != owner:
            raise not_permitted(f"User {self.place.account} cannot {verb} peering {peering.id}")
        if self.place.region != region:
            raise not_permitted(
                f"Incorrect region ({self.place.region}) specified for this request. VPC peering "
                f"connection {peering.id} must be {verb}ed in region {region}"
            )
        status = peering.status(self.world.now())
        if status is not Status.PENDING:
            raise state_transition(peering.id, status.value, after.value)
        return peering

    def _value(self, peering: Peering) -> dict[str, Any]:
        now = self.world.now()
        status = peering.status(now)
        waiting = status in {Status.INITIATING, Status.PENDING, Status.EXPIRED}
        active = status is Status.ACTIVE
        return {
            "VpcPeeringConnectionId": peering.id,
            "RequesterVpcInfo": self._side_value(peering, peering.requester, blocks=active),
            "AccepterVpcInfo": self._side_value(peering, peering.accepter, blocks=active),
            "ExpirationTime": _moment(peering.expires) if waiting else None,
            "Status": {"Code": status.value, "Message": peering.message(now)},
            "Tags": self.tag_set(peering.id),
        }

    def _side_value(self, peering: Peering, side: Side, *, blocks: bool) -> dict[str, Any]:
        """One side: "CIDR block information is only returned when describing an active VPC peering
        connection" (API_VpcPeeringConnection)."""
        value: dict[str, Any] = {
            "OwnerId": side.place.account,
            "VpcId": side.vpc,
            "Region": side.place.region,
        }
        vpc = vpcs.find(self.world, *side) if blocks else None
        if vpc is None:
            return value
        ipv6 = vpcs.cidr_blocks(vpc, ipv6=True)
        role = "Requester" if side == peering.requester else "Accepter"
        return {
            **value,
            "CidrBlock": vpc.cidr_block,
            "CidrBlockSet": [{"CidrBlock": c} for c in vpcs.cidr_blocks(vpc, ipv6=False)],
            "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": c} for c in ipv6] or None,
            "PeeringOptions": _options(peering, role, classic_link=True),
        }

    def _filters(self) -> dict[str, Getter[Peering]]:
        now = self.world.now()

        def block(side: Side, peering: Peering) -> list[str]:
            value = self._side_value(peering, side, blocks=peering.status(now) is Status.ACTIVE)
            return [value["CidrBlock"]] if "CidrBlock" in value else []

        return {
            "accepter-vpc-info.cidr-block": lambda p: block(p.accepter, p),
            "accepter-vpc-info.owner-id": lambda p: [p.accepter.place.account],
            "accepter-vpc-info.vpc-id": lambda p: [p.accepter.vpc],
            "expiration-time": lambda p: [_moment(p.expires).strftime("%Y-%m-%dT%H:%M:%S.000Z")],
            "requester-vpc-info.cidr-block": lambda p: block(p.requester, p),
            "requester-vpc-info.owner-id": lambda p: [p.requester.place.account],
            "requester-vpc-info.vpc-id": lambda p: [p.requester.vpc],
            "status-code": lambda p: [p.status(now).value],
            "status-message": lambda p: [p.message(now)],
            "vpc-peering-connection-id": lambda p: [p.id],
        }


def _missing(identifier: str) -> EC2ClientError:
    return not_found("InvalidVpcPeeringConnectionID", "vpcPeeringConnection", identifier)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(seconds, 4e9), UTC)


def _options(peering: Peering, role: str, *, classic_link: bool = False) -> dict[str, bool]:
    value = {"AllowDnsResolutionFromRemoteVpc": peering.options.get(role, Options()).dns}
    if classic_link:
        value["AllowEgressFromLocalClassicLinkToRemoteVpc"] = False
        value["AllowEgressFromLocalVpcToRemoteClassicLink"] = False
    return value

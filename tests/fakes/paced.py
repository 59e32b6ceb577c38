"""A large AWS in virtual time: enforces EC2's token buckets and counts, in constant time a call.

It knows what an apply from nothing asks of it. ``FakeAws`` knows far more of EC2, and is too
slow for thousands of peerings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import AwsError
from bot.model.address import AccountId, Region, Scope
from tests.fakes.world import Clock

CREATE = "ec2:CreateVpcPeeringConnection"
ACCEPT = "ec2:AcceptVpcPeeringConnection"
ROUTE = "ec2:CreateRoute"
TAGS = "ec2:CreateTags"
POLL = "ec2:DescribeVpcPeeringConnections"
PCX_NOT_FOUND = "InvalidVpcPeeringConnectionID.NotFound"

DOCUMENTED: Mapping[str, tuple[float, float]] = {
    CREATE: (50, 5),
    ACCEPT: (50, 5),
    ROUTE: (50, 5),
    TAGS: (100, 10),
    POLL: (100, 20),
}
"""Size and refill a second (EC2 developer guide, request throttling)."""


@dataclass(slots=True)
class Peering:
    """A peering: what it is follows from the time."""

    requester: Scope
    accepter: Scope
    pending_at: float
    seen_at: float
    active_at: float = float("inf")


@dataclass
class PacedAws:
    """``ports.Writer``. Times are virtual seconds.

    ``share`` is the part of each documented bucket that is there: of its size and of its
    refill. ``drinkers`` says how many calls a second others make of a lane.
    """

    clock: Clock
    size_share: float = 1.0
    refill_share: float = 1.0
    initiating: float = 0.0
    lag: float = 0.0
    provisioning: float = 0.0
    outstanding: int = 25
    drinkers: Mapping[tuple[Scope, str], float] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    lanes: Counter[tuple[Scope, str]] = field(default_factory=Counter)
    peerings: dict[str, Peering] = field(default_factory=dict)
    by_scope: dict[Scope, list[str]] = field(default_factory=dict)
    open: Counter[Scope] = field(default_factory=Counter)
    most_open: int = 0
    routes: set[tuple[str, str]] = field(default_factory=set)
    tagged: Counter[str] = field(default_factory=Counter)
    last_write: float = 0.0
    levels: dict[tuple[Scope, str], tuple[float, float]] = field(default_factory=dict)

    def _take(self, scope: Scope, action: str) -> None:
        size, refill = DOCUMENTED[action]
        size, refill = size * self.size_share, refill * self.refill_share
        refill -= self.drinkers.get((scope, action), 0.0)
        level, since = self.levels.get((scope, action), (size, self.clock.now))
        level = min(size, max(0.0, level + (self.clock.now - since) * refill))
        admitted = level >= 1
        self.levels[scope, action] = (level - admitted, self.clock.now)
        self.sent[action] += 1
        self.lanes[scope, action] += admitted
        if not admitted:
            self.throttled[action] += 1
            raise AwsError(scope, action, "RequestLimitExceeded", "Request limit exceeded.")

    def write(self, scope: Scope, action: str, **params: Any) -> Mapping[str, Any]:
        """One mutating call."""
        self._take(scope, action)
        self.last_write = self.clock.now
        if action == CREATE:
            return self._create(scope, params)
        if action == ACCEPT:
            return self._accept(scope, params["VpcPeeringConnectionId"])
        if action == ROUTE:
            place = (params["RouteTableId"], params["DestinationCidrBlock"])
            assert params["VpcPeeringConnectionId"] in self.peerings
            assert place not in self.routes, "a route is made once"
            self.routes.add(place)
        else:
            assert action == TAGS, action
            assert len(params["Resources"]) <= 1000
            self.tagged.update(params["Resources"])
        return {}

    def _create(self, scope: Scope, params: Mapping[str, Any]) -> Mapping[str, Any]:
        far = Scope(AccountId(params["PeerOwnerId"]), Region(params["PeerRegion"]))
        self.open[scope] += 1
        self.most_open = max(self.most_open, self.open[scope])
        if self.open[scope] > self.outstanding:
            self.open[scope] -= 1
            code = "OutstandingVpcPeeringConnectionLimitExceeded"
            raise AwsError(scope, CREATE, code, "too many requests")
        id_ = f"pcx-{len(self.peerings):017x}"
        pending = self.clock.now + self.initiating
        seen = pending + (self.lag if far != scope else 0.0)
        self.peerings[id_] = Peering(scope, far, pending, seen)
        for end in {scope, far}:
            self.by_scope.setdefault(end, []).append(id_)
        return {"VpcPeeringConnection": {"VpcPeeringConnectionId": id_}}

    def _accept(self, scope: Scope, id_: str) -> Mapping[str, Any]:
        peering = self.peerings[id_]
        if peering.accepter != scope or self.clock.now < peering.seen_at:
            raise AwsError(scope, ACCEPT, PCX_NOT_FOUND, "not there, or not yet")
        assert peering.active_at == float("inf"), "a peering is accepted once"
        self.open[peering.requester] -= 1
        peering.active_at = self.clock.now + self.provisioning
        return {}

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """DescribeVpcPeeringConnections, with the filter on ids or without."""
        assert action == POLL
        self._take(scope, action)
        filters: list[Mapping[str, Any]] = params.get("Filters", [])
        wanted = [value for each in filters for value in each["Values"]]
        for id_ in wanted or self.by_scope.get(scope, []):
            peering = self.peerings[id_]
            if scope == peering.requester or self.clock.now >= peering.seen_at:
                status = self._status(peering)
                yield {"VpcPeeringConnectionId": id_, "Status": {"Code": status, "Message": ""}}

    def _status(self, peering: Peering) -> str:
        if self.clock.now >= peering.active_at:
            return "active"
        if peering.active_at < float("inf"):
            return "provisioning"
        return (
            "pending-acceptance" if self.clock.now >= peering.pending_at else "initiating-request"
        )

    @property
    def calls(self) -> int:
        """All calls that were sent."""
        return sum(self.sent.values())

"""VPC peering connections and their life.

Source: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
A peering holds the moments at which things happened to it; its status follows from the clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.emulator.aws.settings import Settings


class Status(StrEnum):
    """Status codes: API_VpcPeeringConnectionStateReason."""

    INITIATING = "initiating-request"
    PENDING = "pending-acceptance"
    ACTIVE = "active"
    DELETED = "deleted"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    PROVISIONING = "provisioning"
    DELETING = "deleting"


LIVE = frozenset({Status.INITIATING, Status.PENDING, Status.PROVISIONING, Status.ACTIVE})
"""Statuses in which no second peering between the two VPCs can be requested."""

OUTSTANDING = frozenset({Status.INITIATING, Status.PENDING})
"""Statuses that count as an outstanding request."""


class Place(NamedTuple):
    """One account in one Region."""

    account: str
    region: str


class Side(NamedTuple):
    """A VPC of a peering: where it is, and its id."""

    place: Place
    vpc: str


class Options(NamedTuple):
    """One side's peering options."""

    dns: bool = False


@dataclass(slots=True)
class Peering:
    """A peering; moments are seconds since the epoch, infinite when not (yet) so."""

    id: str
    requester: Side
    accepter: Side
    created: float
    requested: float
    seen: float
    expires: float
    fails: bool = False
    rejected: float = math.inf
    accepted: float = math.inf
    active: float = math.inf
    ended: float = math.inf
    gone: float = math.inf
    ended_by: str = ""
    short: float = math.inf
    long: float = math.inf
    options: dict[str, Options] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Requester and accepter."""
        return self.requester, self.accepter

    def status(self, now: float) -> Status:
        """The status at a moment."""
        if now >= self.ended:
            return Status.DELETED if now >= self.gone else Status.DELETING
        if now >= self.rejected:
            return Status.REJECTED
        if now >= self.accepted:
            return Status.ACTIVE if now >= self.active else Status.PROVISIONING
        if now < self.requested:
            return Status.INITIATING
        if self.fails:
            return Status.FAILED
        return Status.EXPIRED if now >= self.expires else Status.PENDING

    def message(self, now: float) -> str:
        """The status message. AWS's words where its documentation or public reports show them."""
        owner = self.accepter.place.account
        return {
            Status.INITIATING: f"Initiating Request to {owner}",
            Status.PENDING: f"Pending Acceptance by {owner}",
            Status.ACTIVE: "Active",
            Status.PROVISIONING: "Provisioning",
            Status.FAILED: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
            Status.EXPIRED: "Expired",
            Status.REJECTED: f"Rejected by {owner}",
            Status.DELETING: f"Deleting by {self.ended_by}",
            Status.DELETED: f"Deleted by {self.ended_by}",
        }[self.status(now)]

    def visible(self, place: Place, now: float) -> bool:
        """Whether an account sees the peering in a Region, by the lifecycle page's times."""
        if place == self.requester.place:
            return now < self._hidden(place, now)
        seen = place == self.accepter.place and now >= self.seen
        return seen and self.status(now) is not Status.FAILED and now < self._hidden(place, now)

    def _hidden(self, place: Place, now: float) -> float:
        one_account = self.requester.place.account == self.accepter.place.account
        match self.status(now):
            case Status.FAILED:
                return self.requested + self.short
            case Status.EXPIRED:
                return self.expires + self.long
            case Status.REJECTED:
                mine = one_account or place == self.accepter.place
                return self.rejected + (self.short if mine else self.long)
            case Status.DELETED:
                mine = one_account or place.account == self.ended_by
                return self.gone + (self.short if mine else self.long)
            case _:
                return math.inf

    def accept(self, now: float, settings: Settings) -> None:
        """Accept a pending request."""
        self.accepted, self.active = now, now + settings.provisioning_seconds

    def end(self, now: float, settings: Settings, account: str) -> None:
        """Delete, on behalf of an account."""
        self.ended, self.gone = now, now + settings.deleting_seconds
        self.ended_by = account

    def force(self, status: Status, now: float) -> None:
        """Put it into a status for good, as if it had come there: for seeding."""
        self.requested = self.seen = now
        self.accepted = self.active = self.rejected = self.ended = self.gone = math.inf
        self.fails, self.expires = status is Status.FAILED, math.inf
        match status:
            case Status.INITIATING:
                self.requested = math.inf
            case Status.PROVISIONING:
                self.accepted = now
            case Status.ACTIVE:
                self.accepted = self.active = now
            case Status.EXPIRED:
                self.expires = now
            case Status.REJECTED:
                self.rejected = now
            case Status.DELETING | Status.DELETED:
                self.accepted = self.active = self.ended = now
                self.gone = now if status is Status.DELETED else math.inf
                self.ended_by = self.ended_by or self.requester.place.account
            case Status.PENDING | Status.FAILED:
                pass


class Peerings:
    """Every peering there is, found by id, by place and by VPC, in the order of creation."""

    def __init__(self) -> None:
        self._by_id: dict[str, Peering] = {}
        self._by_place: defaultdict[Place, dict[str, Peering]] = defaultdict(dict)
        self._by_vpc: defaultdict[str, dict[str, Peering]] = defaultdict(dict)

    def add(self, peering: Peering) -> None:
        """A new one."""
        self._by_id[peering.id] = peering
        for side in peering.sides:
            self._by_place[side.place][peering.id] = peering
            self._by_vpc[side.vpc][peering.id] = peering

    def forget(self, peering: Peering) -> None:
        """As if it had never been."""
        self._by_id.pop(peering.id, None)
        for side in peering.sides:
            self._by_place[side.place].pop(peering.id, None)
            self._by_vpc[side.vpc].pop(peering.id, None)

    def get(self, identifier: str) -> Peering | None:
        """By id, whoever may see it."""
        return self._by_id.get(identifier)

    def seen_from(self, place: Place, now: float) -> list[Peering]:
        """Those that an account sees in a Region."""
        return [p for p in self._by_place[place].values() if p.visible(place, now)]

    def of_vpc(self, vpc: str) -> Iterator[Peering]:
        """Those of a VPC, in any status."""
        return iter(tuple(self._by_vpc[vpc].values()))

    def count(self, vpc: str, statuses: frozenset[Status], now: float) -> int:
        """How many of a VPC's are in one of these statuses."""
        return sum(p.status(now) in statuses for p in self.of_vpc(vpc))

    def every(self) -> tuple[Peering, ...]:
        """All of them, in any status."""
        return tuple(self._by_id.values())

    def outstanding(self, place: Place, now: float) -> int:
        """Unanswered requests that an account made in a Region."""
        mine = (p for p in self._by_place[place].values() if p.requester.place == place)
        return sum(p.status(now) in OUTSTANDING for p in mine)

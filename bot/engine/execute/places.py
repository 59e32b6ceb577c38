"""Places that AWS gives out few at a time, such as those for requests that nobody accepted yet.

A place is free again when the step that ends its use is done, or when what it was taken for was
not made. When that step can never be done, AWS goes on counting: the place is lost for this run.

Parties are on probation: until something was completed with one, few places are risked on it, so
that an account that accepts nothing cannot take the places of all the others.

Others hold places too, as many as the plan saw: these are left to them. Nobody tells when they
give them back, so one more than is known to be free is tried now and then, and at least one is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.engine.execute.graph import Node
from bot.engine.execute.others import in_words
from bot.errors import AwsError
from bot.model.address import Address, Scope
from bot.model.step import Occupied, Slot, StepRef

TRIAL = 5
"""Places that are risked on a party with which nothing was completed yet."""

RETRY = 25
"""After so many that were completed one more is tried than others seem to leave."""

SlotKey = tuple[Scope, str]


def key_of(slot: Slot) -> SlotKey:
    """Which places it is one of."""
    return slot.scope, slot.name


@dataclass(slots=True)
class Count:
    """Places taken, and those of them that are lost; ``last`` is why the last one was.

    ``made``: those that AWS certainly counts.
    """

    taken: int = 0
    made: int = 0
    lost: int = 0
    last: AwsError | None = None

    def lose(self, why: AwsError) -> None:
        """One of those that are taken is lost."""
        self.lost += 1
        self.last = why


@dataclass(slots=True)
class Party(Count):
    """The places that wait for one party; ``proven``: one was completed."""

    proven: bool = False

    def most_lost(self, size: int) -> int:
        """Lost places after which no more are risked."""
        return max(TRIAL, size // 2) if self.proven else TRIAL


@dataclass(slots=True)
class Total(Count):
    """All places of one name in a scope; ``limit``: how many AWS seems to have for us.

    ``others``: how many of the ``size`` are held by others, as far as is known. ``denied``: AWS
    had none when it was last asked for one. ``tries`` is how many more are completed before one
    more is tried, each time after ``pause``.
    """

    limit: int = 0
    size: int = 0
    others: int = 0
    denied: bool = False
    tries: int = RETRY
    pause: int = RETRY

    @classmethod
    def beside(cls, size: int, others: int) -> Total:
        """Of ``size`` places, ``others`` are not for us."""
        return cls(limit=max(1, size - others), size=size, others=others)

    def refused(self) -> None:
        """AWS has no place."""
        self.limit = max(self.made, self.lost + 1)
        self.denied, self.tries, self.pause = True, RETRY, RETRY
        if self.others:
            self.others = max(self.others, self.size - self.taken + 1)

    def had(self) -> None:
        """AWS had a place. Where others seemed to hold it, they gave back some."""
        self.denied = False
        if self.made > self.size - self.others:
            self.others, self.tries, self.pause = max(0, self.size - self.made), 1, 1

    def completed(self) -> None:
        """A place is free again: there may be more, up to what others leave, or a try beyond."""
        left = max(1, self.size - self.others)
        if self.limit < left:
            self.limit += 1
        elif self.limit < self.size:
            self.tries -= 1
            if self.tries <= 0:
                self.limit, self.tries = self.limit + 1, self.pause

    def lose(self, why: AwsError) -> None:
        """See Count.lose. What others seem to hold is no reason to give up before AWS says so."""
        Count.lose(self, why)
        if self.others and not self.denied:
            self.limit = min(self.size, max(self.limit, self.lost + 1))


@dataclass(slots=True)
class Place:
    """A place that is taken. ``sent``: what it is for may be there; ``made``: it is."""

    slot: Slot
    sent: bool = False
    made: bool = False
    lost: bool = False


@dataclass(slots=True)
class Slots:
    """All places, by the step that ends their use; ``changed``: where more may be had now."""

    places: dict[StepRef, Place] = field(default_factory=dict)
    totals: dict[SlotKey, Total] = field(default_factory=dict)
    parties: dict[tuple[SlotKey, Scope], Party] = field(default_factory=dict)
    changed: dict[SlotKey, None] = field(default_factory=dict)
    occupied: dict[SlotKey, dict[str, Occupied]] = field(default_factory=dict)

    def occupy(self, occupied: Iterable[Occupied]) -> None:
        """Others hold these. To be said before anything is taken."""
        for each in occupied:
            self.occupied.setdefault((each.scope, each.name), {})[each.id] = each

    def vacated(self, id_: str) -> None:
        """One that others seemed to hold is free, if it is one of those."""
        for key, held in self.occupied.items():
            total = self.totals.get(key)
            if held.pop(id_, None) is not None and total is not None and total.others:
                total.others -= 1
                total.limit = min(total.size, total.limit + 1)
                self.changed[key] = None

    def denied(self, key: SlotKey) -> bool:
        """True while AWS has no place."""
        return key in self.totals and self.totals[key].denied

    def holders(self, key: SlotKey) -> str:
        """Who takes the places that AWS denies us, in words; empty where that is not known."""
        return in_words(self.occupied.get(key, {}).values()) if self.denied(key) else ""

    def take(self, slot: Slot) -> bool:
        """Take a place; True when there is one, or when the step has it already."""
        if slot.until in self.places:
            return True
        if not self._free(slot):
            return False
        self._hold(slot)
        return True

    def hold(self, slot: Slot) -> None:
        """A place is taken by what an earlier run left behind."""
        self._hold(slot)
        self.sent(slot)
        self.made(slot)

    def _hold(self, slot: Slot) -> None:
        self.places[slot.until] = Place(slot)
        for count in self._counts(slot):
            count.taken += 1

    def sent(self, slot: Slot) -> None:
        """What the place is for is sent now: AWS may count it from now on."""
        self.places[slot.until].sent = True

    def made(self, slot: Slot) -> None:
        """What the place is for is there."""
        place = self.places.get(slot.until)
        if place is not None and not place.made:
            place.made = True
            for count in self._counts(slot):
                count.made += 1
            self._total(slot).had()

    def refused(self, slot: Slot) -> bool:
        """AWS has no place, so others hold some. True when this one gave up its own, and waits.

        It waits for one of ours to end. Where none of ours is left, one keeps on trying.
        """
        total = self._total(slot)
        total.refused()
        if total.taken <= total.limit:
            return False
        self.release(slot.until)
        return True

    def release(self, ref: StepRef, *, done: bool = False) -> None:
        """Free the place that is held until the step ``ref``. ``done``: for it was."""
        place = self.places.pop(ref, None)
        if place is None:
            return
        for count in self._counts(place.slot):
            count.taken -= 1
            count.made -= place.made
            count.lost -= place.lost
        if done:
            self._total(place.slot).completed()
            if place.slot.party is not None:
                self._party(place.slot).proven = True
        self.changed[key_of(place.slot)] = None

    def gone(self, address: Address) -> None:
        """What a change has made is not there any more, or came to nothing."""
        for ref in [ref for ref in self.places if ref.address == address]:
            self.release(ref)

    def lose(self, ref: StepRef, why: AwsError) -> None:
        """The step ``ref`` will never be done: its place is lost, or free if nothing was sent."""
        place = self.places.get(ref)
        if place is None or place.lost:
            return
        if not place.sent:
            self.release(ref)
            return
        place.lost = True
        for count in self._counts(place.slot):
            count.lose(why)
        self.changed[key_of(place.slot)] = None

    def close(self, key: SlotKey) -> None:
        """There will be no more of these places."""
        self.totals[key].limit = 0
        self.changed[key] = None

    def hopeless(self, slot: Slot) -> str:
        """Why there will be no such place in this run; empty while there may be."""
        if slot.until in self.places:
            return ""
        total = self._total(slot)
        if total.lost >= total.limit:
            return f"all places for {slot.name} of {slot.scope} stay taken{_last(total)}"
        if slot.party is None:
            return ""
        party = self._party(slot)
        if party.lost >= party.most_lost(slot.size):
            return f"{party.lost} {slot.name} to {slot.party} stay so{_last(party)}"
        return ""

    def _free(self, slot: Slot) -> bool:
        total = self._total(slot)
        if total.taken >= total.limit or self.hopeless(slot):
            return False
        party = self._party(slot) if slot.party is not None else None
        return party is None or party.proven or party.taken < TRIAL

    def _counts(self, slot: Slot) -> tuple[Count, ...]:
        total = self._total(slot)
        return (total,) if slot.party is None else (total, self._party(slot))

    def _total(self, slot: Slot) -> Total:
        key = key_of(slot)
        if key not in self.totals:
            self.totals[key] = Total.beside(slot.size, len(self.occupied.get(key, ())))
        return self.totals[key]

    def _party(self, slot: Slot) -> Party:
        assert slot.party is not None, "only for places with a party"
        return self.parties.setdefault((key_of(slot), slot.party), Party())


def _last(count: Count) -> str:
    return f" (the last: {count.last.action}: {count.last.code})" if count.last else ""


def in_turn(nodes: Iterable[Node]) -> list[Node]:
    """Steps, those that take a place ordered so that each party has its turn."""
    before: Counter[tuple[SlotKey, Scope | None]] = Counter()

    def turn(node: Node) -> int:
        slot = node.step.slot
        if slot is None or slot.taken:
            return 0
        before[key_of(slot), slot.party] += 1
        return before[key_of(slot), slot.party]

    return sorted(nodes, key=turn)

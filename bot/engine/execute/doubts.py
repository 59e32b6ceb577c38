"""Calls whose answers were lost: AWS is asked what is there before anything is sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bot.engine.execute.codes import FINAL
from bot.engine.execute.deciding import SENDINGS, lost
from bot.engine.execute.lanes import Call
from bot.engine.execute.matching import held_in, matches
from bot.engine.execute.values import found_at
from bot.errors import AwsError
from bot.model.address import Scope
from bot.model.step import Look

FIRST_LOOK = 0.5
LONGEST_PAUSE = 8.0
FILTER_VALUES = 200
"""Values that EC2 takes in one filter."""

BLIND = 60.0
"""Seconds that looking may fail, after the time in which AWS should show what it did."""

Resolve = Callable[[Any], Any]


class Finding(Enum):
    """What the looks at one call came to."""

    DONE = auto()
    NOT_DONE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """The end of a doubt; ``id`` is what the call made, if it made something with an id."""

    doubt: Doubt
    finding: Finding
    id: str = ""


@dataclass(slots=True, eq=False)
class Doubt:
    """One call that may have been carried out, or was refused for what may be its own work.

    ``until`` is when AWS should show it at last; ``value`` and ``match`` are its look's.
    """

    call: Call
    error: AwsError
    look: Look
    until: float
    value: str
    match: Mapping[str, Any]

    @property
    def may_send_again(self) -> bool:
        """True when a call that was not carried out may be sent once more."""
        return lost(self.call, self.error) and self.call.lost < SENDINGS

    def given_up(self, blind: AwsError | None) -> AwsError:
        """The error of a call that is given up. ``blind``: why AWS could not be asked."""
        error = self.error
        if not lost(self.call, error):
            return error
        times = "once" if self.call.lost == 1 else f"{self.call.lost} times"
        seen = "AWS does not show that it was done"
        if blind is not None:
            seen = f"whether it was done could not be seen: {blind.action}: {blind.code}"
        text = f"{error.message} (sent {times}, no answer came; {seen})"
        return AwsError(error.scope, error.action, error.code, text, error.request_id)


@dataclass(slots=True, eq=False)
class Inquiry:
    """The doubts of one scope that one question resolves; ``asked`` are those it was put for."""

    scope: Scope
    action: str
    filter: str
    doubts: list[Doubt] = field(default_factory=list)
    asked: list[Doubt] = field(default_factory=list)
    next_at: float = 0.0
    pause: float = FIRST_LOOK
    asking: bool = False

    def add(self, doubt: Doubt, now: float) -> None:
        """One more doubt: ask soon."""
        self.pause = FIRST_LOOK
        self.next_at = min(self.next_at, now + self.pause) if self.doubts else now + self.pause
        self.doubts.append(doubt)

    def question(self) -> dict[str, Any]:
        """The parameters of the next question."""
        self.asking, self.asked = True, self.doubts[:FILTER_VALUES]
        values = sorted({doubt.value for doubt in self.asked})
        return {"Filters": [{"Name": self.filter, "Values": values}]}

    def answered(
        self, items: Iterable[Mapping[str, Any]], error: AwsError | None, now: float
    ) -> list[Found]:
        """The doubts that the answer, or its failure, ends; the others are asked about again."""
        listed = list(items) if error is None else []
        ended = [
            found
            for doubt in self.asked
            if (found := _found(doubt, listed, error, now)).finding is not Finding.UNKNOWN
            or _hopeless(doubt, error, now)
        ]
        over = {id(found.doubt) for found in ended}
        self.doubts = [doubt for doubt in self.doubts if id(doubt) not in over]
        self.asking, self.asked = False, []
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        self.next_at = now + self.pause
        return ended


@dataclass(slots=True)
class Doubts:
    """Every inquiry of an apply."""

    inquiries: dict[tuple[Scope, str, str], Inquiry] = field(default_factory=dict)

    def add(self, call: Call, error: AwsError, now: float, resolve: Resolve) -> None:
        """Look for what a call did. ``resolve`` fills in the ids in its look."""
        step = call.nodes[0].step
        assert step.look is not None, "only steps with a look are looked for"
        look = step.look
        # a refusal of the first sending is told by what is there now: nothing is under way
        until = now + look.lag if call.lost else now
        doubt = Doubt(call, error, look, until, resolve(look.value), resolve(look.match))
        key = (step.scope, look.action, look.filter)
        self.inquiries.setdefault(key, Inquiry(*key)).add(doubt, now)

    def forget(self, scope: Scope) -> list[Doubt]:
        """Drop the doubts of a scope that is lost, and answer them."""
        dropped = [i for key, i in self.inquiries.items() if key[0] == scope]
        doubts = [doubt for inquiry in dropped for doubt in inquiry.doubts]
        for inquiry in dropped:
            inquiry.doubts = []
        return doubts

    def waiting(self) -> Iterator[Inquiry]:
        """The inquiries that have a question to ask and are not asking it."""
        return (i for i in self.inquiries.values() if i.doubts and not i.asking)

    @property
    def empty(self) -> bool:
        """True when nothing is in doubt."""
        return not any(inquiry.doubts for inquiry in self.inquiries.values())


def _found(
    doubt: Doubt, items: list[Mapping[str, Any]], error: AwsError | None, now: float
) -> Found:
    if error is not None:
        return Found(doubt, Finding.UNKNOWN)
    look = doubt.look
    item = next((i for i in held_in(items, look.within) if matches(i, doubt.match)), None)
    if (item is None) is look.gone:
        id_ = found_at(item, look.result) if item is not None and look.result else ""
        return Found(doubt, Finding.DONE, id_)
    return Found(doubt, Finding.NOT_DONE if now >= doubt.until else Finding.UNKNOWN)


def _hopeless(doubt: Doubt, error: AwsError | None, now: float) -> bool:
    return error is not None and (error.code in FINAL or now >= doubt.until + BLIND)

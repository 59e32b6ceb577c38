"""Before a call takes something away: is it still what was planned and reviewed?

A plan may be minutes old when its last deletion is sent, and people work in the same accounts.
One question sees to many calls of a scope. They are looked at a few at a time, just ahead of
their turn: what was looked at long ago would be as old as the plan. A call that had to wait all
the same, or that failed, is looked at once more before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.advice import CHANGED
from bot.engine.execute.codes import FINAL
from bot.engine.execute.graph import LaneKey
from bot.engine.execute.lanes import FRESH, Call
from bot.engine.execute.matching import differing, held_in, matches
from bot.errors import AwsError
from bot.model.address import Scope

AT_ONCE = 50
"""Calls that one question sees to at most: as many as a full bucket sends at once."""

AHEAD = 5.0
"""Seconds before a lane runs out of calls that were looked at: then more are."""

WITHIN = 0.8 * FRESH
"""Seconds in which all that one question sees to can be sent, as far as their bucket is known."""

GATHERING = 0.1
"""Seconds for which the first one waits for others."""

SPACING = 2.0
"""Seconds between two questions: steps become ready one by one, as others end. After one about
as many as it may be about, there is no need to gather more."""

BLIND = 60.0
"""Seconds after which a question that fails is given up."""

Resolve = Callable[[Any], Any]
Vacant = Callable[[LaneKey, float], int]
"""How many more calls a lane could send within so many seconds."""

Judged = tuple[Call, AwsError | None]
"""A call that was looked at, and why it must not be sent, or None."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A call with its step's check, whose ids are filled in."""

    call: Call
    value: str
    same: Mapping[str, Any]
    match: Mapping[str, Any]
    within: str

    def judged(self, items: Iterable[Mapping[str, Any]]) -> AwsError | None:
        """Why its call must not be sent; None when all is as planned, or not there any more."""
        found = [item for item in held_in(items, self.within) if matches(item, self.same)]
        differences = [differing(item, self.match) for item in found]
        if not differences or None in differences:
            return None
        path, value = differences[0] or ("", "")
        seen = f"its {path} is {value!r}" if value else f"it has no {path}"
        text = (
            "not sent, for what it would take away is no longer as it was planned:"
            f" {seen}, not {self.match[path]!r}"
        )
        return AwsError(*self.call.lane, CHANGED, text)


@dataclass(slots=True, eq=False)
class Review:
    """The calls of one lane that wait for one sort of question, first those that failed before."""

    scope: Scope
    action: str
    filter: str
    lane: LaneKey
    subjects: list[Subject] = field(default_factory=list)
    asked: list[Subject] = field(default_factory=list)
    next_at: float = 0.0
    blind_since: float | None = None
    asking: bool = False

    def add(self, subject: Subject, now: float) -> None:
        """One more call."""
        if not self.subjects:
            self.next_at = max(self.next_at, now + GATHERING)
        place = len(self.subjects)
        if subject.call.attempts:
            place = next((n for n, s in enumerate(self.subjects) if not s.call.attempts), place)
        self.subjects.insert(place, subject)

    def question(self, vacant: Vacant) -> dict[str, Any]:
        """The parameters of the next question: about no more than can soon be sent."""
        most = max(1, min(AT_ONCE, vacant(self.lane, WITHIN)))
        self.asking, self.asked = True, self.subjects[:most]
        values = sorted({subject.value for subject in self.asked})
        return {"Filters": [{"Name": self.filter, "Values": values}]}

    def answered(
        self, items: Iterable[Mapping[str, Any]], error: AwsError | None, now: float
    ) -> list[Judged]:
        """The calls that the answer, or its failure for good, decides on."""
        asked, self.asked, self.asking = self.asked, [], False
        self.next_at = now + SPACING if error is not None or len(asked) < AT_ONCE else now
        if error is not None:
            self.blind_since = now if self.blind_since is None else self.blind_since
            if error.code not in FINAL and now < self.blind_since + BLIND:
                return []
        self.blind_since = None
        done = {id(subject) for subject in asked}
        self.subjects = [subject for subject in self.subjects if id(subject) not in done]
        listed = list(items) if error is None else []
        return [(subject.call, error or subject.judged(listed)) for subject in asked]

    def drop_ended(self) -> None:
        """Forget the calls that were given up meanwhile."""
        if not all(subject.call.wanted for subject in self.subjects):
            self.subjects = [subject for subject in self.subjects if subject.call.wanted]


@dataclass(slots=True)
class Reviews:
    """Every review of an apply."""

    reviews: dict[tuple[LaneKey, str, str], Review] = field(default_factory=dict)

    def add(self, call: Call, now: float, resolve: Resolve) -> None:
        """A call with a check is ready to be sent. Raises KeyError for an unknown id."""
        check = call.nodes[0].step.check
        assert check is not None, "only steps with a check are looked at"
        match = resolve(check.match)
        subject = Subject(call, resolve(check.value), resolve(check.same), match, check.within)
        key = call.lane, check.action, check.filter
        review = self.reviews.get(key)
        if review is None:
            review = Review(call.lane[0], check.action, check.filter, call.lane)
            self.reviews[key] = review
        review.add(subject, now)

    def waiting(self, vacant: Vacant) -> Iterator[Review]:
        """Those with a question to ask, unless enough calls are ahead of them."""
        for review in self.reviews.values():
            review.drop_ended()
            if review.subjects and not review.asking and vacant(review.lane, AHEAD):
                yield review

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return not any(review.subjects for review in self.reviews.values())

"""Before a call takes something away: is it still what was planned and reviewed?

A plan may be minutes old when its last deletion is sent, and people work in the same accounts.
One question sees to many steps of a scope. They are looked at a few at a time, just ahead of
their calls: what was looked at long ago would be as old as the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.advice import CHANGED
from bot.engine.execute.codes import FINAL
from bot.engine.execute.graph import LaneKey, Node, State
from bot.engine.execute.matching import differing, held_in, matches
from bot.errors import AwsError
from bot.model.address import Scope

AT_ONCE = 50
"""Steps that one question sees to: as many calls as a full bucket sends at once."""

AHEAD = 25
"""Calls waiting for their turn while which no more are looked at: five seconds' worth."""

GATHERING = 0.1
"""Seconds for which the first one waits for others."""

SPACING = 2.0
"""Seconds between two questions: steps become ready one by one, as others end."""

BLIND = 60.0
"""Seconds after which a question that fails is given up."""

Resolve = Callable[[Any], Any]
Judged = tuple[Node, AwsError | None]
"""A step that was looked at, and why its call must not be sent, or None."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A step with its check, whose ids are filled in."""

    node: Node
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
        return AwsError(self.node.step.scope, self.node.step.action, CHANGED, text)


@dataclass(slots=True, eq=False)
class Review:
    """The steps of one scope whose calls wait for one sort of question."""

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
        """One more step."""
        if not self.subjects:
            self.next_at = max(self.next_at, now + GATHERING)
        self.subjects.append(subject)

    def question(self) -> dict[str, Any]:
        """The parameters of the next question."""
        self.asking, self.asked = True, self.subjects[:AT_ONCE]
        values = sorted({subject.value for subject in self.asked})
        return {"Filters": [{"Name": self.filter, "Values": values}]}

    def answered(
        self, items: Iterable[Mapping[str, Any]], error: AwsError | None, now: float
    ) -> list[Judged]:
        """The steps that the answer, or its failure for good, decides on."""
        asked, self.asked, self.asking = self.asked, [], False
        self.next_at = now + SPACING
        if error is not None:
            self.blind_since = now if self.blind_since is None else self.blind_since
            if error.code not in FINAL and now < self.blind_since + BLIND:
                return []
        self.blind_since = None
        done = {id(subject) for subject in asked}
        self.subjects = [subject for subject in self.subjects if id(subject) not in done]
        listed = list(items) if error is None else []
        return [(subject.node, error or subject.judged(listed)) for subject in asked]

    def drop_ended(self) -> None:
        """Forget the steps that were given up meanwhile."""
        if any(subject.node.state is not State.READY for subject in self.subjects):
            self.subjects = [s for s in self.subjects if s.node.state is State.READY]


@dataclass(slots=True)
class Reviews:
    """Every review of an apply."""

    reviews: dict[tuple[LaneKey, str, str], Review] = field(default_factory=dict)

    def add(self, node: Node, now: float, resolve: Resolve) -> None:
        """A step with a check is ready for its call. Raises KeyError for an unknown id."""
        check, lane = node.step.check, (node.step.scope, node.step.action)
        assert check is not None, "only steps with a check are looked at"
        match = resolve(check.match)
        subject = Subject(node, resolve(check.value), resolve(check.same), match, check.within)
        key = lane, check.action, check.filter
        review = self.reviews.get(key)
        if review is None:
            review = Review(node.step.scope, check.action, check.filter, lane)
            self.reviews[key] = review
        review.add(subject, now)

    def waiting(self, queued: Callable[[LaneKey], int]) -> Iterator[Review]:
        """Those with a question to ask, unless enough calls (``queued``) are ahead of them."""
        for review in self.reviews.values():
            review.drop_ended()
            if review.subjects and not review.asking and queued(review.lane) < AHEAD:
                yield review

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return not any(review.subjects for review in self.reviews.values())

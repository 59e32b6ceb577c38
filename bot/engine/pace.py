"""When to say how far a run is: seldom enough for those who are told. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LinePace:
    """Lines in a log: often enough to see that it goes on, too few to be in the way.

    The first comes ``after`` so long. A further one when ``seconds`` have passed and the work
    has grown by ``share``, or else after ``silence``.
    """

    after: float = 0.0
    seconds: float = 30.0
    share: float = 0.1
    silence: float = 120.0

    def due(self, elapsed: float, share: float, last: tuple[float, float] | None) -> bool:
        """Whether to say a line now. ``share`` of 1 is done; ``last``: both at the last line."""
        if last is None:
            return elapsed >= self.after
        waited, grown = elapsed - last[0], share - last[1]
        return waited >= self.silence or (waited >= self.seconds and grown >= self.share)


@dataclass(frozen=True, slots=True)
class CommentPace:
    """Edits of comments while an apply goes on, which is what GitHub limits.

    An apply that takes no more than ``worth`` is told of in the end alone. Between two edits
    of a comment are ``every`` seconds, and, so that a few tell of a long apply, the part
    ``stretch`` of the time that it has taken. There are never more than ``most`` edits of
    all comments together
    (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
    """

    worth: float = 20.0
    every: float = 60.0
    stretch: float = 0.25
    most: int = 20

    def due(self, elapsed: float, left: float, last: float | None, sent: int, edits: int) -> bool:
        """Whether so many ``edits`` are made now, after ``sent`` edits, the last at ``last``.

        ``left`` is how long the apply will still take, by the estimate.
        """
        if not 0 < edits <= self.most - sent:
            return False
        if last is None:
            return elapsed + left > self.worth
        return elapsed - last >= max(self.every, elapsed * self.stretch)


@dataclass(frozen=True, slots=True)
class Paces:
    """How often a run tells: in the log while AWS is read and while it applies, in comments."""

    reading: LinePace = field(default_factory=lambda: LinePace(after=10.0))
    applying: LinePace = field(default_factory=LinePace)
    comment: CommentPace = field(default_factory=CommentPace)
